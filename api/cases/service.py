"""What the law wants next for a young person: worked out from the records, whenever one of these changes."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import structlog

from api.cases import queries
from api.cases.models import Facts
from api.duties import clocks, planning, visits
from api.duties.care import birth_date
from api.duties.category import category
from api.duties.dates import age_on
from api.duties.law import rule, urgency_law
from api.duties.models import Category, CategoryDecision, Duty, History, Support
from api.duties.urgency import due_day
from api.kit import clock
from api.kit.bank_holidays import bank_holidays
from api.kit.db import Connection
from api.kit.errors import NotFound, where

log = structlog.get_logger()

LOOKED_AFTER = frozenset({Category.PRE_ELIGIBLE, Category.ELIGIBLE})
PLANNED = frozenset({Category.ELIGIBLE, Category.RELEVANT, Category.FORMER_RELEVANT})
LEFT_CARE = frozenset({Category.RELEVANT, Category.FORMER_RELEVANT})
IN_THE_RETURN = PLANNED | {Category.QUALIFYING}
# The birthdays that the return asks about, and the letter of bed and breakfast.
BIRTHDAYS = range(17, 26)
BED_AND_BREAKFAST = "W"
AT_ONCE = 50


async def recompute(connection: Connection, person_id: UUID) -> None:
    """Works out in the caller's transaction what is due for somebody, and keeps their category if it is another one.

    Where whoever acts may not see all that decides it (a young person, a reviewing officer), the worker does it soon.
    """
    if not await queries.may_recompute(connection, person_id):
        await queries.ask_for_recompute(connection, person_id)
        return
    facts = await queries.get_facts(connection, person_id)
    if facts is None:
        return
    today = clock.london_day(clock.now())
    decision = category(facts.history, today)
    await queries.drop_duty_dates(connection, person_id)
    rows = {(row[1], row[2]): row for row in _rows(person_id, decision, due(facts, decision, today))}
    await queries.add_duty_dates(connection, list(rows.values()))
    if _is_new(facts, decision):
        await queries.add_decision(connection, person_id, decision)
    await queries.note_check(connection, person_id)


async def recompute_asked(connection: Connection) -> None:
    """The worker's: works out the duties of those whom somebody asked for."""
    async with connection.transaction():
        for person_id in sorted(await queries.take_asked(connection, AT_ONCE)):
            await _recompute_alone(connection, person_id)


async def recompute_old(connection: Connection) -> None:
    """The worker's: works out everybody's duties once a day, since birthdays change them without any record."""
    while people := await queries.list_old_checks(connection, AT_ONCE):
        for person_id in people:
            await _recompute_alone(connection, person_id)


async def _recompute_alone(connection: Connection, person_id: UUID) -> None:
    """Somebody whose records cannot be worked with keeps the days they had; the others must not wait for that."""
    try:
        async with connection.transaction():
            await recompute(connection, person_id)
    except (LookupError, ValueError) as error:
        log.error("duties_not_worked_out", error=type(error).__name__, at=where(error))
        await queries.note_check(connection, person_id)


async def get_history(connection: Connection, person_id: UUID) -> History:
    """All that decides somebody's category. Raises NotFound."""
    facts = await queries.get_facts(connection, person_id)
    if facts is None:
        raise NotFound
    return facts.history


def due(facts: Facts, decision: CategoryDecision, today: date) -> Iterator[Duty]:
    """Every duty that the team has for somebody of that category on a London day."""
    if facts.history.died_on is not None or decision.category is Category.NONE:
        return
    yield from _about_adviser(facts, decision)
    yield from _about_plan(facts, decision)
    yield from _about_visits(facts, decision, today)
    yield from _about_birthdays(facts, decision, today)


def _about_adviser(facts: Facts, decision: CategoryDecision) -> Iterator[Duty]:
    if facts.adviser_since is None:
        yield visits.personal_adviser_due(birth_date(facts.history).born_on)
    elif decision.category not in LOOKED_AFTER:
        yield visits.keep_in_touch_due(facts.adviser_since, facts.contacts)


