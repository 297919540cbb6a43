"""A team with the people it answers for, and connections of its members."""

from uuid import UUID

import asyncpg

from api.kit.access import STAFF_COOKIE, Who
from api.kit.db import Database
from tests.factories import create_session, create_staff, next_number


async def create_member(
    admin: asyncpg.Connection, team: UUID, role: str = "personal_adviser", *, phone: str | None = None
) -> UUID:
    """A member of a team."""
    staff_id = await create_staff(admin, role=role, phone=phone or next_number())
    await admin.execute("UPDATE staff SET team_id = $2 WHERE staff_id = $1", staff_id, team)
    return staff_id


async def create_team(admin: asyncpg.Connection, name: str) -> UUID:
    """A team."""
    team_id: UUID = await admin.fetchval("INSERT INTO teams (name) VALUES ($1) RETURNING team_id", name)
    return team_id


async def sign_staff_in(
    admin: asyncpg.Connection, database: Database, staff_id: UUID, *, is_stepped_up: bool = False
) -> tuple[str, Who]:
    """The token of a member of staff, and who they are by it."""
    token = await create_session(admin, staff=staff_id, is_stepped_up=is_stepped_up)
    async with database.signed_on(token) as (_, row):
        return token, Who(*row)


def as_staff(token: str, **more: str) -> dict[str, str]:
    """The headers of a member of staff's browser; underscores stand for hyphens."""
    return {"cookie": f"{STAFF_COOKIE}={token}"} | {name.replace("_", "-"): value for name, value in more.items()}


def as_young_person(token: str, **more: str) -> dict[str, str]:
    """The headers of a young person's app."""
    return {"authorization": f"Bearer {token}"} | {name.replace("_", "-"): value for name, value in more.items()}
