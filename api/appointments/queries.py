"""What is booked, was, and when."""

from datetime import datetime
from itertools import starmap
from typing import Any
from uuid import UUID

import msgspec

from api.appointments.models import Appointment, Kind, NewAppointment, Outcome, StaffAppointment
from api.kit.db import Connection

LIST_NEXT_APPOINTMENTS = """
    SELECT appointment_id, starts_at, ends_at
    FROM appointments
    WHERE person_id = sec.acting_person_id() AND status = 'booked'
        AND ends_at > $1 AND starts_at > $1 - interval '1 day'
    ORDER BY starts_at, appointment_id
    LIMIT $2
"""


async def list_next_appointments(connection: Connection, after: datetime, count: int) -> list[Appointment]:
    """The next ones of the person the connection acts for, one that has begun but not ended included."""
    return list(starmap(Appointment, await connection.fetch(LIST_NEXT_APPOINTMENTS, after, count)))


LIST_OF_PERSON = """
    WITH seen AS MATERIALIZED (SELECT s FROM sec.visible_people() AS s WHERE s = $1)
    SELECT CASE WHEN EXISTS (SELECT FROM seen) THEN (
        SELECT coalesce(json_agg(json_build_object(
            'appointment_id', a.appointment_id, 'person_id', a.person_id, 'staff_id', a.staff_id, 'staff', f.shown_name,
            'starts_at', a.starts_at, 'ends_at', a.ends_at, 'kind', a.kind, 'place_shown', a.place_shown,
            'status', a.status, 'answer', a.young_person_answer, 'answered_at', a.answered_at,
            'moved_from_starts_at', a.moved_from_starts_at, 'cancelled_at', a.cancelled_at,
            'cancelled_by', a.cancelled_by, 'cancel_reason', a.cancel_reason, 'outcome_note', a.outcome_note,
            'version', a.version
        ) ORDER BY a.starts_at DESC, a.appointment_id DESC), '[]')
        FROM (
            SELECT * FROM appointments
            WHERE person_id = $1 AND ($2::timestamptz IS NULL OR (starts_at, appointment_id) < ($2, $3))
            ORDER BY starts_at DESC, appointment_id DESC LIMIT $4
        ) AS a LEFT JOIN staff AS f ON f.staff_id = a.staff_id
    ) END::text, audit_notes_views(ARRAY(SELECT s FROM seen), 'appointments')
"""


async def list_of_person(
    connection: Connection, person_id: UUID, before: tuple[datetime, UUID] | None, count: int
) -> list[StaffAppointment] | None:
    """A person's appointments, the latest first; None when the connection may not see them."""
    starts_at, appointment_id = before or (None, None)
    text: str | None = await connection.fetchval(LIST_OF_PERSON, person_id, starts_at, appointment_id, count)
    return None if text is None else msgspec.json.decode(text, type=list[StaffAppointment])


LIST_OF_STAFF = """
    WITH page AS MATERIALIZED (
        SELECT a.*, f.shown_name FROM appointments AS a
        JOIN sec.who() AS w ON w.staff_id = a.staff_id JOIN staff AS f ON f.staff_id = a.staff_id
        WHERE a.starts_at >= $1 AND ($2::timestamptz IS NULL OR (a.starts_at, a.appointment_id) > ($2, $3))
            AND (NOT $5 OR a.status = 'booked' AND a.young_person_answer = 'asks_to_change')
        ORDER BY a.starts_at, a.appointment_id LIMIT $4
    )
    SELECT (
        SELECT coalesce(json_agg(json_build_object(
            'appointment_id', a.appointment_id, 'person_id', a.person_id, 'staff_id', a.staff_id, 'staff', a.shown_name,
            'starts_at', a.starts_at, 'ends_at', a.ends_at, 'kind', a.kind, 'place_shown', a.place_shown,
            'status', a.status, 'answer', a.young_person_answer, 'answered_at', a.answered_at,
            'moved_from_starts_at', a.moved_from_starts_at, 'cancelled_at', a.cancelled_at,
            'cancelled_by', a.cancelled_by, 'cancel_reason', a.cancel_reason, 'outcome_note', a.outcome_note,
            'version', a.version
        ) ORDER BY a.starts_at, a.appointment_id), '[]') FROM page AS a
    )::text, audit_notes_views(ARRAY(SELECT DISTINCT p.person_id FROM page AS p), 'appointments')
"""


