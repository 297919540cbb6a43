"""Which duty comes first and what colour it has."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.duties import law
from api.duties.models import Colour, Duty
from api.duties.urgency import due_day, most_urgent, urgency

ON = date(2026, 11, 24)
CODES = [rule.code for rule in law.rules()]


def duty(
    code: str = "keep_in_touch",
    due_on: date | None = ON,
    *,
    due_at: datetime | None = None,
    prospective: bool = False,
    verified: bool = True,
) -> Duty:
    return Duty(
        code=code,
        since=date(2026, 1, 1),
        due_on=due_on,
        due_at=due_at,
        why="It must be done.",
        source="The Act",
        verified=verified,
        is_prospective=prospective,
    )


@pytest.mark.parametrize(
    ("days_left", "colour", "says"),
    [
        (-2, Colour.RED, "2 days late"),
        (-1, Colour.RED, "1 day late"),
        (0, Colour.AMBER, "due today"),
        (1, Colour.AMBER, "due in 1 day."),
        (14, Colour.AMBER, "due in 14 days"),
        (15, Colour.GREEN, "due in 15 days"),
    ],
)
def test_colour_when_days_pass_then_green_amber_red(days_left: int, colour: Colour, says: str) -> None:
    judged = urgency(duty(due_on=ON + timedelta(days=days_left)), ON)
    assert judged.colour is colour
    assert says in judged.why


def test_colour_when_a_duty_has_its_own_threshold_then_that_one() -> None:
    assert urgency(duty("review_six_months", ON + timedelta(days=28)), ON).colour is Colour.AMBER
    assert urgency(duty("review_six_months", ON + timedelta(days=29)), ON).colour is Colour.GREEN
    assert urgency(duty("visit_after_move", ON + timedelta(days=8)), ON).colour is Colour.GREEN


def test_colour_when_due_by_the_hour_then_red_from_that_hour() -> None:
    due_at = datetime(2026, 11, 24, 15, tzinfo=UTC)
    by_hour = duty(due_on=None, due_at=due_at)
    assert urgency(by_hour, ON).colour is Colour.AMBER
    assert urgency(by_hour, ON, at=due_at - timedelta(seconds=1)).colour is Colour.AMBER
    assert urgency(by_hour, ON, at=due_at).colour is Colour.RED
    assert urgency(by_hour, ON + timedelta(days=1)).colour is Colour.RED


def test_due_day_when_the_instant_is_near_midnight_then_the_day_is_londons() -> None:
    assert due_day(duty(due_on=None, due_at=datetime(2026, 7, 1, 23, 30, tzinfo=UTC))) == date(2026, 7, 2)
    with pytest.raises(ValueError, match="no day"):
        due_day(duty(due_on=None))


def test_why_when_the_rule_is_not_confirmed_then_it_says_so() -> None:
    assert "not been confirmed" in urgency(duty(verified=False), ON).why
    assert "not been confirmed" not in urgency(duty(), ON).why


def test_most_urgent_when_there_are_several_then_the_latest_one() -> None:
    late, later = duty("closing", ON - timedelta(days=3)), duty("keep_in_touch", ON - timedelta(days=1))
    first = most_urgent([duty("visit_after_move"), later, late], ON)
    assert first is not None
    assert first.duty == late


def test_most_urgent_when_equally_late_then_the_councils_own_order() -> None:
    first = most_urgent([duty("closing"), duty("keep_in_touch"), duty("bed_and_breakfast")], ON)
    assert first is not None
    assert first.duty.code == "bed_and_breakfast"


def test_most_urgent_when_an_amber_duty_is_later_than_a_green_one_then_amber_comes_first() -> None:
    amber, green = duty("review_six_months", ON + timedelta(days=28)), duty("closing_notice", ON + timedelta(days=20))
    first = most_urgent([green, amber], ON)
    assert first is not None
    assert first.duty == amber


def test_most_urgent_when_only_prospective_or_nothing_then_none() -> None:
    assert most_urgent([], ON) is None
    assert most_urgent([duty(due_on=ON - timedelta(days=90), prospective=True)], ON) is None


DUTIES = st.builds(
    duty,
    st.sampled_from(CODES),
    st.integers(-400, 400).map(lambda days: ON + timedelta(days=days)),
    prospective=st.booleans(),
)


@given(st.lists(DUTIES, max_size=6), st.randoms())
def test_most_urgent_when_the_list_is_shuffled_then_it_is_the_same(duties: list[Duty], random: object) -> None:
    shuffled = list(duties)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert most_urgent(shuffled, ON) == most_urgent(duties, ON)


@given(DUTIES, st.integers(0, 500), st.integers(0, 500))
def test_colour_when_time_goes_on_then_it_never_gets_calmer(one: Duty, early: int, more: int) -> None:
    order = [Colour.GREEN, Colour.AMBER, Colour.RED]
    before = urgency(one, ON + timedelta(days=early)).colour
    after = urgency(one, ON + timedelta(days=early + more)).colour
    assert order.index(before) <= order.index(after)


@given(st.lists(DUTIES, min_size=1, max_size=6))
def test_most_urgent_when_anything_is_late_then_it_is_red(duties: list[Duty]) -> None:
    in_force = [one for one in duties if not one.is_prospective]
    first = most_urgent(duties, ON)
    assert (first is None) is (not in_force)
    if first is not None:
        assert (first.colour is Colour.RED) is any(due_day(one) < ON for one in in_force)


def test_thresholds_when_they_name_a_duty_then_there_is_such_a_rule() -> None:
    named = {*law.urgency_law().first, *law.urgency_law().amber_days_for}
    assert named <= set(CODES)
