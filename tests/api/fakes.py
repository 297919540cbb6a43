"""Stand-ins for the outside systems, at the edge of api/clients only."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from api.clients.rasa import RasaReply, RasaUnavailable
from api.clients.twilio import ProviderText, SentText


class FakeRasa:
    """Answers as it is told and remembers what it was asked."""

    def __init__(self, answer: Callable[[str], list[str]] | None = None) -> None:
        self.answer = answer or (lambda text: [f"you said: {text}"])
        self.asked: list[tuple[UUID, str, UUID]] = []
        self.is_down = False
        self.response = "utter_something"

    async def ask(self, conversation_id: UUID, text: str, turn_id: UUID) -> list[RasaReply]:
        """One turn."""
        self.asked.append((conversation_id, text, turn_id))
        if self.is_down:
            raise RasaUnavailable
        return [RasaReply(str(conversation_id), reply, self.response) for reply in self.answer(text)]


class FakeTwilio:
    """Takes texts, or raises what it is told to: before taking one, or after."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str, str]] = []
        self.taken: list[ProviderText] = []
        self.raise_before: list[BaseException] = []
        self.raise_after: list[BaseException] = []
        self._numbers = itertools.count(1)

    async def send_text(self, *, to_e164: str, body: str, status_callback_url: str) -> SentText:
        """Takes one text."""
        if self.raise_before:
            raise self.raise_before.pop(0)
        sid = f"SM{next(self._numbers):032x}"
        self.texts.append((to_e164, body, status_callback_url))
        self.taken.append(
            ProviderText(sid=sid, body=body, status="queued", created_at=datetime.now(UTC), error_code=None)
        )
        if self.raise_after:
            raise self.raise_after.pop(0)
        return SentText(sid=sid, status="queued")

    async def find_texts(self, *, to_e164: str, sent_after: datetime) -> list[ProviderText]:
        """What was taken for a number since then."""
        numbers = {text.sid: to for text, (to, _, _) in zip(self.taken, self.texts, strict=True)}
        return [t for t in self.taken if numbers[t.sid] == to_e164 and t.created_at >= sent_after]
