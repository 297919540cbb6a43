"""What the audit knows."""

from datetime import datetime
from enum import StrEnum

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
