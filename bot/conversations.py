"""Answers texts: one turn at a time in each conversation, each turn at most once, none for ever."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from bot.components.tracker_store import BoundedTrackerStore, TurnFailedError
from bot.neutral import neutral
from bot.turns import TurnProcessor, message

Replies = list[dict[str, Any]]

# Nothing but slashes, spaces or invisible characters: the menu is the best answer.
TEXT_FOR_NO_WORDS = "menu"


class Conversations:
    """All conversations this process answers."""

    def __init__(self, processor: TurnProcessor, store: BoundedTrackerStore, deadline_s: float) -> None:
        self._processor = processor
        self._store = store
        self._deadline_s = deadline_s
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: defaultdict[str, int] = defaultdict(int)

    async def answer(self, sender: UUID, text: str, turn_id: UUID | None) -> Replies:
        """The replies to `text`; the same ones again for the last `turn_id`."""
        try:
            return await asyncio.wait_for(self._answer(str(sender), text, turn_id), self._deadline_s)
        except asyncio.TimeoutError:  # noqa: UP041 - not yet the same class in Python 3.10
            raise TurnFailedError("the turn took too long") from None

    async def understands(self) -> bool:
        """Whether a real text is really understood."""
        parsed = await self._processor.parse_message(message("menu", "status", None))
        return bool(parsed["intent"]["name"] == "help_menu")

    async def _answer(self, sender: str, text: str, turn_id: UUID | None) -> Replies:
        async with self._one_at_a_time(sender):
            known = await self._store.replies_to(sender, turn_id)
            return known if known is not None else await self._run(sender, text, turn_id)

    async def _run(self, sender: str, text: str, turn_id: UUID | None) -> Replies:
        words = neutral(text) or TEXT_FOR_NO_WORDS
        return await self._processor.turn(message(words, sender, str(turn_id) if turn_id else None))

    @asynccontextmanager
    async def _one_at_a_time(self, sender: str) -> AsyncIterator[None]:
        self._waiting[sender] += 1
        try:
            async with self._locks[sender]:
                yield
        finally:
            self._waiting[sender] -= 1
            if not self._waiting[sender]:
                del self._waiting[sender], self._locks[sender]
