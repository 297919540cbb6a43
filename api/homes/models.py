"""Homes. `started_on` and `ended_on` are London days; the end is the first day elsewhere."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec

Tenancy = Literal["none", "licence", "introductory_tenancy", "assured_shorthold_tenancy", "secure_tenancy", "own"]
Urn = Annotated[str, msgspec.Meta(pattern="^(SC[0-9]{6}|[0-9]{7})$")]
Address = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
HomeName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Letter = Annotated[str, msgspec.Meta(max_length=10)]
Pence = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody moved: where to, since when, and on which terms.

    `accommodation` is the letter of the SSDA903 ACCOM code; `place` and `place_provider` are the codes of a placement
    of somebody who is looked after, or whose provider must be registered. `display_name` is what the young person
    reads, and never an address: one that seems to hold a postcode is refused.
    """

    moved_on: date
    display_name: HomeName
    accommodation: Letter
    tenancy: Tenancy
    place: Letter | None = None
    place_provider: Letter | None = None
    provider_id: UUID | None = None
    ofsted_urn: Urn | None = None
    address: Address | None = None
    rent_pence_a_week: Pence | None = None
    is_staying_put: bool = False
    is_staying_close: bool = False
    was_emergency: bool = False


class HomeDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was recorded of a time at a home, put right."""

    display_name: HomeName
    accommodation: Letter
    tenancy: Tenancy
    started_on: date
    ended_on: date | None = None
    rent_pence_a_week: Pence | None = None
    is_staying_put: bool = False
    is_staying_close: bool = False


class NewAddress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a home is."""

    address: Address


class HomeAddress(msgspec.Struct, frozen=True):
    """Where somebody lives now; None while nobody has written it down."""

    placement_id: UUID
    display_name: str
    address: str | None
    version: int


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """A time at a home, without its address. `suitable` is the last assessment of it, None before the first."""

    accommodation_spell_id: UUID
    placement_id: UUID
    display_name: str
    accommodation: str
    tenancy: str
    place: str | None
    place_provider: str | None
    provider_name: str | None
    ofsted_urn: str | None
    rent_pence_a_week: int | None
    is_staying_put: bool
    is_staying_close: bool
    started_on: date
    ended_on: date | None
    has_address: bool
    is_suitable: bool | None
    assessed_on: date | None
    version: int


Note = Annotated[str, msgspec.Meta(max_length=4000)]


class Suitability(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was looked at before a home was called suitable: regulation 9 and Schedule 2 of SI 2010/2571."""

    assessed_on: date
    is_suitable: bool
    facilities_and_services: Note = ""
    repair: Note = ""
    safety: Note = ""
    location: Note = ""
    support: Note = ""
    tenancy_status: Note = ""
    costs_and_affordability: Note = ""
    young_persons_views: Note = ""
    rights_and_responsibilities: Note = ""
    funding_arrangements: Note = ""
    landlord_checked_on: date | None = None


class OwnHome(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a young person lives, as they read it; without an address, since a phone may be in another hand."""

    text: str
    home_name: str | None = None
    since: date | None = None


class Stay(msgspec.Struct, frozen=True):
    """A time at a home, as far as its days and version go."""

    record_id: UUID
    placement_id: UUID
    version: int
    started_on: date
    ended_on: date | None
