"""What is due follows from the records, in the change's own transaction, and again every night."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import time_machine

from api.cases import service
from api.kit.db import WORKER, Database
from tests.api.casework import Team, today
from tests.conftest import TestDatabase


@pytest.fixture
async def worker(database: TestDatabase) -> Any:
    """The worker's connections."""
    worker = Database(database.worker_url, size=2)
    yield worker
    await worker.close()


async def care(team: Team, started_on: str, ended_on: str | None = None, person_id: UUID | None = None) -> None:
    """Somebody's time in care, past every wall."""
    await team.admin.execute(
        "WITH period AS (INSERT INTO care_periods (person_id, started_on, ended_on) VALUES ($1, $2, $3)"
        " RETURNING care_period_id)"
        " INSERT INTO episodes (care_period_id, person_id, started_on, reason_new, legal_status, category_of_need,"
        " place, ended_on, reason_ended) SELECT care_period_id, $1, $2, 'S', 'C2', 'N1', 'T0', $3,"
        " CASE WHEN $3::date IS NOT NULL THEN 'E5' END FROM period",
        person_id or team.person_id,
        date.fromisoformat(started_on),
        None if ended_on is None else date.fromisoformat(ended_on),
    )


async def run(worker: Database, person_id: UUID) -> None:
    """The worker works out somebody's duties."""
    async with worker.transaction(WORKER) as connection:
        await service.recompute(connection, person_id)


async def due(admin: asyncpg.Connection, person_id: UUID) -> dict[str, date]:
    """What is due for somebody."""
    rows = await admin.fetch("SELECT code, due_on FROM duty_dates WHERE person_id = $1", person_id)
    return {row[0]: row[1] for row in rows}


async def test_duties_when_somebody_is_looked_after_at_sixteen_then_assessment_plan_visits_and_reviews_are_due(
    team: Team, worker: Database
) -> None:
    await care(team, "2020-05-01")
    await run(worker, team.person_id)
    found = await due(team.admin, team.person_id)
    assert (
        found.items()
        >= {
            "needs_assessment": date(2025, 6, 1),
            "pathway_plan": date(2025, 6, 1),
            "looked_after_first_visit": date(2020, 5, 8),
            "looked_after_first_review": date(2020, 6, 2),
        }.items()
    )
    assert "visit_two_monthly" not in found
    category = await team.admin.fetchrow("SELECT category, since_on, reasons FROM eligibility_decisions")
    assert (category[0], category[1]) == ("eligible", date(2025, 3, 1))
    assert "91" in category[2]


async def test_duties_when_looked_after_reviews_were_held_then_the_next_is_counted_from_the_last(
    team: Team, worker: Database
) -> None:
    await care(team, "2020-05-01")
    await team.admin.execute(
        "INSERT INTO looked_after_reviews (person_id, held_on, participation)"
        " VALUES ($1, '2020-05-20', 'PN1'), ($1, '2020-08-19', 'PN1')",
        team.person_id,
    )
    await run(worker, team.person_id)
    found = await due(team.admin, team.person_id)
    assert "looked_after_first_review" not in found
    assert date(2021, 2, 19) in found.values()


