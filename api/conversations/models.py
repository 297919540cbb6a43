"""One person's thread, and what comes over Rasa's action protocol."""

from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from api.concerns.models import Verdict
from api.messages.models import Waiting


class Party(Enum):
    """Whose number the texts of a thread come from."""

    ONE_PERSON = "one person"
    SHARED = "several people"
    UNKNOWN = "nobody we know"
    DIED = "only people who have died"


class Thread(msgspec.Struct, frozen=True):
    """A thread and who holds it; the epoch rises each time that changes."""

    conversation_id: UUID
    person_id: UUID | None
    owner: str
    owner_epoch: int
    was_answered_today: bool


class WaitingTurn(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides how the texts of one turn, all from one phone, are answered.

    `people` are all whom the texts may be from: who uses the number now, and whose thread it is.
    """

    thread: Thread
    party: Party
    people: tuple[UUID, ...]
    texts: list[Waiting]
    verdicts: list[Verdict]
    is_opted_out: bool


class ActionTracker(msgspec.Struct):
    """The part of Rasa's tracker that actions read."""

    slots: dict[str, Any] = {}


class ActionCall(msgspec.Struct):
    """Rasa's request to run an action; fields we do not need are left unread.

    Source: Rasa Open Source 3.6, "Action server: events and responses" (rasa.com/docs/rasa/pages/action-server-api).
    """

    next_action: str
    sender_id: str
    tracker: ActionTracker
