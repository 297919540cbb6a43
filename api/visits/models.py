"""Visits and contacts."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.kit.wall_times import WallTime


class Kind(StrEnum):
    """How contact was made, or tried."""

    VISIT = "visit"
    CALL = "call"
    VIDEO_CALL = "video_call"
    TEXT = "text"
    LETTER = "letter"


class Purpose(StrEnum):
    """What it was for."""

    AFTER_MOVE = "after_move"
    REGULAR = "regular"
    BEFORE_REVIEW = "before_review"
    BIRTHDAY = "birthday"
    KEEP_IN_TOUCH = "keep_in_touch"
    OTHER = "other"


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A visit or contact; one at which nobody was reached is an attempt."""

    contact_id: UUID
    staff_id: UUID
    staff: str | None
    happened_at: datetime
    kind: Kind
    purpose: Purpose
    was_reached: bool
    was_seen: bool
    was_seen_alone: bool
    at_accommodation: bool
    note: str
    recorded_at: datetime
    version: int


class ContactRecord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What happened, on London's clocks; `is_second` where these showed the time twice."""

    staff_id: UUID
    on_date: date
    at: WallTime
    kind: Kind
    purpose: Purpose
    was_reached: bool
    is_second: bool | None = None
    was_seen: bool = False
    was_seen_alone: bool = False
    at_accommodation: bool = False
    note: Annotated[str, Meta(max_length=20_000)] = ""
