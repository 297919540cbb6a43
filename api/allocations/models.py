"""Allocations, as they are asked for and shown."""

from datetime import date
from uuid import UUID

import msgspec


class Allocate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is a young person's adviser from a London day on, today unless it is said; whoever was so before ends."""

    staff_id: UUID
    starts_on: date | None = None


class EndAllocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last day on which somebody is a young person's adviser, with nobody after them."""

    ended_on: date


class Allocation(msgspec.Struct, frozen=True):
    """Who is or was a young person's adviser; `ended_on` is the last day of it."""

    allocation_id: UUID
    person_id: UUID
    staff_id: UUID
    shown_name: str
    starts_on: date
    ended_on: date | None
    version: int
