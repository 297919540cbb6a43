"""Spells that overlap are refused by the database itself, even when two come at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.conftest import TestDatabase
from tests.factories import create_person, create_staff

EXCLUSIONS = "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'x' ORDER BY 1"
# How a spell of each table is added: $1 is whose it is, $2 and $3 are its days.
ADDS = {
    "allocations": "INSERT INTO allocations (person_id, staff_id, starts_on, ended_on)"
    " SELECT $1, staff_id, $2, $3 FROM staff LIMIT 1",
    "staff_absences": "INSERT INTO staff_absences (staff_id, started_on, ended_on)"
    " SELECT staff_id, $2, coalesce($3, date '2100-01-01') FROM staff WHERE $1::uuid IS NOT NULL LIMIT 1",
    "care_periods": "INSERT INTO care_periods (person_id, started_on, ended_on) VALUES ($1, $2, $3)",
    "episodes": "INSERT INTO episodes (care_period_id, person_id, started_on, reason_new, legal_status,"
    " category_of_need, place, ended_on, reason_ended) SELECT care_period_id, $1, $2, 'S', 'C2', 'N1', 'T0', $3::date,"
    " CASE WHEN $3::date IS NOT NULL THEN 'X1' END FROM care_periods WHERE person_id = $1",
    "family_placements": "INSERT INTO family_placements (person_id, with_whom, started_on, ended_on)"
    " VALUES ($1, 'parent', $2, $3)",
    "detentions": "INSERT INTO detentions (person_id, kind, started_on, ended_on) VALUES ($1, 'prison', $2, $3)",
    "special_guardianships": "INSERT INTO special_guardianships"
    " (person_id, started_on, ended_on, was_looked_after_before) VALUES ($1, $2, $3, true)",
    "activity_spells": "INSERT INTO activity_spells (person_id, activity, started_on, ended_on)"
    " VALUES ($1, 'F1', $2, $3)",
    "accommodation_spells": "INSERT INTO accommodation_spells"
    " (person_id, placement_id, accommodation, tenancy, started_on, ended_on)"
    " SELECT $1, placement_id, 'U', 'own', $2, $3 FROM placements WHERE person_id = $1",
    "provider_registrations": "INSERT INTO provider_registrations"
    " (provider_id, urn, kind, registered_from, registered_until)"
    " SELECT provider_id, '1234567', 'childrens_home', $2, $3 FROM providers WHERE $1::uuid IS NOT NULL",
}
# Not spells of a record: two appointments at one time, which have tests of their own.
ELSEWHERE = {"appointments"}


@pytest.fixture
async def pair(database: TestDatabase) -> AsyncIterator[tuple[asyncpg.Connection, asyncpg.Connection]]:
    """Two connections past every policy."""
    connections = [await asyncpg.connect(database.admin_url) for _ in range(2)]
    yield connections[0], connections[1]
    for connection in connections:
        await connection.close()


async def prepare(connection: asyncpg.Connection, table: str) -> tuple[UUID, UUID]:
    """Two young people, with what a spell of that table refers to."""
    await create_staff(connection)
    await connection.execute("INSERT INTO providers (name) VALUES ('Homes')")
    people = (await create_person(connection), await create_person(connection))
    for person_id in people:
        await connection.execute("INSERT INTO placements (person_id, display_name) VALUES ($1, 'Elm House')", person_id)
        if table == "episodes":
            await connection.execute(
                "INSERT INTO care_periods (person_id, started_on) VALUES ($1, '2010-01-01')", person_id
            )
    return people


def day(written: str | None) -> Any:
    """A day of the year 2026, or none."""
    return None if written is None else date.fromisoformat(f"2026-{written}")


async def test_overlaps_when_listed_then_every_table_that_excludes_them_is_tried(template: TestDatabase) -> None:
    connection = await asyncpg.connect(template.admin_url)
    excluding = {row[0] for row in await connection.fetch(EXCLUSIONS)}
    await connection.close()
    assert excluding - ELSEWHERE == ADDS.keys()


@pytest.mark.parametrize("table", ADDS)
async def test_spells_when_two_that_overlap_are_added_at_once_then_one_can_not_commit(
    pair: tuple[asyncpg.Connection, asyncpg.Connection], table: str
) -> None:
    first, second = pair
    person_id, other_id = await prepare(first, table)
    transactions = [connection.transaction() for connection in pair]
    for transaction in transactions:
        await transaction.start()
    await first.execute(ADDS[table], person_id, day("03-01"), None)
    waiting = asyncio.create_task(second.execute(ADDS[table], person_id, day("06-01"), day("07-01")))
    await asyncio.sleep(0.05)
    assert not waiting.done(), "it did not wait for whoever came first"
    await transactions[0].commit()
    with pytest.raises(asyncpg.ExclusionViolationError):
        await waiting
    await transactions[1].rollback()
    with pytest.raises(asyncpg.ExclusionViolationError):
        await second.execute(ADDS[table], person_id, day("02-01"), day("03-02"))
    await second.execute(ADDS[table], person_id, day("01-01"), day("02-28"))
    if table not in {"staff_absences", "provider_registrations"}:
        await second.execute(ADDS[table], other_id, day("03-01"), None)


@pytest.mark.parametrize("table", ADDS)
async def test_overlap_when_the_constraint_is_gone_then_both_are_stored(
    pair: tuple[asyncpg.Connection, asyncpg.Connection], table: str
) -> None:
    first, _ = pair
    person_id, _ = await prepare(first, table)
    name = await first.fetchval(
        "SELECT conname FROM pg_constraint WHERE contype = 'x' AND conrelid = $1::text::regclass", table
    )
    await first.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    await first.execute(ADDS[table], person_id, day("03-01"), day("05-01"))
    await first.execute(ADDS[table], person_id, day("04-01"), day("06-01"))
