"""Managers put their own team's people on duty; for that time, and no other, they see everybody of their team."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.api.team import Member, Team


def at(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


def shift(member: Member, *, start: float = -1, end: float = 7, **changes: Any) -> dict[str, Any]:
    return {"staff_id": str(member.staff_id), "starts_at": at(hours=start), "ends_at": at(hours=end)} | changes


async def sees(member: Member, team: Team) -> bool:
    return (await member.get(f"/young-people/{team.person}/record-views")).status_code == 200


async def test_member_when_on_duty_then_they_see_their_team_until_the_shift_ends(
    north: Team, south: Team, admin: asyncpg.Connection
) -> None:
    worker, manager = north["duty_worker"], north["manager"]
    assert not await sees(worker, north)
    duty_id = (await manager.post("/duty-rota", shift(worker))).json()["id"]
    assert (await sees(worker, north), await sees(worker, south)) == (True, False)
    listed = (await worker.get("/duty-rota", team_id=str(north.team_id))).json()["items"]
    assert [(one["duty_id"], one["staff_id"]) for one in listed] == [(duty_id, str(worker.staff_id))]
    assert (await worker.get("/duty-rota", team_id=str(south.team_id))).json()["items"] == []
    ended = await manager.patch(f"/duty-rota/{duty_id}", {"ends_at": at(seconds=0.3)})
    assert (ended.status_code, ended.headers["etag"]) == (200, '"2"')
    await admin.execute("UPDATE duty_rota SET ends_at = now() - interval '1 second'")
    assert not await sees(worker, north)
    assert (await manager.patch(f"/duty-rota/{duty_id}", {"ends_at": at(hours=1)}, version=3)).status_code == 409


@pytest.mark.parametrize(
    ("changes", "status", "path"),
    [
        ({"ends_at": at(hours=-2)}, 422, "ends_at"),
        ({"ends_at": at(hours=24)}, 422, "ends_at"),
        ({"starts_at": at(hours=8)}, 422, "ends_at"),
        ({"ends_at": "2026-12-01T10:00:00"}, 400, "ends_at"),
        ({"ends_at": 1_800_000_000}, 400, "ends_at"),
        ({"starts_at": "2026-02-30T10:00:00Z"}, 400, "starts_at"),
        ({"staff_id": str(uuid4())}, 422, "staff_id"),
        ({"team_id": str(uuid4())}, 400, ""),
    ],
)
async def test_shift_when_it_cannot_be_then_nobody_is_on_duty_and_the_field_is_told(
    north: Team, admin: asyncpg.Connection, changes: dict[str, Any], status: int, path: str
) -> None:
    answer = await north["manager"].post("/duty-rota", shift(north["duty_worker"], **changes))
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (status, path)
    assert await admin.fetchval("SELECT count(*) FROM duty_rota") == 0


async def test_shift_when_of_another_team_role_or_by_somebody_else_then_it_is_refused(
    north: Team, south: Team, admin: asyncpg.Connection
) -> None:
    assert (await north["manager"].post("/duty-rota", shift(south["duty_worker"]))).status_code == 422
    assert (await north["manager"].post("/duty-rota", shift(north["administrator"]))).status_code == 422
    for role in ("duty_worker", "administrator", "data_protection_lead"):
        assert (await north[role].post("/duty-rota", shift(north["duty_worker"]))).status_code == 403
    await admin.execute("UPDATE staff SET disabled_at = now() WHERE staff_id = $1", north["duty_worker"].staff_id)
    assert (await north["manager"].post("/duty-rota", shift(north["duty_worker"]))).status_code == 422


async def test_shift_when_it_overlaps_then_it_conflicts_and_side_by_side_it_does_not(north: Team) -> None:
    manager, worker = north["manager"], north["duty_worker"]
    ends_at = at(hours=7)
    assert (await manager.post("/duty-rota", shift(worker, ends_at=ends_at))).status_code == 201
    assert (await manager.post("/duty-rota", shift(worker, start=6, end=9))).status_code == 409
    assert (await manager.post("/duty-rota", shift(worker, starts_at=ends_at, end=9))).status_code == 201
    assert (await manager.post("/duty-rota", shift(north["personal_adviser"]))).status_code == 201


async def test_shift_when_withdrawn_then_it_does_not_take_place_and_its_history_stays(
    north: Team, south: Team, admin: asyncpg.Connection
) -> None:
    manager = north["manager"]
    begun = (await manager.post("/duty-rota", shift(north["duty_worker"]))).json()["id"]
    later = (await manager.post("/duty-rota", shift(north["duty_worker"], start=30, end=38))).json()["id"]
    assert (await south["manager"].post(f"/duty-rota/{later}/withdrawal", if_match='"1"')).status_code == 404
    assert (await manager.post(f"/duty-rota/{begun}/withdrawal", if_match='"1"')).status_code == 409
    assert (await manager.post(f"/duty-rota/{later}/withdrawal")).status_code == 428
    assert (await manager.post(f"/duty-rota/{later}/withdrawal", if_match='"2"')).status_code == 412
    assert (await manager.post(f"/duty-rota/{later}/withdrawal", if_match='"1"')).status_code == 200
    assert await admin.fetchval("SELECT count(*) FROM duty_rota") == 1
    kept = await admin.fetchrow(
        "SELECT record_id::text, changed_by_id FROM record_history WHERE table_name = 'duty_rota'"
    )
    assert tuple(kept) == (later, manager.staff_id)
    assert await admin.fetchval("SELECT count(*) FROM audit_entries WHERE verb = 'removed'") == 1
