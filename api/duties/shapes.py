"""The shapes of the TOML files of law and code lists: what is not in a shape is refused when the file is read."""

from datetime import date
from typing import Any, Literal, TypeVar

import msgspec

from api.duties.models import Category

T = TypeVar("T")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule of law or of the council as it stands in a TOML file.

    `in_force_from` None means prospective: enacted, no day set. `valid_from`/`valid_to` bound this wording of the rule.
    """

    code: str
    title: str
    source: str
    verified: bool
    why: str
    in_force_from: date | None
    valid_from: date
    valid_to: date | None = None
    days: int = 0
    months: int = 0
    years: int = 0
    hours: int = 0
    working_days: int = 0
    numbers: tuple[int, ...] = ()
    is_local: bool = False


class MoneyRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entitlement as it stands in its TOML file; `below_age` is the first age that no longer has it."""

    code: str
    title: str
    source: str
    verified: bool
    per: Literal["once", "year", "need"]
    categories: tuple[Category, ...]
    valid_from: date
    in_force_from: date | None
    from_age: int
    below_age: int
    valid_to: date | None = None
    amount_pence: int | None = None
    by_start: bool = False
    study: Literal["none", "higher_education", "apprenticeship", "education_16_to_19"] = "none"


class Ages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The birthdays that categories turn on, in years."""

    counts_from: int
    pre_eligible_from: int
    sixteen: int
    adult: int
    supported_to: int
    closes_at: int
    source: str
    verified: bool
    valid_from: date


class Weeks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many days in care make somebody eligible, and how many months at home end it."""

    days_in_care: int
    days_after_16: int
    home_months: int
    source: str
    verified: bool
    valid_from: date


class ReasonText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sentence with places for values, and the law behind it."""

    sentence: str
    source: str
    verified: bool


class SectionLaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section that the law wants in a plan."""

    key: str
    title: str


class AdviserSectionLaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The section about the personal adviser, and whose plan needs it."""

    key: str
    title: str
    categories: tuple[Category, ...]
    source: str
    verified: bool
    valid_from: date


class PlanLaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sections of a pathway plan."""

    source: str
    verified: bool
    valid_from: date
    actions_source: str
    actions_verified: bool
    sections: tuple[SectionLaw, ...]
    adviser_section: AdviserSectionLaw


class SuitabilityLaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The factors that an assessment must consider; `landlord` is the check that stands beside them."""

    source: str
    verified: bool
    valid_from: date
    factors: tuple[str, ...]
    landlord: str | None = None


class PlacementLaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ages for supported accommodation, and from when providers must be registered."""

    supported_from_age: int
    registered_below_age: int
    registered_from: date
    source: str
    verified: bool
    valid_from: date


class UrgencyLaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From how many days before its day a duty is amber, and which come first when equally late."""

    version: str
    source: str
    verified: bool
    valid_from: date
    amber_days: int
    first: tuple[str, ...]
    amber_days_for: dict[str, int]


class VerifyLevels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How sure we must be of somebody, by what they ask for."""

    version: str
    source: str
    verified: bool
    valid_from: date
    highest: int
    intents: dict[str, int]


class Code(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One code of a list; its dates are those of the collection."""

    code: str
    label: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    note: str | None = None


class CodeList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code list with its source."""

    name: str
    title: str
    source: str
    verified: bool
    labels_verified: bool
    labels_source: str
    valid_from: date
    codes: tuple[Code, ...]
    note: str | None = None
    valid_to: date | None = None


class CodeGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Codes that mean the same to a rule."""

    name: str
    codes: tuple[str, ...]
    source: str
    verified: bool
    valid_from: date
    valid_to: date | None = None


def read_as(value: Any, kind: type[T]) -> T:
    """A value of a TOML file as the Struct it should be; raises ValueError where it is not one."""
    return msgspec.convert(value, kind, strict=True)
