"""Who is who, and who may see whom."""

from itertools import groupby
from uuid import UUID

from api.audit import service as audit
from api.audit.models import Verb
from api.kit.clock import say_time
from api.kit.db import Connection
from api.kit.field_keys import FieldKeys
from api.people import queries
from api.people.models import Adviser, WorkingDay

WEEKDAYS = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


async def get_own_adviser(connection: Connection) -> Adviser | None:
    """The personal adviser of the young person the connection acts for."""
    found = await queries.get_adviser_name(connection)
    await audit.record(connection, Verb.VIEWED, "staff", [] if found is None else [found[0]])
    if found is None:
        return None
    staff_id, shown_name = found
    return Adviser(shown_name, await queries.list_working_days(connection, staff_id))


async def list_people_of_number(connection: Connection, keys: FieldKeys, phone_e164: str) -> list[tuple[UUID, bool]]:
    """Everybody who uses a number, each with whether they have died."""
    return await queries.list_people_of_number(connection, keys.phone_index(phone_e164))


async def list_adviser_numbers(connection: Connection, keys: FieldKeys, person_ids: list[UUID]) -> list[str]:
    """The phones of the advisers whom these people have today."""
    return await queries.list_adviser_numbers(connection, keys, person_ids)


async def list_duty_numbers(connection: Connection, keys: FieldKeys) -> list[str]:
    """The phones of the duty workers."""
    return await queries.list_duty_numbers(connection, keys)


async def list_break_glass_numbers(connection: Connection, keys: FieldKeys, person_id: UUID) -> list[str]:
    """The phones of the managers and data protection leads who must hear that a case was opened."""
    return await queries.list_break_glass_numbers(connection, keys, person_id)


def say_week(week: tuple[WorkingDay, ...]) -> str:
    """A week as people say it: "Monday to Thursday 9am to 5pm, Friday 9am to midday"."""
    runs = groupby(enumerate(week), key=lambda item: (item[1].iso_weekday - item[0], _hours(item[1])))
    return ", ".join(_say_run([day for _, day in run]) for _, run in runs)


def _hours(day: WorkingDay) -> str:
    return f"{say_time(day.starts_at_wall)} to {say_time(day.ends_at_wall)}"


def _say_run(days: list[WorkingDay]) -> str:
    first, last = WEEKDAYS[days[0].iso_weekday], WEEKDAYS[days[-1].iso_weekday]
    return f"{first} {_hours(days[0])}" if len(days) == 1 else f"{first} to {last} {_hours(days[0])}"
