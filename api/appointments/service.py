"""The rules of appointments: nobody is booked twice, what is over stays, and a move is asked anew."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from api.appointments import queries
from api.appointments.models import (
    Answer,
    Appointment,
    Cancellation,
    Move,
    NewAppointment,
    Outcome,
    OwnAppointment,
    StaffAppointment,
    Status,
)
from api.audit import service as audit
from api.audit.models import Verb
from api.kit import clock
from api.kit.access import ON_CASES
from api.kit.clock import say_day
from api.kit.constraints import told_as
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotFound, Refused
from api.kit.pages import Page, read_cursor, write_cursor
from api.kit.signed_in import Write, Written
from api.kit.wall_times import instant_ahead
from api.kit.words import Words
from api.notices import service as notices
from api.people import service as people

FURTHEST_AHEAD = timedelta(days=2 * 366)
OWN_SINCE = timedelta(days=92)
ANOTHER_TIME = ("another time", "another member of staff")
CONSTRAINTS = {
    "appointments_staff_is_free": Conflict(
        errors=[FieldError("at", "The member of staff is booked for a part of that time.", ANOTHER_TIME)]
    ),
    "appointments_person_is_free": Conflict(
        errors=[FieldError("at", "The young person is booked for a part of that time.", ("another time",))]
    ),
}


async def list_own_next(connection: Connection, count: int) -> list[Appointment]:
    """The next appointments of the young person the connection acts for, soonest first."""
    booked = await queries.list_next_appointments(connection, clock.now(), count)
    await audit.record(connection, Verb.VIEWED, "appointments", [appointment.appointment_id for appointment in booked])
    return booked


def _page(found: list[StaffAppointment], count: int) -> Page[StaffAppointment]:
    last = found[count - 1] if len(found) > count else None
    return Page(found[:count], None if last is None else write_cursor(last.starts_at, last.appointment_id))


async def list_of_person(
    connection: Connection, person_id: UUID, cursor: str | None, count: int
) -> Page[StaffAppointment]:
    """Somebody's appointments, the latest first. Raises NotFound or BadRequest."""
    place = read_cursor(cursor, tuple[datetime, UUID])
    found = await queries.list_of_person(connection, person_id, place, count + 1)
    if found is None:
        raise NotFound
    return _page(found, count)


async def list_of_staff(
    connection: Connection, cursor: str | None, count: int, *, only_asks_to_change: bool
) -> Page[StaffAppointment]:
    """The acting member of staff's own from yesterday on, the soonest first. Raises BadRequest."""
    place = read_cursor(cursor, tuple[datetime, UUID])
    since = clock.now() - timedelta(days=1)
    found = await queries.list_of_staff(connection, since, place, count + 1, only_asks_to_change=only_asks_to_change)
    return _page(found, count)


async def get_appointment(connection: Connection, appointment_id: UUID) -> StaffAppointment:
    """One appointment. Raises NotFound."""
    found = await queries.get_appointment(connection, appointment_id)
    if found is None:
        raise NotFound
    return found


async def book(asked: Write, person_id: UUID, new: NewAppointment) -> Written:
    """Books an appointment. Raises NotFound, Refused, or Conflict when one of the two is booked already."""
    held = await people.hold(asked.connection, person_id)
    if held.died_on is not None:
        raise Refused("They have died. Nothing can be booked for them.")
    starts_at, ends_at = _times(new)
    await _check_staff(asked.connection, new.staff_id, starts_at)
    with told_as(CONSTRAINTS):
        appointment_id = await queries.insert_appointment(
            asked.connection, person_id, new, starts_at, ends_at, asked.who.staff_id
        )
    return Written(appointment_id, 1, _location(appointment_id))


def _location(appointment_id: UUID) -> str:
    return f"/admin/v1/appointments/{appointment_id}"


def _times(given: NewAppointment | Move) -> tuple[datetime, datetime]:
    starts_at = instant_ahead(given.on_date, given.at, is_second=given.is_second, within=FURTHEST_AHEAD)
    return starts_at, starts_at + timedelta(minutes=given.minutes)


async def _check_staff(connection: Connection, staff_id: UUID, starts_at: datetime) -> None:
    """Waits until nobody else books them. Raises Refused for who works on no cases, or has left by then."""
    allowed = ("a personal adviser, duty worker or manager who is here on that day",)
    found = await people.get_staff(connection, staff_id)
    if found is None or found[0] not in ON_CASES:
        raise Refused(errors=[FieldError("staff_id", "Nobody who works on cases.", allowed)])
    if found[1] is not None and found[1] <= clock.london_day(starts_at):
        raise Refused(errors=[FieldError("staff_id", f"They leave on {say_day(found[1])}, or left.", allowed)])
    await queries.wait_for_staff(connection, staff_id)


