"""The rules of reviews: a young person's ask is never refused, and what is due stays due until it was held."""

from datetime import date, timedelta
from uuid import UUID

from api.cases import service as cases
from api.duties.law import duty_after
from api.duties.planning import REQUEST_RULES
from api.kit import clock
from api.kit.clock import say_day
from api.kit.constraints import told_as
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotFound, Refused
from api.kit.pages import Page, read_cursor, write_cursor
from api.kit.signed_in import Write, Written
from api.kit.wall_times import instant_ahead
from api.notices import service as notices
from api.people import service as people
from api.reviews import queries
from api.reviews.models import (
    MeetingCancelled,
    NewReview,
    Review,
    ReviewHeld,
    ReviewingOfficer,
    ReviewMeeting,
    Trigger,
)

ASKED_BY = {
    Trigger.ASKED_BY_YOUNG_PERSON: "young_person",
    Trigger.ASKED_BY_ADVISER: "personal_adviser",
    Trigger.ASKED_BY_AUTHORITY: "authority",
    Trigger.EVENT: "event",
}
COUNTED = {Trigger.AFTER_MOVE: "review_after_move", Trigger.THREE_MONTHS: "review_three_months"}
FURTHEST_AHEAD = timedelta(days=366)
AN_OFFICER = ("a reviewing officer who is here",)
CONSTRAINTS = {
    "plan_reviews_reviewing_officer_id_is_here": Refused(
        errors=[FieldError("staff_id", "They are no reviewing officer, or they have left.", AN_OFFICER)]
    ),
    "plan_reviews_reviewing_officer_id_fkey": Refused(
        errors=[FieldError("staff_id", "There is nobody of that id.", AN_OFFICER)]
    ),
}


async def list_reviews(connection: Connection, person_id: UUID, cursor: str | None, count: int) -> Page[Review]:
    """Somebody's reviews, those due last first. Raises NotFound or BadRequest."""
    found = await queries.list_reviews(connection, person_id, read_cursor(cursor, tuple[date, UUID]), count + 1)
    if found is None:
        raise NotFound
    last = found[count - 1] if len(found) > count else None
    return Page(found[:count], None if last is None else write_cursor(last.due_on, last.review_id))


async def call_for(asked: Write, person_id: UUID, new: NewReview) -> Written:
    """Calls for a review; what the young person asked for before and was not held is not asked for twice.

    Raises NotFound or Refused.
    """
    held = await people.hold(asked.connection, person_id)
    if held.died_on is not None:
        raise Refused("They have died. There is nothing to review.")
    plan_since, last_held_on, plan_id = await queries.get_clock(asked.connection, person_id)
    due_on, code = _due(new, plan_since, last_held_on, clock.london_day(clock.now()))
    made = await queries.insert_review(
        asked.connection, person_id, plan_id, new.trigger, new.event, asked.who.staff_id, due_on, code
    )
    if made is None:
        return await _already_asked(asked.connection, person_id)
    await cases.recompute(asked.connection, person_id)
    return Written(*made, _location(person_id))


def _location(person_id: UUID) -> str:
    return f"/admin/v1/young-people/{person_id}/reviews"


def _due(new: NewReview, plan_since: date | None, last_held_on: date | None, today: date) -> tuple[date, str]:
    """By when a review is to be held, and the rule that says so. Raises Refused."""
    if (new.trigger is Trigger.EVENT) != (new.event is not None):
        raise Refused(errors=[FieldError("event", "It is given with event, and only then.", ("trigger: event",))])
    if new.trigger in COUNTED:
        return _counted(new, today)
    if new.counted_from is not None:
        allowed = tuple(f"trigger: {trigger}" for trigger in COUNTED)
        raise Refused(errors=[FieldError("counted_from", "It is not given with this trigger.", allowed)])
    if new.trigger in ASKED_BY:
        return _after(REQUEST_RULES[ASKED_BY[new.trigger]], today)
    if plan_since is None:
        raise Refused(errors=[FieldError("trigger", "There is no signed plan to review yet.", tuple(ASKED_BY))])
    return _after("review_six_months", max(plan_since, last_held_on or plan_since))


