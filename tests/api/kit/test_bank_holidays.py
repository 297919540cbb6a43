"""Bank holidays of England, against the days that gov.uk publishes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.duties.dates import add_working_days
from api.kit.bank_holidays import bank_holidays, working_day_add

PUBLISHED = {
    2022: ["01-03", "04-15", "04-18", "05-02", "06-02", "06-03", "08-29", "09-19", "12-26", "12-27"],
    2023: ["01-02", "04-07", "04-10", "05-01", "05-08", "05-29", "08-28", "12-25", "12-26"],
    2024: ["01-01", "03-29", "04-01", "05-06", "05-27", "08-26", "12-25", "12-26"],
    2025: ["01-01", "04-18", "04-21", "05-05", "05-26", "08-25", "12-25", "12-26"],
    2026: ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"],
    2027: ["01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"],
}


@pytest.mark.parametrize("year", PUBLISHED)
def test_bank_holidays_when_compared_with_the_published_days_then_they_are_those(year: int) -> None:
    assert sorted(bank_holidays(year, year)) == [date.fromisoformat(f"{year}-{day}") for day in PUBLISHED[year]]


def test_bank_holidays_when_years_are_asked_together_then_all_are_there() -> None:
    together = bank_holidays(2024, 2027)
    assert together == frozenset().union(*(bank_holidays(year, year) for year in range(2024, 2028)))


def test_bank_holidays_when_the_years_are_the_wrong_way_round_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="wrong way round"):
        bank_holidays(2027, 2026)


@given(st.dates(min_value=date(2022, 1, 1), max_value=date(2029, 12, 31)), st.integers(0, 70))
def test_working_day_add_when_compared_with_the_duties_then_they_agree(on: date, working_days: int) -> None:
    assert working_day_add(on, working_days) == add_working_days(on, working_days, bank_holidays(2022, 2031))
