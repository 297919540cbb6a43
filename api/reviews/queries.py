"""Reviews in the database."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from api.kit.db import Connection
from api.reviews.models import Event, Review, ReviewHeld, Trigger

LIST_REVIEWS = """
    WITH seen AS MATERIALIZED (SELECT s FROM sec.people_with_plan_seen() AS s WHERE s = $1)
    SELECT CASE WHEN EXISTS (SELECT FROM seen) THEN (
        SELECT coalesce(json_agg(json_build_object(
            'review_id', r.review_id, 'person_id', r.person_id, 'plan_id', r.plan_id,
            'state', CASE WHEN r.held_on IS NOT NULL THEN 'held' WHEN r.scheduled_at IS NOT NULL THEN 'scheduled'
                ELSE 'due' END,
            'trigger', r.trigger, 'event', r.event, 'requested_at', r.requested_at, 'due_on', r.due_on,
            'due_rule', r.due_rule, 'scheduled_at', r.scheduled_at, 'place_shown', r.place_shown,
            'reviewing_officer_id', r.reviewing_officer_id, 'reviewing_officer', f.shown_name, 'held_on', r.held_on,
            'participation', r.participation, 'outcome', r.outcome, 'cancelled_at', r.cancelled_at,
            'cancel_reason', r.cancel_reason, 'version', r.version
        ) ORDER BY r.due_on DESC, r.review_id DESC), '[]')
        FROM (
            SELECT * FROM plan_reviews
            WHERE person_id = $1 AND ($2::date IS NULL OR (due_on, review_id) < ($2, $3))
            ORDER BY due_on DESC, review_id DESC LIMIT $4
        ) AS r LEFT JOIN staff AS f ON f.staff_id = r.reviewing_officer_id
    ) END::text, audit_notes_views(ARRAY(SELECT s FROM seen), 'plan_reviews')
"""


async def list_reviews(
    connection: Connection, person_id: UUID, before: tuple[date, UUID] | None, count: int
) -> list[Review] | None:
    """A person's reviews, those due last first; None when the connection may not see them."""
    due_on, review_id = before or (None, None)
    text: str | None = await connection.fetchval(LIST_REVIEWS, person_id, due_on, review_id, count)
    return None if text is None else msgspec.json.decode(text, type=list[Review])


GET_CLOCK = """
    SELECT (
        SELECT min(p.effective_from) FROM pathway_plans AS p
        WHERE p.person_id = $1 AND p.status IN ('signed', 'superseded')
    ), (SELECT max(r.held_on) FROM plan_reviews AS r WHERE r.person_id = $1),
    (SELECT p.plan_id FROM pathway_plans AS p WHERE p.person_id = $1 AND p.status = 'signed')
"""


async def get_clock(connection: Connection, person_id: UUID) -> tuple[date | None, date | None, UUID | None]:
    """Since when a person has a plan, when it was last reviewed, and the version that counts."""
    row = await connection.fetchrow(GET_CLOCK, person_id)
    return (None, None, None) if row is None else (row[0], row[1], row[2])


INSERT_REVIEW = """
    INSERT INTO plan_reviews (person_id, plan_id, trigger, event, requested_by_staff_id, due_on, due_rule)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (person_id) WHERE trigger = 'asked_by_young_person' AND held_on IS NULL DO NOTHING
    RETURNING review_id, version
"""


async def insert_review(
    connection: Connection, person_id: UUID, plan_id: UUID | None, trigger: Trigger, event: Event | None,
    staff_id: UUID | None, due_on: date, rule: str,
) -> tuple[UUID, int] | None:  # fmt: skip
    """A review that is due; None when the young person has asked for one already that was not held yet."""
    row = await connection.fetchrow(INSERT_REVIEW, person_id, plan_id, trigger, event, staff_id, due_on, rule)
    return None if row is None else (row[0], row[1])


