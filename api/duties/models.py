"""What the rules are told about a person, and what they answer. All days are London days, all instants are aware."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

import msgspec


class Category(StrEnum):
    """What a person is to a leaving care team; `pre_eligible` is a local word, the others are the law's."""

    PRE_ELIGIBLE = "pre_eligible"
    ELIGIBLE = "eligible"
    RELEVANT = "relevant"
    FORMER_RELEVANT = "former_relevant"
    QUALIFYING = "qualifying"
    NONE = "none"


class BirthDateStatus(StrEnum):
    """How sure the council is of a date of birth. A disputed one counts only where there is no other."""

    VERIFIED = "verified"
    ASSESSED = "assessed"
    DISPUTED = "disputed"


class BirthDate(msgspec.Struct, frozen=True):
    """A date of birth and the day since when the council has gone by it; earlier ones are kept."""

    born_on: date
    status: BirthDateStatus
    accepted_on: date


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One SSDA903 episode of care. `ended_on` is the day care ended (DEC): the first day not in this episode.

    `authority_code` is None for this council and the other council's code where that one looked after the person.
    """

    started_on: date
    legal_status: str
    ended_on: date | None = None
    reason_new: str | None = None
    reason_ended: str | None = None
    place: str | None = None
    place_provider: str | None = None
    category_of_need: str | None = None
    authority_code: str | None = None


class FamilyPlacement(msgspec.Struct, frozen=True, kw_only=True):
    """Living with a parent or somebody with parental responsibility; `broke_down_on` only where that home failed."""

    with_whom: Literal["parent", "parental_responsibility"]
    started_on: date
    ended_on: date | None = None
    broke_down_on: date | None = None


class Detention(msgspec.Struct, frozen=True, kw_only=True):
    """Days in prison, in other detention after a court's order, or in hospital."""

    kind: Literal["prison", "young_offender_institution", "secure_training_centre", "hospital"]
    started_on: date
    ended_on: date | None = None


class SpecialGuardianship(msgspec.Struct, frozen=True, kw_only=True):
    """A special guardianship order, and whether the person was looked after immediately before it was made."""

    made_on: date
    was_looked_after_before: bool
    ended_on: date | None = None


class EducationProgramme(msgspec.Struct, frozen=True, kw_only=True):
    """Education or training that the pathway plan sets out, or that the person told the council about."""

    informed_on: date
    started_on: date
    ends_on: date | None = None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides which category a person has. The order within the lists does not matter."""

    births: tuple[BirthDate, ...]
    episodes: tuple[Episode, ...] = ()
    family_placements: tuple[FamilyPlacement, ...] = ()
    detentions: tuple[Detention, ...] = ()
    special_guardianships: tuple[SpecialGuardianship, ...] = ()
    education_programmes: tuple[EducationProgramme, ...] = ()
    died_on: date | None = None


class ThirteenWeeks(msgspec.Struct, frozen=True):
    """Days in care up to a day, by both readings of the law, and the days of them that fell after 16.

    `since_14` counts every day since the 14th birthday and decides; `begun_after_14` counts whole periods that began
    on or after it and is shown beside.
    """

    since_14: int
    begun_after_14: int
    since_16: int


class Reason(msgspec.Struct, frozen=True):
    """One step of a decision: a sentence for staff, the law behind it, and the days in care it was taken on."""

    code: str
    sentence: str
    source: str
    verified: bool
    weeks: ThirteenWeeks


class Support(StrEnum):
    """Under which section a former relevant child or qualifying person is supported on a day."""

    TO_21 = "s23C"
    EDUCATION = "s23CA"
    TO_25 = "s23CZB"
    QUALIFYING = "s24"


class CategoryDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The category on a day, why, and what to look at; stored with the version of the rules that gave it."""

    category: Category
    on_date: date
    since: date | None
    support: Support | None
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    rules_version: str


class CategoryChange(msgspec.Struct, frozen=True):
    """The day on which the category will be another one if nothing new is recorded."""

    on_date: date
    before: Category
    after: Category


class ResponsibleAuthority(msgspec.Struct, frozen=True):
    """Who last looked after the person: this council, another one (by its code), or one whose code is not known."""

    is_this_council: bool
    authority_code: str | None
    since: date
    source: str


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be done by a day or by an instant in UTC, never both, and the law that asks for it."""

    code: str
    since: date
    why: str
    source: str
    verified: bool
    is_prospective: bool
    due_on: date | None = None
    due_at: datetime | None = None


class Colour(StrEnum):
    """How urgent a duty is."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"


