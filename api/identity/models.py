"""Signing in: what is asked, what is answered, and how long things live."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

TOKEN_PATTERN = "^[0-9a-f]{64}$"  # noqa: S105 - the form of a token, not one

ACCESS_S = 10 * 60
IDLE_S = 30 * 24 * 3600
ABSOLUTE_S = 90 * 24 * 3600
# A renewal whose answer was lost on the way may be asked for again within this time.
GRACE_S = 20

CODE_S = 5 * 60
# While the adviser and the young person are together, or on the phone.
ENROLMENT_CODE_S = 3600
TRIES_PER_CODE = 5
CODES_PER_15_MINUTES = 3
CODES_PER_DAY = 6


class AskForCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody wants to sign in with this phone."""

    phone: Annotated[str, msgspec.Meta(min_length=5, max_length=32)]


class CodeAsked(msgspec.Struct, frozen=True):
    """What everybody is answered, whether or not a code is on its way."""

    challenge_id: UUID
    expires_in_s: int


class GiveCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code from the text."""

    challenge_id: UUID
    code: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$")]


class GiveRefreshToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token that new tokens are given for."""

    refresh_token: Annotated[str, msgspec.Meta(pattern=TOKEN_PATTERN)]


class GiveEnrolmentCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that an adviser handed over."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Tokens(msgspec.Struct, frozen=True):
    """What a device holds: the access token for calls, the refresh token for the next pair."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    level: str


class SessionView(msgspec.Struct, frozen=True):
    """A session as its own device sees it."""

    level: str
    signed_in_at: datetime


class Challenge(msgspec.Struct, frozen=True):
    """A code that somebody is trying; both are None when none was sent."""

    code_hash: str | None
    person_id: UUID | None


class RefreshToken(msgspec.Struct, frozen=True):
    """A refresh token that is being used, with what decides whether it may be."""

    session_id: UUID
    level: str
    salt: bytes
    is_alive: bool
    is_rotated: bool
    is_in_grace: bool
    successor_is_used: bool


class AskedNumber(msgspec.Struct, frozen=True):
    """A number a code was asked for, while it may still be sent."""

    phone_e164: str
    message_id: UUID | None
