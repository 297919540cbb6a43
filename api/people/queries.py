"""What the database knows of people."""

from datetime import date, time
from itertools import starmap
from typing import Any
from uuid import UUID

from api.kit.db import Connection
from api.people.models import Held, WorkingDay

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


# Not FOR UPDATE, which would wait for every row that refers to the person.
HOLD = "SELECT person_id, born_on, died_on, version FROM young_people WHERE person_id = $1 FOR NO KEY UPDATE"


async def hold(connection: Connection, person_id: UUID) -> Held | None:
    """Waits until nobody else changes the person's records; None if the connection may not."""
    row = await connection.fetchrow(HOLD, person_id)
    return None if row is None else Held(*row)


NEW_ID = "SELECT uuidv7()"


async def new_id(connection: Connection) -> UUID:
    """An id for a row whose encrypted fields are bound to it before it is there."""
    made: UUID = await connection.fetchval(NEW_ID)
    return made


INSERT_PERSON = """
    INSERT INTO young_people (
        person_id, team_id, full_name, preferred_name, born_on, dob_status, pronouns, first_language, needs_interpreter,
        needs_reading_support, sex, ethnic, upn, child_id_la, uasc_from, uasc_until, has_disability
    )
    SELECT $1, w.team_id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16 FROM sec.who() AS w
"""


async def insert_person(connection: Connection, person_id: UUID, *details: object) -> None:
    """Adds a young person to the team of whoever acts. Whether they may see the new row is not asked here."""
    await connection.execute(INSERT_PERSON, person_id, *details)


CHANGE_PERSON = """
    UPDATE young_people SET (
        full_name, preferred_name, born_on, dob_status, pronouns, first_language, needs_interpreter,
        needs_reading_support, sex, ethnic, upn, child_id_la, uasc_from, uasc_until, has_disability, died_on,
        safe_contact_note_enc
    ) = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    WHERE person_id = $1 RETURNING version
"""


async def change_person(connection: Connection, person_id: UUID, *details: object) -> int:
    """Changes who a young person is; returns the version that makes."""
    version: int = await connection.fetchval(CHANGE_PERSON, person_id, *details)
    return version


KEEP_SAFE_CONTACT_NOTE = "UPDATE young_people SET safe_contact_note_enc = $2 WHERE person_id = $1 RETURNING version"


async def keep_safe_contact_note(connection: Connection, person_id: UUID, note_enc: bytes) -> int:
    """Keeps how somebody can be reached safely; returns the version that makes."""
    version: int = await connection.fetchval(KEEP_SAFE_CONTACT_NOTE, person_id, note_enc)
    return version


GET_STAFF = "SELECT role, left_on FROM staff WHERE staff_id = $1"


async def get_staff(connection: Connection, staff_id: UUID) -> tuple[str, date | None] | None:
    """The role of one of the staff, and the day on which they left."""
    row = await connection.fetchrow(GET_STAFF, staff_id)
    return None if row is None else (row[0], row[1])


LIST_ABSENCES = """
    SELECT absence_id, started_on, ended_on, version FROM staff_absences WHERE staff_id = $1 ORDER BY started_on
"""


async def list_absences(connection: Connection, staff_id: UUID) -> list[tuple[UUID, date, date, int]]:
    """When one of the staff is away."""
    return [(row[0], row[1], row[2], row[3]) for row in await connection.fetch(LIST_ABSENCES, staff_id)]


ADD_ABSENCE = """
    INSERT INTO staff_absences (staff_id, started_on, ended_on, covered_by_staff_id) VALUES ($1, $2, $3, $4)
    RETURNING absence_id, version
"""


async def add_absence(
    connection: Connection, staff_id: UUID, started_on: date, ended_on: date, covered_by: UUID | None
) -> tuple[UUID, int]:
    """Notes that one of the staff is away; returns the record's id and version."""
    row: Any = await connection.fetchrow(ADD_ABSENCE, staff_id, started_on, ended_on, covered_by)
    return row[0], row[1]


CHANGE_ABSENCE = """
    UPDATE staff_absences SET started_on = $3, ended_on = $4, covered_by_staff_id = $5
    WHERE absence_id = $1 AND staff_id = $2 RETURNING version
"""


async def change_absence(
    connection: Connection, absence_id: UUID, staff_id: UUID, started_on: date, ended_on: date, covered_by: UUID | None
) -> int | None:
    """Changes an absence; returns the version that makes, None if the connection may not."""
    row = await connection.fetchrow(CHANGE_ABSENCE, absence_id, staff_id, started_on, ended_on, covered_by)
    return None if row is None else row[0]


GET_ADVISERS_ABSENCE = """
    SELECT max(ended_on) FROM staff_absences
    WHERE staff_id = $1 AND started_on <= london_today() AND ended_on > london_today()
"""


async def get_advisers_absence(connection: Connection, staff_id: UUID) -> date | None:
    """The day on which one of the staff who is away today will be back."""
    back_on: date | None = await connection.fetchval(GET_ADVISERS_ABSENCE, staff_id)
    return back_on


GET_CONTACT_POINT_VERSION = """
    SELECT version FROM contact_points WHERE contact_point_id = $1 AND person_id = $2 AND retired_at IS NULL
"""


async def get_contact_point_version(connection: Connection, contact_point_id: UUID, person_id: UUID) -> int | None:
    """The version of a number in use; None when there is none."""
    version: int | None = await connection.fetchval(GET_CONTACT_POINT_VERSION, contact_point_id, person_id)
    return version


CHANGE_CONTACT_POINT = """
    UPDATE contact_points
    SET is_safe_to_use = $2, is_shared = $3, verified_on = $4, safe_from_wall = $5, safe_until_wall = $6
    WHERE contact_point_id = $1 RETURNING version
"""


async def change_contact_point(connection: Connection, contact_point_id: UUID, *use: object) -> int:
    """Notes how a number may be used; returns the version that makes."""
    version: int = await connection.fetchval(CHANGE_CONTACT_POINT, contact_point_id, *use)
    return version