async def test_duties_when_plan_review_visit_and_contact_are_recorded_then_the_next_ones_are_due(
    team: Team, worker: Database
) -> None:
    await care(team, "2020-05-01", "2026-05-01")
    for statement in (
        "INSERT INTO needs_assessments (person_id, started_on, completed_on, considerations) SELECT $1, '2026-05-02',"
        " '2026-05-20', jsonb_object_agg(k, 'x') FROM unnest(ARRAY['health_and_development',"
        " 'education_training_employment', 'asylum_or_trafficking', 'support_from_family', 'finances',"
        " 'practical_skills', 'continuing_care_and_accommodation', 'wishes', 'views_of_others']) AS k",
        "INSERT INTO pathway_plans (person_id, version_no, status, basis, effective_from, signed_on,"
        " signed_by_staff_id, young_person_signed_on)"
        " SELECT $1, 1, 'signed', 'relevant', '2026-05-25', '2026-05-25', staff_id, '2026-05-25' FROM staff LIMIT 1",
        "INSERT INTO plan_reviews (person_id, trigger, requested_by_staff_id, due_on, due_rule, held_on, participation,"
        " outcome) SELECT $1, 'six_months', staff_id, '2026-10-01', 'x', '2026-10-01', 'PN1', 'x' FROM staff LIMIT 1",
        "INSERT INTO visits_and_contacts (person_id, staff_id, happened_at, kind, purpose, was_reached, was_seen,"
        " at_accommodation, recorded_by_staff_id)"
        " SELECT $1, staff_id, '2026-10-05T22:59Z', 'visit', 'regular', true, true, true, staff_id FROM staff LIMIT 1",
        "INSERT INTO visits_and_contacts (person_id, staff_id, happened_at, kind, purpose, was_reached,"
        " recorded_by_staff_id)"
        " SELECT $1, staff_id, '2026-11-01T12:00Z', 'visit', 'regular', false, staff_id FROM staff LIMIT 1",
        "WITH p AS (INSERT INTO placements (person_id, display_name) VALUES ($1, 'Elm') RETURNING placement_id)"
        " INSERT INTO accommodation_spells (person_id, placement_id, accommodation, tenancy, started_on)"
        " SELECT $1, placement_id, 'U', 'own', '2026-05-01' FROM p",
    ):
        await team.admin.execute(statement, team.person_id)
    await run(worker, team.person_id)
    assert await due(team.admin, team.person_id) == {
        "review_six_months": date(2027, 4, 1),
        "visit_two_monthly": date(2026, 12, 5),
        "keep_in_touch": date(2026, 11, 30),
        "birthday_prompt": date(2026, 11, 30),
    }


async def test_duties_when_a_young_person_asks_for_a_review_then_it_is_due_until_it_was_held(
    team: Team, worker: Database
) -> None:
    await care(team, "2020-05-01", "2026-05-01")
    await team.admin.execute(
        "INSERT INTO pathway_plans (person_id, version_no, status, basis, effective_from, signed_on,"
        " signed_by_staff_id, young_person_signed_on) VALUES"
        " ($1, 1, 'signed', 'relevant', '2026-05-25', '2026-05-25', $2, '2026-05-25')",
        team.person_id,
        team.adviser_id,
    )
    review_id = await team.admin.fetchval(
        "INSERT INTO plan_reviews (person_id, trigger, requested_at, due_on, due_rule)"
        " VALUES ($1, 'asked_by_young_person', '2026-11-01T12:00Z', '2026-11-29', 'x') RETURNING review_id",
        team.person_id,
    )
    await run(worker, team.person_id)
    assert (await due(team.admin, team.person_id))["review_asked_for"] == date(2026, 11, 29)
    await team.admin.execute(
        "UPDATE plan_reviews SET held_on = '2026-11-20', participation = 'PN1', outcome = 'x' WHERE review_id = $1",
        review_id,
    )
    await run(worker, team.person_id)
    assert "review_asked_for" not in await due(team.admin, team.person_id)


async def test_duties_when_staff_and_worker_work_them_out_then_both_come_to_the_same(
    team: Team, worker: Database, database: TestDatabase
) -> None:
    await care(team, "2020-05-01", "2026-05-01")
    await run(worker, team.person_id)
    by_worker = await due(team.admin, team.person_id)
    signed_in = Database(database.signed_in_url, size=1)
    async with signed_in.transaction_with(team.adviser.token) as connection:
        await service.recompute(connection, team.person_id)
    await signed_in.close()
    assert by_worker == await due(team.admin, team.person_id)
    assert await team.admin.fetchval("SELECT count(*) FROM eligibility_decisions") == 1


async def test_duties_when_a_young_person_changes_a_record_then_the_worker_is_asked_and_nothing_is_lost(
    team: Team, worker: Database, database: TestDatabase
) -> None:
    await care(team, "2020-05-01", "2026-05-01")
    device = await team.young_person()
    signed_in = Database(database.signed_in_url, size=1)
    await run(worker, team.person_id)
    before = await due(team.admin, team.person_id)
    for token in (device.token, team.stranger.token):
        async with signed_in.transaction_with(token) as connection:
            await service.recompute(connection, team.person_id)
        assert await due(team.admin, team.person_id) == before
    await signed_in.close()
    await team.admin.execute("DELETE FROM duty_dates")
    async with worker.acting_as(WORKER) as connection:
        await service.recompute_asked(connection)
    assert await due(team.admin, team.person_id) == before
    assert await team.admin.fetchval("SELECT count(*) FROM duty_recomputes") == 0


