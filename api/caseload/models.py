"""What the team reads of its young people."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec


class Case(msgspec.Struct, frozen=True):
    """One line of a caseload: who, what is due next and why it has its colour.

    A case whose duties nobody has worked out yet is red. `reviewed_by` is the day of the next review.
    """

    person_id: UUID
    preferred_name: str
    full_name: str
    age: int
    is_restricted: bool
    category: str | None
    adviser_id: UUID | None
    adviser_name: str | None
    colour: str
    next_duty: str | None
    next_duty_title: str | None
    due_on: date | None
    colour_why: str
    why: str | None
    source: str | None
    is_verified: bool | None
    next_review_on: date | None
    last_contact_at: datetime | None
    is_worked_out: bool
    sort_on: date


class Found(msgspec.Struct, frozen=True):
    """Somebody whose name was looked for."""

    person_id: UUID
    preferred_name: str
    full_name: str
    age: int
    has_died: bool
    category: str | None
    adviser_name: str | None
    name_folded: str


class ContactPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A number of somebody's, and how it may be used; the hours are London wall time."""

    contact_point_id: UUID
    phone_e164: str | None
    version: int
    verified_on: date | None
    is_safe_to_use: bool
    is_shared: bool
    safe_from_wall: str | None
    safe_until_wall: str | None


class YoungPerson(msgspec.Struct, frozen=True, kw_only=True):
    """One young person whole, but for the address, which has a route of its own, and the plan.

    Of an episode's postcodes only the district is here (`home_post_outward`, `pl_post_outward`).

    Every record has its id and its `version`, which a change of it names in If-Match.
    """

    person_id: UUID
    version: int
    details: dict[str, Any]
    age: int
    is_restricted: bool
    team_name: str | None
    safe_contact_note: str | None = None
    contact_points: list[ContactPoint] = []
    allocations: list[dict[str, Any]]
    category: dict[str, Any] | None
    duties: list[dict[str, Any]]
    homes: list[dict[str, Any]]
    suitability_assessments: list[dict[str, Any]]
    care_periods: list[dict[str, Any]]
    episodes: list[dict[str, Any]]
    family_placements: list[dict[str, Any]]
    detentions: list[dict[str, Any]]
    special_guardianships: list[dict[str, Any]]
    activities: list[dict[str, Any]]
    education_programmes: list[dict[str, Any]]
    in_touch_records: list[dict[str, Any]]
    entitlement_claims: list[dict[str, Any]]
    birth_dates: list[dict[str, Any]]
    restricted_to: list[dict[str, Any]]


class Past(msgspec.Struct, frozen=True):
    """What a record said before a change, who changed it and when. What is encrypted is left out."""

    history_id: int
    table_name: str
    record_id: UUID
    version: int
    changed_at: datetime
    changed_by_kind: str
    changed_by_id: UUID | None
    changed_by_name: str | None
    row_before: dict[str, Any]
