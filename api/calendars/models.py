"""Calendars."""

from datetime import datetime
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True):
    """What a calendar shows; `appointment_id` only where its reader may look it up."""

    calendar_uid: UUID
    starts_at: datetime
    ends_at: datetime
    status: str
    changed_at: datetime
    version: int
    appointment_id: UUID | None = None


class Feed(msgspec.Struct, frozen=True):
    """The calendar address of a member of staff; None when it has to be renewed. Whoever has it can read it."""

    calendar_feed_id: UUID
    address: str | None
    created_at: datetime
    version: int


class Feeds(msgspec.Struct, frozen=True):
    """One's own calendar address, if one was made and not revoked."""

    feed: Feed | None