async def test_duties_when_a_day_has_passed_then_everybodys_are_worked_out_again_once(
    team: Team, worker: Database
) -> None:
    await care(team, "2020-05-01", "2026-05-01")
    await team.another()
    async with worker.acting_as(WORKER) as connection:
        await service.recompute_old(connection)
        assert await team.admin.fetchval("SELECT count(*) FROM duty_checks") == 2
        checked = await team.admin.fetchval("SELECT min(checked_at) FROM duty_checks")
        await service.recompute_old(connection)
        assert await team.admin.fetchval("SELECT min(checked_at) FROM duty_checks") == checked
        await team.admin.execute("UPDATE duty_checks SET checked_at = checked_at - interval '1 day'")
        await service.recompute_old(connection)
    assert await team.admin.fetchval("SELECT min(checked_at) FROM duty_checks") > checked


async def test_duties_when_one_case_cannot_be_worked_with_then_the_others_are(
    team: Team, worker: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await team.another()
    await care(team, "2020-05-01")
    await care(team, "2020-05-01", person_id=other)
    real = service.queries.get_facts

    async def broken(connection: Any, person_id: UUID) -> Any:
        if person_id == team.person_id:
            raise LookupError("no rule")
        return await real(connection, person_id)

    monkeypatch.setattr(service.queries, "get_facts", broken)
    async with worker.acting_as(WORKER) as connection:
        await service.recompute_old(connection)
    assert await due(team.admin, team.person_id) == {}
    assert await due(team.admin, other) != {}


async def test_duties_when_a_birthday_comes_then_the_category_is_another_and_both_are_kept(
    team: Team, worker: Database
) -> None:
    await care(team, "2020-05-01")
    await run(worker, team.person_id)
    with time_machine.travel(datetime(2027, 2, 28, 12, tzinfo=UTC), tick=True):
        await run(worker, team.person_id)
    found = await team.admin.fetch(
        "SELECT category, since_on FROM eligibility_decisions ORDER BY eligibility_decision_id"
    )
    assert [tuple(row) for row in found] == [
        ("eligible", date(2025, 3, 1)),
        ("former_relevant", date(2027, 2, 28)),
    ]


async def test_duties_when_somebody_has_died_then_nothing_is_due(team: Team, worker: Database) -> None:
    await care(team, "2020-05-01")
    await team.admin.execute("UPDATE young_people SET died_on = $2 WHERE person_id = $1", team.person_id, today())
    await run(worker, team.person_id)
    assert await due(team.admin, team.person_id) == {}


async def test_duties_when_the_adviser_is_missing_then_one_is_due(team: Team, worker: Database) -> None:
    await care(team, "2020-05-01")
    await team.admin.execute("UPDATE allocations SET ended_on = $1", today() - timedelta(days=1))
    await run(worker, team.person_id)
    assert (await due(team.admin, team.person_id))["personal_adviser"] == date(2025, 2, 28)


async def test_duties_when_a_change_is_refused_then_they_stay_as_they_were(team: Team, worker: Database) -> None:
    await care(team, "2020-05-01")
    await run(worker, team.person_id)
    before = await team.admin.fetch("SELECT * FROM duty_dates ORDER BY code")
    answer = await team.adviser.post(f"{team.path}/care-periods", {"started_on": "2021-05-01"})
    assert answer.status_code == 409
    assert await team.admin.fetch("SELECT * FROM duty_dates ORDER BY code") == before


async def test_duty_when_bed_and_breakfast_under_eighteen_then_two_working_days_are_allowed(
    team: Team, worker: Database
) -> None:
    await care(team, "2020-05-01", "2026-05-01")
    move = {"moved_on": "2026-11-20", "display_name": "B and B", "accommodation": "W", "tenancy": "none"}
    assert (await team.adviser.post(f"{team.path}/homes", move)).status_code == 201
    found = await due(team.admin, team.person_id)
    assert (found["bed_and_breakfast"], found["visit_after_move"]) == (date(2026, 11, 24), date(2026, 11, 27))
