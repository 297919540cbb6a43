"""What the audit knows."""

from datetime import datetime, time
from enum import StrEnum
from uuid import UUID

import msgspec


class Verb(StrEnum):
    """What was done; the changes are recorded by the database itself."""

    VIEWED = "viewed"
    OPENED = "opened"
    ANSWERED = "answered"
    RAISED = "raised"
    ALERTED = "alerted"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    EXPORTED = "exported"
    IMPORTED = "imported"
    ERASED = "erased"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    STEPPED_UP = "stepped_up"


class View(msgspec.Struct, frozen=True):
    """One look at a person's data: when, at which table, by whom; staff by their shown name."""

    viewed_at: datetime
    table_name: str
    by: str
    shown_name: str | None


class Look(msgspec.Struct, frozen=True):
    """One look at a person's record, as staff are told of it."""

    looked_at: datetime
    by: str
    staff_id: UUID | None
    shown_name: str | None
    verb: str
    table_name: str


class OwnLook(msgspec.Struct, frozen=True):
    """One look at somebody's record, as they are told of it themselves: who and at what, in plain words."""

    looked_at: datetime
    who: str
    what: str


class Entry(msgspec.Struct, frozen=True):
    """What was done, when, by whom and to whose record; never what it said."""

    entry_id: int
    recorded_at: datetime
    actor_kind: str
    actor_id: UUID | None
    verb: str
    person_id: UUID | None
    table_name: str


class Sought(msgspec.Struct, frozen=True):
    """Which entries the data protection lead asks for; None asks for all."""

    person_id: UUID | None
    staff_id: UUID | None
    since: datetime
    until: datetime


class Looks(msgspec.Struct, frozen=True):
    """How much one of staff looked at in a week, and what of it has to be asked about."""

    staff_id: UUID
    shown_name: str
    role: str
    look_count: int
    person_count: int
    without_relation_count: int
    after_hours_count: int
    opened_count: int


class Sign(msgspec.Struct, frozen=True):
    """One of staff whose week has to be asked about, and why."""

    looks: Looks
    reasons: list[str]


class Week(msgspec.Struct, frozen=True):
    """The week that was looked at, what it was measured by, and whose has to be asked about."""

    since: datetime
    until: datetime
    day_starts_at_wall: time
    day_ends_at_wall: time
    staff_count: int
    signs: list[Sign]


class Block(msgspec.Struct, frozen=True):
    """A sealed block, and whether it is what its own hash and the block before it say."""

    block_no: int
    entry_count: int
    sealed_at: datetime
    hash_hex: str
    is_whole: bool
    follows: bool


class Fault(msgspec.Struct, frozen=True):
    """What is wrong in the audit, and where: a block, a row, or both."""

    what: str
    block_no: int | None = None
    entry_id: int | None = None

    def __str__(self) -> str:
        parts = [("block", self.block_no), ("row", self.entry_id)]
        place = ", ".join(f"{name} {number}" for name, number in parts if number is not None)
        return f"{place}: {self.what}" if place else self.what


class Findings(msgspec.Struct, kw_only=True):
    """What a check of the whole audit has found."""

    faults: list[Fault]
    sealed_count: int
    unsealed_count: int
    block_count: int
    seconds: float

    def lines(self) -> list[str]:
        """The findings in words: a line for each fault, and what was checked."""
        count = self.sealed_count + self.unsealed_count
        speed = f"{count} rows in {self.seconds:.2f} s, {count / max(self.seconds, 1e-6):.0f} a second"
        place = f"{self.block_count} blocks, {self.unsealed_count} rows not sealed yet"
        return [*map(str, self.faults), f"Checked {speed}; {place}. Faults: {len(self.faults)}."]
