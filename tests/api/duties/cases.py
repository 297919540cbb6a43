"""Histories for the tests of the duties: made-up people, plain values."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from api.duties.models import (
    BirthDate,
    BirthDateStatus,
    Detention,
    Episode,
    FamilyPlacement,
    History,
    SpecialGuardianship,
)

BORN = date(2008, 5, 20)
FOURTEEN, SIXTEEN, EIGHTEEN = date(2022, 5, 20), date(2024, 5, 20), date(2026, 5, 20)
TWENTY_ONE, TWENTY_FIVE = date(2029, 5, 20), date(2033, 5, 20)


def days(count: int) -> timedelta:
    """So many days."""
    return timedelta(days=count)


def born(on: date = BORN, status: BirthDateStatus = BirthDateStatus.VERIFIED) -> BirthDate:
    """A date of birth that the council has always gone by."""
    return BirthDate(on, status, on)


def care(start: date, end: date | None = None, legal_status: str = "C2", **changes: Any) -> Episode:
    """One episode of care."""
    return Episode(started_on=start, ended_on=end, legal_status=legal_status, **changes)


def history(*episodes: Episode, born_on: date = BORN, **changes: Any) -> History:
    """Somebody's history."""
    return History(births=changes.pop("births", (born(born_on),)), episodes=episodes, **changes)


LONG_IN_CARE = history(care(date(2020, 1, 6)))


def life_days(first: int = 13, last: int = 26) -> st.SearchStrategy[date]:
    """Days of a life, in years of age."""
    return st.dates(min_value=date(BORN.year + first, 1, 1), max_value=date(BORN.year + last, 12, 31))


@st.composite
def spells(draw: st.DrawFn) -> tuple[date, date | None]:
    """A start and perhaps an end, short ones as often as long ones, near the birthdays more often than not."""
    near = st.sampled_from([FOURTEEN, SIXTEEN, EIGHTEEN, date(2023, 5, 20)])
    start = draw(
        st.one_of(life_days(12, 19), st.builds(lambda day, off: day + days(off), near, st.integers(-100, 100)))
    )
    end = draw(st.one_of(st.none(), st.builds(lambda off: start + days(off), st.integers(-3, 400))))
    return start, end


@st.composite
def _homes(draw: st.DrawFn, left_on: list[date]) -> FamilyPlacement:
    """Living with family, from the day care ended as often as from any other, for about six months or any time."""
    start = draw(st.sampled_from(left_on)) if left_on and draw(st.booleans()) else draw(spells())[0]
    over_on = st.one_of(st.none(), st.integers(150, 220), st.integers(0, 500)).map(
        lambda length: None if length is None else start + days(length)
    )
    return FamilyPlacement(with_whom="parent", started_on=start, ended_on=draw(over_on), broke_down_on=draw(over_on))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Any history: overlaps, gaps, short breaks, days that touch, open ends, deaths."""
    episodes = draw(st.lists(st.tuples(spells(), st.sampled_from(["C2", "V2", "J1", "V3", "V4"])), max_size=4))
    ends = st.sampled_from(["X1", "E4A", "E9", "E8", "E11", "E3", "E2"])
    homes = [draw(_homes([e for (_, e), _ in episodes if e])) for _ in range(draw(st.integers(0, 2)))]
    detentions = draw(st.lists(spells(), max_size=1))
    orders = draw(st.lists(st.tuples(spells(), st.booleans()), max_size=1))
    return history(
        *(care(s, e, status, reason_ended=draw(ends) if e else None) for (s, e), status in episodes),
        born_on=draw(st.sampled_from([BORN, date(2008, 2, 29)])),
        family_placements=tuple(homes),
        detentions=tuple(Detention(kind="young_offender_institution", started_on=s, ended_on=e) for s, e in detentions),
        special_guardianships=tuple(
            SpecialGuardianship(made_on=s, ended_on=e, was_looked_after_before=after) for (s, e), after in orders
        ),
        died_on=draw(st.one_of(st.none(), st.none(), st.none(), life_days(15, 26))),
    )
