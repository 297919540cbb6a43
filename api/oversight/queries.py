"""Break-glass and restricted cases in the database."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import starmap
from uuid import UUID

from api.kit.db import Connection
from api.oversight.models import BreakGlassView, Named, Restriction

INSERT_BREAK_GLASS = """
    INSERT INTO break_glass_grants (break_glass_id, person_id, staff_id, reason, ends_at)
    VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(mins => $5))
"""


async def insert_break_glass(
    connection: Connection, break_glass_id: UUID, person_id: UUID, staff_id: UUID, reason: str, minutes: int
) -> None:
    """Opens a case to one of staff for a while."""
    await connection.execute(INSERT_BREAK_GLASS, break_glass_id, person_id, staff_id, reason, minutes)


GET_PERSON_TO_OPEN = "SELECT sec.person_to_open($1, $2)"


async def get_person_to_open(connection: Connection, full_name: str, born_on: date) -> UUID | None:
    """The one living young person of that name and birthday; None for nobody, and for two."""
    person_id: UUID | None = await connection.fetchval(GET_PERSON_TO_OPEN, full_name, born_on)
    return person_id


LIST_BREAK_GLASS_NUMBERS = "SELECT number FROM sec.break_glass_numbers($1) AS number ORDER BY number"


async def list_break_glass_numbers(connection: Connection, person_id: UUID) -> list[str]:
    """The phones of whoever must hear of it: managers, data protection leads and the adviser."""
    return [row[0] for row in await connection.fetch(LIST_BREAK_GLASS_NUMBERS, person_id)]


LIST_BREAK_GLASS = """
    SELECT g.break_glass_id, g.person_id, g.staff_id, s.shown_name, g.reason, g.starts_at, g.ends_at,
        g.reviewed_at, g.reviewed_by_staff_id, g.finding, g.review_note, g.version,
        audit_notes_views(ARRAY[g.person_id], 'break_glass_grants')
    FROM (
        SELECT * FROM break_glass_grants AS b
        WHERE (b.starts_at, b.break_glass_id) < (
            coalesce($1::timestamptz, 'infinity'), coalesce($2::uuid, b.break_glass_id)
        )
            AND (b.reviewed_at IS NULL OR NOT $3::boolean)
        ORDER BY b.starts_at DESC, b.break_glass_id DESC
        LIMIT $4
    ) AS g JOIN staff AS s USING (staff_id)
    ORDER BY g.starts_at DESC, g.break_glass_id DESC
"""


async def list_break_glass(
    connection: Connection, after: tuple[datetime, UUID] | None, *, waiting_only: bool, count: int
) -> list[BreakGlassView]:
    """What was opened by, or has to be looked at by, whoever the connection acts for; the latest first."""
    starts_at, break_glass_id = after or (None, None)
    rows = await connection.fetch(LIST_BREAK_GLASS, starts_at, break_glass_id, waiting_only, count)
    return [BreakGlassView(*row[:-1]) for row in rows]


LOCK_BREAK_GLASS = """
    SELECT version, reviewed_at FROM break_glass_grants WHERE break_glass_id = $1 AND staff_id <> $2 FOR UPDATE
"""


async def lock_break_glass(
    connection: Connection, break_glass_id: UUID, staff_id: UUID
) -> tuple[int, datetime | None] | None:
    """The version of one that somebody else opened, and when it was looked at; locked until the transaction ends."""
    row = await connection.fetchrow(LOCK_BREAK_GLASS, break_glass_id, staff_id)
    return None if row is None else (row[0], row[1])


REVIEW_BREAK_GLASS = """
    UPDATE break_glass_grants
    SET reviewed_at = clock_timestamp(), reviewed_by_staff_id = $2, finding = $3, review_note = $4
    WHERE break_glass_id = $1