async def _hold(asked: Write, appointment_id: UUID) -> tuple[UUID, Status, datetime, UUID, str | None]:
    """Nobody else changes the appointment until the end. Raises NotFound, Unversioned or Stale."""
    found = await queries.lock_appointment(asked.connection, appointment_id)
    if found is None:
        raise NotFound
    person_id, version, status, starts_at, staff_id, place_shown = found
    asked.version()
    asked.check_version(version)
    return person_id, Status(status), starts_at, staff_id, place_shown


def _check_booked(status: Status) -> None:
    if status is not Status.BOOKED:
        raise Conflict(f"It is {status}, and stays so.")


async def move(asked: Write, appointment_id: UUID, wanted: Move) -> Written:
    """Moves an appointment. Raises NotFound, Stale, Refused, or Conflict when it is over or the time is taken."""
    _, status, _, staff_id, place_shown = await _hold(asked, appointment_id)
    _check_booked(status)
    starts_at, ends_at = _times(wanted)
    staff_id = staff_id if isinstance(wanted.staff_id, msgspec.UnsetType) else wanted.staff_id
    place_shown = place_shown if isinstance(wanted.place_shown, msgspec.UnsetType) else wanted.place_shown
    await _check_staff(asked.connection, staff_id, starts_at)
    with told_as(CONSTRAINTS):
        version = await queries.move(asked.connection, appointment_id, starts_at, ends_at, staff_id, place_shown)
    return Written(appointment_id, version, _location(appointment_id))


async def cancel(asked: Write, appointment_id: UUID, cancellation: Cancellation) -> Written:
    """Staff cancel an appointment and say why. Raises NotFound, Stale or Conflict."""
    _, status, _, _, _ = await _hold(asked, appointment_id)
    _check_booked(status)
    version = await queries.cancel(asked.connection, appointment_id, cancellation.reason)
    return Written(appointment_id, version, _location(appointment_id))


async def note_outcome(asked: Write, appointment_id: UUID, outcome: Outcome) -> Written:
    """Notes whether the young person came. Raises NotFound, Stale, or Conflict before it began or once cancelled."""
    _, status, starts_at, _, _ = await _hold(asked, appointment_id)
    if status is Status.CANCELLED:
        raise Conflict("It was cancelled, and stays so.")
    if starts_at > clock.now():
        raise Conflict("It has not begun yet.")
    version = await queries.set_outcome(asked.connection, appointment_id, outcome)
    return Written(appointment_id, version, _location(appointment_id))


async def list_own(
    connection: Connection, cursor: str | None, count: int, words: Words, *, only_times: bool
) -> Page[OwnAppointment]:
    """The young person's own from three months ago on, the soonest first. Raises BadRequest."""
    place = read_cursor(cursor, tuple[datetime, UUID])
    page = _page(await queries.list_own(connection, clock.now() - OWN_SINCE, place, count + 1), count)
    return Page([_shown(one, words, only_times=only_times) for one in page.items], page.next_cursor)


def _shown(one: StaffAppointment, words: Words, *, only_times: bool) -> OwnAppointment:
    shown = OwnAppointment(
        one.appointment_id, one.starts_at, one.ends_at, clock.say_day_and_time(one.starts_at), one.status, one.answer,
        one.version,
    )  # fmt: skip
    if only_times:
        return shown
    about = words.say(f"shown_appointment_{one.kind}")
    with_whom = one.staff or words.say("shown_plan_the_team")
    return msgspec.structs.replace(shown, about=about, where=one.place_shown, with_whom=with_whom)


async def _hold_own(asked: Write, appointment_id: UUID) -> UUID:
    """A young person's own that is still to come. Raises NotFound, Unversioned, Stale or Conflict."""
    person_id, status, starts_at, _, _ = await _hold(asked, appointment_id)
    _check_booked(status)
    if starts_at <= clock.now():
        raise Conflict("It has begun, or it is over.")
    return person_id


async def answer_own(asked: Write, appointment_id: UUID, said: Answer) -> Written:
    """The young person confirms, or asks for another time. Raises NotFound, Stale or Conflict."""
    person_id = await _hold_own(asked, appointment_id)
    version = await queries.answer(asked.connection, appointment_id, said)
    if said is Answer.ASKS_TO_CHANGE:
        await notices.tell_own_adviser(asked.connection, person_id)
    return Written(appointment_id, version, "/client/v1/appointments")


async def cancel_own(asked: Write, appointment_id: UUID) -> Written:
    """The young person cancels; no reason is asked for. Raises NotFound, Stale or Conflict."""
    person_id = await _hold_own(asked, appointment_id)
    version = await queries.cancel_own(asked.connection, appointment_id)
    await notices.tell_own_adviser(asked.connection, person_id)
    return Written(appointment_id, version, "/client/v1/appointments")


async def get_own_event(connection: Connection, appointment_id: UUID) -> tuple[Any, ...]:
    """What a calendar shows of one of the young person's own. Raises NotFound."""
    found = await queries.get_event(connection, appointment_id)
    if found is None:
        raise NotFound
    return found
