"""Staff and teams, as they are asked for and shown."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

PhoneText = Annotated[str, msgspec.Meta(min_length=5, max_length=32)]
NameText = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]


class Role(StrEnum):
    """What somebody does here, which decides what they may see."""

    PERSONAL_ADVISER = "personal_adviser"
    DUTY_WORKER = "duty_worker"
    MANAGER = "manager"
    REVIEWING_OFFICER = "reviewing_officer"
    DATA_PROTECTION_LEAD = "data_protection_lead"
    ADMINISTRATOR = "administrator"


class CreateTeam(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A team that is new."""

    name: NameText


class Team(msgspec.Struct, frozen=True):
    """A team."""

    team_id: UUID
    name: str


class CreateMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who starts to work here; `shown_name` is what young people call them."""

    team_id: UUID
    role: Role
    full_name: NameText
    shown_name: NameText
    phone: PhoneText | None = None


class ChangeMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is different from now on; what is left out stays as it is.

    `left_on` is the first day on which they do not work here any more; somebody disabled may not sign in, from now on.
    """

    team_id: UUID | msgspec.UnsetType = msgspec.UNSET
    role: Role | msgspec.UnsetType = msgspec.UNSET
    full_name: NameText | msgspec.UnsetType = msgspec.UNSET
    shown_name: NameText | msgspec.UnsetType = msgspec.UNSET
    phone: PhoneText | msgspec.UnsetType | None = msgspec.UNSET
    left_on: date | msgspec.UnsetType | None = msgspec.UNSET
    is_disabled: bool | msgspec.UnsetType = msgspec.UNSET


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the sign-in provider knows somebody: the object id in Entra ID, the subject elsewhere."""

    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^\S+$")]


class EndLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever the provider means is no longer this member of staff."""

    has_ended: Literal[True]


class LinkView(msgspec.Struct, frozen=True):
    """How the sign-in provider knows somebody."""

    staff_identity_id: UUID
    subject: str
    linked_at: datetime
    version: int


class Member(msgspec.Struct, frozen=True):
    """Somebody who works or worked here; `phone_e164` and `link` are for administrators only."""

    staff_id: UUID
    team_id: UUID
    role: str
    full_name: str
    shown_name: str
    left_on: date | None
    disabled_at: datetime | None
    version: int
    phone_e164: str | None
    link: LinkView | None


class Kept(msgspec.Struct, frozen=True):
    """A member of staff as they are when they are about to be changed."""

    version: int
    team_id: UUID
    role: str
    full_name: str
    shown_name: str
    left_on: date | None
    disabled_at: datetime | None
