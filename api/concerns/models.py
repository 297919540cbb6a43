"""What the screen finds in a text."""

from enum import IntEnum

import msgspec

# What a worry can be about; the words are the reviewers' and go into `concerns.kinds`.
KINDS = frozenset(
    {
        "abuse", "attack", "child_in_danger", "destitution", "exploitation", "forced_marriage", "harm_to_others",
        "held", "homeless", "housing", "medical", "mental_health", "missing", "mood", "overdose", "self_harm",
        "sexual_abuse", "someone_else", "suicide", "threats", "trafficking", "unsafe", "unsafe_home", "worry",
    }
)  # fmt: skip


class Risk(IntEnum):
    """How soon a person is needed: immediately (or 999), today, for a follow-up, or not at all."""

    NONE = 0
    LOW = 1
    HIGH = 2
    IMMEDIATE = 3


class Verdict(msgspec.Struct, frozen=True):
    """What the screen makes of one text: the risk, the kinds found, and what found them.

    `rules_hit` names phrase rules, answers ("safe_no") and the classifier; `score` is how likely an alarm is to the
    classifier, and None where it did not read the text.
    """

    risk: Risk
    kinds: tuple[str, ...]
    rules_hit: tuple[str, ...]
    version: str
    score: float | None = None

    @property
    def reasons(self) -> list[str]:
        """What found it, the classifier with its score."""
        return [f"{rule}={self.score}" if rule == "classifier" else rule for rule in self.rules_hit]

    @property
    def is_alarm(self) -> bool:
        """Whether people are told at once."""
        return self.risk >= Risk.HIGH
