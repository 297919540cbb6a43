"""Our only way to Twilio: its own library, over a transport of ours."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from api.clients.twilio_errors import (
    TextOutcomeUnknown,
    TextRefused,
    TextThrottled,
    TwilioError,
    TwilioUnreachable,
)
from api.clients.twilio_signature import signature_is_valid
from api.clients.twilio_transport import HttpxTransport

__all__ = [
    "ProviderText",
    "SentText",
    "TextOutcomeUnknown",
    "TextRefused",
    "TextThrottled",
    "TwilioClient",
    "TwilioError",
    "TwilioUnreachable",
    "signature_is_valid",
]

SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
PAGE_SIZE = 100
MOST_LISTED = 5_000
# Twilio lists by the time of sending, which for a text still queued is not known yet.
LISTED_OUT_OF_ORDER = timedelta(hours=1)
GONE_CODES = (404, 20404)
# The library reads TWILIO_EDGE and TWILIO_REGION from os.environ whenever the mapping it is given is empty.
NO_ENVIRONMENT = {"TWILIO_EDGE": "", "TWILIO_REGION": ""}


class SentText(msgspec.Struct, frozen=True):
    """A text Twilio has accepted."""

    sid: str
    status: str


class ProviderText(msgspec.Struct, frozen=True):
    """A text as Twilio knows it. `created_at` has whole seconds."""

    sid: str
    body: str
    status: str
    created_at: datetime
    error_code: int | None


class TwilioClient:
    """Sends, finds, fetches and deletes texts of one account and one number."""

    def __init__(
        self,
        *,
        account_sid: str,
        api_key_sid: str,
        api_key_secret: str,
        api_base: str,
        from_e164: str,
        connect_timeout_s: float = 3.0,
        read_timeout_s: float = 8.0,
    ) -> None:
        self._from_e164 = from_e164
        self._transport = HttpxTransport(api_base, connect_timeout_s, read_timeout_s)
        client = Client(
            username=api_key_sid,
            password=api_key_secret,
            account_sid=account_sid,
            http_client=self._transport,
            environment=NO_ENVIRONMENT,
        )
        self._messages = client.messages  # loads the library's lazy parts now, for 0.3 s

    async def send_text(self, *, to_e164: str, body: str, status_callback_url: str) -> SentText:
        """Asks once for a text to be sent. Raises a TwilioError, every kind of it."""
        with _unreadable_is(TextOutcomeUnknown):
            message = await self._messages.create_async(
                to=to_e164, from_=self._from_e164, body=body, status_callback=status_callback_url
            )
            return SentText(_sid_of(message), str(message.status))

    async def find_texts(self, *, to_e164: str, sent_after: datetime) -> list[ProviderText]:
        """What Twilio accepted from us for this number since then, newest first. Raises a TwilioError.

        Twilio's clock counts, in whole seconds: allow for the difference to ours.
        """
        since = sent_after.astimezone(UTC).replace(microsecond=0)
        found = []
        with _unreadable_is(TwilioUnreachable):
            async for text in self._newest_first(to_e164):
                if text.created_at >= since:
                    found.append(text)
                elif text.created_at < since - LISTED_OUT_OF_ORDER:
                    break
        return found

    async def _newest_first(self, to_e164: str) -> AsyncIterator[ProviderText]:
        messages = await self._messages.stream_async(
            to=to_e164, from_=self._from_e164, page_size=PAGE_SIZE, limit=MOST_LISTED
        )
        async for message in messages:
            yield _as_text(message)

    async def fetch_text(self, sid: str) -> ProviderText:
        """One text. Raises a TwilioError."""
        with _unreadable_is(TwilioUnreachable):
            return _as_text(await self._messages(sid).fetch_async())

    async def delete_text(self, sid: str) -> None:
        """Removes a text from Twilio; it may be gone already. Raises a TwilioError."""
        try:
            await self._messages(sid).delete_async()
        except TextRefused as refusal:
            if refusal.code not in GONE_CODES:
                raise

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._transport.aclose()


@contextmanager
def _unreadable_is(error: type[TwilioError]) -> Iterator[None]:
    """What the library makes of an answer that is not Twilio's becomes `error`."""
    try:
        yield
    except (TwilioException, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        raise error("Twilio's answer could not be read") from None


def _sid_of(message: Any) -> str:
    if not SID.fullmatch(message.sid or ""):
        raise ValueError("no sid")
    return str(message.sid)


def _as_text(message: Any) -> ProviderText:
    if not isinstance(message.date_created, datetime):
        raise ValueError("no time")
    return ProviderText(
        sid=_sid_of(message),
        body=message.body or "",
        status=str(message.status),
        created_at=message.date_created,
        error_code=message.error_code,
    )
