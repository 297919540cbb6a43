"""A browser of a member of staff: it keeps our cookies, goes to the provider and comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from litestar import Litestar

from api.clients.oidc import OidcClient
from tests.api.client import api_client
from tests.api.staff_sign_in.provider import CLIENT_ID, CLIENT_SECRET, ISSUER, REDIRECT_URL, Provider
from tests.conftest import TestDatabase

PATH = "/admin/v1/sign-in"
SESSION_COOKIE = "__Host-fifteenplus"
SIGN_IN_COOKIE = "__Host-fifteenplus-sign-in"


class Browser:
    """Cookies of its own; several may use one service."""

    def __init__(self, http: httpx.AsyncClient, provider: Provider) -> None:
        self.http = http
        self.provider = provider
        self.cookies: dict[str, str] = {}
        self.seen: list[str] = []

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request with the cookies so far; those that come back are kept."""
        sent = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value)}
        answer = await self.http.request(method, path, headers={**sent, **options.pop("headers", {})}, **options)
        for line in answer.headers.get_list("set-cookie"):
            self.seen.append(line)
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return answer

    async def start(self, **asked: Any) -> httpx.Response:
        """Asks to be signed in."""
        return await self.request("GET", PATH, params=asked)

    async def come_back(self, answered: dict[str, str]) -> httpx.Response:
        """Brings what the provider gave."""
        return await self.request("GET", f"{PATH}/callback", params=answered)

    async def sign_in(self, subject: str, *, claims: dict[str, Any] | None = None, **asked: Any) -> httpx.Response:
        """All the way."""
        started = await self.start(**asked)
        assert started.status_code == 303, started.text
        return await self.come_back(self.provider.authorize(started.headers["location"], subject, **(claims or {})))

    async def session(self) -> httpx.Response:
        """Who this browser is."""
        return await self.request("GET", "/admin/v1/session")


class Office:
    """The service with its provider, and as many browsers as are asked for."""

    def __init__(self, http: httpx.AsyncClient, app: Litestar, provider: Provider, admin: asyncpg.Connection) -> None:
        self.http = http
        self.app = app
        self.provider = provider
        self.admin = admin

    def browser(self) -> Browser:
        """A new browser without a cookie."""
        return Browser(self.http, self.provider)

    async def link(self, staff_id: UUID, subject: str) -> None:
        """Says whom the provider means."""
        await self.admin.execute(
            "INSERT INTO staff_identities (staff_id, issuer, subject) VALUES ($1, $2, $3)", staff_id, ISSUER, subject
        )

    async def later(self, span: str) -> None:
        """Lets time pass, by making all that was written older."""
        for table, columns in {
            "staff_sign_ins": ["created_at"],
            "sessions": ["created_at", "expires_at", "last_used_at", "stepped_up_at"],
            "session_tokens": ["expires_at"],
        }.items():
            changes = ", ".join(f"{column} = {column} - $1::text::interval" for column in columns)
            await self.admin.execute(f"UPDATE {table} SET {changes}", span)  # noqa: S608 - names from above


@asynccontextmanager
async def office(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[Office]:
    """An office whose provider is the test's own."""
    provider = Provider()
    async with api_client(database) as api:
        await api.app.state.oidc.aclose()
        api.app.state.oidc = OidcClient(
            issuer=ISSUER,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            redirect_url=REDIRECT_URL,
            transport=provider.transport(),
        )
        yield Office(api.http, api.app, provider, admin)
