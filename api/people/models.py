"""People as the team speaks of them."""

from datetime import date, time
from typing import Annotated, Literal
from uuid import UUID

import msgspec


class WorkingDay(msgspec.Struct, frozen=True):
    """One day of somebody's week, in London wall time."""

    iso_weekday: int
    starts_at_wall: time
    ends_at_wall: time


class Adviser(msgspec.Struct, frozen=True):
    """A young person's own personal adviser, as the young person knows them."""

    shown_name: str
    week: tuple[WorkingDay, ...]


ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
LongText = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]


class Held(msgspec.Struct, frozen=True):
    """A young person whose records nobody else changes until the transaction ends."""

    person_id: UUID
    born_on: date
    died_on: date | None
    version: int


class YoungPersonDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who a young person is. `sex` and `ethnic` are SSDA903 codes, `first_language` is a BCP 47 tag."""

    full_name: ShortText
    preferred_name: ShortText
    born_on: date
    dob_status: Literal["verified", "assessed", "disputed"] = "verified"
    died_on: date | None = None
    pronouns: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    first_language: Annotated[str, msgspec.Meta(max_length=35)] = "en"
    needs_interpreter: bool = False
    needs_reading_support: bool = False
    sex: Code | None = None
    ethnic: Code | None = None
    upn: Code | None = None
    child_id_la: Code | None = None
    uasc_from: date | None = None
    uasc_until: date | None = None
    has_disability: bool | None = None
    safe_contact_note: LongText | None = None


class Absence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days on which one of the team is away; `ended_on` is the first day back."""

    staff_id: UUID
    started_on: date
    ended_on: date
    covered_by_staff_id: UUID | None = None


class ContactPointUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a number may be used by whoever rings or writes; the hours are London wall time."""

    is_safe_to_use: bool
    is_shared: bool
    verified_on: date | None = None
    safe_from_wall: time | None = None
    safe_until_wall: time | None = None


class OwnTeam(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who works with a young person, as they read it; `back_on` while their adviser is away."""

    text: str
    adviser_name: str | None = None
    week: tuple[WorkingDay, ...] = ()
    back_on: date | None = None
