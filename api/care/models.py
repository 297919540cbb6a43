"""The records of somebody's care. `started_on` and `ended_on` are London days; the end is the first day after it."""

from datetime import date
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from api.kit import postcode

Code = Annotated[str, msgspec.Meta(max_length=10)]
Postcode = Annotated[str, msgspec.Meta(pattern=postcode.WRITTEN, max_length=8)]


class CarePeriod(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From coming into care to leaving it. `authority_code` names another council that looked after the person."""

    started_on: date
    ended_on: date | None = None
    is_short_break: bool = False
    authority_code: Annotated[str, msgspec.Meta(pattern="^E[0-9]{8}$")] | None = None


class Episode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One SSDA903 episode: DECOM, RNE, LS, CIN, PLACE, PLACE_PROVIDER, DEC, REC and so on, in the return's codes.

    The postcodes of the home before care and of the placement leave the service in the return only. A change that does
    not say one leaves it as it is; null takes it away.
    """

    care_period_id: UUID
    started_on: date
    reason_new: Code
    legal_status: Code
    category_of_need: Code
    place: Code
    place_provider: Code | None = None
    ended_on: date | None = None
    reason_ended: Code | None = None
    reason_place_change: Code | None = None
    home_post: Postcode | UnsetType | None = UNSET
    pl_post: Postcode | UnsetType | None = UNSET
    urn: Annotated[str, msgspec.Meta(pattern="^(SC[0-9]{6}|[0-9]{7}|X{7})$")] | None = None
    placement_id: UUID | None = None


class FamilyPlacement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Living with a parent or somebody with parental responsibility; `broke_down_on` only where that home failed."""

    with_whom: Literal["parent", "parental_responsibility"]
    started_on: date
    ended_on: date | None = None
    broke_down_on: date | None = None


class Detention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days in prison, in other detention after a court's order, or in hospital."""

    kind: Literal["prison", "young_offender_institution", "secure_training_centre", "hospital"]
    started_on: date
    ended_on: date | None = None


class SpecialGuardianship(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A special guardianship order from the day it was made."""

    was_looked_after_before: bool
    started_on: date
    ended_on: date | None = None


class Activity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody does, by its SSDA903 ACTIV code."""

    activity: Code
    started_on: date
    ended_on: date | None = None


class EducationProgramme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A course or apprenticeship, and the day on which the council was told of it."""

    kind: Literal["higher_education", "apprenticeship", "education_16_to_19", "other"]
    informed_on: date
    started_on: date
    ended_on: date | None = None


class InTouch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the team was in touch around a birthday, by its SSDA903 code, and the contact that shows it."""

    birthday_on: date
    status: Code
    contact_on: date | None = None


PlainRecord: TypeAlias = (
    CarePeriod | FamilyPlacement | Detention | SpecialGuardianship | Activity | EducationProgramme | InTouch
)
CareRecord: TypeAlias = PlainRecord | Episode


class SealedEpisode(msgspec.Struct, frozen=True):
    """An episode as it is stored: its postcodes beside it, encrypted."""

    episode_id: UUID
    said: Episode
    home_post_enc: bytes | None
    pl_post_enc: bytes | None


class Spell(msgspec.Struct, frozen=True):
    """A record that is there, as far as its days and version go."""

    record_id: UUID
    version: int
    started_on: date
    ended_on: date | None
