"""The HTTP under Twilio's library: its own clients ignore timeouts, send twice and mix up answers."""

import asyncio
import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from api.clients.twilio_errors import (
    LASTING_REFUSALS,
    TextOutcomeUnknown,
    TextRefused,
    TextThrottled,
    TwilioError,
    TwilioUnreachable,
)

LIBRARY_BASE = "https://api.twilio.com/"
MOST_CONNECTIONS = 50

# The request was never written: httpx raises these before it has a connection.
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class HttpxTransport(AsyncHttpClient):  # type: ignore[misc]
    """One HTTP request for one call: timeouts, no second try, no redirects, nothing about it in a log."""

    def __init__(self, api_base: str, connect_timeout_s: float, read_timeout_s: float) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        logging.getLogger("httpx").addFilter(_has_no_address)
        self._api_base = api_base.rstrip("/") + "/"
        self._deadline_s = connect_timeout_s + 2 * read_timeout_s
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(read_timeout_s, connect=connect_timeout_s, pool=connect_timeout_s),
            limits=httpx.Limits(max_connections=MOST_CONNECTIONS),
            follow_redirects=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def request(
        self,
        method: str,
        uri: str,
        params: Any = None,
        data: Any = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (the library's signature)
        allow_redirects: bool = False,
    ) -> Response:
        """As the library expects, but every failure is one of our errors."""
        address = self._address_of(uri)
        request = self._http.build_request(method, address, params=params or None, data=data, headers=headers)
        outcome = await self._exchange(request, auth)
        if isinstance(outcome, TwilioError):
            raise outcome
        return Response(outcome.status_code, outcome.text, outcome.headers)

    def _address_of(self, uri: str) -> str:
        """Where a page points is Twilio's word, but our key goes to the configured base only."""
        if not uri.startswith(LIBRARY_BASE):
            raise TwilioUnreachable("Twilio's answer leads to another host")
        return self._api_base + uri.removeprefix(LIBRARY_BASE)

    async def _exchange(self, request: httpx.Request, auth: tuple[str, str] | None) -> httpx.Response | TwilioError:
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await self._http.send(request, auth=auth)
        except NEVER_SENT as error:
            return TwilioUnreachable(type(error).__name__)
        except (httpx.HTTPError, TimeoutError) as error:
            return _lost(request, type(error).__name__)
        return _failure_of(answer) or answer


def _has_no_address(record: logging.LogRecord) -> bool:
    """httpx notes every URL at INFO, and ours hold phone numbers."""
    return record.levelno > logging.INFO


def _failure_of(answer: httpx.Response) -> TwilioError | None:
    status = answer.status_code
    if 200 <= status < 300:
        return None
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return TextThrottled(_retry_after_s(answer.headers.get("retry-after", "")))
    if 400 <= status < 500 and status != httpx.codes.REQUEST_TIMEOUT:
        code = _code_in(answer)
        return TextRefused(code, code in LASTING_REFUSALS)
    return _lost(answer.request, f"HTTP {status}")


def _lost(request: httpx.Request, reason: str) -> TwilioError:
    """Only sending twice does harm; asking and deleting again never does."""
    return TextOutcomeUnknown(reason) if request.method == "POST" else TwilioUnreachable(reason)


class _Refusal(msgspec.Struct):
    code: int


def _code_in(answer: httpx.Response) -> int:
    try:
        return msgspec.json.decode(answer.content, type=_Refusal).code
    except msgspec.MsgspecError:
        return answer.status_code


def _retry_after_s(written: str) -> float | None:
    if written.isdecimal():
        return float(written)
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
