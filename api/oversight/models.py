"""Break-glass and restricted cases, as they are asked for and shown."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

LONGEST_BREAK_GLASS_MINUTES = 240
SHORTEST_REASON_CHARS = 20
LONGEST_REASON_CHARS = 2000
SHORTEST_RESTRICTION_REASON_CHARS = 10
MOST_NAMED_AT_ONCE = 20

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON_CHARS)]


class Finding(StrEnum):
    """What whoever looked at a break-glass found."""

    NEEDED = "needed"
    NOT_NEEDED = "not_needed"


class BreakGlass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A case is to be opened that is not one's own, for so long and for this reason.

    Whose: by id, or by full name and birthday for whoever is in no list of theirs.
    """

    reason: Reason
    person_id: UUID | None = None
    full_name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    born_on: date | None = None
    minutes: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_BREAK_GLASS_MINUTES)] = 60


class Review(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found when somebody looked at it."""

    finding: Finding
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON_CHARS)] | None = None


class BreakGlassView(msgspec.Struct, frozen=True):
    """Who opened whose case, why and until when, and what was found of it."""

    break_glass_id: UUID
    person_id: UUID
    staff_id: UUID
    shown_name: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    reviewed_at: datetime | None
    reviewed_by_staff_id: UUID | None
    finding: str | None
    review_note: str | None
    version: int


class Restrict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A case is to be seen only by those who are named."""

    reason: Reason
    staff_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=MOST_NAMED_AT_ONCE)]


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who may see a restricted case from now on, or no longer."""

    staff_id: UUID
    reason: Reason


class Lift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A case is restricted no longer."""

    reason: Reason


class Named(msgspec.Struct, frozen=True):
    """Somebody who may see a restricted case."""

    staff_id: UUID
    shown_name: str


class Restriction(msgspec.Struct, frozen=True):
    """That a case is restricted, since when and why, and who may see it."""

    person_id: UUID
    since: datetime
    reason: str | None
    restricted_by_staff_id: UUID | None
    named: list[Named]
