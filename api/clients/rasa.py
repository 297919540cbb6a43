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
READY_KNOWN_FOR_S = 2.0


class RasaUnavailable(Exception):
    """Rasa gave no answer that can be used."""


class TurnFailed(RasaUnavailable):
    """Rasa is there, but this turn gave nothing that can be used; other threads may fare better."""


class RasaReply(msgspec.Struct):
    """One reply, with the name of the response it was made from."""

    recipient_id: str
    text: str
    response: str = ""


_decoder = msgspec.json.Decoder(list[RasaReply])


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
        self._ready = False
        self._ready_known_until = 0.0

    async def ask(self, conversation_id: UUID, text: str, turn_id: UUID) -> list[RasaReply]:
        """The replies to a text. Raises RasaUnavailable, at once while Rasa keeps failing.

        A second call with the same `turn_id` gives the same replies and does not move the dialogue.
        """
        if time.monotonic() < self._open_until:
            raise RasaUnavailable
        try:
            async with asyncio.timeout(self._deadline_s):
                replies = await self._post(str(conversation_id), text, str(turn_id))
        except (msgspec.DecodeError, TurnFailed):
            raise TurnFailed from None
        except (httpx.HTTPError, RasaUnavailable, TimeoutError):
            self._count_failure()
            raise RasaUnavailable from None
        self._failures = 0
        return replies

    async def is_ready(self) -> bool:
        """Whether Rasa had a model that answers, some seconds ago at most: asking costs it a real parse."""
        if time.monotonic() > self._ready_known_until:
            self._ready = await self._ask_if_ready()
            self._ready_known_until = time.monotonic() + READY_KNOWN_FOR_S
        return self._ready

    async def _ask_if_ready(self) -> bool:
        try:
            answer = await self._http.get("/status", timeout=1.0)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _post(self, sender: str, text: str, turn_id: str) -> list[RasaReply]:
        body = {"sender": sender, "message": text, "metadata": {"turn_id": turn_id}}
        async with self._http.stream("POST", "/webhooks/rest/webhook", json=body) as answer:
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                raise RasaUnavailable
            if answer.status_code != httpx.codes.OK:
                raise TurnFailed
            content = bytearray()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > LONGEST_ANSWER_BYTES:
                    raise TurnFailed
        return _read_replies(bytes(content), sender)

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES_TO_OPEN:
            self._open_until = time.monotonic() + OPEN_FOR_S
            self._failures = FAILURES_TO_OPEN - 1


def _read_replies(content: bytes, sender: str) -> list[RasaReply]:
    """The replies, if all can be used and are for this sender: an empty list is a failed turn, not a silent one."""
    replies = _decoder.decode(content)
    usable = (
        0 < len(replies) <= MOST_REPLIES
        and all(reply.recipient_id == sender for reply in replies)
        and all(0 < len(reply.text.strip()) <= LONGEST_REPLY_CHARS for reply in replies)
    )
    if not usable:
        raise TurnFailed
    return replies
