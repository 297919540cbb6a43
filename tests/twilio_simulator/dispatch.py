"""What this Twilio tells the service: inbound texts, and how its own texts get on."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any, NamedTuple

import msgspec

from tests.twilio_simulator.account import Account
from tests.twilio_simulator.faults import Fate
from tests.twilio_simulator.texts import Text
from tests.twilio_simulator.webhooks import WebhookPoster

PATHS: dict[Fate, tuple[str, ...]] = {
    "queued": (),
    "sent": ("sent",),
    "delivered": ("sent", "delivered"),
    "undelivered": ("sent", "undelivered"),
    "failed": ("failed",),
}
FAILED = ("undelivered", "failed")


class Callback(NamedTuple):
    """A status callback with what was true when the status changed."""

    text: Text
    params: dict[str, str]


class CallbackSent(msgspec.Struct):
    """A held callback that was let go, and its answer."""

    sid: str
    status: str
    answered: int | None


class InboundOutcome(msgspec.Struct):
    """What became of the webhook of an inbound text."""

    sid: str
    attempts: int
    status: int | None


class Dispatch:
    """Moves texts on and posts webhooks, in the background."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._held: list[Callback] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.poster = WebhookPoster(account.settings.auth_tokens[0])

    async def reset(self) -> None:
        """Nothing under way, nothing held, nothing remembered."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._held.clear()
        self.poster.attempts.clear()

    async def aclose(self) -> None:
        await self.reset()
        await self.poster.aclose()

    def send_on_its_way(self, text: Text, fate: Fate, error_code: int | None) -> None:
        """Lets an accepted text run through its statuses."""
        self._in_background(self._progress(text, fate, error_code))

    async def _progress(self, text: Text, fate: Fate, error_code: int | None) -> None:
        announced = self._announce_after(None, text)
        for status in PATHS[fate]:
            await asyncio.sleep(self._account.behaviour.status_step_s)
            text.move_to(status, error_code if status in FAILED else None)
            announced = self._announce_after(announced, text)

    def _announce_after(self, previous: asyncio.Task[None] | None, text: Text) -> asyncio.Task[None]:
        return self._in_background(self._announce(previous, Callback(text, text.callback_params())))

    async def _announce(self, previous: asyncio.Task[None] | None, callback: Callback) -> None:
        if previous is not None:
            await previous
        if self._account.behaviour.callbacks == "hold":
            self._held.append(callback)
        elif self._account.behaviour.callbacks == "send":
            await self._send(callback)

    async def _send(self, callback: Callback) -> CallbackSent:
        url = callback.text.status_callback
        answered = None
        if url is not None:
            behaviour = msgspec.structs.replace(self._account.behaviour, fallback_url=None)
            _, answered = await self.poster.post(url, callback.params, callback.text.idempotency_token, behaviour)
        return CallbackSent(callback.text.sid, callback.params["MessageStatus"], answered)

    async def release(self, to: str | None, copies: int, shuffled: bool) -> list[CallbackSent]:
        """Sends the held callbacks, one after the other."""
        wanted = [c for c in self._held if to in (None, c.text.to)]
        self._held = [c for c in self._held if c not in wanted]
        wanted *= copies
        if shuffled:
            random.shuffle(wanted)
        return [await self._send(callback) for callback in wanted]

    async def post_inbound(self, text: Text, copies: int) -> InboundOutcome:
        """Posts an inbound text's webhook, so many times at one moment. Tells of the first."""
        behaviour, params = self._account.behaviour, text.inbound_params()
        posts = [
            self.poster.post(behaviour.sms_webhook_url, params, text.idempotency_token, behaviour)
            for _ in range(copies)
        ]
        outcomes = await asyncio.gather(*posts)
        return InboundOutcome(text.sid, *outcomes[0])

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
