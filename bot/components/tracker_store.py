"""Rasa's tracker store on bounded rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.trackers import DialogueStateTracker

from bot.components.tracker_rows import TrackerRows
from bot.components.tracker_state import State, events_from, last_text, packed, replies, unpacked


class TurnFailedError(Exception):
    """The turn has no true answer, so nothing of it is kept."""


class BoundedTrackerStore(TrackerStore):  # type: ignore[misc]
    """Keeps of each conversation only what its next turn needs."""

    def __init__(self, rows: TrackerRows) -> None:
        super().__init__(domain=None)
        self._rows = rows

    async def replies_to(self, conversation_id: str, turn_id: UUID | None) -> list[dict[str, Any]] | None:
        """The replies of that turn, if it was the conversation's last."""
        row = await self._rows.read(UUID(conversation_id)) if turn_id else None
        state = unpacked(row["state"]) if row and row["last_turn_id"] == turn_id else None
        return state["replies"] if state else None

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The conversation as it stood after its last turn."""
        row = await self._rows.read(UUID(sender_id))
        state = unpacked(row["state"]) if row else None
        return self._tracker(sender_id, state) if state else None

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep the state after a turn; refuse a turn that has nothing to say."""
        text = last_text(tracker)
        if text is None:
            return
        if not replies(tracker):
            raise TurnFailedError("the turn has no reply")
        turn_id = text.metadata.get("turn_id")
        await self._rows.write(UUID(tracker.sender_id), UUID(turn_id) if turn_id else None, packed(tracker))

    def _tracker(self, sender_id: str, state: State) -> DialogueStateTracker:
        tracker = self.init_tracker(sender_id)
        for event in events_from(state, self.domain):
            tracker.update(event)
        return tracker
