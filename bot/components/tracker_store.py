"""Keeps one bounded row per conversation in PostgreSQL, without ever blocking the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.trackers import DialogueStateTracker

from bot.components.tracker_state import State, events_from, packed, replies, unpacked

READ = "SELECT last_turn_id, state FROM bot.trackers WHERE conversation_id = $1"
WRITE = """
INSERT INTO bot.trackers (conversation_id, last_turn_id, state) VALUES ($1, $2, $3)
ON CONFLICT (conversation_id) DO UPDATE
SET last_turn_id = excluded.last_turn_id, state = excluded.state, updated_at = clock_timestamp()
"""

CONNECTION_LOST = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)

_Result = TypeVar("_Result")


class StoreUnavailableError(Exception):
    """The database did not answer, also not on a new connection."""


class TurnFailedError(Exception):
    """The turn has no true answer, so nothing of it is kept."""


class BoundedTrackerStore(TrackerStore):  # type: ignore[misc]
    """Rasa's tracker store on table bot.trackers."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(domain=None)
        self._pool = pool

    async def replies_to(self, conversation_id: str, turn_id: UUID | None) -> list[dict[str, Any]] | None:
        """The replies of that turn, if it was the conversation's last."""
        row = await self._read(conversation_id) if turn_id else None
        state = unpacked(row["state"]) if row and row["last_turn_id"] == turn_id else None
        return state["replies"] if state else None

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The conversation as it stood after its last turn."""
        row = await self._read(sender_id)
        state = unpacked(row["state"]) if row else None
        return self._tracker(sender_id, state) if state else None

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep the state after a turn; refuse a turn that has nothing to say."""
        if tracker.latest_message is None or tracker.latest_message.intent_name is None:
            return
        if not replies(tracker):
            raise TurnFailedError("the turn has no reply")
        turn_id = tracker.latest_message.metadata.get("turn_id")
        row = UUID(tracker.sender_id), UUID(turn_id) if turn_id else None, packed(tracker)
        await self._retried(lambda: self._pool.execute(WRITE, *row))

    def _tracker(self, sender_id: str, state: State) -> DialogueStateTracker:
        tracker = self.init_tracker(sender_id)
        for event in events_from(state, self.domain):
            tracker.update(event)
        return tracker

    async def _read(self, conversation_id: str) -> asyncpg.Record | None:
        return await self._retried(lambda: self._pool.fetchrow(READ, UUID(conversation_id)))

    async def _retried(self, query: Callable[[], Awaitable[_Result]]) -> _Result:
        try:
            return await query()
        except CONNECTION_LOST:
            await self._pool.expire_connections()
        try:
            return await query()
        except CONNECTION_LOST as problem:
            raise StoreUnavailableError(type(problem).__name__) from None
