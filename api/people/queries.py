"""What the database knows of people."""

from datetime import time
from itertools import starmap
from uuid import UUID

from api.kit.db import Connection
from api.people.models import WorkingDay

GET_ADVISER_NAME = """
    SELECT s.staff_id, s.shown_name
    FROM allocations AS a JOIN staff AS s USING (staff_id)
    WHERE a.person_id = sec.acting_person_id()
        AND a.starts_on <= london_today() AND (a.ended_on IS NULL OR a.ended_on >= london_today())
        AND (s.left_on IS NULL OR s.left_on > london_today())
    ORDER BY a.starts_on DESC, a.allocation_id
    LIMIT 1
"""


async def get_adviser_name(connection: Connection) -> tuple[UUID, str] | None:
    """The adviser's id and shown name, for the person the connection acts for."""
    row = await connection.fetchrow(GET_ADVISER_NAME)
    return None if row is None else (row[0], row[1])


LIST_WORKING_DAYS = """
    SELECT iso_weekday, starts_at_wall, ends_at_wall
    FROM working_hours WHERE staff_id = $1 ORDER BY iso_weekday
"""


async def list_working_days(connection: Connection, staff_id: UUID) -> tuple[WorkingDay, ...]:
    """A member of staff's week, Monday first."""
    rows: list[tuple[int, time, time]] = await connection.fetch(LIST_WORKING_DAYS, staff_id)
    return tuple(starmap(WorkingDay, rows))


LIST_ADVISER_NUMBERS = """
    SELECT DISTINCT s.phone_e164
    FROM staff AS s JOIN allocations AS a USING (staff_id)
    WHERE s.phone_e164 IS NOT NULL AND (s.left_on IS NULL OR s.left_on > london_today())
        AND a.person_id = ANY($1)
        AND a.starts_on <= london_today() AND (a.ended_on IS NULL OR a.ended_on >= london_today())
    ORDER BY s.phone_e164
"""


async def list_adviser_numbers(connection: Connection, person_ids: list[UUID]) -> list[str]:
    """The phones of the advisers whom these people have today."""
    return [row[0] for row in await connection.fetch(LIST_ADVISER_NUMBERS, person_ids)]


LIST_DUTY_NUMBERS = """
    SELECT DISTINCT phone_e164 FROM staff
    WHERE phone_e164 IS NOT NULL AND (left_on IS NULL OR left_on > london_today()) AND role = 'duty_worker'
    ORDER BY phone_e164
"""


async def list_duty_numbers(connection: Connection) -> list[str]:
    """The phones of the duty workers."""
    return [row[0] for row in await connection.fetch(LIST_DUTY_NUMBERS)]


LIST_PEOPLE_OF_NUMBER = """
    SELECT c.person_id, p.died_on IS NOT NULL AS has_died
    FROM contact_points AS c JOIN young_people AS p USING (person_id)
    WHERE c.phone_e164 = $1 AND c.retired_at IS NULL
    ORDER BY c.person_id
"""


async def list_people_of_number(connection: Connection, phone_e164: str) -> list[tuple[UUID, bool]]:
    """Everybody who uses a number, each with whether they have died."""
    return [(row[0], row[1]) for row in await connection.fetch(LIST_PEOPLE_OF_NUMBER, phone_e164)]
