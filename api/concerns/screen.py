"""The safety screen: reads every inbound text before anything else does, and needs nothing but the text."""

import re
import unicodedata
from functools import cache
from pathlib import Path

import msgspec
import yaml

from api.concerns.models import Risk, Verdict

RULES_FILE = Path(__file__).with_name("rules.yml")
PLAIN = str.maketrans({"\u2019": "", "\u2018": "", "'": "", "\u00b4": "", "`": ""})
SPACES = re.compile(r"[\s.,;:!?…\-_/]+")


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    risk: str
    kind: str
    match: str
    unless: list[str] = []


class _RuleFile(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    rules: list[_Rule]


class Screen:
    """Phrase rules, each enough by itself: the highest risk of those that match wins."""

    def __init__(self, rules: _RuleFile) -> None:
        self.version = rules.version
        self._rules = [
            (
                rule.id,
                Risk[rule.risk.upper()],
                rule.kind,
                re.compile(rule.match),
                [re.compile(u) for u in rule.unless],
            )
            for rule in rules.rules
        ]

    def read(self, text: str) -> Verdict:
        """What this text tells of danger. Negation, past tense and laughter never lower it."""
        plain = normalise(text)
        hits = [(i, risk, kind) for i, risk, kind, rule, unless in self._rules if _matches(plain, rule, unless)]
        return Verdict(
            risk=max((risk for _, risk, _ in hits), default=Risk.NONE),
            kinds=tuple(dict.fromkeys(kind for _, _, kind in hits)),
            rules_hit=tuple(rule_id for rule_id, _, _ in hits),
            version=self.version,
        )


def normalise(text: str) -> str:
    """Lower case, compatibility forms made plain, apostrophes out, punctuation and white space as single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(PLAIN)
    visible = "".join(c for c in folded if unicodedata.category(c) not in {"Cf", "Mn", "Cc"} or c.isspace())
    return SPACES.sub(" ", visible).strip()


def _matches(plain: str, rule: re.Pattern[str], unless: list[re.Pattern[str]]) -> bool:
    innocent = [m.span() for pattern in unless for m in pattern.finditer(plain)]
    return any(
        not any(start < hit.end() and hit.start() < end for start, end in innocent) for hit in rule.finditer(plain)
    )


@cache
def load_screen() -> Screen:
    """The screen with the rules of this release."""
    content = yaml.safe_load(RULES_FILE.read_text(encoding="utf-8"))
    return Screen(msgspec.convert(content, _RuleFile))
