"""What is read: how the service is asked, how the ORM's is, and which SQL it comes to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from api.appointments.queries import LIST_OWN
from api.caseload.queries import LIST_CASES
from api.kit.access import STAFF_COOKIE
from api.plans.queries import GET_PLAN
from api.plans.service import section_titles
from tests.benchmarks.records.data import SignedIn
from tests.benchmarks.records.orm import SHOWN_DAYS
from tests.benchmarks.records.servers import Council


@dataclass(frozen=True)
class Read:
    """One read. `shows` stands at least so often in a whole answer."""

    name: str
    readers: Callable[[Council], list[SignedIn]]
    headers: Callable[[SignedIn], dict[str, str]]
    path: Callable[[SignedIn], str]
    orm_path: Callable[[SignedIn], str]
    sql: str
    arguments: Callable[[SignedIn], Sequence[Any]]
    shows: bytes
    at_least: int


def _cookie(one: SignedIn) -> dict[str, str]:
    return {"Cookie": f"{STAFF_COOKIE}={one.token}"}


def _bearer(one: SignedIn) -> dict[str, str]:
    return {"Authorization": f"Bearer {one.token}"}


def _caseload(name: str, readers: Callable[[Council], list[SignedIn]]) -> Read:
    return Read(
        name, readers, _cookie, lambda _: "/admin/v1/young-people", lambda one: f"/staff/{one.staff_id}/caseload",
        LIST_CASES, lambda _: (None, None, 25, None), b"full_name", 25,
    )  # fmt: skip


READS = (
    Read(
        "next appointments", lambda council: council.people, _bearer, lambda _: "/client/v1/appointments",
        lambda one: f"/people/{one.person_id}/appointments", LIST_OWN,
        lambda _: (datetime.now(UTC) - timedelta(days=SHOWN_DAYS), None, None, 21), b"appointment_id", 4,
    ),
    Read(
        "whole plan", lambda council: council.advisers, _cookie, lambda one: f"/admin/v1/plans/{one.plan_id}",
        lambda one: f"/plans/{one.plan_id}", GET_PLAN,
        lambda one: (one.plan_id, *section_titles()), b"section_id", 10,
    ),
    _caseload("caseload of an adviser (25)", lambda council: council.advisers),
    _caseload("caseload of a manager (400)", lambda council: council.managers),
)  # fmt: skip
