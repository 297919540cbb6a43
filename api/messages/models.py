"""Messages, their states, and the reserved words of the carriers."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

# Furthest wins: a receipt can only move a message to a later place in this list, so any order
# and any repetition of the same receipts ends in the same place.
STATUS_ORDER = (
    "stored", "sending", "unknown", "accepted", "queued", "sent",
    "suppressed", "canceled", "failed", "undelivered", "delivered",
)  # fmt: skip

# Twilio's names for what we keep as one: https://www.twilio.com/docs/messaging/api/message-resource (2026-11).
PROVIDER_STATUSES = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "queued": "queued",
    "sending": "queued",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "canceled",
}

# Twilio blocks or unblocks a number by itself when a whole text is one of these words.
# Source: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out (2026-11).
OPT_OUT_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
OPT_IN_WORDS = frozenset({"START", "YES", "UNSTOP"})

OPTED_OUT_CODE = 21610


class Attention(StrEnum):
    """Why a person of the team has to look at a message."""

    BOT_UNAVAILABLE = "bot_unavailable"
    LEFT_FOR_ADVISER = "left_for_adviser"
    ASKED_FOR_PERSON = "asked_for_person"
    UNKNOWN_NUMBER = "unknown_number"
    SHARED_NUMBER = "shared_number"
    OPTED_OUT = "opted_out"
    WORRY = "worry"
    PERSON_HAS_DIED = "person_has_died"
    HELD_BY_STAFF = "held_by_staff"
    NOT_ANSWERED = "not_answered"
    NOT_DELIVERED = "not_delivered"
    MEDIA = "media"
    NOT_UNDERSTOOD = "not_understood"
    NOBODY_TOLD = "nobody_told"
    NUMBER_CHANGED = "number_changed"


class InboundText(msgspec.Struct, frozen=True, kw_only=True):
    """A text as it reached us."""

    provider_sid: str
    from_e164: str
    body: str
    media_count: int = 0


class KnownThread(msgspec.Struct, frozen=True):
    """Where a number's texts belong, and whose key they are kept with; the statement that stores one looks again."""

    phone_index: bytes
    conversation_id: UUID
    subject_id: UUID
    wrapped_key: bytes


class Waiting(msgspec.Struct, frozen=True):
    """An inbound text that is being answered, with the turn it belongs to for good and whose key it is kept with."""

    message_id: UUID
    subject_id: UUID
    phone_e164: str
    body: str
    media_count: int
    turn_id: UUID
    created_at: datetime


class NewText(msgspec.Struct, frozen=True, kw_only=True):
    """A text that is to be sent, and whose key it is kept with."""

    kind: str
    subject_id: UUID
    phone_e164: str
    body: str
    conversation_id: UUID | None = None
    about_message_id: UUID | None = None


class Outgoing(msgspec.Struct, frozen=True):
    """An outbound text on its way, with what decides whether it may go; the times are the database's."""

    message_id: UUID
    phone_e164: str
    body: str
    is_lost: bool
    kind: str
    status: str
    provider_sid: str | None
    sending_at: datetime | None
    sending_for_s: float | None
    age_s: float
    is_opted_out: bool
    has_died: bool
    is_still_theirs: bool
