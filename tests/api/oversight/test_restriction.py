"""A restricted case is seen by those who are named and nobody else, and somebody is always named."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.api.team import Member, Team

REASON = "Her father works in this team."


def path(team: Team, more: str = "") -> str:
    return f"/young-people/{team.person}/restriction{more}"


async def sees(member: Member, team: Team) -> bool:
    return (await member.get(f"/young-people/{team.person}/record-views")).status_code == 200


async def restrict(by: Member, team: Team, *named: Member, **changes: Any) -> Any:
    body = {"reason": REASON, "staff_ids": [str(one.staff_id) for one in named]} | changes
    return await by.post(path(team), body)


@pytest.mark.parametrize("role", ["manager", "data_protection_lead"])
async def test_case_when_restricted_then_only_those_named_see_it_whatever_their_role(
    north: Team, south: Team, role: str
) -> None:
    named = south["personal_adviser"]
    assert (await restrict(north[role], north, named)).status_code == 201
    seen = {name: await sees(north[name], north) for name in ("personal_adviser", "manager", "duty_worker")}
    assert seen == {"personal_adviser": False, "manager": False, "duty_worker": False}
    assert await sees(named, north)
    shown = (await north["data_protection_lead"].get(path(north))).json()
    assert [one["staff_id"] for one in shown["named"]] == [str(named.staff_id)]
    assert (await north["manager"].get(path(north))).status_code == 404
    assert not await sees(north["data_protection_lead"], north)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"staff_ids": []}, 400),
        ({"staff_ids": [str(uuid4())]}, 422),
        ({"reason": "so"}, 422),
        ({"reason": 5}, 400),
        ({"staff_ids": [str(uuid4()) for _ in range(21)]}, 400),
    ],
)
async def test_case_when_nobody_fit_is_named_or_no_reason_given_then_it_is_not_restricted(
    north: Team, admin: asyncpg.Connection, changes: dict[str, Any], status: int
) -> None:
    assert (await restrict(north["manager"], north, north["manager"], **changes)).status_code == status
    assert await admin.fetchval("SELECT count(*) FROM restricted_cases") == 0


@pytest.mark.parametrize("role", ["administrator", "data_protection_lead", "reviewing_officer"])
async def test_case_when_somebody_without_cases_is_named_then_it_is_not_restricted(north: Team, role: str) -> None:
    assert (await restrict(north["manager"], north, north[role])).status_code == 422


async def test_case_when_it_is_another_team_s_or_no_step_up_was_made_then_it_is_not_restricted(
    north: Team, south: Team, admin: asyncpg.Connection
) -> None:
    assert (await restrict(north["manager"], south, north["personal_adviser"])).status_code == 404
    assert (await restrict(north["personal_adviser"], north, north["personal_adviser"])).status_code == 403
    late = await north.without_step_up("manager")
    assert (await restrict(late, north, north["personal_adviser"])).status_code == 403
    assert await admin.fetchval("SELECT count(*) FROM restricted_cases") == 0


async def test_names_when_changed_then_by_a_named_manager_or_the_lead_and_the_last_one_stays(
    north: Team, admin: asyncpg.Connection
) -> None:
    manager, lead, adviser = north["manager"], north["data_protection_lead"], north["personal_adviser"]
    await restrict(manager, north, manager)
    body = {"staff_id": str(adviser.staff_id), "reason": REASON}
    assert (await manager.post(path(north, "/removed-names"), body)).status_code == 404
    alone = {"staff_id": str(manager.staff_id), "reason": REASON}
    refused = await manager.post(path(north, "/removed-names"), alone)
    assert (refused.status_code, "Somebody has to be left" in refused.json()["detail"]) == (422, True)
    assert (await manager.post(path(north, "/names"), body)).status_code == 201
    assert (await manager.post(path(north, "/names"), body)).status_code == 201
    assert await sees(adviser, north)
    assert (await manager.post(path(north, "/removed-names"), alone)).status_code == 200
    assert not await sees(manager, north)
    assert (await manager.post(path(north, "/names"), alone)).status_code == 404
    assert (await lead.post(path(north, "/names"), alone)).status_code == 201
    assert await sees(manager, north)
    kept = await admin.fetch("SELECT record_id, changed_by_id FROM record_history WHERE table_name = $1",
                             "restricted_case_staff")  # fmt: skip
    assert kept == [(manager.staff_id, manager.staff_id)]
    reasons = await admin.fetchval("SELECT count(*) FROM audit_entries WHERE reason = $1", REASON)
    assert reasons == 4


async def test_last_two_names_when_both_are_removed_at_once_then_one_stays(
    north: Team, admin: asyncpg.Connection
) -> None:
    lead = north["data_protection_lead"]
    pair = [north["personal_adviser"], north["duty_worker"]]
    await restrict(lead, north, *pair)
    bodies = [{"staff_id": str(one.staff_id), "reason": REASON} for one in pair]
    answers = await asyncio.gather(*(lead.post(path(north, "/removed-names"), body) for body in bodies))
    assert sorted(a.status_code for a in answers) == [200, 422]
    assert await admin.fetchval("SELECT count(*) FROM restricted_case_staff") == 1


async def test_case_when_lifted_then_those_whose_it_is_see_it_again_and_what_it_was_is_kept(
    north: Team, admin: asyncpg.Connection
) -> None:
    lead = north["data_protection_lead"]
    await restrict(lead, north, north["duty_worker"])
    assert (await restrict(lead, north, north["duty_worker"])).status_code == 409
    assert (await north["manager"].post(path(north, "/lift"), {"reason": REASON})).status_code == 404
    assert (await lead.post(path(north, "/lift"), {"reason": REASON})).status_code == 200
    assert await sees(north["personal_adviser"], north)
    assert not await sees(north["duty_worker"], north)
    assert (await lead.post(path(north, "/lift"), {"reason": REASON})).status_code == 404
    tables = await admin.fetch(
        "SELECT table_name FROM record_history WHERE person_id = $1 AND table_name LIKE 'restricted%' ORDER BY 1",
        north.person,
    )
    assert [row[0] for row in tables] == ["restricted_case_staff", "restricted_cases"]
    verbs = await admin.fetch("SELECT DISTINCT verb FROM audit_entries WHERE table_name = 'restricted_cases'")
    assert {row[0] for row in verbs} == {"added", "changed", "removed"}
