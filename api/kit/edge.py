"""What every request passes before it is routed, and every answer on its way out.

Here are the limits of time, the id by which caller and log mean the same request, the methods that every path
takes (HEAD, OPTIONS), the headers that every answer has, and what is answered when all else failed.
"""

import asyncio
import random
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import cast
from uuid import UUID

import structlog
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import (
    HTTPDisconnectEvent,
    HTTPReceiveMessage,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)
from litestar.utils.path import normalize_path

from api.kit.errors import (
    OUR_FAULT,
    PROBLEM_JSON,
    BadRequest,
    TooSlow,
    Unavailable,
    cause_of,
    problem_body,
    route_of,
    where,
)
from api.kit.log import REQUEST_ID

log = structlog.get_logger()

BODY_WITHIN_S = 5.0
ANSWER_WITHIN_S = 10.0
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
GONE: HTTPDisconnectEvent = {"type": "http.disconnect"}
NOTHING: HTTPResponseBodyEvent = {"type": "http.response.body", "body": b"", "more_body": False}

# Nothing here is meant for a cache or another site; a browser may show it and load nothing with it.
POLICY = (
    b"content-security-policy",
    b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


class Edge:
    """Stands around a Litestar application; put in place by `stand_around`."""

    def __init__(self, app: Litestar, *, body_within_s: float, answer_within_s: float) -> None:
        self._inner = app.asgi_handler
        self._router = app.asgi_router
        self._methods = _methods_by_path(app)
        self._body_within_s = body_within_s
        self._answer_within_s = answer_within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._inner(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self)
        mark = REQUEST_ID.set(exchange.request_id)
        try:
            await self._answer_in_time(exchange)
        finally:
            REQUEST_ID.reset(mark)

    async def _answer_in_time(self, exchange: "_Exchange") -> None:
        try:
            async with asyncio.timeout(self._answer_within_s) as exchange.deadline:
                await self._answer(exchange)
        except Exception as raised:
            error = cause_of(raised)
            took_too_long = exchange.deadline is not None and exchange.deadline.expired()
            kind = "answer_took_too_long" if took_too_long else "unexpected_error"
            log.error(kind, error=type(error).__name__, at=where(error), route=route_of(exchange.scope))
            if exchange.has_started:
                raise CutOff from None
            if took_too_long:
                await exchange.refuse(Unavailable.status, Unavailable.__doc__ or "", Unavailable.headers)
            else:
                await exchange.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, OUR_FAULT)

    async def _answer(self, exchange: "_Exchange") -> None:
        scope = exchange.scope
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            await exchange.refuse(HTTPStatus.BAD_REQUEST, "The address holds a character that no text has.")
        elif scope["method"] == "OPTIONS" and (methods := self.methods_at(scope["path"])):
            await exchange.say(HTTPStatus.NO_CONTENT, {"Allow": methods}, b"")
        else:
            await self._inner(scope, exchange.receive, exchange.send)

    def methods_at(self, path: str) -> str | None:
        """What a path may be called with, None where there is no such path."""
        try:
            # Litestar's own answer to OPTIONS forgets the methods of later handlers of the same path.
            return self._methods[_shape(self._router.handle_routing(path=normalize_path(path), method="OPTIONS")[4])]
        except HTTPException:
            return None

    @property
    def body_within_s(self) -> float:
        """How long a body may take to arrive."""
        return self._body_within_s


class CutOff(Exception):
    """The answer had begun and could not be ended."""


class _Exchange:
    """One request and its answer."""

    __slots__ = (
        "_body_until_s", "_edge", "_has_body", "_is_head", "_receive", "_send",
        "deadline", "has_started", "request_id", "scope",
    )  # fmt: skip

    def __init__(self, scope: HTTPScope, receive: Receive, send: Send, edge: Edge) -> None:
        self.request_id = new_request_id()
        self._is_head = scope["method"] == "HEAD"
        self.scope: HTTPScope = {**scope, "method": "GET"} if self._is_head else scope
        self._receive, self._send, self._edge = receive, send, edge
        self._body_until_s: float | None = None
        self._has_body = False
        self.has_started = False
        self.deadline: asyncio.Timeout | None = None

    async def receive(self) -> HTTPReceiveMessage:
        """The next part of the body, while there is time. Raises TooSlow, or BadRequest when its sender has left."""
        if self._is_head and self.has_started:
            return GONE
        if self._has_body:
            return cast(HTTPReceiveMessage, await self._receive())
        if self._body_until_s is None:
            self._body_until_s = asyncio.get_running_loop().time() + self._edge.body_within_s
        try:
            async with asyncio.timeout_at(self._body_until_s):
                message = cast(HTTPReceiveMessage, await self._receive())
        except TimeoutError:
            raise TooSlow from None
        if message["type"] == "http.disconnect":
            raise BadRequest
        self._has_body = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Sends a part of the answer; from its first on, it may take as long as it likes."""
        if message["type"] == "http.response.start":
            self.has_started = True
            if self.deadline is not None and not self.deadline.expired():
                self.deadline.reschedule(None)
            message["headers"] = self._with_ours(message)
            await self._send(message)
            if self._is_head:
                await self._send(NOTHING)
        elif not self._is_head:
            await self._send(message)

    def _with_ours(self, message: HTTPResponseStartEvent) -> list[tuple[bytes, bytes]]:
        headers = list(message.get("headers", ()))
        if message["status"] == HTTPStatus.METHOD_NOT_ALLOWED:
            headers = [(name, _with_head(value) if name == b"allow" else value) for name, value in headers]
        if not any(name == POLICY[0] for name, _ in headers):
            headers.append(POLICY)
        return [*headers, *HEADERS, (b"request-id", self.request_id.encode())]

    async def refuse(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] = NO_HEADERS) -> None:
        """Answers with a problem."""
        await self.say(status, {"Content-Type": PROBLEM_JSON, **headers}, problem_body(status, detail))

    async def say(self, status: HTTPStatus, headers: Mapping[str, str], body: bytes) -> None:
        """Answers, past everything else."""
        if status != HTTPStatus.NO_CONTENT:
            headers = {**headers, "Content-Length": str(len(body))}
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": status.value, "headers": encoded})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})


def stand_around(
    app: Litestar, *, body_within_s: float = BODY_WITHIN_S, answer_within_s: float = ANSWER_WITHIN_S
) -> Litestar:
    """Has every request to the application pass its edge."""
    app.asgi_handler = Edge(app, body_within_s=body_within_s, answer_within_s=answer_within_s)
    return app


def new_request_id() -> str:
    """A UUIDv7: it sorts by the time it was made at. It opens nothing, so it need not be secret."""
    milliseconds = time.time_ns() // 1_000_000
    return str(UUID(int=milliseconds << 80 | 7 << 76 | random.getrandbits(12) << 64 | 2 << 62 | random.getrandbits(62)))


def _methods_by_path(app: Litestar) -> dict[str, str]:
    methods: dict[str, set[str]] = {}
    for route in app.routes:
        methods.setdefault(_shape(route.path_format), set()).update(route.methods)
    return {shape: _with_head(", ".join(some).encode()).decode() for shape, some in methods.items()}


def _with_head(allow: bytes) -> bytes:
    """The methods of a path, sorted: where it takes GET it takes HEAD."""
    methods = set(allow.split(b", "))
    return b", ".join(sorted(methods | ({b"HEAD"} if b"GET" in methods else set())))


def _shape(path_format: str) -> str:
    """A path without the names of its parameters, which may differ from route to route."""
    return re.sub(r"\{[^}]*\}", "{}", path_format)
