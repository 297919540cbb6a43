"""Shifts, as they are asked for and shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

LONGEST_SHIFT_HOURS = 24
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class AddShift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When somebody of one's team is on duty, a day at most."""

    staff_id: UUID
    starts_at: Instant
    ends_at: Instant


class EndShift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a shift ends instead."""

    ends_at: Instant


class WithdrawShift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shift that has not begun does not take place; there is nothing to say about it."""


class Shift(msgspec.Struct, frozen=True):
    """When somebody is on duty for their team."""

    duty_id: UUID
    staff_id: UUID
    shown_name: str
    team_id: UUID
    starts_at: datetime
    ends_at: datetime
    version: int