async def list_of_staff(
    connection: Connection, from_instant: datetime, after: tuple[datetime, UUID] | None, count: int,
    *, only_asks_to_change: bool,
) -> list[StaffAppointment]:  # fmt: skip
    """The acting member of staff's own appointments from an instant on, the soonest first."""
    starts_at, appointment_id = after or (None, None)
    text: str = await connection.fetchval(
        LIST_OF_STAFF, from_instant, starts_at, appointment_id, count, only_asks_to_change
    )
    return msgspec.json.decode(text, type=list[StaffAppointment])


LIST_OWN = """
    SELECT (
        SELECT coalesce(json_agg(json_build_object(
            'appointment_id', a.appointment_id, 'person_id', a.person_id, 'staff_id', a.staff_id, 'staff', f.shown_name,
            'starts_at', a.starts_at, 'ends_at', a.ends_at, 'kind', a.kind, 'place_shown', a.place_shown,
            'status', a.status, 'answer', a.young_person_answer, 'answered_at', a.answered_at,
            'moved_from_starts_at', a.moved_from_starts_at, 'cancelled_at', a.cancelled_at,
            'cancelled_by', a.cancelled_by, 'cancel_reason', NULL, 'outcome_note', NULL, 'version', a.version
        ) ORDER BY a.starts_at, a.appointment_id), '[]')
        FROM (
            SELECT * FROM appointments
            WHERE person_id = sec.acting_person_id() AND starts_at > $1
                AND ($2::timestamptz IS NULL OR (starts_at, appointment_id) > ($2, $3))
            ORDER BY starts_at, appointment_id LIMIT $4
        ) AS a LEFT JOIN staff AS f ON f.staff_id = a.staff_id
    )::text, audit_notes_views(ARRAY[sec.acting_person_id()], 'appointments')
"""


async def list_own(
    connection: Connection, from_instant: datetime, after: tuple[datetime, UUID] | None, count: int
) -> list[StaffAppointment]:
    """Those of the young person the connection acts for, the soonest first, without what staff note for themselves."""
    starts_at, appointment_id = after or (None, None)
    text: str = await connection.fetchval(LIST_OWN, from_instant, starts_at, appointment_id, count)
    return msgspec.json.decode(text, type=list[StaffAppointment])


GET_APPOINTMENT = """
    SELECT json_build_object(
        'appointment_id', a.appointment_id, 'person_id', a.person_id, 'staff_id', a.staff_id, 'staff', f.shown_name,
        'starts_at', a.starts_at, 'ends_at', a.ends_at, 'kind', a.kind, 'place_shown', a.place_shown,
        'status', a.status, 'answer', a.young_person_answer, 'answered_at', a.answered_at,
        'moved_from_starts_at', a.moved_from_starts_at, 'cancelled_at', a.cancelled_at,
        'cancelled_by', a.cancelled_by, 'cancel_reason', a.cancel_reason, 'outcome_note', a.outcome_note,
        'version', a.version
    )::text, audit_notes_views(ARRAY[a.person_id], 'appointments')
    FROM appointments AS a LEFT JOIN staff AS f ON f.staff_id = a.staff_id WHERE a.appointment_id = $1
"""


async def get_appointment(connection: Connection, appointment_id: UUID) -> StaffAppointment | None:
    """One appointment; noted as a look."""
    text: str | None = await connection.fetchval(GET_APPOINTMENT, appointment_id)
    return None if text is None else msgspec.json.decode(text, type=StaffAppointment)


GET_EVENT = """
    SELECT a.calendar_uid, a.starts_at, a.ends_at, a.status, a.changed_at, a.version,
        audit_notes_views(ARRAY[a.person_id], 'appointments')
    FROM appointments AS a WHERE a.appointment_id = $1 AND a.person_id = sec.acting_person_id()
"""