def _after(code: str, since: date) -> tuple[date, str]:
    return duty_after(code, since).due_on or since, code


def _counted(new: NewReview, today: date) -> tuple[date, str]:
    earliest = today - timedelta(days=366)
    if new.counted_from is None or not earliest <= new.counted_from <= today:
        allowed = (f"{say_day(earliest)} to {say_day(today)}",)
        raise Refused(errors=[FieldError("counted_from", "The day that it is counted from is needed.", allowed)])
    return _after(COUNTED[new.trigger], new.counted_from)


async def _already_asked(connection: Connection, person_id: UUID | None = None) -> Written:
    found = await queries.get_asked(connection, person_id)
    if found is None:
        raise NotFound
    return Written(found[0], found[1], None if person_id is None else _location(person_id))


async def ask(connection: Connection) -> Written:
    """The young person the connection acts for asks for a review now: it is there when this returns.

    It cannot be refused. Whoever asks again before it was held is told of the one there is.
    """
    due_on, code = _after(REQUEST_RULES["young_person"], clock.london_day(clock.now()))
    person_id = await queries.ask(connection, due_on, code)
    if person_id is not None:
        await notices.tell_own_adviser(connection, person_id)
        await cases.recompute(connection, person_id)
    return await _already_asked(connection)


async def _hold(asked: Write, review_id: UUID) -> tuple[UUID, date]:
    """Whose review it is and when it was called for; nobody else changes it until the end.

    Raises NotFound, Unversioned, Stale, or Conflict when it was held.
    """
    found = await queries.lock_review(asked.connection, review_id)
    if found is None:
        raise NotFound
    person_id, version, held_on, requested_at = found
    asked.version()
    asked.check_version(version)
    if held_on is not None:
        raise Conflict("The review was held already.")
    return person_id, clock.london_day(requested_at)


async def schedule(asked: Write, review_id: UUID, meeting: ReviewMeeting) -> Written:
    """Sets when and where a review is held, or sets it anew. Raises NotFound, Stale, Refused or Conflict."""
    person_id, _ = await _hold(asked, review_id)
    scheduled_at = instant_ahead(meeting.on_date, meeting.at, is_second=meeting.is_second, within=FURTHEST_AHEAD)
    version = await queries.schedule(asked.connection, review_id, scheduled_at, meeting.place_shown)
    await cases.recompute(asked.connection, person_id)
    return Written(review_id, version, _location(person_id))


async def cancel_meeting(asked: Write, review_id: UUID, cancelled: MeetingCancelled) -> Written:
    """Takes a meeting off: the review stays due, and the day by which it is due. Raises NotFound, Stale or Conflict."""
    person_id, _ = await _hold(asked, review_id)
    version = await queries.cancel_meeting(asked.connection, review_id, cancelled.reason, asked.who.staff_id)
    if version is None:
        raise Conflict("No meeting is set for this review.")
    await cases.recompute(asked.connection, person_id)
    return Written(review_id, version, _location(person_id))


async def note_held(asked: Write, review_id: UUID, held: ReviewHeld) -> Written:
    """Notes that a review took place. Raises NotFound, Stale, Refused or Conflict."""
    person_id, called_for_on = await _hold(asked, review_id)
    today = clock.london_day(clock.now())
    if not called_for_on <= held.held_on <= today:
        allowed = (f"{say_day(called_for_on)} to {say_day(today)}",)
        raise Refused(errors=[FieldError("held_on", "It was called for after that day, or it is ahead.", allowed)])
    version = await queries.hold(asked.connection, review_id, held)
    await cases.recompute(asked.connection, person_id)
    return Written(review_id, version, _location(person_id))


async def give_to(asked: Write, review_id: UUID, officer: ReviewingOfficer) -> Written:
    """Gives a review to a reviewing officer, who sees the plan for it. Raises NotFound, Stale, Refused or Conflict."""
    person_id, _ = await _hold(asked, review_id)
    with told_as(CONSTRAINTS):
        version = await queries.set_officer(asked.connection, review_id, officer.staff_id)
    return Written(review_id, version, _location(person_id))
