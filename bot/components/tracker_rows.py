"""The table bot.trackers: one small row per conversation, read and written through lost connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import asyncpg

READ = "SELECT last_turn_id, state FROM bot.trackers WHERE conversation_id = $1"
WRITE = """
INSERT INTO bot.trackers (conversation_id, last_turn_id, state) VALUES ($1, $2, $3)
ON CONFLICT (conversation_id) DO UPDATE
SET last_turn_id = excluded.last_turn_id, state = excluded.state, updated_at = clock_timestamp()
"""
PROBE = "SELECT FROM bot.trackers LIMIT 0"

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


class TrackerRows:
    """Reads and writes rows; a query that loses its connection is tried once more on a new one."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def read(self, conversation_id: UUID) -> asyncpg.Record | None:
        """The row of a conversation."""
        return await self._retried(lambda: self._pool.fetchrow(READ, conversation_id))

    async def write(self, conversation_id: UUID, turn_id: UUID | None, state: bytes) -> None:
        """Put the row of a conversation in place."""
        await self._retried(lambda: self._pool.execute(WRITE, conversation_id, turn_id, state))

    async def _retried(self, query: Callable[[], Awaitable[_Result]]) -> _Result:
        try:
            return await query()
        except CONNECTION_LOST:
            await self._pool.expire_connections()
        try:
            return await query()
        except CONNECTION_LOST as problem:
            raise StoreUnavailableError(type(problem).__name__) from None
