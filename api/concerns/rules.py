"""The phrase rules: what each hears, and the innocent phrases that it lets pass."""

import re
from bisect import bisect_right
from pathlib import Path

import msgspec
import yaml

from api.concerns.models import Risk

RULES_FILE = Path(__file__).with_name("rules.yml")
PART = re.compile(r"<([a-z]\w*)>")


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    risk: str
    kind: str
    match: str
    classifier_may_differ: bool = False
    unless: list[str] = []


class _RuleFile(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    parts: dict[str, str]
    rules: list[_Rule]


class Phrases:
    """What one rule hears, and the innocent phrases that it lets pass."""

    def __init__(self, rule: _Rule, parts: dict[str, str]) -> None:
        self.id = rule.id
        self.risk = Risk[rule.risk.upper()]
        self.kind = rule.kind
        self.classifier_may_differ = rule.classifier_may_differ
        self._heard = _whole_words(rule.match.splitlines(), parts)
        self._innocent = _whole_words(rule.unless, parts) if rule.unless else None

    def are_in(self, plain: str) -> bool:
        """Whether a phrase is there that no innocent phrase covers from its first word to its last."""
        hit = self._heard.search(plain)
        if hit is None or self._innocent is None:
            return hit is not None
        innocent = [found.span() for found in self._innocent.finditer(plain)]
        while hit is not None and _is_covered(hit.span(), innocent):
            hit = self._heard.search(plain, hit.start() + 1)
        return hit is not None

    def without_innocent(self, plain: str) -> str:
        """The reading without the innocent phrases that this rule lets pass."""
        return plain if self._innocent is None else self._innocent.sub("", plain)


def _whole_words(lines: list[str], parts: dict[str, str]) -> re.Pattern[str]:
    """One expression for all lines, each between spaces: a reading has a space before and after every word."""
    filled = [_fill(line, parts) for line in lines]
    at_start = [line.removeprefix("^ ") for line in filled if line.startswith("^ ")]
    anywhere = [line for line in filled if not line.startswith("^ ")]
    options = "|".join(line.strip() for line in [*anywhere, *(f"(?<=^ )(?:{line})" for line in at_start)])
    return re.compile(f" (?:{options})(?= )")


def _fill(line: str, parts: dict[str, str]) -> str:
    while PART.search(line):
        line = PART.sub(lambda part: parts[part[1]], line)
    return line


def _is_covered(hit: tuple[int, int], innocent: list[tuple[int, int]]) -> bool:
    before = bisect_right(innocent, (hit[0], 1 << 60))
    return before > 0 and innocent[before - 1][1] >= hit[1]


def load_rules() -> tuple[list[Phrases], str]:
    """The rules of this release, and their version."""
    content = msgspec.convert(yaml.safe_load(RULES_FILE.read_text(encoding="utf-8")), _RuleFile)
    return [Phrases(rule, content.parts) for rule in content.rules], content.version
