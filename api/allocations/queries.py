"""Allocations in the database."""

from datetime import date
from itertools import starmap
from uuid import UUID

from api.allocations.models import Allocation
from api.kit.db import Connection

LIST_ALLOCATIONS = """
    SELECT a.allocation_id, a.person_id, a.staff_id, s.shown_name, a.starts_on, a.ended_on, a.version
    FROM allocations AS a JOIN staff AS s USING (staff_id)
    WHERE a.person_id = $1 ORDER BY a.starts_on DESC, a.allocation_id DESC
"""
NOTE_LOOK = """
    SELECT audit_notes_views(ARRAY[p.person_id], 'allocations') FROM young_people AS p WHERE p.person_id = $1
"""


async def list_allocations(connection: Connection, person_id: UUID) -> list[Allocation] | None:
    """Every adviser a young person had, the latest first; None for somebody whom the connection may not see."""
    if await connection.fetchval(NOTE_LOOK, person_id) is None:
        return None
    return list(starmap(Allocation, await connection.fetch(LIST_ALLOCATIONS, person_id)))


LOCK_PERSON = "SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 17))"
GET_OPEN = """
    SELECT a.allocation_id, a.person_id, a.staff_id, s.shown_name, a.starts_on, a.ended_on, a.version
    FROM allocations AS a JOIN staff AS s USING (staff_id)
    WHERE a.person_id = $1 AND a.ended_on IS NULL
"""


async def lock_open(connection: Connection, person_id: UUID) -> Allocation | None:
    """The allocation without an end, if any; nobody else can hand over until the transaction ends."""
    await connection.execute(LOCK_PERSON, person_id)
    row = await connection.fetchrow(GET_OPEN, person_id)
    return None if row is None else Allocation(*row)


LOCK_ALLOCATION = """
    SELECT person_id, starts_on, ended_on, version FROM allocations WHERE allocation_id = $1 FOR UPDATE
"""


async def lock_allocation(connection: Connection, allocation_id: UUID) -> tuple[UUID, date, date | None, int] | None:
    """An allocation that the connection may end, until the transaction ends."""
    row = await connection.fetchrow(LOCK_ALLOCATION, allocation_id)
    return None if row is None else (row[0], row[1], row[2], row[3])


END_ALLOCATION = "UPDATE allocations SET ended_on = $2 WHERE allocation_id = $1"


async def end_allocation(connection: Connection, allocation_id: UUID, ended_on: date) -> None:
    """The last day of an allocation."""
    await connection.execute(END_ALLOCATION, allocation_id, ended_on)


INSERT_ALLOCATION = """
    INSERT INTO allocations (person_id, staff_id, starts_on) VALUES ($1, $2, $3) RETURNING allocation_id
"""


async def insert_allocation(connection: Connection, person_id: UUID, staff_id: UUID, starts_on: date) -> UUID:
    """A young person's adviser from a day on."""
    allocation_id: UUID = await connection.fetchval(INSERT_ALLOCATION, person_id, staff_id, starts_on)
    return allocation_id
