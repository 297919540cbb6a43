"""Who is who, and who may see whom."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import groupby
from uuid import UUID

import asyncpg

from api.audit import service as audit
from api.audit.models import Verb
from api.duties import codes
from api.kit import clock
from api.kit.clock import say_day, say_time
from api.kit.crypto import Place
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotAllowed, NotFound, Refused
from api.kit.field_keys import FieldKeys
from api.kit.signed_in import Write, Written
from api.kit.words import Words
from api.people import queries
from api.people.models import (
    Absence,
    Adviser,
    ContactPointUse,
    Held,
    OwnTeam,
    WorkingDay,
    YoungPersonDetails,
)

# Records of people born before are older than any of this: a day before it is a slip.
FIRST_BIRTH = date(1980, 1, 1)
PATTERNS = (
    ("first_language", re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"), "a BCP 47 tag such as en, ar, ckb"),
    ("upn", re.compile(r"[A-Z][0-9]{11}[0-9A-Z]|UN[1-7]"), "a letter and 12 digits, or UN1 to UN7"),
    ("child_id_la", re.compile(r"[A-Za-z0-9_/-]{1,20}"), "up to 20 letters, digits, _ / -"),
)
WEEKDAYS = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


async def get_own_adviser(connection: Connection) -> Adviser | None:
    """The personal adviser of the young person the connection acts for."""
    found = await queries.get_adviser_name(connection)
    await audit.record(connection, Verb.VIEWED, "staff", [] if found is None else [found[0]])
    if found is None:
        return None
    staff_id, shown_name = found
    return Adviser(shown_name, await queries.list_working_days(connection, staff_id))


async def list_people_of_number(connection: Connection, phone_e164: str) -> list[tuple[UUID, bool]]:
    """Everybody who uses a number, each with whether they have died."""
    return await queries.list_people_of_number(connection, phone_e164)


async def list_adviser_numbers(connection: Connection, person_ids: list[UUID]) -> list[str]:
    """The phones of the advisers whom these people have today."""
    return await queries.list_adviser_numbers(connection, person_ids)


async def list_duty_numbers(connection: Connection) -> list[str]:
    """The phones of the duty workers."""
    return await queries.list_duty_numbers(connection)


def say_week(week: tuple[WorkingDay, ...]) -> str:
    """A week as people say it: "Monday to Thursday 9am to 5pm, Friday 9am to midday"."""
    runs = groupby(enumerate(week), key=lambda item: (item[1].iso_weekday - item[0], _hours(item[1])))
    return ", ".join(_say_run([day for _, day in run]) for _, run in runs)


def _hours(day: WorkingDay) -> str:
    return f"{say_time(day.starts_at_wall)} to {say_time(day.ends_at_wall)}"


def _say_run(days: list[WorkingDay]) -> str:
    first, last = WEEKDAYS[days[0].iso_weekday], WEEKDAYS[days[-1].iso_weekday]
    return f"{first} {_hours(days[0])}" if len(days) == 1 else f"{first} to {last} {_hours(days[0])}"


async def hold(connection: Connection, person_id: UUID) -> Held:
    """Waits until nobody else changes the records of a young person, and says who that is. Raises NotFound."""
    held = await queries.hold(connection, person_id)
    if held is None:
        raise NotFound
    return held


def check_days(
    held: Held, started_on: date, ended_on: date | None = None, *, name: str = "started_on", may_be_ahead: bool = False
) -> None:
    """Raises Refused for days that cannot be: before birth, after death, ahead of today, an end before the start."""
    today = clock.london_day(clock.now())
    last_on = min(day for day in (held.died_on, date.max if may_be_ahead else today) if day is not None)
    allowed = (f"{say_day(held.born_on)} to {say_day(last_on)}" if last_on < date.max else "a day after the birth",)
    errors = []
    if started_on < held.born_on:
        errors.append(FieldError(name, "It is before the young person was born.", allowed))
    if started_on > last_on:
        errors.append(FieldError(name, "It is after the death, or ahead of today.", allowed))
    if ended_on is not None and ended_on <= started_on:
        errors.append(FieldError("ended_on", f"It is not after {name}.", (f"after {say_day(started_on)}",)))
    if ended_on is not None and ended_on > max(last_on, started_on + timedelta(days=1)):
        errors.append(FieldError("ended_on", "It is after the death, or ahead of today.", allowed))
    if errors:
        raise Refused(errors=errors)


def check_code(list_name: str, code: str | None, on: date, path: str) -> None:
    """Raises Refused when a code is not in the list of the SSDA903 year of that day; says which are.

    Before the first year whose lists are known the first one counts, after the last the last.
    """
    if code is None:
        return
    known = codes.document("ssda903")
    year = min(max(codes.collection_year(on), known["first_year"]), known["last_year"])
    if not codes.is_valid(list_name, code, year):
        message = f"It is not a code of {list_name} in {year - 1}/{year % 100:02}."
        raise Refused(errors=[FieldError(path, message, tuple(sorted(codes.allowed(list_name, year))))])


def check_apart(
    spells: Iterable[tuple[UUID, date, date | None]],
    started_on: date,
    ended_on: date | None,
    but: UUID | None = None,
    *,
    name: str = "started_on",
) -> None:
    """Raises Conflict when days overlap with those of a spell that is there (but one); says which days are taken."""
    for spell_id, from_on, until_on in spells:
        is_apart = (until_on is not None and until_on <= started_on) or (ended_on is not None and ended_on <= from_on)
        if spell_id != but and not is_apart:
            taken = f"{say_day(from_on)} to " + (f"before {say_day(until_on)}" if until_on else "now, not ended")
            allowed = f"days before {say_day(from_on)}" + (f", or from {say_day(until_on)}" if until_on else "")
            raise Conflict(errors=[FieldError(name, f"It overlaps with one that is there: {taken}.", (allowed,))])


def _check_details(details: YoungPersonDetails) -> None:
    today = clock.london_day(clock.now())
    if not FIRST_BIRTH <= details.born_on <= today:
        raise Refused(
            errors=[FieldError("born_on", "Nobody we work with was born then.", (_span(FIRST_BIRTH, today),))]
        )
    if details.died_on is not None and not details.born_on <= details.died_on <= today:
        raise Refused(
            errors=[FieldError("died_on", "It is not between birth and today.", (_span(details.born_on, today),))]
        )
    for path, pattern, example in PATTERNS:
        value = getattr(details, path)
        if value is not None and not pattern.fullmatch(value):
            raise Refused(errors=[FieldError(path, "It is not written as it must be.", (example,))])
    check_code("SEX", details.sex, today, "sex")
    check_code("ETHNIC", details.ethnic, today, "ethnic")
    if details.uasc_until is not None and (details.uasc_from is None or details.uasc_until <= details.uasc_from):
        raise Refused(errors=[FieldError("uasc_until", "It is not after uasc_from.", ("a day after uasc_from",))])
    if details.uasc_from is not None and details.uasc_from < details.born_on:
        raise Refused(errors=[FieldError("uasc_from", "It is before the young person was born.")])


async def create(asked: Write, keys: FieldKeys, details: YoungPersonDetails) -> Written:
    """Takes a young person into the manager's own team. Raises Refused or Conflict with what is wrong."""
    _check_details(details)
    if details.died_on is not None:
        raise Refused(errors=[FieldError("died_on", "Somebody new cannot have died. Record it as a change.")])
    person_id = await queries.new_id(asked.connection)
    with _one_child_id():
        await queries.insert_person(asked.connection, person_id, *_values(details))
    version = 1
    if details.safe_contact_note is not None:
        note_enc = await _encrypt_note(asked.connection, keys, person_id, details.safe_contact_note)
        version = await queries.keep_safe_contact_note(asked.connection, person_id, note_enc)
    return Written(person_id, version, f"/admin/v1/young-people/{person_id}")


