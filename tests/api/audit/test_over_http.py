"""Who looked: told to the young person in plain words, to their adviser, and to the data protection lead of anybody."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.api.identity.staff import as_young_person
from tests.api.team import Team, open_teams
from tests.conftest import TestDatabase
from tests.factories import create_session


@pytest.fixture
async def teams(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[tuple[Team, Team]]:
    async with open_teams(database, admin) as opened:
        yield opened


async def look(team: Team, role: str, times: int = 1, person: object = None) -> None:
    """Somebody looks at who is a young person's adviser."""
    for _ in range(times):
        seen = await team[role].get(f"/young-people/{person or team.person}/allocations")
        assert seen.status_code == 200


async def test_young_person_when_they_ask_who_looked_then_they_are_told_in_plain_words(
    teams: tuple[Team, Team], admin: asyncpg.Connection
) -> None:
    north, _ = teams
    await look(north, "personal_adviser")
    await look(north, "manager")
    for level, status in (("full", 200), ("limited", 403)):
        device = as_young_person(await create_session(admin, person=north.person, level=level))
        answer = await north.http.get("/client/v1/record-views", headers=device)
        assert answer.status_code == status
        if level == "full":
            assert [(one["who"], one["what"]) for one in answer.json()["items"]] == [
                ("you", "who looked at your record"),
                ("manager", "who works with you, now and before"),
                ("personal_adviser", "who works with you, now and before"),
            ]
            assert set(answer.json()["items"][0]) == {"looked_at", "who", "what"}
    other = as_young_person(await create_session(admin, person=await north.add_person()))
    assert len((await north.http.get("/client/v1/record-views", headers=other)).json()["items"]) == 1


async def test_adviser_when_they_ask_who_looked_then_of_their_own_young_people_alone_page_by_page(
    teams: tuple[Team, Team],
) -> None:
    north, south = teams
    await look(north, "manager", times=5)
    seen: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = (
            await north["personal_adviser"].get(f"/young-people/{north.person}/record-views", limit=3, **cursor)
        ).json()
        seen += page["items"]
        if "next_cursor" not in page:
            break
        cursor = {"cursor": page["next_cursor"]}
    by_manager = [one for one in seen if one["shown_name"] == "manager"]
    assert len(by_manager) == len({one["looked_at"] for one in by_manager}) == 5
    assert {one["staff_id"] for one in by_manager} == {str(north["manager"].staff_id)}
    for person in (south.person, uuid4()):
        assert (await north["personal_adviser"].get(f"/young-people/{person}/record-views")).status_code == 404


async def test_lead_when_they_ask_then_by_person_staff_and_time_and_that_is_noted_too(
    teams: tuple[Team, Team], admin: asyncpg.Connection
) -> None:
    north, south = teams
    await look(north, "personal_adviser")
    await look(south, "manager")
    lead = north["data_protection_lead"]
    of_person = (await lead.get("/audit", person_id=str(south.person))).json()["items"]
    assert {(one["actor_id"], one["verb"], one["table_name"]) for one in of_person} >= {
        (str(south["manager"].staff_id), "viewed", "allocations")
    }
    assert {one["person_id"] for one in of_person} == {str(south.person)}
    of_staff = (await lead.get("/audit", staff_id=str(north["personal_adviser"].staff_id))).json()["items"]
    assert [one["person_id"] for one in of_staff] == [str(north.person)]
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert (await lead.get("/audit", person_id=str(south.person), until=hour_ago)).json()["items"] == []
    noted = await admin.fetchval(
        "SELECT count(*) FROM audit_entries WHERE table_name = 'audit_entries' AND person_id = $1 AND actor_id = $2",
        south.person, lead.staff_id,
    )  # fmt: skip
    assert noted == 2


@pytest.mark.parametrize("role", ["personal_adviser", "duty_worker", "manager", "reviewing_officer", "administrator"])
async def test_audit_when_asked_by_another_role_then_it_is_refused(teams: tuple[Team, Team], role: str) -> None:
    for path in ("/audit", "/audit/week"):
        assert (await teams[0][role].get(path)).status_code == 403


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"since": "2026-01-01T00:00:00", "until": "2026-01-02T00:00:00Z"}, 400),
        ({"since": "2026-01-03T00:00:00Z", "until": "2026-01-02T00:00:00Z"}, 422),
        ({"since": "2020-01-03T00:00:00Z", "until": "2026-01-02T00:00:00Z"}, 422),
        ({"person_id": "x"}, 400),
        ({"cursor": "W10"}, 400),
        ({"limit": "0"}, 400),
        ({"limit": "101"}, 400),
    ],
)
async def test_audit_when_the_question_cannot_be_answered_then_it_says_so(
    teams: tuple[Team, Team], params: dict[str, str], status: int
) -> None:
    assert (await teams[0]["data_protection_lead"].get("/audit", **params)).status_code == status


async def at(admin: asyncpg.Connection, team: Team, role: str, person: object, when: str, count: int = 1) -> None:
    """Looks that were noted at another time, past the wall that lets nobody write one."""
    await admin.execute("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_filled")
    await admin.execute(
        "INSERT INTO audit_entries (xact_id, recorded_at, actor_kind, actor_id, login, verb, person_id, table_name,"
        " row_hash) SELECT 1, $3, 'staff', $1, 'x', 'viewed', $2, 'young_people', '' FROM generate_series(1, $4)",
        team[role].staff_id, person, datetime.fromisoformat(when), count,
    )  # fmt: skip
    await admin.execute("ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_filled")


async def test_week_when_looked_at_then_it_names_looks_without_a_relation_after_hours_many_and_break_glass(
    teams: tuple[Team, Team], admin: asyncpg.Connection
) -> None:
    north, south = teams
    # Wednesday 18 November 2026, at eleven and at half past eight in the evening in London.
    day, evening = "2026-11-18T11:00:00+00:00", "2026-11-18T20:30:00+00:00"
    await at(admin, north, "personal_adviser", north.person, day, 5)
    await at(admin, south, "personal_adviser", north.person, day)
    await at(admin, north, "manager", north.person, evening, 3)
    await at(admin, south, "manager", south.person, evening, 2)
    await at(admin, north, "duty_worker", north.person, evening, 9)
    await admin.execute(
        "INSERT INTO duty_rota (staff_id, starts_at, ends_at) VALUES ($1, '2026-11-18T18:00Z', '2026-11-19T02:00Z')",
        north["duty_worker"].staff_id,
    )
    for _ in range(25):
        await at(admin, south, "duty_worker", await south.add_person("duty_worker"), day)
    week = await north["data_protection_lead"].get("/audit/week", until="2026-11-20T00:00:00Z")
    assert week.status_code == 200, week.text
    told = {one["looks"]["staff_id"]: one["reasons"] for one in week.json()["signs"]}
    assert told == {
        str(south["personal_adviser"].staff_id): ["looked at people who were neither theirs nor their team's"],
        str(north["manager"].staff_id): ["looked outside working hours without being on duty"],
        str(south["duty_worker"].staff_id): ["looked at far more people than others of the same role"],
    }
    assert week.json()["staff_count"] == 6
    earlier = await north["data_protection_lead"].get("/audit/week", until="2026-11-11T00:00:00Z")
    assert (earlier.json()["staff_count"], earlier.json()["signs"]) == (0, [])
