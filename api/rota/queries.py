"""Shifts in the database."""

from datetime import datetime
from itertools import starmap
from uuid import UUID

from api.kit.db import Connection
from api.rota.models import Shift

LIST_SHIFTS = """
    SELECT d.duty_id, d.staff_id, s.shown_name, s.team_id, d.starts_at, d.ends_at, d.version
    FROM duty_rota AS d JOIN staff AS s USING (staff_id)
    WHERE d.ends_at > $1 AND s.team_id = coalesce($2::uuid, s.team_id)
        AND (d.starts_at, d.duty_id) > (
            coalesce($3::timestamptz, '-infinity'), coalesce($4::uuid, '00000000-0000-0000-0000-000000000000')
        )
    ORDER BY d.starts_at, d.duty_id
    LIMIT $5
"""


async def list_shifts(
    connection: Connection,
    ending_after: datetime,
    team_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    count: int,
) -> list[Shift]:
    """Shifts that end after an instant, of one team or of all, in their order."""
    starts_at, duty_id = after or (None, None)
    rows = await connection.fetch(LIST_SHIFTS, ending_after, team_id, starts_at, duty_id, count)
    return list(starmap(Shift, rows))


# Two shifts of one person that are added at once must see each other.
LOCK_SHIFTS = "SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 16))"
IS_ON_DUTY = """
    SELECT EXISTS (
        SELECT FROM duty_rota
        WHERE staff_id = $1 AND starts_at < $3 AND ends_at > $2 AND duty_id IS DISTINCT FROM $4
    )
"""


async def is_on_duty(
    connection: Connection, staff_id: UUID, starts_at: datetime, ends_at: datetime, *, but: UUID | None = None
) -> bool:
    """Whether somebody has a shift in that time already; nobody else can give them one until the transaction ends."""
    await connection.execute(LOCK_SHIFTS, staff_id)
    found: bool = await connection.fetchval(IS_ON_DUTY, staff_id, starts_at, ends_at, but)
    return found


INSERT_SHIFT = "INSERT INTO duty_rota (staff_id, starts_at, ends_at) VALUES ($1, $2, $3) RETURNING duty_id"


async def insert_shift(connection: Connection, staff_id: UUID, starts_at: datetime, ends_at: datetime) -> UUID:
    """Puts somebody on duty."""
    duty_id: UUID = await connection.fetchval(INSERT_SHIFT, staff_id, starts_at, ends_at)
    return duty_id


LOCK_SHIFT = "SELECT version, staff_id, starts_at, ends_at FROM duty_rota WHERE duty_id = $1 FOR UPDATE"


async def lock_shift(connection: Connection, duty_id: UUID) -> tuple[int, UUID, datetime, datetime] | None:
    """A shift that the connection may change, until the transaction ends."""
    row = await connection.fetchrow(LOCK_SHIFT, duty_id)
    return None if row is None else (row[0], row[1], row[2], row[3])


END_SHIFT = "UPDATE duty_rota SET ends_at = $2 WHERE duty_id = $1"
WITHDRAW_SHIFT = "DELETE FROM duty_rota WHERE duty_id = $1"


async def end_shift(connection: Connection, duty_id: UUID, ends_at: datetime) -> None:
    """A shift that ends at another time."""
    await connection.execute(END_SHIFT, duty_id, ends_at)


async def withdraw_shift(connection: Connection, duty_id: UUID) -> None:
    """A shift that does not take place; what it was is kept in the history."""
    await connection.execute(WITHDRAW_SHIFT, duty_id)
