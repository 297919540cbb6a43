"""The API in the test's own process, called as Twilio and as Rasa call it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from litestar import Litestar
from twilio.request_validator import RequestValidator

from api.app import create_app
from api.settings import Secret, ServeSettings
from tests import fields
from tests.conftest import TestDatabase

PUBLIC_BASE_URL = "https://texts.example.org"
ACCOUNT_SID = "AC" + "0" * 32
TOKENS = (Secret("first-token-of-the-account"), Secret("second-token-of-the-account"))
ACTIONS_SECRET = Secret("secret-between-rasa-and-the-api")
SESSION_SECRET = Secret("secret-that-tokens-are-renewed-with")
FORM = "application/x-www-form-urlencoded"


def serve_settings(database: TestDatabase, **changes: Any) -> ServeSettings:
    """Settings of an API on the test's database."""
    values: dict[str, Any] = {
        "database_url": Secret(database.api_url),
        "signed_in_database_url": Secret(database.signed_in_url),
        "session_secret": SESSION_SECRET,
        **fields.SETTINGS,
        "public_base_url": PUBLIC_BASE_URL,
        "twilio_account_sid": ACCOUNT_SID,
        "twilio_auth_tokens": TOKENS,
        "bot_actions_secret": ACTIONS_SECRET,
        "rasa_url": "http://127.0.0.1:1",
        "oidc_issuer": "http://127.0.0.1:1",
        "oidc_client_id": "fifteen-plus",
        "oidc_client_secret": Secret("secret-between-the-provider-and-us"),
    }
    return ServeSettings(**(values | changes))


class ApiClient:
    """Posts webhooks with a signature that fits, unless told otherwise."""

    def __init__(self, http: httpx.AsyncClient, app: Litestar) -> None:
        self.http = http
        self.app = app

    async def twilio(
        self,
        path: str,
        fields: Sequence[tuple[str, str]],
        *,
        token: str = TOKENS[0],
        base_url: str = PUBLIC_BASE_URL,
        signature: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        """Posts a form as Twilio does, signed over the public URL."""
        if signature is None:
            signature = RequestValidator(token).compute_signature(base_url + path, _Fields(fields))
        headers = {"X-Twilio-Signature": signature, "Content-Type": FORM, **options.pop("headers", {})}
        return await self.http.post(path, content=urlencode(fields), headers=headers, **options)

    async def text(self, body: str, *, sender: str, sid: str, media: int = 0, **options: Any) -> httpx.Response:
        """A text arrives."""
        fields = [
            ("AccountSid", ACCOUNT_SID),
            ("MessageSid", sid),
            ("From", sender),
            ("To", "+447700900999"),
            ("Body", body),
            ("NumMedia", str(media)),
        ]
        return await self.twilio("/webhooks/twilio/sms", fields, **options)


class _Fields:
    """Repeated fields as the library's validator wants to be given them."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._fields = fields

    def __iter__(self) -> Any:
        return iter(name for name, _ in self._fields)

    def getlist(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for key, value in self._fields if key == name]


@asynccontextmanager
async def api_client(database: TestDatabase, **changes: Any) -> AsyncIterator[ApiClient]:
    """A client of an API on the test's database."""
    app = create_app(serve_settings(database, **changes))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://inside") as http:
        yield ApiClient(http, app)
    await app.state.rasa.aclose()
    await app.state.oidc.aclose()
    await app.state.database.close()
    await app.state.signed_in.close()
