"""Bank holidays of England, from the library `holidays`: the days on which offices are closed, as gov.uk lists them."""

from datetime import date
from functools import cache

import holidays

SATURDAY = 5


@cache
def bank_holidays(first_year: int, last_year: int) -> frozenset[date]:
    """Every bank holiday of England in those years, both included, substitute and one-off days too.

    A holiday that falls on a weekend is left out: its substitute day is the bank holiday. Years that the government
    has not proclaimed yet hold the usual days only. Raises ValueError when the years are the wrong way round.
    """
    if last_year < first_year:
        raise ValueError("the years are the wrong way round")
    england = holidays.country_holidays("GB", subdiv="ENG", years=range(first_year, last_year + 1))
    asked = (day for day in england if first_year <= day.year <= last_year)
    return frozenset(day for day in asked if day.weekday() < SATURDAY)


def working_day_add(on: date, working_days: int) -> date:
    """The last of so many working days in England, the first being the first working day after `on`."""
    england = holidays.country_holidays("GB", subdiv="ENG")
    return england.get_nth_working_day(on, working_days) if working_days > 0 else on
