"""A team with every role in it, each signed in to the API, and the young people it answers for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from tests.api.client import api_client
from tests.api.identity.staff import as_staff, create_team
from tests.conftest import TestDatabase
from tests.factories import create_person, create_session, next_number

ROLES = ("personal_adviser", "duty_worker", "manager", "reviewing_officer", "data_protection_lead", "administrator")


class Member:
    """Somebody who is signed in, and stepped up unless told otherwise."""

    def __init__(self, http: httpx.AsyncClient, staff_id: UUID, token: str, phone: str) -> None:
        self.http = http
        self.staff_id = staff_id
        self.token = token
        self.phone = phone

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """Reads."""
        return await self.http.get(f"/admin/v1{path}", params=params, headers=as_staff(self.token))

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Writes something new."""
        return await self._write("POST", path, body, headers)

    async def patch(self, path: str, body: Any, version: int | None = 1, **headers: str) -> httpx.Response:
        """Changes something."""
        return await self._write("PATCH", path, body, headers if version is None else {"if_match": f'"{version}"'})

    async def _write(self, method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        given = as_staff(self.token, **({"idempotency_key": str(uuid4())} | headers))
        return await self.http.request(method, f"/admin/v1{path}", json=body or {}, headers=given)


class Team:
    """Members by role, and a young person whose adviser is the adviser."""

    def __init__(self, admin: asyncpg.Connection, http: httpx.AsyncClient, team_id: UUID) -> None:
        self.admin = admin
        self.http = http
        self.team_id = team_id
        self.members: dict[str, Member] = {}
        self.person: UUID

    def __getitem__(self, role: str) -> Member:
        return self.members[role]

    async def add(self, name: str, role: str, *, is_stepped_up: bool = True) -> Member:
        """One more member."""
        phone = next_number()
        staff_id = await self.admin.fetchval(
            "INSERT INTO staff (team_id, role, full_name, shown_name, phone_e164) VALUES ($1, $2, $3, $3, $4)"
            " RETURNING staff_id",
            self.team_id, role, name, phone,
        )  # fmt: skip
        token = await create_session(self.admin, staff=staff_id, is_stepped_up=is_stepped_up)
        self.members[name] = Member(self.http, staff_id, token, phone)
        return self.members[name]

    async def without_step_up(self, name: str) -> Member:
        """The same member in another browser, which is not stepped up."""
        member = self.members[name]
        token = await create_session(self.admin, staff=member.staff_id)
        return Member(self.http, member.staff_id, token, member.phone)

    async def add_person(self, adviser: str | None = None) -> UUID:
        """A young person whom this team answers for."""
        person = await create_person(self.admin, adviser=self.members[adviser].staff_id if adviser else None)
        await self.admin.execute("UPDATE young_people SET team_id = $2 WHERE person_id = $1", person, self.team_id)
        return person


@asynccontextmanager
async def open_teams(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[tuple[Team, Team]]:
    """Two teams of one council, each with every role."""
    async with api_client(database) as api:
        teams = []
        for name in ("north", "south"):
            team = Team(admin, api.http, await create_team(admin, name))
            for role in ROLES:
                await team.add(role, role)
            team.person = await team.add_person("personal_adviser")
            teams.append(team)
        yield teams[0], teams[1]