class Urgency(msgspec.Struct, frozen=True):
    """The duty to look at first, its colour and a sentence why."""

    duty: Duty
    colour: Colour
    why: str


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A review of the pathway plan: arranged, then held or cancelled. Only one that was held moves the clock."""

    arranged_for: date
    held_on: date | None = None
    cancelled_on: date | None = None


class ReviewRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asked for a review, or something happened that calls for one (a code of `law.review_events`)."""

    asked_on: date
    by: Literal["young_person", "personal_adviser", "authority", "event"]
    event: str | None = None


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A visit, or an attempt at one. Only a person seen where they live counts as seen at that accommodation."""

    on_date: date
    was_seen: bool
    at_accommodation: bool


class PlanAction(msgspec.Struct, frozen=True, kw_only=True):
    """What will be done, by whom and by when."""

    what: str = ""
    owner: str = ""
    due_on: date | None = None


class PlanSection(msgspec.Struct, frozen=True, kw_only=True):
    """One section of a pathway plan: words and actions, or the reason why there is nothing to do."""

    key: str
    text: str = ""
    none_reason: str = ""
    actions: tuple[PlanAction, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A pathway plan, as far as completeness goes."""

    category: Category
    sections: tuple[PlanSection, ...]


class Missing(msgspec.Struct, frozen=True):
    """What a record lacks: where, and a sentence what."""

    where: str
    what: str
    source: str


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's registration with the inspectorate. `registered_to` is its last day."""

    urn: str
    registered_from: date
    registered_to: date | None = None


class Breach(msgspec.Struct, frozen=True):
    """Why a placement may not be made or kept (`is_block`), or what must be looked at by a person first."""

    code: str
    sentence: str
    source: str
    is_block: bool


class Entitlement(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person may claim. `amount_pence` None: help in kind or by need. `per` is what the amount is for."""

    code: str
    title: str
    amount_pence: int | None
    per: Literal["once", "year", "need"]
    source: str
    verified: bool
    valid_from: date
    valid_to: date | None
    is_prospective: bool


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """A course or an apprenticeship; `ended_on` is the first day after it."""

    kind: Literal["higher_education", "apprenticeship", "education_16_to_19"]
    started_on: date
    ended_on: date | None = None


class ChainFault(msgspec.Struct, frozen=True):
    """What is wrong between two episodes; `index` counts the episodes in order of their start, from 0."""

    index: int
    code: str
    sentence: str
    source: str


class Contact(msgspec.Struct, frozen=True):
    """A day of contact, and whether the person was reached."""

    on_date: date
    was_reached: bool


class ActivitySpell(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did from a day on, by its ACTIV code. `ended_on` is the first day after it."""

    code: str
    started_on: date
    ended_on: date | None = None


class AccommodationSpell(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody lived from a day on, by the letter of its ACCOM code."""

    letter: str
    started_on: date
    ended_on: date | None = None


class SuitabilityJudgement(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement on the accommodation of that time, in force from its day until the next move or judgement."""

    judged_on: date
    is_suitable: bool


class CareLeaverFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the returns are made of, for one person."""

    child_id: str
    history: History
    contacts: tuple[Contact, ...] = ()
    activities: tuple[ActivitySpell, ...] = ()
    homes: tuple[AccommodationSpell, ...] = ()
    judgements: tuple[SuitabilityJudgement, ...] = ()
    refused_on: date | None = None
    no_longer_needs_on: date | None = None
    was_reported_died: bool = False


class Oc3Row(msgspec.Struct, frozen=True):
    """A row of OC3 in the words and order of the file."""

    child: str
    dob: str
    in_touch: str
    activ: str
    accom: str


class Oc3Result(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a person belongs into OC3 of a year, the row if all is known, and otherwise what is missing."""

    status: Literal["row", "incomplete", "not_in_cohort"]
    why: str
    birthday: date | None = None
    row: Oc3Row | None = None
    missing: tuple[Missing, ...] = ()


class InspectionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What Annex A, list 9 asks beyond the facts of the returns."""

    sex: str
    ethnicity: str
    is_or_was_uasc: bool
    has_disability: bool | None = None
    team: str | None = None
    worker: str | None = None
    personal_adviser: str | None = None
    plan_started_on: date | None = None
    last_reviewed_on: date | None = None


class InspectionResult(msgspec.Struct, frozen=True, kw_only=True):
    """A row of list 9 by its column names, with the columns that could not be filled."""

    row: dict[str, str]
    missing: tuple[Missing, ...]
