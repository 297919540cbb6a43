"""The API in the test's own process, called as Twilio and as Rasa call it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from litestar import Litestar
from litestar.exceptions import HTTPException
from twilio.request_validator import RequestValidator

from api.app import create_app
from api.kit.openapi import list_operations
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


class Documented:
    """Whatever a test asks, the answer's status is one that the route's document names."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._operations = {(one.method, one.path): one for one in list_operations(app)}

    async def __call__(self, answer: httpx.Response) -> None:
        """Raises AssertionError for a status that no document names; a fault of ours is for the test to judge."""
        method, path = answer.request.method, answer.request.url.path
        if method == "OPTIONS" or answer.status_code in {405, 500} or not path.startswith(("/admin/", "/client/")):
            return
        try:
            template = self._app.asgi_router.handle_routing(path=path, method="GET" if method == "HEAD" else method)[4]
        except HTTPException:
            return
        operation = self._operations["GET" if method == "HEAD" else method, template]
        documented = {*operation.successes, *operation.problems}
        assert answer.status_code in documented, f"{method} {template} answers {answer.status_code}, undocumented"


@asynccontextmanager
async def api_client(database: TestDatabase, **changes: Any) -> AsyncIterator[ApiClient]:
    """A client of an API on the test's database."""
    app = create_app(serve_settings(database, **changes))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    hooks = {"response": [Documented(app)]}
    async with httpx.AsyncClient(transport=transport, base_url="http://inside", event_hooks=hooks) as http:
        yield ApiClient(http, app)
    await app.state.rasa.aclose()
    await app.state.oidc.aclose()
    await app.state.database.close()
    await app.state.signed_in.close()
