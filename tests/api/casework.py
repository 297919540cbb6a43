"""A team at its desks: a manager, an adviser with a case, another team, and what they send."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import httpx

from tests.api.client import api_client
from tests.api.identity.staff import as_staff, as_young_person, create_member, create_team
from tests.conftest import TestDatabase
from tests.factories import create_session

BORN_ON = date(2009, 2, 28)


def today() -> date:
    """Today in London."""
    return datetime.now(ZoneInfo("Europe/London")).date()


def days_ago(days: int) -> str:
    """A London day before today, as JSON says it."""
    return (today() - timedelta(days=days)).isoformat()


@dataclass
class Desk:
    """What one of the team, or a young person, sends and is answered."""

    http: httpx.AsyncClient
    token: str
    is_staff: bool = True

    def headers(self, **more: str) -> dict[str, str]:
        """Their headers."""
        return (as_staff if self.is_staff else as_young_person)(self.token, **more)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """Reads."""
        return await self.http.get(path, params=query, headers=self.headers())

    async def post(self, path: str, body: Any, *, version: int | None = None) -> httpx.Response:
        """Adds."""
        return await self._write("POST", path, body, version)

    async def put(self, path: str, body: Any, *, version: int | None = 1) -> httpx.Response:
        """Changes."""
        return await self._write("PUT", path, body, version)

    async def _write(self, method: str, path: str, body: Any, version: int | None) -> httpx.Response:
        headers = self.headers(idempotency_key=str(uuid4()), **({"if_match": f'"{version}"'} if version else {}))
        return await self.http.request(method, path, json=body, headers=headers)


@dataclass
class Team:
    """A team with a young person, and one of another team."""

    http: httpx.AsyncClient
    admin: asyncpg.Connection
    team_id: UUID
    manager_id: UUID
    adviser_id: UUID
    person_id: UUID
    manager: Desk
    adviser: Desk
    stranger: Desk

    @property
    def path(self) -> str:
        """Where the young person is."""
        return f"/admin/v1/young-people/{self.person_id}"

    async def young_person(self, level: str = "full") -> Desk:
        """The young person's own device."""
        token = await create_session(self.admin, person=self.person_id, level=level)
        return Desk(self.http, token, is_staff=False)

    async def another(self, **details: Any) -> UUID:
        """One more young person of the team and of the adviser."""
        return await create_case(self.admin, self.team_id, self.adviser_id, **details)


async def create_case(admin: asyncpg.Connection, team_id: UUID, adviser_id: UUID, **details: Any) -> UUID:
    """A young person of a team, with an adviser."""
    row = {"full_name": "Ash Example", "preferred_name": "Ash", "born_on": BORN_ON, "team_id": team_id} | details
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    person_id: UUID = await admin.fetchval(
        f"INSERT INTO young_people ({', '.join(row)}) VALUES ({places}) RETURNING person_id",  # noqa: S608
        *row.values(),
    )
    await admin.execute(
        "INSERT INTO allocations (person_id, staff_id, starts_on) VALUES ($1, $2, '2026-01-01')", person_id, adviser_id
    )
    return person_id


@asynccontextmanager
async def team_at_work(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[Team]:
    """The API with a team that uses it."""
    team_id, other_id = await create_team(admin, "north"), await create_team(admin, "south")
    manager_id = await create_member(admin, team_id, "manager")
    adviser_id = await create_member(admin, team_id)
    stranger_id = await create_member(admin, other_id, "manager")
    person_id = await create_case(admin, team_id, adviser_id)
    async with api_client(database) as api:
        desks = [
            Desk(api.http, await create_session(admin, staff=one, is_stepped_up=True))
            for one in (manager_id, adviser_id, stranger_id)
        ]
        yield Team(api.http, admin, team_id, manager_id, adviser_id, person_id, *desks)


def errors(answer: httpx.Response) -> list[tuple[str, tuple[str, ...]]]:
    """The paths and allowed values that a problem tells."""
    return [(error["path"], tuple(error.get("allowed", ()))) for error in answer.json()["errors"]]
