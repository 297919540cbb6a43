"""Connections that act for a token: the database finds out whose it is, and nothing else can say so."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from api.kit.db import SIGN_IN, TWILIO, WORKER, Database
from tests.conftest import TestDatabase
from tests.factories import create_conversation, create_person, create_session, create_staff

WHO = "SELECT person_id FROM sec.who()"
SETTING = "SELECT current_setting('app.token', true)"


@pytest.fixture
async def one(database: TestDatabase) -> AsyncIterator[Database]:
    """A single connection, so that every checkout meets the last one's remains."""
    connections = Database(database.signed_in_url, size=1, wait_s=0.3)
    yield connections
    await connections.close()


async def whose(database: Database, token: str) -> UUID | None:
    async with database.acting_with(token) as connection:
        found: UUID | None = await connection.fetchval(WHO)
        return found


async def test_token_when_it_lives_then_the_connection_acts_for_its_holder_only(
    one: Database, admin: asyncpg.Connection
) -> None:
    people = [await create_person(admin) for _ in range(2)]
    tokens = [await create_session(admin, person=person) for person in people]
    for n in (0, 1, 0, 0):
        assert await whose(one, tokens[n]) == people[n]


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE sessions SET revoked_at = now(), revoked_because = 'signed_out'",
        "UPDATE sessions SET created_at = now() - interval '90 days', expires_at = now() - interval '1 ms'",
        "UPDATE session_tokens SET expires_at = now() - interval '1 ms'",
        "UPDATE session_tokens SET kind = 'refresh', salt = '0123456789abcdef'",
        "UPDATE young_people SET died_on = '2026-01-01'",
        "DELETE FROM session_tokens",
    ],
)
async def test_token_when_it_is_no_longer_alive_then_it_is_nobodys(
    one: Database, admin: asyncpg.Connection, end: str
) -> None:
    person = await create_person(admin)
    token = await create_session(admin, person=person)
    assert await whose(one, token) == person
    await admin.execute(end)
    assert await whose(one, token) is None


async def test_token_of_staff_when_they_have_left_then_it_is_nobodys(one: Database, admin: asyncpg.Connection) -> None:
    staff = await create_staff(admin)
    token = await create_session(admin, staff=staff)
    async with one.acting_with(token) as connection:
        assert await connection.fetchval("SELECT staff_id FROM sec.who()") == staff
        await admin.execute("UPDATE staff SET left_on = '2026-01-01'")
        assert await connection.fetchval("SELECT staff_id FROM sec.who()") is None


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "'; DROP TABLE sessions; --", "\N{SNOWMAN}"])
async def test_token_when_it_is_none_of_ours_then_it_is_nobodys(
    one: Database, admin: asyncpg.Connection, token: str
) -> None:
    await create_session(admin, person=await create_person(admin))
    assert await whose(one, token) is None


async def test_token_when_its_hash_is_given_instead_then_it_is_nobodys(
    one: Database, admin: asyncpg.Connection
) -> None:
    token = await create_session(admin, person=await create_person(admin))
    assert await whose(one, hashlib.sha256(token.encode()).hexdigest()) is None


async def test_connection_when_given_back_then_no_token_acts_for_the_next_caller(
    database: TestDatabase, one: Database, admin: asyncpg.Connection
) -> None:
    token = await create_session(admin, person=await create_person(admin))
    for _ in range(2):
        await whose(one, token)
        async with one.acting_as(WORKER) as connection:
            assert await connection.fetchval(SETTING) == ""
            assert await connection.fetchval(WHO) is None


async def test_connection_when_a_statement_set_another_token_then_the_next_checkout_sets_its_own(
    one: Database, admin: asyncpg.Connection
) -> None:
    ours, theirs = [await create_person(admin) for _ in range(2)]
    our_token, their_token = [await create_session(admin, person=person) for person in (ours, theirs)]
    async with one.acting_with(our_token) as connection:
        await connection.execute("SELECT set_config('app.token', $1, false)", their_token)
    assert await whose(one, our_token) == ours


async def test_connection_when_setting_the_token_is_cancelled_then_it_is_not_used_again(
    one: Database, admin: asyncpg.Connection
) -> None:
    person = await create_person(admin)
    token = await create_session(admin, person=person)
    for turns in range(4):
        task = asyncio.create_task(whose(one, secrets.token_hex(32)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await whose(one, token) == person


INJECTED = (
    "SELECT set_config('app.actor', $1, false)",
    "SELECT set_config('app.person_id', $1, false), set_config('app.staff_id', $1, false)",
    "SELECT set_config('app.token', $1, false)",
)


@pytest.mark.parametrize("setting", INJECTED)
async def test_injected_sql_when_it_sets_another_id_then_it_sees_nothing_more(
    one: Database, admin: asyncpg.Connection, setting: str
) -> None:
    conversation, other = await create_conversation(admin, await create_person(admin))
    await create_session(admin, person=other)
    person = await create_person(admin)
    token = await create_session(admin, person=person)
    for claim in ("worker", "twilio", "sign-in", f"conversation:{conversation}", str(other), "postgres"):
        async with one.acting_with(token) as connection:
            await connection.execute(setting, claim)
            assert await connection.fetchval("SELECT sec.acting_as()") is None
            assert await connection.fetchval("SELECT sec.acting_person_id()") in {person, None}
            rows = await connection.fetch("SELECT person_id FROM sessions")
            assert {row[0] for row in rows} <= {person}
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("SELECT * FROM session_tokens")
            for role in ("fifteenplus_api", "fifteenplus_resolver", "fifteenplus_owner", "postgres"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(f"SET ROLE {role}")


CLAIMS = {
    "fifteenplus_api": {"twilio", "monitor", "sign-in", "conversation"},
    "fifteenplus_worker": {"worker", "conversation"},
    "fifteenplus_bot": set(),
    "fifteenplus_signed_in": set(),
}


@pytest.mark.parametrize("role", CLAIMS)
async def test_actor_when_claimed_by_a_login_that_is_not_meant_to_then_it_is_nobody(
    database: TestDatabase, admin: asyncpg.Connection, role: str
) -> None:
    conversation, _ = await create_conversation(admin, await create_person(admin))
    connection = await asyncpg.connect(database.url(role))
    claimed = set()
    for actor in ("twilio", "monitor", "sign-in", "worker", f"conversation:{conversation}", "anybody", ""):
        await connection.execute("SELECT set_config('app.actor', $1, false)", actor)
        try:
            who = await connection.fetchval("SELECT sec.acting_as()")
        except asyncpg.InsufficientPrivilegeError:
            continue
        assert who in {actor, None}
        claimed |= {who.partition(":")[0]} if who else set()
    await connection.close()
    assert claimed == CLAIMS[role]


async def test_token_when_another_login_gives_it_then_it_is_nobodys(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    token = await create_session(admin, person=await create_person(admin))
    for url in (database.api_url, database.worker_url):
        other = Database(url, size=1)
        assert await whose(other, token) is None
        await other.close()


@pytest.mark.parametrize("actor", [TWILIO, SIGN_IN])
async def test_actor_when_set_on_the_connection_of_the_signed_in_then_it_sees_nothing(
    one: Database, admin: asyncpg.Connection, actor: str
) -> None:
    await create_session(admin, person=await create_person(admin))
    async with one.acting_as(actor) as connection:  # type: ignore[arg-type]
        assert await connection.fetchval("SELECT count(*) FROM sessions") == 0
