"""When the needs assessment, the pathway plan and its reviews are due."""

from collections.abc import Iterable, Sequence
from datetime import date

from api.duties.dates import add_days, anniversary
from api.duties.law import ages, duty_after, duty_by_day, review_events, rule
from api.duties.models import Duty, Review, ReviewRequest

REQUEST_RULES = {
    "young_person": "review_asked_for",
    "personal_adviser": "review_thought_needed",
    "authority": "review_thought_needed",
    "event": "review_event",
}


def needs_assessment_due(born_on: date, eligible_on: date) -> Duty:
    """The assessment of an eligible child, counted from the 16th birthday or from becoming eligible if later."""
    return duty_after("needs_assessment", max(anniversary(born_on, ages().sixteen), eligible_on))


def needs_assessment_relevant_due(relevant_on: date) -> Duty:
    """The assessment of a relevant child who has no plan yet."""
    return duty_after("needs_assessment_relevant", relevant_on)


def needs_assessment_education_due(informed_on: date) -> Duty:
    """The assessment after somebody up to 25 told the council about education or training (section 23CA)."""
    return duty_after("needs_assessment_education", informed_on)


def staying_close_assessment_due(former_relevant_on: date) -> Duty:
    """The assessment for staying close support; prospective until the Act of 2026 is brought into force."""
    return duty_after("staying_close", former_relevant_on)


def pathway_plan_start(born_on: date) -> Duty:
    """The day from which the plan of a looked-after child is to be prepared, by the council's own rule."""
    starts_on = anniversary(born_on, rule("pathway_plan_start", born_on).years)
    return duty_by_day(rule("pathway_plan_start", starts_on), since=starts_on, due_on=starts_on)


def pathway_plan_due(born_on: date, eligible_on: date) -> Duty:
    """The first plan of an eligible child."""
    return duty_after("pathway_plan", max(anniversary(born_on, ages().sixteen), eligible_on))


def pathway_plan_relevant_due(relevant_on: date) -> Duty:
    """The first plan of a relevant child who has none."""
    return duty_after("pathway_plan_relevant", relevant_on)


def review_duties(
    plan_started_on: date,
    reviews: Sequence[Review] = (),
    requests: Iterable[ReviewRequest] = (),
    *,
    unregulated_since: date | None = None,
) -> list[Duty]:
    """Every reason for the next review, the soonest first; the first is the one that sets the day.

    A review that was held moves the clock, early or late; one that was cancelled moves nothing, and a request stands
    until a review is held on its day or later. `unregulated_since` is the move to accommodation that is not regulated.
    """
    held = sorted(review.held_on for review in reviews if review.held_on is not None)
    last_on = max([plan_started_on, *held])
    duties = [duty_after("review_six_months", last_on)]
    for request in requests:
        if not held or held[-1] < request.asked_on:
            duties.append(_asked(request))
    if unregulated_since is not None:
        duties.append(_after_unregulated_move(unregulated_since, held))
    return sorted(duties, key=lambda duty: (duty.due_on or date.max, duty.code))


def review_due(
    plan_started_on: date,
    reviews: Sequence[Review] = (),
    requests: Iterable[ReviewRequest] = (),
    *,
    unregulated_since: date | None = None,
) -> Duty:
    """The review that is due first, see `review_duties`."""
    return review_duties(plan_started_on, reviews, requests, unregulated_since=unregulated_since)[0]


def can_refuse(request: ReviewRequest) -> bool:
    """Whether the council may say no to a review: never to the young person, only to its own staff's thought."""
    return request.by in {"personal_adviser", "authority"}


def _asked(request: ReviewRequest) -> Duty:
    wording = rule(REQUEST_RULES[request.by], request.asked_on)
    due_on = add_days(request.asked_on, wording.days)
    happened = review_events().get(request.event or "", "")
    return duty_by_day(wording, since=request.asked_on, due_on=due_on, happened=happened)


def _after_unregulated_move(moved_on: date, held: Sequence[date]) -> Duty:
    first = rule("review_after_move", moved_on)
    first_on = add_days(moved_on, first.days)
    held_there = [day for day in held if day >= first_on]
    if not held_there:
        return duty_by_day(first, since=moved_on, due_on=first_on)
    return duty_after("review_three_months", held_there[-1])
