"""What is kept of a conversation between two texts: names, slots and our own replies, never what a person wrote."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Iterable
from itertools import takewhile
from typing import Any

from rasa.shared.core.constants import (
    ACTION_LISTEN_NAME,
    ACTION_SESSION_START_NAME,
    SESSION_START_METADATA_SLOT,
)
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

State = dict[str, Any]
logger = logging.getLogger("bot")


def packed(tracker: DialogueStateTracker) -> bytes:
    """The state after the tracker's last turn, as one small row."""
    before, turn = _split_at_last_text(list(tracker.events))
    state: State = {
        "slots": {name: value for name, value in tracker.current_slot_values().items() if _is_kept(name, value)},
        "form": _open_form(before),
        "turn": [kept for event in turn if (kept := _name_only(event))],
        "replies": replies(tracker),
    }
    return zlib.compress(json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode())


def unpacked(row: bytes) -> State | None:
    """The state in a row made by `packed`; None if it cannot be read, so that the conversation starts anew."""
    try:
        state: State = json.loads(zlib.decompress(row))
    except (zlib.error, ValueError):
        logger.error("a tracker row could not be read; its conversation starts anew")
        return None
    return state


def events_from(state: State, domain: Domain) -> list[Event]:
    """Events that bring a new tracker to where the conversation stood, as far as the domain still knows it."""
    start: list[Event] = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
    known_slots = {slot.name for slot in domain.slots}
    start += [SlotSet(name, value) for name, value in state["slots"].items() if name in known_slots]
    if state["form"]:
        start.append(ActiveLoop(state["form"]))
    said = [BotUttered(reply["text"], metadata={"utter_action": reply["response"]}) for reply in state["replies"]]
    return [*start, ActionExecuted(ACTION_LISTEN_NAME), *(_event(*kept) for kept in state["turn"]), *said]


def replies(tracker: DialogueStateTracker) -> list[dict[str, Any]]:
    """What was said since the last text: the names of the responses, and their words."""
    said = (event for event in _split_at_last_text(list(tracker.events))[1] if isinstance(event, BotUttered))
    return [{"response": event.metadata.get("utter_action"), "text": event.text} for event in said if event.text]


def last_text(tracker: DialogueStateTracker) -> UserUttered | None:
    """The event of the last text, also when the turn took it back."""
    turn = _split_at_last_text(list(tracker.events))[1]
    return turn[0] if turn and isinstance(turn[0], UserUttered) else None


def _split_at_last_text(events: list[Event]) -> tuple[list[Event], list[Event]]:
    after = len(list(takewhile(lambda event: not isinstance(event, UserUttered), reversed(events))))
    cut = max(len(events) - after - 1, 0)
    return events[:cut], events[cut:]


def _is_kept(name: str, value: Any) -> bool:
    return value is not None and name != SESSION_START_METADATA_SLOT


def _open_form(events: Iterable[Event]) -> str | None:
    opened = [event.name for event in events if isinstance(event, ActiveLoop)]
    return opened[-1] if opened else None


def _name_only(event: Event) -> list[str | None] | None:
    if isinstance(event, UserUttered):
        return ["user", event.intent_name]
    if isinstance(event, ActionExecuted):
        return ["action", event.action_name]
    return ["form", event.name] if isinstance(event, ActiveLoop) else None


def _event(kind: str, name: str | None) -> Event:
    if kind == "user":
        return UserUttered(intent={"name": name, "confidence": 1.0})
    return ActionExecuted(name) if kind == "action" else ActiveLoop(name)
