"""What the screen finds in a text."""

from enum import IntEnum

import msgspec


class Risk(IntEnum):
    """How soon a person is needed: immediately (or 999), today, for a follow-up, or not at all."""

    NONE = 0
    LOW = 1
    HIGH = 2
    IMMEDIATE = 3


class Verdict(msgspec.Struct, frozen=True):
    """What the screen makes of one text: the risk, the kinds found and the rules that found them."""

    risk: Risk
    kinds: tuple[str, ...]
    rules_hit: tuple[str, ...]
    version: str

    @property
    def is_alarm(self) -> bool:
        """Whether people are told at once."""
        return self.risk >= Risk.HIGH
