"""Birthdays, months, working days and clock hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.duties.dates import (
    add_clock_hours,
    add_months,
    add_working_days,
    age_on,
    anniversary,
    anniversary_in_903,
    covers,
    is_working_day,
    working_day_from,
)
from api.kit.bank_holidays import bank_holidays

LEAP_DAY = date(2008, 2, 29)
HOLIDAYS = bank_holidays(2020, 2040)
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2030, 12, 31))


def test_anniversary_when_born_on_29_february_then_1_march_of_a_common_year() -> None:
    assert anniversary(LEAP_DAY, 18) == date(2026, 3, 1)
    assert anniversary(LEAP_DAY, 16) == date(2024, 2, 29)


def test_anniversary_in_903_when_born_on_29_february_then_28_february_of_a_common_year() -> None:
    assert anniversary_in_903(LEAP_DAY, 18) == date(2026, 2, 28)
    assert anniversary_in_903(LEAP_DAY, 16) == date(2024, 2, 29)


@given(DAYS, st.integers(0, 80))
def test_anniversary_when_not_born_on_29_february_then_both_ways_are_the_same_day(born_on: date, years: int) -> None:
    if (born_on.month, born_on.day) != (2, 29):
        assert (
            anniversary(born_on, years)
            == anniversary_in_903(born_on, years)
            == born_on.replace(year=born_on.year + years)
        )


@pytest.mark.parametrize(
    ("on", "months", "expected"),
    [
        (date(2025, 8, 31), 3, date(2025, 11, 30)),
        (date(2025, 11, 30), 3, date(2026, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2025, 12, 15), 1, date(2026, 1, 15)),
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2026, 1, 31), -3, date(2025, 10, 31)),
        (date(2026, 5, 31), -3, date(2026, 2, 28)),
        (date(2025, 1, 1), 12, date(2026, 1, 1)),
        (date(2025, 3, 31), -12, date(2024, 3, 31)),
    ],
)
def test_add_months_when_the_month_is_short_then_its_last_day(on: date, months: int, expected: date) -> None:
    assert add_months(on, months) == expected


@given(DAYS, DAYS, st.integers(0, 60))
def test_add_months_when_the_day_is_later_then_never_earlier(one: date, other: date, months: int) -> None:
    early, late = sorted((one, other))
    assert early <= add_months(early, months) <= add_months(late, months)


@given(DAYS, DAYS)
def test_age_when_a_year_is_complete_then_it_counts_from_the_birthday_on(born_on: date, on: date) -> None:
    age = age_on(born_on, on)
    if on >= born_on:
        assert anniversary(born_on, age) <= on < anniversary(born_on, age + 1)
    else:
        assert age == 0


def test_age_when_born_on_29_february_then_it_rises_on_1_march() -> None:
    assert age_on(LEAP_DAY, date(2026, 2, 28)) == 17
    assert age_on(LEAP_DAY, date(2026, 3, 1)) == 18


@pytest.mark.parametrize(
    ("on", "working_days", "expected"),
    [
        (date(2026, 11, 24), 1, date(2026, 11, 25)),
        (date(2026, 11, 27), 1, date(2026, 11, 30)),
        (date(2026, 11, 28), 1, date(2026, 11, 30)),
        (date(2026, 12, 24), 1, date(2026, 12, 29)),
        (date(2026, 4, 2), 2, date(2026, 4, 8)),
        (date(2026, 11, 24), 0, date(2026, 11, 24)),
    ],
)
def test_add_working_days_when_offices_are_closed_then_those_days_do_not_count(
    on: date, working_days: int, expected: date
) -> None:
    assert add_working_days(on, working_days, HOLIDAYS) == expected


@given(DAYS.filter(lambda on: on.year >= 2021), st.integers(1, 70))
def test_add_working_days_when_counted_back_then_there_are_so_many(on: date, working_days: int) -> None:
    last = add_working_days(on, working_days, HOLIDAYS)
    between = (on + timedelta(days=n) for n in range(1, (last - on).days + 1))
    assert sum(is_working_day(day, HOLIDAYS) for day in between) == working_days
    assert is_working_day(last, HOLIDAYS)


def test_working_days_when_the_list_of_holidays_ended_then_it_is_refused() -> None:
    with pytest.raises(LookupError):
        add_working_days(date(2026, 12, 30), 3, bank_holidays(2026, 2026))


def test_working_day_from_when_it_is_a_weekend_then_the_next_working_day() -> None:
    assert working_day_from(date(2026, 12, 26), HOLIDAYS) == date(2026, 12, 29)
    assert working_day_from(date(2026, 12, 29), HOLIDAYS) == date(2026, 12, 29)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-28T12:00+00:00", "2026-03-31T12:00+00:00"),
        ("2026-10-24T12:00+01:00", "2026-10-27T11:00+00:00"),
    ],
)
def test_clock_hours_when_the_clocks_change_then_still_72_of_them(start: str, end: str) -> None:
    in_london = datetime.fromisoformat(start).astimezone(ZoneInfo("Europe/London"))
    assert add_clock_hours(in_london, 72) == datetime.fromisoformat(end)
    assert add_clock_hours(in_london, 72).tzinfo is UTC


def test_clock_hours_when_the_instant_has_no_zone_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        add_clock_hours(datetime(2026, 3, 28, 12), 72)  # noqa: DTZ001 what a careless caller would pass


def test_spell_when_it_ended_on_a_day_then_that_day_is_not_in_it() -> None:
    assert covers(date(2026, 1, 1), date(2026, 1, 5), date(2026, 1, 4))
    assert not covers(date(2026, 1, 1), date(2026, 1, 5), date(2026, 1, 5))
    assert not covers(date(2026, 1, 1), None, date(2025, 12, 31))
