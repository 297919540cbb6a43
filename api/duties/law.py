"""The law as data: reads the TOML files beside it once, checks their shape, and answers with the wording of a day."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from api.duties.dates import add_days, add_months
from api.duties.models import Duty
from api.duties.shapes import (
    Ages,
    MoneyRule,
    PlacementLaw,
    PlanLaw,
    ReasonText,
    Rule,
    SuitabilityLaw,
    UrgencyLaw,
    VerifyLevels,
    Weeks,
    read_as,
)

FOLDER = Path(__file__).with_name("law")
PROSPECTIVE = "prospective"


@cache
def document(name: str) -> dict[str, Any]:
    """One file of the law, as it stands."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def version() -> str:
    """The version of all rules together, to be stored with what they decided."""
    names = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return "+".join(f"{name}-{document(name)['version']}" for name in names)


def _with_commencement(entry: dict[str, Any]) -> dict[str, Any]:
    """Prospective is written out in the files, so that a forgotten day is a fault and not a law without force."""
    return entry | {"in_force_from": None} if entry["in_force_from"] == PROSPECTIVE else entry


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule about deadlines, in the order of the file."""
    return tuple(read_as(_with_commencement(entry), Rule) for entry in document("duties")["rules"])


@cache
def money() -> tuple[MoneyRule, ...]:
    """Every entitlement, in the order of the file."""
    return tuple(read_as(_with_commencement(entry), MoneyRule) for entry in document("money")["rules"])


@cache
def ages() -> Ages:
    """The ages that categories turn on."""
    return read_as(document("categories")["ages"], Ages)


@cache
def weeks() -> Weeks:
    """How long somebody must have been in care, and at home."""
    return read_as(document("categories")["weeks"], Weeks)


@cache
def reason_text(code: str) -> ReasonText:
    """The sentence that explains a step, with its source; raises KeyError for an unknown code."""
    return read_as(document("categories")["reasons"][code], ReasonText)


@cache
def plan_law() -> PlanLaw:
    """What a pathway plan must hold."""
    return read_as(document("plans")["plan"], PlanLaw)


@cache
def factors(name: str) -> SuitabilityLaw:
    """What an `assessment` of needs or of `suitability` must consider."""
    return read_as(document("plans")[name], SuitabilityLaw)


@cache
def placement_law() -> PlacementLaw:
    """From which age and with which registration somebody may live where."""
    return read_as(document("plans")["placement"], PlacementLaw)


@cache
def urgency_law() -> UrgencyLaw:
    """When a duty turns amber."""
    return read_as(document("urgency"), UrgencyLaw)


@cache
def verify_levels() -> VerifyLevels:
    """How sure we must be of somebody, by intent."""
    return read_as(document("verify_levels"), VerifyLevels)


def review_events() -> dict[str, str]:
    """What calls for a review outside its turn, by code, in a sentence for staff."""
    sentences: dict[str, str] = document("duties")["events"]["sentences"]
    return sentences


def rule(code: str, on: date) -> Rule:
    """The wording of a rule on a day; before the first wording, the first. Raises LookupError if there is none."""
    wordings = sorted((entry for entry in rules() if entry.code == code), key=lambda entry: entry.valid_from)
    for entry in reversed(wordings):
        if entry.valid_from <= on and (entry.valid_to is None or on <= entry.valid_to):
            return entry
    if wordings and on < wordings[0].valid_from:
        return wordings[0]
    raise LookupError(f"no rule {code} on {on}")


def is_prospective(in_force_from: date | None, on: date) -> bool:
    """Whether a rule is not law on that day."""
    return in_force_from is None or on < in_force_from


def duty_by_day(wording: Rule, *, since: date, due_on: date, happened: str = "") -> Duty:
    """What a rule asks for by a day; `happened` is what called for it, in a sentence that comes first."""
    return Duty(
        code=wording.code,
        since=since,
        due_on=due_on,
        why=f"{happened} {wording.why}".strip(),
        source=wording.source,
        verified=wording.verified,
        is_prospective=is_prospective(wording.in_force_from, due_on),
    )


def duty_after(code: str, since: date) -> Duty:
    """What a rule asks for so many months and days after a day."""
    wording = rule(code, since)
    return duty_by_day(wording, since=since, due_on=add_days(add_months(since, wording.months), wording.days))
