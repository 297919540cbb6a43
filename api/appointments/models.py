"""Appointments."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.kit.wall_times import WallTime

Place = Annotated[str, Meta(min_length=1, max_length=200)]
Reason = Annotated[str, Meta(min_length=1, max_length=2_000)]
Minutes = Annotated[int, Meta(ge=5, le=720)]


class Kind(StrEnum):
    """What it is about, as far as that may be shown."""

    MEETING = "meeting"
    VISIT = "visit"
    CALL = "call"
    REVIEW = "review"
    HEALTH = "health"
    EDUCATION_OR_WORK = "education_or_work"
    HOME = "home"
    MONEY = "money"
    OTHER = "other"


class Status(StrEnum):
    """What became of an appointment; only one that is booked can be moved, cancelled or had."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    ATTENDED = "attended"
    MISSED = "missed"


class Answer(StrEnum):
    """What a young person said to an appointment."""

    CONFIRMED = "confirmed"
    ASKS_TO_CHANGE = "asks_to_change"


class Appointment(msgspec.Struct, frozen=True):
    """A meeting between a young person and one of the team; the time is an instant in UTC."""

    appointment_id: UUID
    starts_at: datetime
    ends_at: datetime


class StaffAppointment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An appointment as staff see it; `answer` is the young person's."""

    appointment_id: UUID
    person_id: UUID
    staff_id: UUID
    staff: str | None
    starts_at: datetime
    ends_at: datetime
    kind: Kind
    place_shown: str | None
    status: Status
    answer: Answer | None
    answered_at: datetime | None
    moved_from_starts_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: Literal["staff", "young_person"] | None
    cancel_reason: str | None
    outcome_note: str | None
    version: int


class OwnAppointment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An appointment as the young person sees it. A device that only had a text's code is told the time alone."""

    appointment_id: UUID
    starts_at: datetime
    ends_at: datetime
    when: str
    status: Status
    answer: Answer | None
    version: int
    about: str | None = None
    where: str | None = None
    with_whom: str | None = None


class NewAppointment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to book, on London's clocks; `is_second` where these show the time twice."""

    staff_id: UUID
    on_date: date
    at: WallTime
    minutes: Minutes
    is_second: bool | None = None
    kind: Kind = Kind.MEETING
    place_shown: Place | None = None


class Move(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """When it takes place instead, and with whom and where if that changes; the young person is asked anew."""

    on_date: date
    at: WallTime
    minutes: Minutes
    is_second: bool | None = None
    staff_id: UUID | UnsetType = UNSET
    place_shown: Place | UnsetType | None = UNSET


class Cancellation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why staff cancel; the young person is never sent it."""

    reason: Reason


class Outcome(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whether the young person came, and what staff note about it."""

    status: Literal["attended", "missed"]
    note: Reason | None = None
