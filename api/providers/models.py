"""Providers of homes, and their registrations."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who provides homes."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider's registration with Ofsted; `registered_until` is the first day without it."""

    urn: Annotated[str, msgspec.Meta(pattern="^(SC[0-9]{6}|[0-9]{7})$")]
    kind: Literal[
        "supported_accommodation_self_contained",
        "supported_accommodation_shared_ring_fenced",
        "supported_accommodation_shared",
        "supported_accommodation_private_home",
        "childrens_home",
        "fostering_service",
        "residential_school",
        "family_centre",
    ]
    registered_from: date
    registered_until: date | None = None


class RegistrationView(msgspec.Struct, frozen=True):
    """A registration that is recorded."""

    provider_registration_id: UUID
    urn: str
    kind: str
    registered_from: date
    registered_until: date | None
    version: int


class ProviderView(msgspec.Struct, frozen=True):
    """A provider with all its registrations, the latest first."""

    provider_id: UUID
    name: str
    version: int
    registrations: list[RegistrationView]