ASK = """
    INSERT INTO plan_reviews (person_id, trigger, due_on, due_rule)
    SELECT p, 'asked_by_young_person', $1, $2 FROM sec.acting_person_id() AS p WHERE p IS NOT NULL
    ON CONFLICT (person_id) WHERE trigger = 'asked_by_young_person' AND held_on IS NULL DO NOTHING
    RETURNING person_id
"""


async def ask(connection: Connection, due_on: date, rule: str) -> UUID | None:
    """A review for the young person the connection acts for; None when one was asked for already."""
    person_id: UUID | None = await connection.fetchval(ASK, due_on, rule)
    return person_id


GET_ASKED = """
    SELECT review_id, version, due_on FROM plan_reviews
    WHERE person_id = coalesce($1, sec.acting_person_id()) AND trigger = 'asked_by_young_person' AND held_on IS NULL
"""


async def get_asked(connection: Connection, person_id: UUID | None = None) -> tuple[UUID, int, date] | None:
    """The review that a young person, or the one the connection acts for, has asked for and that was not held yet."""
    row = await connection.fetchrow(GET_ASKED, person_id)
    return None if row is None else (row[0], row[1], row[2])


LOCK_REVIEW = """
    SELECT person_id, version, held_on, requested_at FROM plan_reviews WHERE review_id = $1 FOR UPDATE
"""


async def lock_review(connection: Connection, review_id: UUID) -> tuple[UUID, int, date | None, datetime] | None:
    """Whose review it is, its version, when it was held and when it was called for; it is locked until the end."""
    row = await connection.fetchrow(LOCK_REVIEW, review_id)
    return None if row is None else (row[0], row[1], row[2], row[3])


SCHEDULE = """
    UPDATE plan_reviews SET scheduled_at = $2, place_shown = $3, cancelled_at = NULL, cancel_reason = NULL,
        cancelled_by_staff_id = NULL
    WHERE review_id = $1 RETURNING version
"""


async def schedule(connection: Connection, review_id: UUID, scheduled_at: datetime, place_shown: str | None) -> int:
    """Sets the meeting, whatever was set before."""
    version: int = await connection.fetchval(SCHEDULE, review_id, scheduled_at, place_shown)
    return version


CANCEL_MEETING = """
    UPDATE plan_reviews SET scheduled_at = NULL, place_shown = NULL, cancelled_at = clock_timestamp(),
        cancel_reason = $2, cancelled_by_staff_id = $3
    WHERE review_id = $1 AND scheduled_at IS NOT NULL RETURNING version
"""


async def cancel_meeting(connection: Connection, review_id: UUID, reason: str, staff_id: UUID | None) -> int | None:
    """Takes the meeting off, the review stays due; None when no meeting was set."""
    version: int | None = await connection.fetchval(CANCEL_MEETING, review_id, reason, staff_id)
    return version


HOLD = """
    UPDATE plan_reviews AS r SET held_on = $2, participation = $3, outcome = $4, cancelled_at = NULL,
        cancel_reason = NULL, cancelled_by_staff_id = NULL, plan_id = coalesce(r.plan_id, (
            SELECT p.plan_id FROM pathway_plans AS p WHERE p.person_id = r.person_id AND p.status = 'signed'
        ))
    WHERE review_id = $1 RETURNING version
"""


async def hold(connection: Connection, review_id: UUID, held: ReviewHeld) -> int:
    """Notes that a review took place, and of which version of the plan."""
    version: int = await connection.fetchval(HOLD, review_id, held.held_on, held.participation, held.outcome)
    return version


SET_OFFICER = "UPDATE plan_reviews SET reviewing_officer_id = $2 WHERE review_id = $1 RETURNING version"


async def set_officer(connection: Connection, review_id: UUID, staff_id: UUID | None) -> int:
    """Gives a review to a reviewing officer, or to nobody."""
    version: int = await connection.fetchval(SET_OFFICER, review_id, staff_id)
    return version
