"""What the database knows of people."""

from collections.abc import Sequence
from datetime import time
from itertools import starmap
from uuid import UUID

from api.kit.crypto import Place
from api.kit.db import Connection
from api.kit.field_keys import SERVICE_SUBJECT, FieldKeys
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
    SELECT s.staff_id, s.phone_e164_enc
    FROM staff AS s JOIN allocations AS a USING (staff_id)
    WHERE s.phone_e164_enc IS NOT NULL AND (s.left_on IS NULL OR s.left_on > london_today())
        AND a.person_id = ANY($1)
        AND a.starts_on <= london_today() AND (a.ended_on IS NULL OR a.ended_on >= london_today())
"""


async def list_adviser_numbers(connection: Connection, keys: FieldKeys, person_ids: list[UUID]) -> list[str]:
    """The phones of the advisers whom these people have today."""
    return await read_numbers(connection, keys, await connection.fetch(LIST_ADVISER_NUMBERS, person_ids))


LIST_DUTY_NUMBERS = """
    SELECT staff_id, phone_e164_enc FROM staff
    WHERE phone_e164_enc IS NOT NULL AND (left_on IS NULL OR left_on > london_today()) AND role = 'duty_worker'
"""


async def list_duty_numbers(connection: Connection, keys: FieldKeys) -> list[str]:
    """The phones of the duty workers."""
    return await read_numbers(connection, keys, await connection.fetch(LIST_DUTY_NUMBERS))


LIST_BREAK_GLASS_NUMBERS = "SELECT p.staff_id, p.phone_e164_enc FROM sec.break_glass_phones($1) AS p"


async def list_break_glass_numbers(connection: Connection, keys: FieldKeys, person_id: UUID) -> list[str]:
    """The phones of the managers and data protection leads who must hear that a case was opened."""
    return await read_numbers(connection, keys, await connection.fetch(LIST_BREAK_GLASS_NUMBERS, person_id))


async def read_numbers(connection: Connection, keys: FieldKeys, rows: Sequence[tuple[UUID, bytes]]) -> list[str]:
    """The phones of staff, each once."""
    cipher = await keys.cipher_for(connection, SERVICE_SUBJECT)
    return sorted({cipher.decrypt(kept, Place("staff", "phone_e164_enc", staff_id)) for staff_id, kept in rows})


LIST_PEOPLE_OF_NUMBER = """
    SELECT c.person_id, p.died_on IS NOT NULL AS has_died
    FROM contact_points AS c JOIN young_people AS p USING (person_id)
    WHERE c.phone_index = $1 AND c.retired_at IS NULL
    ORDER BY c.person_id
"""


async def list_people_of_number(connection: Connection, phone_index: bytes) -> list[tuple[UUID, bool]]:
    """Everybody who uses a number, each with whether they have died."""
    return [(row[0], row[1]) for row in await connection.fetch(LIST_PEOPLE_OF_NUMBER, phone_index)]
