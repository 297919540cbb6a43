"""Rasa's documented REST channel and a status page, as a bare ASGI application."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bot.components.tracker_rows import StoreUnavailableError
from bot.components.tracker_store import TurnFailedError
from bot.conversations import Conversations

MAX_BODY_BYTES = 64 * 1024

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
logger = logging.getLogger("bot")


class RefusedError(Exception):
    """The request gets this status and one sentence instead of replies."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Model:
    """Which model answers."""

    model_id: str
    fingerprint: str


class RestChannel:
    """Lets in who knows the secret, and answers one text per request."""

    def __init__(self, conversations: Conversations, model: Model, secret: str) -> None:
        self._conversations = conversations
        self._model = model
        self._secret = f"Bearer {secret}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            status, body = await self._respond(scope, receive)
        except RefusedError as refused:
            status, body = refused.status, {"error": str(refused)}
        except StoreUnavailableError as problem:
            logger.error("the database does not answer (%s)", problem)
            status, body = 503, {"error": "The database does not answer."}
        except TurnFailedError as problem:
            logger.error("a turn failed: %s", problem)
            status, body = 502, {"error": "There is no true answer to this text now."}
        except Exception as problem:
            logger.error("a turn failed: %s", _where(problem))
            status, body = 500, {"error": "Something went wrong inside."}
        await _send_json(send, status, body)

    async def _respond(self, scope: Scope, receive: Receive) -> tuple[int, Any]:
        route = scope["method"], scope["path"]
        if route == ("GET", "/status"):
            return await self._status()
        if route != ("POST", "/webhooks/rest/webhook"):
            raise RefusedError(404, "There is nothing here.")
        self._check_secret(scope)
        sender, text, turn_id = _asked(await _body(receive))
        replies = await self._conversations.answer(sender, text, turn_id)
        return 200, [{"recipient_id": str(sender), **reply} for reply in replies]

    async def _status(self) -> tuple[int, Any]:
        ready = await self._conversations.understands()
        status = {
            "model_id": self._model.model_id,
            "model_fingerprint": self._model.fingerprint,
            "ready": ready,
        }
        return (200 if ready else 503), status

    def _check_secret(self, scope: Scope) -> None:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(given) != 1 or not hmac.compare_digest(given[0], self._secret):
            raise RefusedError(401, "The secret is missing or wrong.")


def _asked(body: bytes) -> tuple[UUID, str, UUID | None]:
    try:
        asked = json.loads(body)
        text, turn_id = asked["message"], (asked.get("metadata") or {}).get("turn_id")
        if not isinstance(text, str):
            raise TypeError
        return UUID(asked["sender"]), text, UUID(turn_id) if turn_id else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise RefusedError(400, "The body must name a sender (UUID) and a message (text).") from None


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise RefusedError(413, "The body is too long.")
        more = event["type"] == "http.request" and event.get("more_body", False)
    return body


async def _send_json(send: Send, status: int, body: Any) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def _where(problem: Exception) -> str:
    trace = problem.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "somewhere"
    return f"{type(problem).__name__} at {place}"