def _about_plan(facts: Facts, decision: CategoryDecision) -> Iterator[Duty]:
    found, born_on = decision.category, birth_date(facts.history).born_on
    since = decision.since or decision.on_date
    if found is Category.ELIGIBLE and facts.assessed_on is None:
        yield planning.needs_assessment_due(born_on, since)
    if found is Category.RELEVANT and facts.assessed_on is None:
        yield planning.needs_assessment_relevant_due(since)
    if decision.support is Support.EDUCATION:
        told_on = max(programme.informed_on for programme in facts.history.education_programmes)
        if facts.assessed_on is None or facts.assessed_on < told_on:
            yield planning.needs_assessment_education_due(told_on)
    if facts.plan_started_on is None:
        yield from _first_plan(found, born_on, since)
    elif found in PLANNED:
        yield from planning.review_duties(
            facts.plan_started_on, facts.reviews, facts.requests, unregulated_since=facts.unregulated_since
        )


def _first_plan(found: Category, born_on: date, since: date) -> Iterator[Duty]:
    if found is Category.PRE_ELIGIBLE:
        yield planning.pathway_plan_start(born_on)
    elif found is Category.ELIGIBLE:
        yield planning.pathway_plan_due(born_on, since)
    elif found in LEFT_CARE:
        yield planning.pathway_plan_relevant_due(since)


def _about_visits(facts: Facts, decision: CategoryDecision, today: date) -> Iterator[Duty]:
    if decision.category in LOOKED_AFTER and facts.care_started_on is not None:
        placed_on = max(facts.care_started_on, facts.home.started_on if facts.home else date.min)
        yield visits.looked_after_visit_due(placed_on, facts.visits)
        held = [review.held_on for review in facts.reviews if review.held_on is not None]
        held += facts.looked_after_reviews
        yield visits.looked_after_review_due(facts.care_started_on, held, _holidays(facts.care_started_on, today))
    if facts.home is None:
        return
    if decision.category in LEFT_CARE:
        yield from visits.visit_duties(facts.home.started_on, facts.visits, review_on=facts.next_review_on)
    is_under_18 = age_on(birth_date(facts.history).born_on, today) < 18
    if is_under_18 and facts.home.accommodation == BED_AND_BREAKFAST:
        yield clocks.bed_and_breakfast_limit(facts.home.started_on, _holidays(facts.home.started_on, today))


def _about_birthdays(facts: Facts, decision: CategoryDecision, today: date) -> Iterator[Duty]:
    if decision.category not in IN_THE_RETURN:
        return
    born_on = birth_date(facts.history).born_on
    windows = (clocks.birthday_window(born_on, age) for age in BIRTHDAYS)
    current = next((window for window in windows if window.ends_on >= today), None)
    if current is not None and current.birthday not in facts.birthdays_recorded:
        yield next((prompt for prompt in current.prompts if due_day(prompt) >= today), current.prompts[-1])
    if decision.category is Category.FORMER_RELEVANT:
        yield from (duty for duty in clocks.closing_duties(born_on) if due_day(duty) >= today)


def _holidays(from_on: date, today: date) -> frozenset[date]:
    return bank_holidays(from_on.year, max(today.year, from_on.year) + 1)


def _is_new(facts: Facts, decision: CategoryDecision) -> bool:
    before = facts.decided
    return before is None or (before.category, before.support, before.since_on, before.rules_version) != (
        decision.category, decision.support, decision.since, decision.rules_version
    )  # fmt: skip


def _rows(person_id: UUID, decision: CategoryDecision, duties: Iterator[Duty]) -> Iterator[tuple[object, ...]]:
    law = urgency_law()
    for duty in duties:
        day = due_day(duty)
        amber_days = law.amber_days_for.get(duty.code, law.amber_days)
        rank = law.first.index(duty.code) if duty.code in law.first else len(law.first)
        title = rule(duty.code, duty.since).title
        yield (
            person_id, duty.code, day, duty.due_at, duty.since, day - timedelta(days=amber_days),
            day + timedelta(days=1), rank, title, duty.why, duty.source, duty.verified, duty.is_prospective,
            decision.rules_version,
        )  # fmt: skip
