"""Time: instants in UTC for machines, London's wall clock for people."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def london(instant: datetime) -> datetime:
    """The same instant on London's clock."""
    return instant.astimezone(LONDON)


def london_day(instant: datetime) -> date:
    """The day it is in London at that instant."""
    return london(instant).date()


def say_day(on: date) -> str:
    """A day as people say it: "1 December 2026"."""
    return f"{on.day} {on:%B} {on.year}"


class NoSuchTime(ValueError):
    """The clocks go forward over that time: London's clocks never show it."""


class ToldTwice(ValueError):
    """The clocks go back over that time: London's clocks show it twice, and nobody said which is meant."""


def at_london(on_date: date, wall: time, *, is_second: bool | None = None) -> datetime:
    """The instant at which London's clocks show a time; `is_second` chooses where they show it twice.

    Raises NoSuchTime or ToldTwice.
    """
    shown = datetime.combine(on_date, wall.replace(tzinfo=None, fold=0))
    instants = [shown.replace(tzinfo=LONDON, fold=fold).astimezone(UTC) for fold in (0, 1)]
    if all(london(instant).replace(tzinfo=None, fold=0) != shown for instant in instants):
        raise NoSuchTime
    if instants[0] == instants[1]:
        return instants[0]
    if is_second is None:
        raise ToldTwice
    return instants[is_second]


def say_day_and_time(instant: datetime) -> str:
    """The London day and time as people say it: "Tuesday 1 December at 2:30pm"."""
    there = london(instant)
    return f"{there:%A} {there.day} {there:%B} at {say_time(there.time())}"


def say_time(wall: time) -> str:
    """A wall-clock time as people say it: "9am", "2:30pm", "midday", "midnight"."""
    if (wall.hour, wall.minute) in {(0, 0), (12, 0)}:
        return "midday" if wall.hour else "midnight"
    hour = wall.hour % 12 or 12
    minutes = f":{wall.minute:02}" if wall.minute else ""
    return f"{hour}{minutes}{'am' if wall.hour < 12 else 'pm'}"