"""


async def review_break_glass(
    connection: Connection, break_glass_id: UUID, staff_id: UUID, finding: str, note: str | None
) -> None:
    """Notes what was found."""
    await connection.execute(REVIEW_BREAK_GLASS, break_glass_id, staff_id, finding, note)


# One statement: when the case is restricted and oneself not named, the names could not be added in a second.
RESTRICT = """
    WITH restricted AS (
        INSERT INTO restricted_cases (person_id, reason, restricted_by_staff_id) VALUES ($1, $2, $3)
    )
    INSERT INTO restricted_case_staff (person_id, staff_id)
    SELECT $1, s.staff_id FROM unnest($4::uuid[]) AS s (staff_id)
"""


async def restrict(
    connection: Connection, person_id: UUID, reason: str, by_staff_id: UUID, staff_ids: Sequence[UUID]
) -> None:
    """Lets only those who are named see a case."""
    await connection.execute(RESTRICT, person_id, reason, by_staff_id, staff_ids)


LIFT = "DELETE FROM restricted_cases WHERE person_id = $1"


async def lift(connection: Connection, person_id: UUID) -> bool:
    """Lets everybody see the case again whose it is; False when it was not restricted, or is not the caller's."""
    return bool(await connection.execute(LIFT, person_id) == "DELETE 1")


ADD_NAME = "INSERT INTO restricted_case_staff (person_id, staff_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"


async def add_name(connection: Connection, person_id: UUID, staff_id: UUID) -> None:
    """Lets somebody see a restricted case."""
    await connection.execute(ADD_NAME, person_id, staff_id)


REMOVE_NAME = "DELETE FROM restricted_case_staff WHERE person_id = $1 AND staff_id = $2"


async def remove_name(connection: Connection, person_id: UUID, staff_id: UUID) -> bool:
    """Lets somebody see a restricted case no longer; False when they were not named."""
    return bool(await connection.execute(REMOVE_NAME, person_id, staff_id) == "DELETE 1")


GET_RESTRICTION = """
    SELECT c.person_id, c.since, c.reason, c.restricted_by_staff_id,
        audit_notes_views(ARRAY[c.person_id], 'restricted_cases')
    FROM restricted_cases AS c WHERE c.person_id = $1
"""
LIST_NAMED = """
    SELECT n.staff_id, s.shown_name FROM restricted_case_staff AS n JOIN staff AS s USING (staff_id)
    WHERE n.person_id = $1 ORDER BY s.shown_name, n.staff_id
"""


async def list_named(connection: Connection, person_id: UUID) -> list[Named]:
    """Who may see a restricted case."""
    return list(starmap(Named, await connection.fetch(LIST_NAMED, person_id)))


async def get_restriction(connection: Connection, person_id: UUID) -> Restriction | None:
    """That a case is restricted; None when it is not, or is none of the caller's."""
    row = await connection.fetchrow(GET_RESTRICTION, person_id)
    return None if row is None else Restriction(row[0], row[1], row[2], row[3], await list_named(connection, person_id))


# In a statement of its own, so that two who remove a name at once do not remove the last two.
LOCK_RESTRICTION = "SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 15))"


async def lock_restriction(connection: Connection, person_id: UUID) -> None:
    """Lets nobody else change who is named until the transaction ends."""
    await connection.execute(LOCK_RESTRICTION, person_id)


LIST_UNFIT = """
    SELECT s.staff_id FROM unnest($1::uuid[]) AS s (staff_id) WHERE NOT EXISTS (
        SELECT FROM staff AS f WHERE f.staff_id = s.staff_id AND f.disabled_at IS NULL
            AND (f.left_on IS NULL OR f.left_on > london_today())
            AND f.role IN ('personal_adviser', 'duty_worker', 'manager')
    ) ORDER BY s.staff_id
"""


async def list_unfit(connection: Connection, staff_ids: Sequence[UUID]) -> list[UUID]:
    """Which of these do not work here on cases, and so cannot be named."""
    return [row[0] for row in await connection.fetch(LIST_UNFIT, staff_ids)]
