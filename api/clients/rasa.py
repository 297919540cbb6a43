"""Rasa, asked over its REST channel, with a deadline and a circuit breaker."""

import asyncio
import time
from uuid import UUID

import httpx
import msgspec

LONGEST_ANSWER_BYTES = 64 * 1024
LONGEST_REPLY_CHARS = 1600
MOST_REPLIES = 6
FAILURES_TO_OPEN = 5
OPEN_FOR_S = 20.0


class RasaUnavailable(Exception):
    """Rasa gave no answer that can be used."""


class _Reply(msgspec.Struct):
    recipient_id: str
    text: str


_decoder = msgspec.json.Decoder(list[_Reply])


class RasaClient:
    """Asks Rasa for the replies to a text."""

    def __init__(self, *, url: str, deadline_s: float, secret: str | None = None) -> None:
        self._deadline_s = deadline_s
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {secret}"} if secret else {},
            timeout=httpx.Timeout(deadline_s, connect=1.0),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=32),
        )
        self._failures = 0
        self._open_until = 0.0

    async def ask(self, conversation_id: UUID, text: str, turn_id: UUID) -> list[str]:
        """The replies to a text. Raises RasaUnavailable, at once while Rasa keeps failing.

        A second call with the same `turn_id` gives the same replies and does not move the dialogue.
        """
        if time.monotonic() < self._open_until:
            raise RasaUnavailable
        try:
            async with asyncio.timeout(self._deadline_s):
                replies = await self._post(str(conversation_id), text, str(turn_id))
        except (httpx.HTTPError, msgspec.DecodeError, RasaUnavailable, TimeoutError):
            self._count_failure()
            raise RasaUnavailable from None
        self._failures = 0
        return replies

    async def is_ready(self) -> bool:
        """Whether Rasa has a model that answers."""
        try:
            answer = await self._http.get("/status", timeout=1.0)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _post(self, sender: str, text: str, turn_id: str) -> list[str]:
        body = {"sender": sender, "message": text, "metadata": {"turn_id": turn_id}}
        async with self._http.stream("POST", "/webhooks/rest/webhook", json=body) as answer:
            if answer.status_code != httpx.codes.OK:
                raise RasaUnavailable
            content = bytearray()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > LONGEST_ANSWER_BYTES:
                    raise RasaUnavailable
        return _read_replies(bytes(content), sender)

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES_TO_OPEN:
            self._open_until = time.monotonic() + OPEN_FOR_S
            self._failures = FAILURES_TO_OPEN - 1


def _read_replies(content: bytes, sender: str) -> list[str]:
    """The texts, if they can all be used and are for this sender: an empty list is a failed turn, not a silent one."""
    replies = _decoder.decode(content)
    texts = [reply.text.strip() for reply in replies]
    usable = (
        0 < len(replies) <= MOST_REPLIES
        and all(reply.recipient_id == sender for reply in replies)
        and all(0 < len(text) <= LONGEST_REPLY_CHARS for text in texts)
    )
    if not usable:
        raise RasaUnavailable
    return texts