async def get_event(connection: Connection, appointment_id: UUID) -> tuple[Any, ...] | None:
    """What a calendar shows of one of the young person's own: its id there, times, status, last change and version."""
    row = await connection.fetchrow(GET_EVENT, appointment_id)
    return None if row is None else tuple(row[:6])


# Two that book one adviser at once wait for one another, so that the second is told and not cut off.
WAIT_FOR_STAFF = "SELECT pg_advisory_xact_lock(hashtextextended('appointments:' || $1::text, 0))"


async def wait_for_staff(connection: Connection, staff_id: UUID) -> None:
    """Nobody else books this member of staff until the transaction ends."""
    await connection.fetchval(WAIT_FOR_STAFF, str(staff_id))


INSERT_APPOINTMENT = """
    INSERT INTO appointments (person_id, staff_id, starts_at, ends_at, kind, place_shown, booked_by_staff_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING appointment_id
"""


async def insert_appointment(
    connection: Connection, person_id: UUID, new: NewAppointment, starts_at: datetime, ends_at: datetime,
    booked_by: UUID | None,
) -> UUID:  # fmt: skip
    """Books; the database refuses what is taken."""
    appointment_id: UUID = await connection.fetchval(
        INSERT_APPOINTMENT, person_id, new.staff_id, starts_at, ends_at, Kind(new.kind), new.place_shown, booked_by
    )
    return appointment_id


LOCK_APPOINTMENT = """
    SELECT person_id, version, status, starts_at, staff_id, place_shown FROM appointments
    WHERE appointment_id = $1 FOR UPDATE
"""


async def lock_appointment(
    connection: Connection, appointment_id: UUID
) -> tuple[UUID, int, str, datetime, UUID, str | None] | None:
    """Whose appointment it is, its version, status, time, member of staff and place; it is locked until the end."""
    row = await connection.fetchrow(LOCK_APPOINTMENT, appointment_id)
    return None if row is None else (row[0], row[1], row[2], row[3], row[4], row[5])


MOVE = """
    UPDATE appointments SET moved_from_starts_at = starts_at, starts_at = $2, ends_at = $3, staff_id = $4,
        place_shown = $5, young_person_answer = NULL, answered_at = NULL
    WHERE appointment_id = $1 RETURNING version
"""


async def move(
    connection: Connection, appointment_id: UUID, starts_at: datetime, ends_at: datetime, staff_id: UUID,
    place_shown: str | None,
) -> int:  # fmt: skip
    """Moves to another time; what the young person answered to the old one is asked anew."""
    version: int = await connection.fetchval(MOVE, appointment_id, starts_at, ends_at, staff_id, place_shown)
    return version


CANCEL = """
    UPDATE appointments SET status = 'cancelled', cancelled_at = clock_timestamp(), cancelled_by = 'staff',
        cancel_reason = $2
    WHERE appointment_id = $1 RETURNING version
"""


async def cancel(connection: Connection, appointment_id: UUID, reason: str) -> int:
    """Staff cancel, and say why."""
    version: int = await connection.fetchval(CANCEL, appointment_id, reason)
    return version


CANCEL_OWN = """
    UPDATE appointments SET status = 'cancelled', cancelled_at = clock_timestamp(), cancelled_by = 'young_person'
    WHERE appointment_id = $1 RETURNING version
"""


async def cancel_own(connection: Connection, appointment_id: UUID) -> int:
    """The young person cancels; nobody asks them for a reason."""
    version: int = await connection.fetchval(CANCEL_OWN, appointment_id)
    return version


ANSWER = """
    UPDATE appointments SET young_person_answer = $2, answered_at = clock_timestamp()
    WHERE appointment_id = $1 RETURNING version
"""


async def answer(connection: Connection, appointment_id: UUID, said: str) -> int:
    """What the young person says to it."""
    version: int = await connection.fetchval(ANSWER, appointment_id, said)
    return version


SET_OUTCOME = """
    UPDATE appointments SET status = $2, outcome_note = $3 WHERE appointment_id = $1 RETURNING version
"""


async def set_outcome(connection: Connection, appointment_id: UUID, outcome: Outcome) -> int:
    """Whether the young person came."""
    version: int = await connection.fetchval(SET_OUTCOME, appointment_id, outcome.status, outcome.note)
    return version
