"""Pathway plans, as the team and the young person know them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

LongText = Annotated[str, Meta(max_length=20_000)]
ShortText = Annotated[str, Meta(min_length=1, max_length=2_000)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Status(StrEnum):
    """How far a version has come; one draft and one signed version at most."""

    DRAFT = "draft"
    WITH_YOUNG_PERSON = "with_young_person"
    SIGNED = "signed"
    SUPERSEDED = "superseded"


class Basis(StrEnum):
    """What the plan is owed for: the category, or the section of the Act for those over 18."""

    ELIGIBLE = "eligible"
    RELEVANT = "relevant"
    FORMER_RELEVANT = "former_relevant"
    EDUCATION = "23CA"
    TO_25 = "23CZB"
    QUALIFYING = "qualifying"


class OwnerKind(StrEnum):
    """Who does it: the young person, one of the team, or somebody else by name."""

    YOUNG_PERSON = "young_person"
    STAFF = "staff"
    OTHER = "other"


class ActionStatus(StrEnum):
    """What became of an action; `withdrawn` means that it no longer belongs to the plan."""

    TO_DO = "to_do"
    DONE = "done"
    NOT_DONE = "not_done"
    WITHDRAWN = "withdrawn"


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who does what by when. `origin_id` is the same action in the version in which it first stood."""

    action_id: UUID
    origin_id: UUID
    what: str
    owner_kind: OwnerKind
    owner_staff_id: UUID | None
    owner_name: str | None
    due_on: date
    status: ActionStatus
    done_on: date | None
    young_person_says_done_at: datetime | None
    version: int


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One section. `schedule_1_no` is its number in SI 2010/2571; the adviser's section has none."""

    section_id: UUID
    key: str
    title: str
    schedule_1_no: int | None
    my_words: str
    what_happens_now: str
    staff_text: str
    contingency: str
    none_reason: str | None
    version: int
    actions: list[Action]


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a plan, whole. Its `version` goes up with every change of anything in it."""

    plan_id: UUID
    person_id: UUID
    version_no: int
    status: Status
    basis: Basis
    effective_from: date | None
    signed_on: date | None
    signed_by: str | None
    young_person_signed_on: date | None
    disagreement: str | None
    copy_given_on: date | None
    made_from_plan_id: UUID | None
    created_at: datetime
    version: int
    sections: list[Section]


class PlanInList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a plan without what it says."""

    plan_id: UUID
    version_no: int
    status: Status
    basis: Basis
    effective_from: date | None
    signed_on: date | None
    copy_given_on: date | None


class NewPlan(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Starts a draft, from nothing or from the signed version with what is still to do."""

    basis: Basis
    start_from: Literal["nothing", "signed_version"]


class SectionChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a section says; what is left out stays."""

    my_words: LongText | UnsetType = UNSET
    what_happens_now: LongText | UnsetType = UNSET
    staff_text: LongText | UnsetType = UNSET
    contingency: LongText | UnsetType = UNSET
    none_reason: ShortText | UnsetType | None = UNSET


class NewAction(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Something to do. `owner_staff_id` for one of the team, `owner_name` for somebody else, neither otherwise."""

    what: ShortText
    owner_kind: OwnerKind
    due_on: date
    owner_staff_id: UUID | None = None
    owner_name: Name | None = None


class ActionOutcome(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What became of an action; `done_on` with `done`, and only with it."""

    status: ActionStatus
    done_on: date | None = None


class SharePlan(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whether the young person may read the draft."""

    with_young_person: bool


class SignPlan(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The signatures under a plan. Whoever does not sign is heard on why: `disagreement`."""

    effective_from: date
    young_person_signed_on: date | None = None
    disagreement: ShortText | None = None


class CopyGiven(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The young person was given their signed plan."""

    given_on: date


class Gap(msgspec.Struct, frozen=True):
    """What a plan lacks: the section, a sentence, and the law that asks for it."""

    section_key: str
    what: str
    source: str


class Gaps(msgspec.Struct, frozen=True):
    """What is missing before a plan may be signed; empty means nothing."""

    missing: list[Gap]


class TextChange(msgspec.Struct, frozen=True):
    """A field that says something else."""

    field: str
    before: str | None
    after: str | None


class ActionChange(msgspec.Struct, frozen=True):
    """An action that was added, changed or removed between two versions."""

    kind: Literal["added", "changed", "removed"]
    what: str
    changes: list[TextChange]


class SectionComparison(msgspec.Struct, frozen=True):
    """What is different in one section."""

    key: str
    title: str
    kind: Literal["added", "changed", "removed", "same"]
    changes: list[TextChange]
    actions: list[ActionChange]


class Comparison(msgspec.Struct, frozen=True):
    """Two versions of one person's plan beside each other, the older first."""

    older_plan_id: UUID
    newer_plan_id: UUID
    older_version_no: int
    newer_version_no: int
    sections: list[SectionComparison]


class OwnAction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody agreed to do, as the young person reads it; `who` is "You" for themselves."""

    action_id: UUID
    what: str
    who: str
    by_when: date
    is_yours: bool
    is_done: bool
    you_said_done: bool
    version: int


class OwnSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of the young person's plan, in their words first."""

    title: str
    my_words: str
    what_happens_now: str
    what_the_team_wrote: str
    if_it_does_not_work: str
    nothing_to_do_because: str | None
    actions: list[OwnAction]


class OwnPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan as the young person reads it: the one that counts, or a new one to read before it is signed."""

    plan_id: UUID
    version_no: int
    agreed_on: date | None
    parts: list[OwnSection]


class NextReview(msgspec.Struct, frozen=True):
    """When the plan must be looked at again, whether that was asked for, and what may be done about it."""

    due_on: date | None
    meeting_at: datetime | None
    you_asked_on: date | None
    what_it_means: str
    what_you_can_do: str


class OwnPlanPage(msgspec.Struct, frozen=True):
    """The plan that counts, a new one to read, and the next review, in plain words."""

    words: str
    plan: OwnPlan | None
    plan_to_read: OwnPlan | None
    next_review: NextReview


class OwnFacts(msgspec.Struct, frozen=True):
    """A young person's plans, and the days that the next review is worked out from."""

    plan: OwnPlan | None
    plan_to_read: OwnPlan | None
    first_effective_from: date | None
    reviews_held_on: list[date]
    review_due_on: date | None
    meeting_at: datetime | None
    asked_on: date | None