async def change(asked: Write, keys: FieldKeys, person_id: UUID, details: YoungPersonDetails) -> Written:
    """Changes who a young person is; what it said before is kept. Raises NotFound, Stale, Refused or Conflict."""
    held = await hold(asked.connection, person_id)
    asked.version()
    asked.check_version(held.version)
    _check_details(details)
    note = details.safe_contact_note
    note_enc = None if note is None else await _encrypt_note(asked.connection, keys, person_id, note)
    with _one_child_id():
        version = await queries.change_person(asked.connection, person_id, *_values(details), details.died_on, note_enc)
    return Written(person_id, version)


def _values(details: YoungPersonDetails) -> tuple[object, ...]:
    return (
        details.full_name, details.preferred_name, details.born_on, details.dob_status, details.pronouns,
        details.first_language, details.needs_interpreter, details.needs_reading_support, details.sex, details.ethnic,
        details.upn, details.child_id_la, details.uasc_from, details.uasc_until, details.has_disability,
    )  # fmt: skip


async def _encrypt_note(connection: Connection, keys: FieldKeys, person_id: UUID, note: str) -> bytes:
    cipher = await keys.cipher_for(connection, person_id)
    return cipher.encrypt(note, Place("young_people", "safe_contact_note_enc", person_id))


async def read_safe_contact_note(
    connection: Connection, keys: FieldKeys, person_id: UUID, note_enc: bytes | None
) -> str | None:
    """The note on how somebody can be reached safely, as it was written."""
    if note_enc is None:
        return None
    cipher = await keys.cipher_for(connection, person_id)
    return cipher.decrypt(note_enc, Place("young_people", "safe_contact_note_enc", person_id))


