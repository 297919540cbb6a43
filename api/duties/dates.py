"""Days, months, birthdays and working days as the law counts them; the only place that knows about 29 February."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

MONTHS_A_YEAR = 12
SATURDAY = 5


def anniversary(born_on: date, years: int) -> date:
    """The birthday after so many years; somebody born on 29 February has it on 1 March of a common year.

    English practice, not confirmed in a source. The SSDA903 export has `anniversary_in_903`.
    """
    try:
        return born_on.replace(year=born_on.year + years)
    except ValueError:
        return date(born_on.year + years, 3, 1)


def anniversary_in_903(born_on: date, years: int) -> date:
    """The birthday as the SSDA903 validator counts it: 28 February in a common year."""
    return add_months(born_on, years * MONTHS_A_YEAR)


def add_months(on: date, months: int) -> date:
    """The same day so many months later, or earlier; the last of the month where it has no such day."""
    months_since_year_0 = on.year * MONTHS_A_YEAR + on.month - 1 + months
    year, month = divmod(months_since_year_0, MONTHS_A_YEAR)
    return date(year, month + 1, min(on.day, _last_day(year, month + 1)))


def _last_day(year: int, month: int) -> int:
    following = date(year + month // MONTHS_A_YEAR, month % MONTHS_A_YEAR + 1, 1)
    return (following - timedelta(days=1)).day


def add_days(on: date, days: int) -> date:
    """So many days later."""
    return on + timedelta(days=days)


def age_on(born_on: date, on: date) -> int:
    """Completed years; 0 before the first birthday and before birth."""
    years = on.year - born_on.year
    return max(0, years if anniversary(born_on, years) <= on else years - 1)


def add_clock_hours(instant: datetime, hours: int) -> datetime:
    """The instant so many hours later on a stopwatch, in UTC: a change of the clocks does not lengthen it.

    Raises ValueError for an instant without a time zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC) + timedelta(hours=hours)


def is_working_day(on: date, bank_holidays: Collection[date]) -> bool:
    """Whether it is neither Saturday, Sunday nor a bank holiday.

    Raises LookupError when no bank holiday of that year is given: a list that ended would move deadlines unseen.
    """
    if not any(holiday.year == on.year for holiday in bank_holidays):
        raise LookupError(f"no bank holidays are given for {on.year}")
    return on.weekday() < SATURDAY and on not in bank_holidays


def add_working_days(on: date, days: int, bank_holidays: Collection[date]) -> date:
    """The last of so many working days, the first being the first working day after `on`."""
    while days > 0:
        on += timedelta(days=1)
        days -= is_working_day(on, bank_holidays)
    return on


def working_day_from(on: date, bank_holidays: Collection[date]) -> date:
    """The day itself if it is a working day, otherwise the next one that is."""
    return on if is_working_day(on, bank_holidays) else add_working_days(on, 1, bank_holidays)


def covers(started_on: date, ended_on: date | None, on: date) -> bool:
    """Whether a spell holds on a day; its end is the first day after it."""
    return started_on <= on and (ended_on is None or on < ended_on)
