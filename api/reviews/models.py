"""Reviews of the pathway plan."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.kit.wall_times import WallTime

Reason = Annotated[str, Meta(min_length=1, max_length=2_000)]
Place = Annotated[str, Meta(min_length=1, max_length=200)]


class Trigger(StrEnum):
    """What calls for a review."""

    SIX_MONTHS = "six_months"
    THREE_MONTHS = "three_months"
    AFTER_MOVE = "after_move"
    ASKED_BY_YOUNG_PERSON = "asked_by_young_person"
    ASKED_BY_ADVISER = "asked_by_adviser"
    ASKED_BY_AUTHORITY = "asked_by_authority"
    EVENT = "event"


class Event(StrEnum):
    """What happened that calls for a review."""

    UNPLANNED_MOVE = "unplanned_move"
    HOME_AT_RISK = "home_at_risk"
    OFFENCE = "offence"
    PREGNANCY_OR_PARENTING = "pregnancy_or_parenting"
    JOB_OR_COURSE_LOST = "job_or_course_lost"
    NEW_ADVISER_ASKED_FOR = "new_adviser_asked_for"
    SUPPORT_WITHDRAWN = "support_withdrawn"
    MISSING = "missing"
    LEFT_CUSTODY_OR_HOSPITAL = "left_custody_or_hospital"


class Participation(StrEnum):
    """How the young person took part, by the codes of the SSDA903 return."""

    PN0 = "PN0"
    PN1 = "PN1"
    PN2 = "PN2"
    PN3 = "PN3"
    PN4 = "PN4"
    PN5 = "PN5"
    PN6 = "PN6"
    PN7 = "PN7"


class State(StrEnum):
    """How far a review has come; one whose meeting was cancelled is still due."""

    DUE = "due"
    SCHEDULED = "scheduled"
    HELD = "held"


class Review(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A review, from when it was called for until it was held."""

    review_id: UUID
    person_id: UUID
    plan_id: UUID | None
    state: State
    trigger: Trigger
    event: Event | None
    requested_at: datetime
    due_on: date
    due_rule: str
    scheduled_at: datetime | None
    place_shown: str | None
    reviewing_officer_id: UUID | None
    reviewing_officer: str | None
    held_on: date | None
    participation: Participation | None
    outcome: str | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    version: int


class NewReview(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A review that is called for. `counted_from` is the move, or the review before, that its days count from."""

    trigger: Trigger
    event: Event | None = None
    counted_from: date | None = None


class ReviewMeeting(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """When and where a review is to be held, on London's clocks; `is_second` where these show the time twice."""

    on_date: date
    at: WallTime
    is_second: bool | None = None
    place_shown: Place | None = None


class MeetingCancelled(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why the meeting does not take place."""

    reason: Reason


class ReviewHeld(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A review that took place: when, how the young person took part, and what came of it."""

    held_on: date
    participation: Participation
    outcome: Annotated[str, Meta(min_length=1, max_length=20_000)]


class ReviewingOfficer(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who holds the review; they see the person's plan, reviews and assessments for it."""

    staff_id: UUID | None
