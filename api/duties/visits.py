"""When somebody must be visited, reviewed in care, kept in touch with, and told about support."""

from collections.abc import Collection, Iterable
from datetime import date

from api.duties.dates import add_days, add_months, add_working_days, anniversary
from api.duties.law import ages, duty_after, duty_by_day, rule
from api.duties.models import Contact, Duty, Visit


def is_visit(visit: Visit) -> bool:
    """Whether it was a visit: an attempt at which nobody was seen is none."""
    return visit.was_seen


def visit_duties(moved_in_on: date, visits: Iterable[Visit], *, review_on: date | None = None) -> list[Duty]:
    """The personal adviser's visits that are due, the soonest first.

    Within seven days of the move, before the review, and every two months, each at that accommodation. Somebody seen
    in an office or a cafe was reached, see `keep_in_touch_due`, but not visited where they live.
    """
    there = sorted(v.on_date for v in visits if is_visit(v) and v.at_accommodation and v.on_date >= moved_in_on)
    duties = [] if there else [duty_after("visit_after_move", moved_in_on)]
    duties.append(duty_after("visit_two_monthly", there[-1] if there else moved_in_on))
    if review_on is not None:
        wording = rule("visit_before_review", review_on)
        from_on = add_days(review_on, -wording.days)
        if not any(from_on <= day <= review_on for day in there):
            duties.append(duty_by_day(wording, since=from_on, due_on=review_on))
    return sorted(duties, key=lambda duty: (duty.due_on or date.max, duty.code))


def looked_after_visit_due(placed_on: date, visits: Iterable[Visit], *, is_to_last_to_18: bool = False) -> Duty:
    """The next visit to a looked-after child: a week after placement, then six weeks, or three months if long term."""
    seen = sorted(visit.on_date for visit in visits if is_visit(visit) and visit.on_date >= placed_on)
    if not seen:
        return duty_after("looked_after_first_visit", placed_on)
    long_term = rule("looked_after_visit_long_term", seen[-1])
    if is_to_last_to_18 and seen[-1] >= anniversary(placed_on, long_term.years):
        return duty_after("looked_after_visit_long_term", seen[-1])
    return duty_after("looked_after_visit", seen[-1])


def looked_after_review_due(care_started_on: date, held: Iterable[date], bank_holidays: Collection[date]) -> Duty:
    """The next review of a looked-after child: 20 working days, then three months, then every six months."""
    held = sorted(day for day in held if day >= care_started_on)
    if not held:
        wording = rule("looked_after_first_review", care_started_on)
        due_on = add_working_days(care_started_on, wording.working_days, bank_holidays)
        return duty_by_day(wording, since=care_started_on, due_on=due_on)
    return duty_after("looked_after_second_review" if len(held) == 1 else "looked_after_review", held[-1])


def health_assessment_due(last_on: date) -> Duty:
    """The next yearly health assessment of a looked-after child, counted from the last, or from coming into care."""
    return duty_after("health_assessment", last_on)


def keep_in_touch_due(allocated_on: date, contacts: Iterable[Contact]) -> Duty:
    """By when the person must be reached again; a contact that did not reach them moves nothing."""
    reached = [contact.on_date for contact in contacts if contact.was_reached]
    return duty_after("keep_in_touch", max([allocated_on, *reached]))


def yearly_offer_due(born_on: date, offered: Iterable[date]) -> Duty | None:
    """The next offer of support from 21: at once at 21, then every 12 months; None when the next would be past 25."""
    wording = rule("yearly_offer", anniversary(born_on, ages().supported_to))
    from_age, to_age = wording.numbers
    from_on, to_on = anniversary(born_on, from_age), anniversary(born_on, to_age)
    made = [day for day in offered if day >= from_on]
    since = max(made) if made else from_on
    due_on = add_months(since, wording.months) if made else from_on
    return duty_by_day(wording, since=since, due_on=due_on) if due_on < to_on else None


def personal_adviser_due(born_on: date) -> Duty:
    """By when an eligible child has a personal adviser with a name."""
    due_on = anniversary(born_on, rule("personal_adviser", born_on).years)
    return duty_by_day(
        rule("personal_adviser", due_on), since=anniversary(born_on, ages().pre_eligible_from), due_on=due_on
    )


def new_personal_adviser_notice_due(told_leaving_on: date, last_day: date) -> Duty:
    """By when the young person must know their next adviser, before the last day of the one they have."""
    wording = rule("new_personal_adviser_notice", last_day)
    due_on = max(told_leaving_on, add_days(last_day, -wording.days))
    return duty_by_day(wording, since=told_leaving_on, due_on=due_on)
