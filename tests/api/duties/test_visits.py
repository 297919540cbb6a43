"""Visits, looked-after reviews, keeping in touch, the yearly offer, personal advisers."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.duties.models import Contact, Visit
from api.duties.visits import (
    health_assessment_due,
    keep_in_touch_due,
    looked_after_review_due,
    looked_after_visit_due,
    new_personal_adviser_notice_due,
    personal_adviser_due,
    visit_duties,
    yearly_offer_due,
)
from api.kit.bank_holidays import bank_holidays
from tests.api.duties.cases import BORN, TWENTY_FIVE, TWENTY_ONE, days

MOVED = date(2026, 3, 2)
HOLIDAYS = bank_holidays(2024, 2028)
DAYS = st.dates(min_value=date(2026, 1, 1), max_value=date(2027, 12, 31))


def visit(on: date, *, seen: bool = True, at_home: bool = True) -> Visit:
    return Visit(on_date=on, was_seen=seen, at_accommodation=at_home)


def due(visits: list[Visit], review_on: date | None = None) -> dict[str, date | None]:
    return {duty.code: duty.due_on for duty in visit_duties(MOVED, visits, review_on=review_on)}


def test_visits_when_just_moved_in_then_within_seven_days_and_two_months() -> None:
    assert due([]) == {"visit_after_move": date(2026, 3, 9), "visit_two_monthly": date(2026, 5, 2)}


def test_visits_when_seen_at_the_new_home_then_two_months_from_that_day() -> None:
    assert due([visit(date(2026, 3, 6))]) == {"visit_two_monthly": date(2026, 5, 6)}


def test_visits_when_it_was_only_attempted_then_nothing_is_done() -> None:
    assert due([visit(date(2026, 3, 6), seen=False)]) == due([])


def test_visits_when_seen_elsewhere_then_the_home_is_still_to_be_visited() -> None:
    assert due([visit(date(2026, 3, 6), at_home=False)]) == due([])
    assert due([visit(date(2026, 3, 6)), visit(date(2026, 4, 6), at_home=False)]) == due([visit(date(2026, 3, 6))])
    review_on = date(2026, 4, 30)
    assert "visit_before_review" in due([visit(date(2026, 4, 20), at_home=False)], review_on)


def test_visits_when_the_visit_was_before_the_move_then_it_does_not_count_there() -> None:
    assert due([visit(date(2026, 3, 1))]) == due([])
    assert "visit_after_move" not in due([visit(MOVED)])


def test_visits_when_a_review_comes_then_once_before_it() -> None:
    review_on = date(2026, 4, 30)
    assert due([visit(date(2026, 4, 1))], review_on)["visit_before_review"] == review_on
    assert "visit_before_review" not in due([visit(date(2026, 4, 2))], review_on)
    assert due([visit(date(2026, 5, 1))], review_on)["visit_before_review"] == review_on
    assert "visit_before_review" in due([visit(date(2026, 4, 20), seen=False)], review_on)


def test_looked_after_visits_when_in_the_first_year_then_a_week_and_six_weeks() -> None:
    assert looked_after_visit_due(MOVED, []).due_on == date(2026, 3, 9)
    assert looked_after_visit_due(MOVED, [visit(date(2026, 3, 5))]).due_on == date(2026, 4, 16)
    assert looked_after_visit_due(MOVED, [visit(date(2026, 3, 5), seen=False)]).due_on == date(2026, 3, 9)
    assert looked_after_visit_due(MOVED, [visit(date(2026, 2, 5))]).due_on == date(2026, 3, 9)


def test_looked_after_visits_when_to_last_to_18_then_three_months_after_the_first_year() -> None:
    before, after = visit(date(2027, 3, 1)), visit(date(2027, 3, 2))
    assert looked_after_visit_due(MOVED, [before], is_to_last_to_18=True).due_on == date(2027, 4, 12)
    assert looked_after_visit_due(MOVED, [after], is_to_last_to_18=True).due_on == date(2027, 6, 2)
    assert looked_after_visit_due(MOVED, [after]).due_on == date(2027, 4, 13)


def test_looked_after_reviews_when_care_began_then_20_working_days_3_months_6_months() -> None:
    began = date(2026, 3, 20)
    assert looked_after_review_due(began, [], HOLIDAYS).due_on == date(2026, 4, 21)
    assert looked_after_review_due(began, [date(2026, 4, 1)], HOLIDAYS).due_on == date(2026, 7, 1)
    held = [date(2026, 6, 30), date(2026, 4, 1)]
    assert looked_after_review_due(began, held, HOLIDAYS).due_on == date(2026, 12, 30)
    assert looked_after_review_due(began, [date(2025, 4, 1)], HOLIDAYS).code == "looked_after_first_review"


def test_health_assessment_when_done_then_again_in_a_year() -> None:
    assert health_assessment_due(date(2024, 2, 29)).due_on == date(2025, 2, 28)


def test_keep_in_touch_when_not_reached_then_the_clock_does_not_move() -> None:
    contacts = [Contact(date(2026, 3, 10), True), Contact(date(2026, 4, 10), False)]
    assert keep_in_touch_due(MOVED, contacts).due_on == date(2026, 5, 5)
    assert keep_in_touch_due(MOVED, []).due_on == date(2026, 4, 27)
    assert keep_in_touch_due(MOVED, [Contact(date(2026, 1, 1), True)]).due_on == date(2026, 4, 27)


def test_yearly_offer_when_21_then_at_once_and_every_year_until_25() -> None:
    first = yearly_offer_due(BORN, [])
    assert first is not None
    assert first.due_on == TWENTY_ONE
    second = yearly_offer_due(BORN, [date(2029, 5, 19), date(2029, 6, 1)])
    assert second is not None
    assert second.due_on == date(2030, 6, 1)
    assert yearly_offer_due(BORN, [date(2032, 5, 20)]) is None
    last = yearly_offer_due(BORN, [date(2032, 5, 19)])
    assert last is not None
    assert last.due_on == TWENTY_FIVE - days(1)


def test_personal_adviser_when_eligible_then_named_by_16() -> None:
    duty = personal_adviser_due(BORN)
    assert (duty.since, duty.due_on) == (date(2023, 5, 20), date(2024, 5, 20))


@pytest.mark.parametrize(
    ("told_on", "last_day", "due_on"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 17)),
        (date(2026, 3, 25), date(2026, 3, 31), date(2026, 3, 25)),
    ],
)
def test_new_adviser_when_the_old_one_leaves_then_named_before_their_last_day(
    told_on: date, last_day: date, due_on: date
) -> None:
    assert new_personal_adviser_notice_due(told_on, last_day).due_on == due_on


@given(st.lists(st.tuples(DAYS, st.booleans(), st.booleans()), max_size=5), st.one_of(st.none(), DAYS))
def test_visits_when_due_then_never_before_what_asked_for_them(
    made: list[tuple[date, bool, bool]], review_on: date | None
) -> None:
    visits = [visit(on, seen=seen, at_home=at_home) for on, seen, at_home in made]
    for duty in visit_duties(MOVED, visits, review_on=review_on):
        assert duty.due_on is not None
        assert duty.since <= duty.due_on


@given(st.lists(st.tuples(DAYS, st.booleans()), max_size=5), DAYS, st.booleans())
def test_visits_when_attempts_are_added_then_nothing_changes(
    made: list[tuple[date, bool]], attempted_on: date, at_home: bool
) -> None:
    visits = [visit(on, at_home=home) for on, home in made]
    attempt = visit(attempted_on, seen=False, at_home=at_home)
    assert visit_duties(MOVED, [*visits, attempt]) == visit_duties(MOVED, visits)
    assert looked_after_visit_due(MOVED, [*visits, attempt]) == looked_after_visit_due(MOVED, visits)


@given(st.lists(DAYS, max_size=5), DAYS)
def test_visits_when_one_more_is_made_then_the_next_is_never_due_sooner(made: list[date], more_on: date) -> None:
    before = due([visit(on) for on in made])["visit_two_monthly"]
    after = due([visit(on) for on in [*made, more_on]])["visit_two_monthly"]
    assert before is not None
    assert after is not None
    assert before <= after
