"""When assessment, plan and reviews are due."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.duties import law
from api.duties.models import Review, ReviewRequest
from api.duties.planning import (
    can_refuse,
    needs_assessment_due,
    needs_assessment_education_due,
    needs_assessment_relevant_due,
    pathway_plan_due,
    pathway_plan_relevant_due,
    pathway_plan_start,
    review_due,
    review_duties,
    staying_close_assessment_due,
)
from tests.api.duties.cases import BORN, SIXTEEN, days

PLAN = date(2025, 2, 3)
DAYS = st.dates(min_value=date(2024, 1, 1), max_value=date(2027, 12, 31))


def held(on: date) -> Review:
    return Review(arranged_for=on, held_on=on)


def asked(on: date, by: str = "young_person") -> ReviewRequest:
    return ReviewRequest(asked_on=on, by=by)  # type: ignore[arg-type]


def test_needs_assessment_when_eligible_before_16_then_three_months_after_the_birthday() -> None:
    duty = needs_assessment_due(BORN, date(2023, 1, 1))
    assert (duty.due_on, duty.since, duty.verified) == (date(2024, 8, 20), SIXTEEN, True)
    assert "reg 42" in duty.source


@pytest.mark.parametrize(
    ("eligible_on", "due_on"),
    [
        (date(2025, 8, 31), date(2025, 11, 30)),
        (date(2025, 11, 30), date(2026, 2, 28)),
        (SIXTEEN, date(2024, 8, 20)),
        (date(2024, 5, 21), date(2024, 8, 21)),
    ],
)
def test_needs_assessment_when_eligible_later_then_three_months_after_that(eligible_on: date, due_on: date) -> None:
    assert needs_assessment_due(BORN, eligible_on).due_on == due_on


def test_needs_assessment_when_asked_by_another_rule_then_three_months_from_its_day() -> None:
    for due in (needs_assessment_relevant_due, needs_assessment_education_due, pathway_plan_relevant_due):
        assert due(date(2025, 8, 31)).due_on == date(2025, 11, 30)
    assert not needs_assessment_education_due(date(2025, 8, 31)).verified


def test_staying_close_when_the_act_of_2026_is_not_in_force_then_the_duty_is_prospective() -> None:
    assert staying_close_assessment_due(date(2026, 6, 1)).is_prospective
    assert not needs_assessment_due(BORN, SIXTEEN).is_prospective


def test_pathway_plan_when_first_due_then_by_16_and_3_months_and_begun_at_15() -> None:
    assert pathway_plan_due(BORN, date(2023, 1, 1)).due_on == date(2024, 8, 20)
    assert pathway_plan_start(BORN).due_on == date(2023, 5, 20)
    assert pathway_plan_start(date(2008, 2, 29)).due_on == date(2023, 3, 1)


def test_review_when_none_was_held_then_six_months_after_the_plan() -> None:
    assert review_due(PLAN).due_on == date(2025, 8, 3)


def test_review_when_held_early_then_the_clock_starts_again() -> None:
    assert review_due(PLAN, [held(date(2025, 3, 31))]).due_on == date(2025, 9, 30)


def test_review_when_cancelled_then_the_clock_does_not_move() -> None:
    cancelled = Review(arranged_for=date(2025, 7, 1), cancelled_on=date(2025, 6, 30))
    assert review_due(PLAN, [cancelled]).due_on == date(2025, 8, 3)


def test_review_when_arranged_and_not_held_then_the_clock_does_not_move() -> None:
    assert review_due(PLAN, [Review(arranged_for=date(2025, 7, 1))]).due_on == date(2025, 8, 3)


def test_review_when_the_young_person_asks_then_it_is_due_sooner_and_cannot_be_refused() -> None:
    request = asked(date(2025, 3, 1))
    duty = review_due(PLAN, [], [request])
    assert (duty.code, duty.due_on) == ("review_asked_for", date(2025, 3, 29))
    assert not can_refuse(request)
    assert can_refuse(asked(date(2025, 3, 1), "personal_adviser"))
    assert not can_refuse(asked(date(2025, 3, 1), "event"))


def test_review_when_held_on_the_day_it_was_asked_for_then_the_request_is_met() -> None:
    assert review_due(PLAN, [held(date(2025, 3, 1))], [asked(date(2025, 3, 1))]).code == "review_six_months"


def test_review_when_held_before_it_was_asked_for_then_the_request_stands() -> None:
    assert review_due(PLAN, [held(date(2025, 2, 28))], [asked(date(2025, 3, 1))]).code == "review_asked_for"


def test_review_when_cancelled_after_it_was_asked_for_then_the_request_stands() -> None:
    cancelled = Review(arranged_for=date(2025, 3, 20), cancelled_on=date(2025, 3, 19))
    assert review_due(PLAN, [cancelled], [asked(date(2025, 3, 1))]).due_on == date(2025, 3, 29)


@pytest.mark.parametrize(
    ("by", "code"),
    [
        ("young_person", "review_asked_for"),
        ("personal_adviser", "review_thought_needed"),
        ("authority", "review_thought_needed"),
        ("event", "review_event"),
    ],
)
def test_review_when_asked_then_the_duty_says_by_whom(by: str, code: str) -> None:
    assert code in {duty.code for duty in review_duties(PLAN, [], [asked(PLAN, by)])}


@pytest.mark.parametrize("event", sorted(law.review_events()))
def test_review_when_something_happened_then_the_duty_says_what(event: str) -> None:
    request = ReviewRequest(asked_on=PLAN, by="event", event=event)
    assert review_due(PLAN, [], [request]).why.startswith(law.review_events()[event])


def test_review_when_what_happened_is_not_in_the_list_then_it_is_due_all_the_same() -> None:
    request = ReviewRequest(asked_on=PLAN, by="event", event="struck_by_lightning")
    assert review_due(PLAN, [], [request]).why == law.rule("review_event", PLAN).why


def test_review_when_moved_to_unregulated_housing_then_after_28_days_and_every_three_months() -> None:
    moved_on = date(2025, 3, 1)
    first = review_due(PLAN, [], unregulated_since=moved_on)
    assert (first.code, first.due_on) == ("review_after_move", date(2025, 3, 29))
    too_early = review_due(PLAN, [held(date(2025, 3, 28))], unregulated_since=moved_on)
    assert too_early.due_on == date(2025, 3, 29)
    later = review_due(PLAN, [held(date(2025, 3, 29))], unregulated_since=moved_on)
    assert (later.code, later.due_on) == ("review_three_months", date(2025, 6, 29))


@given(DAYS, st.lists(DAYS, max_size=4), st.lists(DAYS, max_size=3), st.one_of(st.none(), DAYS))
def test_reviews_when_due_then_never_before_what_asked_for_them_and_the_soonest_first(
    plan_on: date, held_on: list[date], asked_on: list[date], moved_on: date | None
) -> None:
    found = review_duties(
        plan_on, [held(on) for on in held_on], [asked(on) for on in asked_on], unregulated_since=moved_on
    )
    due = [duty.due_on for duty in found]
    assert all(duty.due_on is not None and duty.since <= duty.due_on for duty in found)
    assert due == sorted(due, key=lambda on: on or date.max)
    assert due[0] is not None
    assert due[0] <= max([plan_on, *held_on]) + days(184)


@given(DAYS, st.lists(DAYS, max_size=4), DAYS)
def test_reviews_when_one_more_was_held_then_the_six_months_never_come_sooner(
    plan_on: date, held_on: list[date], more_on: date
) -> None:
    def six_months(reviews: list[date]) -> date:
        return next(
            duty.due_on
            for duty in review_duties(plan_on, [held(on) for on in reviews])
            if duty.code == "review_six_months" and duty.due_on
        )

    assert six_months(held_on) <= six_months([*held_on, more_on])


@given(DAYS, DAYS)
def test_assessment_when_eligible_later_then_never_due_sooner(one: date, other: date) -> None:
    early, late = (needs_assessment_due(BORN, on).due_on or date.max for on in sorted((one, other)))
    assert SIXTEEN < early <= late
