"""A phone that signs in: the API's routes and the worker that texts the code, in the test's own process."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx

from tests.api.client import api_client
from tests.api.service_at_work import ServiceAtWork, service_at_work
from tests.conftest import TestDatabase

PATH = "/client/v1/sign-in"


class SigningIn:
    """Asks for codes, reads the texts, gives the codes."""

    def __init__(self, http: httpx.AsyncClient, work: ServiceAtWork, admin: asyncpg.Connection) -> None:
        self.http = http
        self.work = work
        self.admin = admin

    async def ask(self, phone: str) -> httpx.Response:
        """Asks for a code."""
        return await self.http.post(f"{PATH}/codes", json={"phone": phone})

    async def give(self, challenge_id: str, code: str) -> httpx.Response:
        """Gives a code."""
        return await self.http.post(f"{PATH}/sessions", json={"challenge_id": challenge_id, "code": code})

    async def renew(self, refresh_token: str) -> httpx.Response:
        """Asks for the next tokens."""
        return await self.http.post(f"{PATH}/tokens", json={"refresh_token": refresh_token})

    async def call(self, method: str, path: str, token: str, **options: Any) -> httpx.Response:
        """Calls as a signed-in device."""
        headers = {"Authorization": f"Bearer {token}"}
        return await self.http.request(method, f"{PATH}/{path}", headers=headers, **options)

    def codes(self, phone: str) -> list[str]:
        """The codes that were texted to a phone, oldest first."""
        texts = [text for to, text, _ in self.work.twilio.texts if to == phone]
        return [code for text in texts for code in re.findall(r"\b\d{6}\b", text)]

    async def ask_and_read(self, phone: str) -> tuple[str, str]:
        """A challenge and the code that came for it."""
        asked = await self.ask(phone)
        assert asked.status_code == 202, asked.text
        await self.work.settle()
        return asked.json()["challenge_id"], self.codes(phone)[-1]

    async def sign_in(self, phone: str) -> dict[str, Any]:
        """All the way to a pair of tokens."""
        given = await self.give(*await self.ask_and_read(phone))
        assert given.status_code == 201, given.text
        tokens: dict[str, Any] = given.json()
        return tokens

    async def later(self, span: str) -> None:
        """Lets time pass, by making all that was written older."""
        for table, columns in {
            "sign_in_challenges": ["created_at"],
            "sessions": ["created_at", "expires_at"],
            "session_tokens": ["expires_at", "rotated_at"],
            "enrolment_codes": ["created_at"],
            "rate_limits": ["filled_at"],
        }.items():
            changes = ", ".join(f"{column} = {column} - $1::text::interval" for column in columns)
            await self.admin.execute(f"UPDATE {table} SET {changes}", span)  # noqa: S608 - names from above


@asynccontextmanager
async def signing_in(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[SigningIn]:
    """The service with a phone before it."""
    async with api_client(database) as api, service_at_work(database, admin) as work:
        yield SigningIn(api.http, work, admin)
