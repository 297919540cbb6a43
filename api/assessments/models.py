"""Needs assessments. What must be considered, and who is asked: SI 2010/959, reg 42(2)."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

Text = Annotated[str, Meta(min_length=1, max_length=20_000)]
View = Annotated[str, Meta(max_length=20_000)]


class Considerations(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What was found; what is left out has not been considered yet."""

    health_and_development: Text | UnsetType = UNSET
    education_training_employment: Text | UnsetType = UNSET
    asylum_or_trafficking: Text | UnsetType = UNSET
    support_from_family: Text | UnsetType = UNSET
    finances: Text | UnsetType = UNSET
    practical_skills: Text | UnsetType = UNSET
    continuing_care_and_accommodation: Text | UnsetType = UNSET
    wishes: Text | UnsetType = UNSET
    views_of_others: Text | UnsetType = UNSET


class Views(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who was asked and what they said; an empty text for who said nothing, left out for who was not asked."""

    young_person: View | UnsetType = UNSET
    parents: View | UnsetType = UNSET
    appropriate_person: View | UnsetType = UNSET
    education_provider: View | UnsetType = UNSET
    reviewing_officer: View | UnsetType = UNSET
    health: View | UnsetType = UNSET
    personal_adviser: View | UnsetType = UNSET
    others: View | UnsetType = UNSET


class Assessment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One assessment; only one may be open."""

    needs_assessment_id: UUID
    started_on: date
    completed_on: date | None
    considerations: Considerations
    own_words: str
    views: Views
    copy_given_on: date | None
    created_at: datetime
    version: int


class NewAssessment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Starts an assessment."""

    started_on: date
    considerations: Considerations = msgspec.field(default_factory=Considerations)
    own_words: View = ""
    views: Views = msgspec.field(default_factory=Views)


class AssessmentChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What an open assessment says; each of the three is replaced whole, and stays when left out."""

    considerations: Considerations | UnsetType = UNSET
    own_words: View | UnsetType = UNSET
    views: Views | UnsetType = UNSET


class AssessmentCompleted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The day on which it was completed."""

    completed_on: date


class CopyGiven(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The young person was given the assessment."""

    given_on: date
