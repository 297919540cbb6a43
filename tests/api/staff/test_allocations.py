"""A young person is handed over: the old adviser ends, the new begins, and who was who stays known."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from api.kit import clock
from tests.api.team import Member, Team


def today() -> date:
    return clock.london_day(clock.now())


def path(person: UUID) -> str:
    return f"/young-people/{person}/allocations"


async def sees(member: Member, person: UUID) -> bool:
    return (await member.get(path(person))).status_code == 200


async def test_young_person_when_handed_over_then_the_old_adviser_ends_the_day_before_and_sees_them_no_more(
    north: Team, admin: asyncpg.Connection
) -> None:
    old, new = north["personal_adviser"], await north.add("new adviser", "personal_adviser")
    assert (await sees(old, north.person), await sees(new, north.person)) == (True, False)
    body = {"staff_id": str(new.staff_id)}
    assert (await north["manager"].post(path(north.person), body, if_match='"1"')).status_code == 201
    assert (await sees(old, north.person), await sees(new, north.person)) == (False, True)
    listed = (await new.get(path(north.person))).json()["items"]
    assert [(one["shown_name"], one["starts_on"], one["ended_on"]) for one in listed] == [
        ("new adviser", str(today()), None),
        ("personal_adviser", "2026-01-01", str(today() - timedelta(days=1))),
    ]
    kept = await admin.fetchrow(
        "SELECT changed_by_id, row_before ->> 'ended_on' FROM record_history WHERE table_name = 'allocations'"
    )
    assert tuple(kept) == (north["manager"].staff_id, None)


async def test_young_person_when_handed_over_later_then_the_old_adviser_stays_until_then(north: Team) -> None:
    new = await north.add("new adviser", "personal_adviser")
    body = {"staff_id": str(new.staff_id), "starts_on": str(today() + timedelta(days=3))}
    assert (await north["manager"].post(path(north.person), body)).status_code == 201
    assert (await sees(north["personal_adviser"], north.person), await sees(new, north.person)) == (True, False)
    # Before that day comes nobody else can be put between.
    again = {"staff_id": str(north["duty_worker"].staff_id)}
    assert (await north["manager"].post(path(north.person), again)).status_code == 409


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"starts_on": str(today() - timedelta(days=1))}, 422, "starts_on"),
        ({"starts_on": str(today() + timedelta(days=367))}, 422, "starts_on"),
        ({"starts_on": "2027-02-29"}, 400, "starts_on"),
        ({"staff_id": str(uuid4())}, 422, "staff_id"),
        ({"staff_id": 5}, 400, "staff_id"),
    ],
)
async def test_young_person_when_they_cannot_be_handed_over_so_then_nothing_changes_and_the_field_is_told(
    north: Team, admin: asyncpg.Connection, changes: dict[str, Any], status: int, field: str
) -> None:
    body = {"staff_id": str(north["duty_worker"].staff_id)} | changes
    answer = await north["manager"].post(path(north.person), body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (status, field)
    assert await admin.fetchval("SELECT count(*) FROM allocations WHERE person_id = $1 AND ended_on IS NULL",
                                north.person) == 1  # fmt: skip


@pytest.mark.parametrize("role", ["administrator", "reviewing_officer", "data_protection_lead"])
async def test_young_person_when_given_to_somebody_without_cases_then_it_is_refused(north: Team, role: str) -> None:
    body = {"staff_id": str(north[role].staff_id)}
    assert (await north["manager"].post(path(north.person), body)).status_code == 422


async def test_young_person_when_the_adviser_left_then_it_is_refused(north: Team, admin: asyncpg.Connection) -> None:
    gone = await north.add("gone", "personal_adviser")
    await admin.execute("UPDATE staff SET left_on = $2 WHERE staff_id = $1", gone.staff_id, today())
    assert (await north["manager"].post(path(north.person), {"staff_id": str(gone.staff_id)})).status_code == 422


async def test_young_person_when_of_another_team_or_by_no_manager_then_it_is_refused(north: Team, south: Team) -> None:
    body = {"staff_id": str(north["duty_worker"].staff_id)}
    assert (await north["manager"].post(path(south.person), body)).status_code == 404
    assert (await north["manager"].post(path(uuid4()), body)).status_code == 404
    assert (await north["personal_adviser"].post(path(north.person), body)).status_code == 403
    assert (await north["manager"].get(path(south.person))).status_code == 404
    same = {"staff_id": str(north["personal_adviser"].staff_id)}
    assert (await north["manager"].post(path(north.person), same)).status_code == 409
    assert (await north["manager"].post(path(north.person), body, if_match='"9"')).status_code == 412


async def test_young_person_when_handed_over_twice_at_once_then_one_adviser_is_left(
    north: Team, admin: asyncpg.Connection
) -> None:
    pair = [await north.add(name, "personal_adviser") for name in ("one", "two")]
    bodies = [{"staff_id": str(one.staff_id)} for one in pair]
    answers = await asyncio.gather(*(north["manager"].post(path(north.person), body) for body in bodies))
    assert {a.status_code for a in answers} <= {201, 409}
    assert await admin.fetchval("SELECT count(*) FROM allocations WHERE person_id = $1 AND ended_on IS NULL",
                                north.person) == 1  # fmt: skip


async def test_allocation_when_ended_then_the_young_person_has_nobody_after_that_day(
    north: Team, admin: asyncpg.Connection
) -> None:
    allocation = await admin.fetchval("SELECT allocation_id FROM allocations WHERE person_id = $1", north.person)
    target, manager = f"/allocations/{allocation}", north["manager"]
    yesterday = {"ended_on": str(today() - timedelta(days=1))}
    assert (await manager.patch(target, yesterday)).status_code == 422
    assert (await manager.patch(target, {"ended_on": str(today())}, version=None)).status_code == 428
    ended = await manager.patch(target, {"ended_on": str(today())})
    assert (ended.status_code, ended.headers["etag"]) == (200, '"2"')
    assert (await manager.patch(target, {"ended_on": str(today())}, version=2)).status_code == 409
    assert await sees(north["personal_adviser"], north.person)
    assert (await manager.patch(f"/allocations/{uuid4()}", {"ended_on": str(today())})).status_code == 404
