"""Visits, contacts and attempts: what each counts as, and what cannot be."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from api.kit import clock
from tests.api.casework import Team, errors, today
from tests.api.plans.planning import in_days


def happened(team: Team, **changes: Any) -> dict[str, Any]:
    """A visit at home yesterday, at which the young person was seen alone."""
    return {
        "staff_id": str(team.adviser_id),
        "on_date": in_days(-1),
        "at": "16:30",
        "kind": "visit",
        "purpose": "regular",
        "was_reached": True,
        "was_seen": True,
        "was_seen_alone": True,
        "at_accommodation": True,
        "note": "All well.",
    } | changes


async def contacts(team: Team) -> list[dict[str, Any]]:
    """What was written down."""
    items: list[dict[str, Any]] = (await team.adviser.get(f"{team.path}/contacts")).json()["items"]
    return items


async def test_visit_when_it_is_written_down_then_it_is_there_with_who_was_there(team: Team) -> None:
    answer = await team.manager.post(f"{team.path}/contacts", happened(team))
    assert answer.status_code == 201
    [found] = await contacts(team)
    assert (found["staff"], found["was_seen_alone"], found["at_accommodation"]) == ("Sam", True, True)
    by = await team.admin.fetchval("SELECT recorded_by_staff_id FROM visits_and_contacts")
    assert by == team.manager_id


async def test_visit_when_it_is_corrected_then_what_it_said_before_is_kept(team: Team) -> None:
    contact_id = (await team.adviser.post(f"{team.path}/contacts", happened(team))).json()["id"]
    where = f"/admin/v1/contacts/{contact_id}"
    mended = happened(team, was_seen_alone=False)
    assert (await team.adviser.put(where, mended, version=None)).status_code == 428
    assert (await team.adviser.put(where, mended, version=1)).status_code == 200
    assert (await team.adviser.put(where, mended, version=1)).status_code == 412
    assert [found["was_seen_alone"] for found in await contacts(team)] == [False]
    before = await team.admin.fetchrow(
        "SELECT row_before ->> 'was_seen_alone', changed_by_id FROM record_history"
        " WHERE table_name = 'visits_and_contacts'"
    )
    assert tuple(before) == ("true", team.adviser_id)


async def test_visit_when_it_was_an_attempt_then_it_moves_no_clock_and_a_visit_does(team: Team) -> None:
    await team.admin.execute(
        "WITH c AS (INSERT INTO care_periods (person_id, started_on, ended_on)"
        " VALUES ($1, '2020-05-01', '2026-05-01') RETURNING care_period_id)"
        " INSERT INTO episodes (care_period_id, person_id, started_on, reason_new, legal_status, category_of_need,"
        " place, ended_on, reason_ended)"
        " SELECT care_period_id, $1, '2020-05-01', 'S', 'C2', 'N1', 'T0', '2026-05-01', 'E5' FROM c",
        team.person_id,
    )
    due = "SELECT due_on FROM duty_dates WHERE person_id = $1 AND code = 'keep_in_touch'"
    attempt = happened(team, was_reached=False, was_seen=False, was_seen_alone=False)
    await team.adviser.post(f"{team.path}/contacts", attempt)
    before = await team.admin.fetchval(due, team.person_id)
    assert before is not None
    await team.adviser.post(f"{team.path}/contacts", happened(team))
    assert await team.admin.fetchval(due, team.person_id) == today() - timedelta(days=1) + timedelta(days=56)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"was_reached": False, "was_seen_alone": False}, "was_seen"),
        ({"kind": "call", "at_accommodation": False}, "was_seen"),
        ({"was_seen": False}, "was_seen_alone"),
        ({"kind": "call", "was_seen": False, "was_seen_alone": False}, "at_accommodation"),
        ({"on_date": in_days(1)}, "on_date"),
        ({"on_date": "1999-01-01"}, "on_date"),
        ({"staff_id": "00000000-0000-4000-8000-000000000000"}, "staff_id"),
    ],
)
async def test_visit_when_it_cannot_be_then_its_field_and_what_is_allowed_are_told(
    team: Team, changes: dict[str, Any], path: str
) -> None:
    answer = await team.adviser.post(f"{team.path}/contacts", happened(team, **changes))
    assert (answer.status_code, [p for p, allowed in errors(answer) if allowed]) == (422, [path])
    assert await contacts(team) == []


async def test_visit_when_it_is_still_to_come_today_then_it_is_refused(team: Team) -> None:
    later = clock.london(clock.now() + timedelta(minutes=2))
    answer = await team.adviser.post(
        f"{team.path}/contacts", happened(team, on_date=later.date().isoformat(), at=f"{later:%H:%M}")
    )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "fault",
    [
        "UPDATE visits_and_contacts SET was_reached = false",
        "UPDATE visits_and_contacts SET kind = 'call'",
        "UPDATE visits_and_contacts SET was_seen = false",
        "UPDATE visits_and_contacts SET happened_at = now() + interval '1 hour'",
    ],
)
async def test_visit_when_it_breaks_a_rule_past_the_service_then_the_database_refuses_it(
    team: Team, fault: str
) -> None:
    await team.adviser.post(f"{team.path}/contacts", happened(team))
    with pytest.raises(asyncpg.CheckViolationError):
        await team.admin.execute(fault)


async def test_visits_when_they_are_of_another_team_then_they_are_not_there(team: Team) -> None:
    contact_id = (await team.adviser.post(f"{team.path}/contacts", happened(team))).json()["id"]
    answers = [
        await team.stranger.get(f"{team.path}/contacts"),
        await team.stranger.post(f"{team.path}/contacts", happened(team)),
        await team.stranger.put(f"/admin/v1/contacts/{contact_id}", happened(team), version=1),
    ]
    assert [a.status_code for a in answers] == [404] * 3
    assert (await (await team.young_person()).get(f"{team.path}/contacts")).status_code == 401
