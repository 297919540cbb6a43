"""Connections always act for somebody, and come back whole or not at all."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from api.kit.db import (
    TWILIO,
    WORKER,
    Actor,
    Database,
    DatabaseBusy,
    conversation_actor,
    repeat_while_lost,
)
from api.kit.errors import Unavailable
from tests.conftest import TestDatabase
from tests.factories import create_conversation, create_person

WHO = "SELECT sec.acting_as()"
PID = "SELECT pg_backend_pid()"


@pytest.fixture
async def one(database: TestDatabase) -> AsyncIterator[Database]:
    """A database with a single connection, so that every checkout meets the last one's remains."""
    connections = Database(database.worker_url, size=1, wait_s=0.3)
    yield connections
    await connections.close()


async def test_connection_when_handed_out_then_it_acts_for_who_asked(one: Database) -> None:
    elsewhere = conversation_actor(uuid.uuid4())
    for actor in (WORKER, elsewhere, WORKER):
        async with one.acting_as(actor) as connection:
            assert await connection.fetchval(WHO) == actor


async def test_connection_when_the_last_actor_differs_then_nothing_of_theirs_is_seen(
    one: Database, admin: asyncpg.Connection
) -> None:
    ours, theirs = [await create_conversation(admin, await create_person(admin)) for _ in range(2)]
    for conversation_id, person_id in (ours, theirs, ours):
        async with one.acting_as(conversation_actor(conversation_id)) as connection:
            assert await connection.fetchval("SELECT sec.acting_person_id()") == person_id


async def test_connection_when_cancelled_in_the_middle_then_it_is_not_used_again(one: Database) -> None:
    async def slow() -> None:
        async with one.acting_as(TWILIO) as connection:
            pids.append(await connection.fetchval(PID))
            await connection.execute("SELECT pg_sleep(30)")

    pids: list[int] = []
    task = asyncio.create_task(slow())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with one.acting_as(WORKER) as connection:
        assert await connection.fetchval(PID) not in pids
        assert await connection.fetchval(WHO) == WORKER


async def test_connection_when_setting_the_actor_is_cancelled_then_the_next_one_sets_it_again(one: Database) -> None:
    async with one.acting_as(WORKER):
        pass
    task = asyncio.create_task(_act_once(one, TWILIO))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with one.acting_as(WORKER) as connection:
        assert await connection.fetchval(WHO) == WORKER


async def _act_once(database: Database, actor: Actor) -> None:
    async with database.acting_as(actor):
        pass


async def test_connection_when_left_in_a_transaction_then_it_is_not_used_again(one: Database) -> None:
    async with one.acting_as(WORKER) as connection:
        pid = await connection.fetchval(PID)
        await connection.execute("BEGIN")
    async with one.acting_as(WORKER) as connection:
        assert await connection.fetchval(PID) != pid
        assert not connection.is_in_transaction()


async def test_transaction_when_the_block_raises_then_nothing_is_stored(
    one: Database, admin: asyncpg.Connection
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with one.transaction(WORKER) as connection:
            await connection.execute("INSERT INTO worker_beats VALUES (gen_random_uuid(), now())")
            raise ZeroDivisionError
    assert await admin.fetchval("SELECT count(*) FROM worker_beats") == 0


async def test_connection_when_none_is_free_then_the_caller_is_told_in_time(one: Database) -> None:
    async with one.acting_as(WORKER):
        with pytest.raises(DatabaseBusy):
            await _act_once(one, WORKER)
    await _act_once(one, WORKER)


async def test_connection_when_many_wait_then_all_get_their_turn(one: Database) -> None:
    await asyncio.gather(*(_act_once(one, Actor(f"actor {n}")) for n in range(50)))


async def test_connection_when_a_waiter_gives_up_then_the_others_still_get_theirs(one: Database) -> None:
    async with one.acting_as(WORKER):
        waiting = [asyncio.create_task(_act_once(one, WORKER)) for _ in range(3)]
        await asyncio.sleep(0.05)
        waiting[0].cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError, type(None), type(None)]


async def test_connection_when_the_server_ended_it_then_the_next_one_is_new(
    one: Database, admin: asyncpg.Connection
) -> None:
    async with one.acting_as(WORKER) as connection:
        pid = await connection.fetchval(PID)
    await admin.execute("SELECT pg_terminate_backend($1)", pid)

    async def work() -> int:
        async with one.acting_as(WORKER) as connection:
            return int(await connection.fetchval(PID))

    assert await repeat_while_lost(work, for_s=5) != pid


async def test_work_when_the_database_stays_away_then_the_caller_is_told() -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing", size=1)

    with pytest.raises(Unavailable):
        await repeat_while_lost(lambda: _act_once(nowhere, WORKER), for_s=0.5)
