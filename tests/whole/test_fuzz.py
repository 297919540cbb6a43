"""The served API takes made-up requests, right and wrong, by every kind of caller: it does what its documents say.

schemathesis makes them from the documents: `make fuzz` tries many more than `make test`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.app import DOCUMENTS, ROUTES
from api.kit.access import STAFF_COOKIE
from api.kit.openapi import Documents
from tests.rules.access_rows import World
from tests.whole.served import FEW, Served

SEED = 15
STARTED_WITHIN_S = 30.0
CONFIG = Path(__file__).parent / "schemathesis.toml"
# A device that signs itself out cannot try anything after.
SIGN_OUT = ("sign_out", "sign_out_everywhere", "sign_staff_out", "sign_staff_out_everywhere")

# Failures that are none, by code of schemathesis and operation, each with its reason.
EXPLAINED = {
    ("ST101", "GET /admin/v1/sign-in"): "503: the council's sign-in does not run beside this test",
    ("ST202", "GET /admin/v1/sign-in"): "503: the council's sign-in does not run beside this test",
    ("ST103", "GET /admin/v1/sign-in/callback"): "431 from the server itself, for a query of more than 32 KiB",
}
# To JSON Schema 94.0 is a whole number, and here it is not: a body that says it is refused with 400.
EXPLAINED |= dict.fromkeys(
    [
        ("ST202", "POST /admin/v1/appointments/{appointment_id}/move"),
        ("ST202", "POST /admin/v1/young-people/{person_id}/entitlements/claims"),
    ],
    "a whole number written with a point",
)
EXPLAINED["ST202", "GET /admin/v1/young-people/search"] = "400: a name needs two letters, and `0` has none"
# Given by us and never made up: a place in a list (tests/api/kit), a version that was read, which is sent as it is.
LEFT_OUT = {"cursor", "If-Match"}
VERSION = 'If-Match: "1"'
ALL_PHASES = "examples,coverage,fuzzing,stateful"


@dataclass(frozen=True)
class Caller:
    """Who calls, by which document."""

    name: str
    document: str
    actor: str | None = None
    # With every case of the edges of each field too, when there is time for some callers alone.
    is_thorough: bool = False

    def headers(self, world: World) -> list[str]:
        """What the caller shows."""
        if self.actor is None:
            return []
        token = next(actor.token for actor in world.actors if actor.name == self.actor)
        return [f"Authorization: Bearer {token}" if self.document == "client" else f"Cookie: {STAFF_COOKIE}={token}"]


CALLERS = [
    Caller("nobody calls as an app", "client"),
    Caller("nobody calls as staff", "admin"),
    Caller("a device signed in by text", "client", "plain n limited"),
    Caller("a device that an adviser enrolled", "client", "plain n full", is_thorough=True),
    Caller("an adviser", "admin", "adviser n"),
    Caller("a manager", "admin", "manager n", is_thorough=True),
    Caller("the data protection lead", "admin", "protection"),
    Caller("an administrator", "admin", "administrator"),
]


def failures(report: dict[str, Any]) -> set[tuple[str, str]]:
    """What was found, by schemathesis's code and operation."""
    return {(failure["code"], operation) for failure in report["failures"] for operation in failure["operations"]}


def document_of(name: str) -> dict[str, Any]:
    """A document without what no caller makes up."""
    document = Documents(ROUTES, DOCUMENTS).get(name)
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [one for one in operation["parameters"] if one["name"] not in LEFT_OUT]
    return document


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_routes_when_called_with_whatever_then_they_do_what_their_document_says(
    served: Served, caller: Caller, pytestconfig: pytest.Config
) -> None:
    leave_out = [word for name in SIGN_OUT for word in ("--exclude-operation-id", name)] if caller.actor else []
    examples = pytestconfig.getoption("--examples", default=FEW)
    phases = ALL_PHASES if caller.is_thorough or examples > FEW else "examples,fuzzing"
    report = served.fuzz(
        document_of(caller.document), [VERSION, *caller.headers(served.world)], examples, "--phases", phases, *leave_out
    )
    assert failures(report) - EXPLAINED.keys() == set(), report["told"]
    assert report["operations"]["errored"] == 0, report["told"]
    assert report["operations"]["tested"] == report["operations"]["selected"] > 0


def test_log_when_all_was_tried_then_there_is_no_fault_of_ours_in_it(served: Served) -> None:
    lines = [json.loads(line) for line in served.log_file.read_text().splitlines()]
    assert [line for line in lines if line["level"] not in {"info", "warning"}] == []
    assert {line["event"] for line in lines} >= {"turned_away"}


@pytest.mark.parametrize(("left_out", "code"), [("401", "ST103"), ("example", "")], ids=["a status", "nothing"])
def test_document_when_it_leaves_a_status_out_then_that_is_found(served: Served, left_out: str, code: str) -> None:
    document = Documents(ROUTES, DOCUMENTS).get("client")
    operation = document["paths"]["/client/v1/sign-in/session"]["get"]
    operation["responses"].pop(left_out, None)
    report = served.fuzz(document, [], 1, "--include-operation-id", operation["operationId"])
    assert {code for code, _ in failures(report)} == ({code} if code else set()), report["told"]