@contextmanager
def _one_child_id() -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError:
        raise Conflict(errors=[FieldError("child_id_la", "Somebody has this number already. Look them up.")]) from None


async def get_staff(connection: Connection, staff_id: UUID) -> tuple[str, date | None] | None:
    """The role of one of the staff, and the day on which they left or will."""
    return await queries.get_staff(connection, staff_id)


async def note_absence(asked: Write, absence: Absence, absence_id: UUID | None = None) -> Written:
    """Notes or changes that one of the staff is away. Raises Refused, Conflict, NotAllowed, NotFound or Stale."""
    if absence.ended_on <= absence.started_on:
        allowed = (f"after {say_day(absence.started_on)}",)
        raise Refused(errors=[FieldError("ended_on", "It is the first day back, so after started_on.", allowed)])
    await _check_cover(asked.connection, absence)
    there = await queries.list_absences(asked.connection, absence.staff_id)
    if absence_id is not None:
        version = next((row[3] for row in there if row[0] == absence_id), None)
        if version is None:
            raise NotFound
        asked.version()
        asked.check_version(version)
    check_apart([row[:3] for row in there], absence.started_on, absence.ended_on, but=absence_id)
    days = (absence.staff_id, absence.started_on, absence.ended_on, absence.covered_by_staff_id)
    if absence_id is None:
        try:
            absence_id, version = await queries.add_absence(asked.connection, *days)
        except asyncpg.InsufficientPrivilegeError:
            raise NotAllowed("Say so of yourself, or as the manager of their team.") from None
    else:
        version = await queries.change_absence(asked.connection, absence_id, *days)
        if version is None:
            raise NotFound
    return Written(absence_id, version, f"/admin/v1/absences/{absence_id}")


async def _check_cover(connection: Connection, absence: Absence) -> None:
    if absence.covered_by_staff_id is None:
        return
    found = await queries.get_staff(connection, absence.covered_by_staff_id)
    has_left = found is not None and found[1] is not None and found[1] <= absence.ended_on
    if found is None or has_left or absence.covered_by_staff_id == absence.staff_id:
        allowed = ("another of the staff, who is here until the end",)
        raise Refused(errors=[FieldError("covered_by_staff_id", "They can not cover these days.", allowed)])


async def change_contact_point(asked: Write, person_id: UUID, contact_point_id: UUID, use: ContactPointUse) -> Written:
    """Notes how a number may be used. Raises NotFound, Stale or Refused."""
    await hold(asked.connection, person_id)
    version = await queries.get_contact_point_version(asked.connection, contact_point_id, person_id)
    if version is None:
        raise NotFound
    asked.version()
    asked.check_version(version)
    hours = (use.safe_from_wall, use.safe_until_wall)
    if (hours[0] is None) != (hours[1] is None) or (hours[0] and hours[1] and hours[1] <= hours[0]):
        raise Refused(errors=[FieldError("safe_until_wall", "Safe hours have a beginning and a later end.", ("both",))])
    version = await queries.change_contact_point(
        asked.connection, contact_point_id, use.is_safe_to_use, use.is_shared, use.verified_on, *hours
    )
    return Written(contact_point_id, version)


async def get_own_team(connection: Connection, words: Words) -> OwnTeam:
    """Who works with the young person the connection acts for, in plain words; their device must see everything."""
    adviser = await get_own_adviser(connection)
    if adviser is None:
        return OwnTeam(words.say("shown_team_nobody"))
    found = await queries.get_adviser_name(connection)
    back_on = None if found is None else await queries.get_advisers_absence(connection, found[0])
    sentences = [
        words.say("shown_team_adviser", {"adviser_name": adviser.shown_name}),
        words.say("shown_team_hours", {"hours": say_week(adviser.week)}) if adviser.week else "",
        words.say("shown_team_away", {"day": say_day(back_on)}) if back_on else "",
    ]
    return OwnTeam(" ".join(filter(None, sentences)), adviser.shown_name, adviser.week, back_on)


def _span(from_on: date, to_on: date) -> str:
    return f"{say_day(from_on)} to {say_day(to_on)}"
