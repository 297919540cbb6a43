"""Staff, teams, links and shifts in the database."""

from datetime import date
from itertools import starmap
from typing import Any
from uuid import UUID

from api.kit.db import Connection
from api.staff.models import Kept, LinkView, Member, Team

LIST_TEAMS = "SELECT team_id, name FROM teams ORDER BY name"


async def list_teams(connection: Connection) -> list[Team]:
    """Every team."""
    return list(starmap(Team, await connection.fetch(LIST_TEAMS)))


INSERT_TEAM = "INSERT INTO teams (name) VALUES ($1) RETURNING team_id"


async def insert_team(connection: Connection, name: str) -> UUID:
    """A new team."""
    team_id: UUID = await connection.fetchval(INSERT_TEAM, name)
    return team_id


LIST_MEMBERS = """
    SELECT s.staff_id, s.team_id, s.role, s.full_name, s.shown_name, s.left_on, s.disabled_at, s.version,
        n.phone_e164, i.staff_identity_id, i.subject, i.linked_at, i.version
    FROM staff AS s
    LEFT JOIN sec.staff_numbers() AS n ON n.staff_id = s.staff_id
    LEFT JOIN staff_identities AS i ON i.staff_id = s.staff_id AND i.ended_at IS NULL
    WHERE (s.full_name, s.staff_id) > ($1, coalesce($2::uuid, '00000000-0000-0000-0000-000000000000'))
        AND s.staff_id = coalesce($3::uuid, s.staff_id)
    ORDER BY s.full_name, s.staff_id
    LIMIT $4
"""


async def list_members(
    connection: Connection, after: tuple[str, UUID] | None, *, count: int, staff_id: UUID | None = None
) -> list[Member]:
    """Staff by name, those who left as well; one of them alone if they are asked for."""
    full_name, last_id = after or ("", None)
    return [_member(row) for row in await connection.fetch(LIST_MEMBERS, full_name, last_id, staff_id, count)]


def _member(row: Any) -> Member:
    link = None if row[9] is None else LinkView(*row[9:])
    return Member(*(*row[:9], link))


INSERT_MEMBER = """
    INSERT INTO staff (team_id, role, full_name, shown_name, phone_e164) VALUES ($1, $2, $3, $4, $5) RETURNING staff_id
"""


async def insert_member(
    connection: Connection, team_id: UUID, role: str, full_name: str, shown_name: str, phone_e164: str | None
) -> UUID:
    """Somebody new."""
    staff_id: UUID = await connection.fetchval(INSERT_MEMBER, team_id, role, full_name, shown_name, phone_e164)
    return staff_id


LOCK_MEMBER = """
    SELECT version, team_id, role, full_name, shown_name, left_on, disabled_at FROM staff WHERE staff_id = $1 FOR UPDATE
"""


async def lock_member(connection: Connection, staff_id: UUID) -> Kept | None:
    """A member of staff whom the connection may change, until the transaction ends; None for oneself."""
    row = await connection.fetchrow(LOCK_MEMBER, staff_id)
    return None if row is None else Kept(*row)


UPDATE_MEMBER = """
    UPDATE staff SET team_id = $2, role = $3, full_name = $4, shown_name = $5, left_on = $6, disabled_at = $7
    WHERE staff_id = $1
"""


async def update_member(connection: Connection, staff_id: UUID, changed: Kept) -> None:
    """Somebody as they are from now on."""
    await connection.execute(
        UPDATE_MEMBER,
        staff_id,
        changed.team_id,
        changed.role,
        changed.full_name,
        changed.shown_name,
        changed.left_on,
        changed.disabled_at,
    )


UPDATE_NUMBER = "UPDATE staff SET phone_e164 = $2 WHERE staff_id = $1"


async def update_number(connection: Connection, staff_id: UUID, phone_e164: str | None) -> None:
    """The phone that alarms are texted to."""
    await connection.execute(UPDATE_NUMBER, staff_id, phone_e164)


GET_VERSION = "SELECT version FROM staff WHERE staff_id = $1"


async def get_version(connection: Connection, staff_id: UUID) -> int:
    """The version a member of staff has now."""
    version: int = await connection.fetchval(GET_VERSION, staff_id)
    return version


HAS_TEAM = "SELECT EXISTS (SELECT FROM teams WHERE team_id = $1)"


async def has_team(connection: Connection, team_id: UUID) -> bool:
    """Whether there is such a team."""
    there: bool = await connection.fetchval(HAS_TEAM, team_id)
    return there


INSERT_LINK = """
    INSERT INTO staff_identities (staff_id, issuer, tenant_id, subject, linked_by_staff_id)
    VALUES ($1, $2, $3, $4, $5) RETURNING staff_identity_id
"""


async def insert_link(
    connection: Connection, staff_id: UUID, issuer: str, tenant_id: str | None, subject: str, by_staff_id: UUID
) -> UUID:
    """Says whom the provider means."""
    link_id: UUID = await connection.fetchval(INSERT_LINK, staff_id, issuer, tenant_id, subject, by_staff_id)
    return link_id


LOCK_LINK = """
    SELECT version FROM staff_identities WHERE staff_identity_id = $1 AND ended_at IS NULL FOR UPDATE
"""
END_LINK = "UPDATE staff_identities SET ended_at = clock_timestamp() WHERE staff_identity_id = $1"


async def lock_link(connection: Connection, staff_identity_id: UUID) -> int | None:
    """The version of a link that holds, until the transaction ends."""
    version: int | None = await connection.fetchval(LOCK_LINK, staff_identity_id)
    return version


async def end_link(connection: Connection, staff_identity_id: UUID) -> None:
    """Whoever the provider means is nobody here."""
    await connection.execute(END_LINK, staff_identity_id)


GET_COLLEAGUE = """
    SELECT role, team_id, left_on, disabled_at IS NOT NULL FROM staff WHERE staff_id = $1
"""


async def get_colleague(connection: Connection, staff_id: UUID) -> tuple[str, UUID, date | None, bool] | None:
    """Somebody's role, team, when they left and whether they are disabled."""
    row = await connection.fetchrow(GET_COLLEAGUE, staff_id)
    return None if row is None else (row[0], row[1], row[2], row[3])


LOCK_FIRST = "SELECT pg_advisory_xact_lock(16)"
HAS_ADMINISTRATOR = """
    SELECT EXISTS (
        SELECT FROM staff AS s JOIN staff_identities AS i USING (staff_id)
        WHERE s.role = 'administrator' AND i.ended_at IS NULL AND s.disabled_at IS NULL
            AND (s.left_on IS NULL OR s.left_on > london_today())
    )
"""


async def has_administrator(connection: Connection) -> bool:
    """Whether an administrator can sign in; nobody else can become the first until the transaction ends."""
    await connection.execute(LOCK_FIRST)
    there: bool = await connection.fetchval(HAS_ADMINISTRATOR)
    return there


INSERT_FIRST = """
    WITH team AS (
        INSERT INTO teams (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING team_id
    ), member AS (
        INSERT INTO staff (team_id, role, full_name, shown_name)
        SELECT t.team_id, 'administrator', $2::text, $2::text FROM team AS t RETURNING staff_id
    )
    INSERT INTO staff_identities (staff_id, issuer, tenant_id, subject) SELECT m.staff_id, $3, $4, $5 FROM member AS m
"""


async def insert_first(
    connection: Connection, team: str, name: str, issuer: str, tenant_id: str | None, subject: str
) -> None:
    """The first administrator, linked."""
    await connection.execute(INSERT_FIRST, team, name, issuer, tenant_id, subject)
