"""A manager's caseload of 400 is read by indexes: the tables of records are never read from end to end."""

import re

import asyncpg
import pytest

from api.caseload.queries import GET_WHOLE, LIST_CASES, SEARCH
from api.kit.db import SET_HOLDER
from tests.api.identity.staff import create_member, create_team
from tests.conftest import TestDatabase
from tests.factories import create_session

PEOPLE_EACH = 400
FILL = """
    WITH people AS (
        INSERT INTO young_people (full_name, preferred_name, born_on, team_id)
        SELECT 'Person ' || n, 'P' || n, '2008-01-01', $1 FROM generate_series(1, $3::int) AS n RETURNING person_id
    ), allocated AS (
        INSERT INTO allocations (person_id, staff_id, starts_on) SELECT person_id, $2, '2026-01-01' FROM people
    ), due AS (
        INSERT INTO duty_dates (person_id, code, due_on, since_on, amber_on, red_on, rank, title, why, source,
            is_verified, is_prospective, rules_version)
        SELECT person_id, 'code' || k, date '2026-01-01' + k * 30, '2026-01-01', '2026-01-01', '2026-01-02', 0, 'x',
            'x', 'x', true, false, 'x'
        FROM people, generate_series(1, 6) AS k
    ), checked AS (
        INSERT INTO duty_checks (person_id) SELECT person_id FROM people
    ), decided AS (
        INSERT INTO eligibility_decisions (person_id, category, on_date, reasons, warnings, rules_version)
        SELECT person_id, 'eligible', '2026-01-01', '[]', '[]', 'x' FROM people, generate_series(1, 3)
    )
    INSERT INTO visits_and_contacts (person_id, staff_id, happened_at, kind, purpose, was_reached, recorded_by_staff_id)
    SELECT person_id, $2, timestamptz '2026-01-01' + k * interval '1 day', 'call', 'other', true, $2
    FROM people, generate_series(1, 10) AS k
"""


@pytest.fixture
async def manager(database: TestDatabase, admin: asyncpg.Connection) -> asyncpg.Connection:
    """A manager of 400, beside nine other teams as large, on a connection that acts for them."""
    for number in range(10):
        team_id = await create_team(admin, f"team {number}")
        manager_id = await create_member(admin, team_id, "manager")
        await admin.execute(FILL, team_id, manager_id, PEOPLE_EACH)
    await admin.execute("ANALYZE")
    token = await create_session(admin, staff=manager_id)
    connection = await asyncpg.connect(database.signed_in_url)
    await connection.fetchval(SET_HOLDER, token)
    return connection


async def read_whole_tables(connection: asyncpg.Connection, statement: str, *given: object) -> set[str]:
    """The tables that a statement reads from end to end, when it runs."""
    plan = await connection.fetch("EXPLAIN (ANALYZE, TIMING OFF) " + statement, *given)
    return {found[1] for row in plan if (found := re.search(r"Seq Scan on (\w+)(?!.*never executed)", row[0]))}


async def test_caseload_when_a_manager_has_four_hundred_then_no_table_of_records_is_read_whole(
    manager: asyncpg.Connection, admin: asyncpg.Connection
) -> None:
    person_id = await admin.fetchval("SELECT person_id FROM young_people ORDER BY person_id DESC LIMIT 1")
    whole = {
        "caseload": await read_whole_tables(manager, LIST_CASES, None, None, None, 25, None),
        "search": await read_whole_tables(manager, SEARCH, "person", None, None, 25),
        "one": await read_whole_tables(manager, GET_WHOLE, person_id),
    }
    rows = await manager.fetchrow(LIST_CASES, None, None, None, 100, None)
    await manager.close()
    records = {
        "young_people",
        "duty_dates",
        "duty_checks",
        "eligibility_decisions",
        "visits_and_contacts",
        "allocations",
    }
    assert {name: tables & records for name, tables in whole.items()} == {
        "caseload": set(),
        "search": set(),
        "one": set(),
    }
    assert rows[1].count('"person_id"') == 100


async def test_caseload_when_an_index_is_gone_then_that_is_seen(
    manager: asyncpg.Connection, admin: asyncpg.Connection
) -> None:
    await admin.execute("DROP INDEX visits_and_contacts_person")
    found = await read_whole_tables(manager, LIST_CASES, None, None, None, 25, None)
    await manager.close()
    assert "visits_and_contacts" in found
