"""The running service, with what a fault test does to it and reads from it."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from api.kit.db import repeat_while_lost
from tests.faults.ledger import Kept, Ledger, LeftJob, Reply, Taken, Texted
from tests.faults.people import MENU
from tests.fields import Message, read_messages_by_id, ring_of
from tests.stack.environments import environment_of
from tests.stack.parts import COMMANDS
from tests.stack.processes import Part
from tests.stack.service import LocalService
from tests.stack.settings import DATABASE
from tests.twilio_simulator.testing import Simulator

# Shorter than in life, so that what a killed worker held is taken over soon. The lease leaves room for Rasa's deadline.
QUICK = {"JOB_LEASE_S": "4", "RECONCILE_AFTER_S": "1", "ANSWER_WINDOW_S": "0.05"}

RECOVERED_WITHIN_S = 60.0

NOW = "SELECT clock_timestamp()"
HAS_BEAT = "SELECT EXISTS (SELECT FROM worker_beats WHERE beat_at > $1)"
STILL_OPEN = """
    SELECT (SELECT count(*) FROM jobs WHERE parked_at IS NULL)
        + (SELECT count(*) FROM messages WHERE phone_index = ANY($1) AND (
            (direction = 'inbound' AND answered_at IS NULL) OR status IN ('stored', 'sending', 'unknown')
        ))
"""
NOT_AT_ITS_END = """
    SELECT count(*) FROM messages
    WHERE phone_index = ANY($1) AND direction = 'outbound' AND status <> $2
"""
INBOUND = """
    SELECT m.message_id, m.provider_sid, m.answered_at IS NOT NULL,
        ARRAY(SELECT f.reason FROM attention_flags AS f WHERE f.message_id = m.message_id)
    FROM messages AS m WHERE m.direction = 'inbound' AND m.phone_index = ANY($1)
"""
OUTBOUND = """
    SELECT message_id, provider_sid, status FROM messages WHERE direction = 'outbound' AND phone_index = ANY($1)
"""
JOBS = "SELECT kind, parked_at IS NOT NULL, last_error FROM jobs ORDER BY job_id"
LEASED = "SELECT payload->>'conversation_id' FROM jobs WHERE kind = 'answer' AND leased_until IS NOT NULL"
LOCK_LEASED = "SELECT job_id FROM jobs WHERE kind = 'answer' AND leased_until IS NOT NULL FOR UPDATE"
WAITS_FOR_LOCK = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'DELETE FROM jobs%'"
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND usename <> 'postgres'"


class Stack:
    """One service with real processes."""

    def __init__(self, service: LocalService, http: httpx.AsyncClient) -> None:
        self.service = service
        self.simulator = Simulator(service.env, http)
        self.admin_url = service.postgres.url(DATABASE)
        self.ring = ring_of(service.env)

    async def query(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Rows, past every policy, as soon as the server answers: it may have been killed a moment ago."""
        return await repeat_while_lost(lambda: self._query(sql, *values), for_s=RECOVERED_WITHIN_S)

    async def _query(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.admin_url)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            connection.terminate()

    async def kill(self, name: str) -> None:
        """SIGKILL for a part and all its processes."""
        await asyncio.to_thread(self.service.kill, name)

    async def bring_back(self, name: str) -> None:
        """Starts a part and waits until it works again."""
        began_at = (await self.query(NOW))[0][0] if name == "worker" else None
        await asyncio.to_thread(self.service.restart, name)
        while began_at is not None and not (await self.query(HAS_BEAT, began_at))[0][0]:
            await asyncio.sleep(0.02)

    async def kill_a_backend(self, chance: random.Random) -> None:
        """SIGKILL for one of PostgreSQL's own processes, upon which it throws everybody out and recovers."""
        serving = [row[0] for row in await self.query(BACKENDS, DATABASE)]
        if serving:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(serving), signal.SIGKILL)

    def holding_leased_answers(self) -> AbstractAsyncContextManager[None]:
        """Nobody can end the `answer` jobs that are being worked on now."""
        return self._holding(LOCK_LEASED)

    def locking(self, tables: str) -> AbstractAsyncContextManager[None]:
        """Nobody can read or write these tables."""
        return self._holding(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")

    @contextlib.asynccontextmanager
    async def _holding(self, lock: str) -> AsyncIterator[None]:
        connection = await asyncpg.connect(self.admin_url)
        try:
            async with connection.transaction():
                await connection.execute(lock)
                yield
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def second_worker(self) -> AsyncIterator[None]:
        """Another worker beside the first."""
        part = Part(
            "second worker",
            COMMANDS["worker"],
            environment=environment_of("worker", self.service.env, QUICK),
            log_file=self.service.log_file("second-worker"),
        )
        part.start()
        try:
            yield
        finally:
            await asyncio.to_thread(part.stop)

    async def until(self, sql: str, within_s: float = 5.0) -> None:
        """Waits until a query finds something. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not await self.query(sql):
                await asyncio.sleep(0.01)

    async def until_asked_to_send(self, count: int, within_s: float = 10.0) -> None:
        """Waits until Twilio has been asked so often. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while len(await self.simulator.requests(on="create")) < count:
                await asyncio.sleep(0.01)

    def ask_to_stop(self, name: str) -> None:
        """SIGTERM, without waiting."""
        os.kill(self.service.part(name).pid, signal.SIGTERM)

    def _indexes(self, phones: list[str]) -> list[bytes]:
        return [self.ring.phone_index(phone) for phone in phones]

    async def _messages(self, phones: list[bytes]) -> dict[UUID, Message]:
        connection = await asyncpg.connect(self.admin_url)
        try:
            return await read_messages_by_id(connection, "phone_index = ANY($1)", phones, ring=self.ring)
        finally:
            connection.terminate()

    async def settle(self, phones: list[str], within_s: float, last_status: str = "delivered") -> None:
        """Waits until nothing is left to do for these phones, then for the receipts, or until the time is over."""
        indexes = self._indexes(phones)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while (await self.query(STILL_OPEN, indexes))[0][0]:
                    await asyncio.sleep(0.05)
                while (await self.query(NOT_AT_ITS_END, indexes, last_status))[0][0]:
                    await self.simulator.release_callbacks()
                    await asyncio.sleep(0.05)

    async def read_ledger(self, texted: list[Texted]) -> Ledger:
        """What became of these texts, and of everything that Twilio took since its last reset."""
        phones = self._indexes(sorted({text.phone for text in texted}))
        written = await repeat_while_lost(lambda: self._messages(phones), for_s=RECOVERED_WITHIN_S)
        return Ledger(
            menu=MENU,
            texted=texted,
            kept=[
                Kept(sid=sid, phone=phone, body=body, is_answered=answered, flags=frozenset(flags))
                for message_id, sid, answered, flags in await self.query(INBOUND, phones)
                for phone, body in [written[message_id]]
            ],
            replies=[
                Reply(phone=phone, body=body, sid=sid, status=status)
                for message_id, sid, status in await self.query(OUTBOUND, phones)
                for phone, body in [written[message_id]]
            ],
            taken=[Taken(sid=text["sid"], phone=text["to"], body=text["body"]) for text in await self.simulator.sent()],
            jobs=[
                LeftJob(kind=kind, is_parked=parked, last_error=error) for kind, parked, error in await self.query(JOBS)
            ],
        )
