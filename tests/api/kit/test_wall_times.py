"""London's wall clock and instants: every time it shows is found again, and what it does not show is told."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.kit import clock
from api.kit.clock import NoSuchTime, ToldTwice, at_london
from api.kit.errors import Refused
from api.kit.wall_times import instant_ahead, instant_of

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001 - made aware here
    lambda instant: instant.replace(second=0, microsecond=0, tzinfo=UTC)
)
CHANGES = st.sampled_from([datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC)])
NEAR_A_CHANGE = st.builds(lambda change, minutes: change + timedelta(minutes=minutes), CHANGES, st.integers(-180, 180))


@given(st.one_of(INSTANTS, NEAR_A_CHANGE))
def test_instant_when_its_london_time_is_given_back_then_it_is_found_again(instant: datetime) -> None:
    shown = clock.london(instant)
    try:
        found = at_london(shown.date(), shown.time())
    except ToldTwice:
        found = at_london(shown.date(), shown.time(), is_second=bool(shown.fold))
    assert found == instant


@given(st.integers(0, 59))
def test_time_when_the_clocks_go_over_it_then_it_is_no_time_and_twice_a_time(minute: int) -> None:
    with pytest.raises(NoSuchTime):
        at_london(date(2027, 3, 28), time(1, minute))
    with pytest.raises(ToldTwice):
        at_london(date(2027, 10, 31), time(1, minute))
    first, second = (at_london(date(2027, 10, 31), time(1, minute), is_second=which) for which in (False, True))
    assert second - first == timedelta(hours=1)


def test_time_when_it_is_past_or_too_far_ahead_then_what_is_allowed_is_told() -> None:
    today = clock.london_day(clock.now())
    for on_date, at in ((today - timedelta(days=1), "12:00"), (today + timedelta(days=9), "12:00"), (today, "00:00")):
        with pytest.raises(Refused) as refused:
            instant_ahead(on_date, at, is_second=None, within=timedelta(days=8))
        assert refused.value.errors[0].allowed


def test_time_when_no_clock_shows_it_then_it_is_refused_in_words() -> None:
    with pytest.raises(Refused) as refused:
        instant_of(date(2027, 3, 28), "01:30", is_second=None)
    assert "clocks go forward" in refused.value.errors[0].message
