"""Work that is done later, kept in PostgreSQL: enqueued in the caller's transaction, done at least once.

One job at a time per serial key; each try is a lease, and what a try stores is fenced by its number,
so a worker that was slow or killed cannot finish what another has taken over.
"""

import asyncio
import contextlib
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import structlog

from api.kit.db import DATABASE_AWAY, WORKER, Connection, Database, connect
from api.kit.errors import where

log = structlog.get_logger()

URGENT, SOON, WHEN_FREE = 1, 5, 9

ENQUEUE = """
    INSERT INTO jobs (kind, serial_key, payload, priority, run_at)
    VALUES ($1, $2, $3, $4, clock_timestamp() + $5)
"""
CLAIM = """
    WITH candidate AS (
        SELECT j.job_id, j.serial_key
        FROM jobs AS j
        WHERE j.leased_until IS NULL AND j.parked_at IS NULL AND j.run_at <= clock_timestamp()
            AND j.kind = ANY($3)
            AND NOT EXISTS (
                SELECT FROM jobs AS r WHERE r.serial_key = j.serial_key AND r.leased_until IS NOT NULL
            )
        ORDER BY j.priority, j.run_at, j.job_id
        LIMIT $1
        FOR UPDATE SKIP LOCKED
    ), chosen AS (
        SELECT DISTINCT ON (serial_key) job_id FROM candidate ORDER BY serial_key, job_id
    )
    UPDATE jobs SET leased_until = clock_timestamp() + $2, attempt = attempt + 1
    FROM chosen WHERE jobs.job_id = chosen.job_id
    RETURNING jobs.job_id, jobs.kind, jobs.payload, jobs.attempt
"""
SECONDS_TO_NEXT = """
    SELECT extract(epoch FROM min(run_at) - clock_timestamp())::float8
    FROM jobs WHERE leased_until IS NULL AND parked_at IS NULL
"""
COMPLETE = "DELETE FROM jobs WHERE job_id = $1 AND attempt = $2 RETURNING job_id"
RETRY = """
    UPDATE jobs SET leased_until = NULL, run_at = clock_timestamp() + $3, last_error = $4
    WHERE job_id = $1 AND attempt = $2
"""
PARK = """
    UPDATE jobs SET leased_until = NULL, parked_at = clock_timestamp(), last_error = $3
    WHERE job_id = $1 AND attempt = $2 RETURNING job_id
"""
FREE_EXPIRED_LEASES = "UPDATE jobs SET leased_until = NULL WHERE leased_until < clock_timestamp()"
BEAT = """
    INSERT INTO worker_beats (worker_id, beat_at) VALUES ($1, clock_timestamp())
    ON CONFLICT (worker_id) DO UPDATE SET beat_at = excluded.beat_at
"""
FORGET_OLD_BEATS = "DELETE FROM worker_beats WHERE beat_at < clock_timestamp() - interval '1 hour'"
LIST_PARKED = """
    SELECT kind, coalesce(last_error, ''), count(*), min(parked_at) FROM jobs
    WHERE parked_at IS NOT NULL GROUP BY kind, last_error ORDER BY kind, last_error
"""

Payload = Mapping[str, str]


class LeaseLost(Exception):
    """Another worker has taken this job over; nothing of this try may be stored."""


class RetryLater(Exception):
    """This try cannot succeed now; it is no fault, and the job is tried again after `delay_s`."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        super().__init__()


async def enqueue(
    connection: Connection,
    kind: str,
    payload: Payload,
    *,
    serial_key: str | None = None,
    priority: int = SOON,
    delay_s: float = 0.0,
) -> None:
    """Adds a job in the caller's transaction; jobs of one `serial_key` never run side by side."""
    key = serial_key or f"{kind}:{uuid.uuid4()}"
    await connection.execute(ENQUEUE, kind, key, payload, priority, timedelta(seconds=delay_s))


@dataclass(slots=True)
class Job:
    """One try of a job."""

    job_id: int
    kind: str
    payload: dict[str, str]
    attempt: int
    is_complete: bool = False

    async def complete(self, connection: Connection) -> None:
        """Ends the job in the caller's transaction. Raises LeaseLost, so that the transaction rolls back."""
        if await connection.fetchval(COMPLETE, self.job_id, self.attempt) is None:
            raise LeaseLost
        self.is_complete = True


async def list_parked(connection: Connection) -> list[tuple[str, str, int, datetime]]:
    """What waits for a person because no try was left: kind, last error, how many, since when."""
    return [(row[0], row[1], row[2], row[3]) for row in await connection.fetch(LIST_PARKED)]


async def forget_old_beats(connection: Connection) -> None:
    """Deletes the beats of workers that are gone."""
    await connection.execute(FORGET_OLD_BEATS)


Handler = Callable[[Job], Awaitable[None]]
ParkHandler = Callable[[Connection, Payload], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """How jobs of a kind are run. `on_park` runs in the transaction that parks one."""

    handler: Handler
    max_attempts: int = 8
    first_delay_s: float = 1.0
    longest_delay_s: float = 300.0
    on_park: ParkHandler | None = None

    def delay_s(self, attempt: int) -> float:
        """The pause after a failed try: doubling, with a quarter of jitter either way."""
        delay_s: float = min(self.first_delay_s * 2 ** (attempt - 1), self.longest_delay_s)
        return delay_s * random.uniform(0.75, 1.25)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something small that every worker does now and then; doing it twice is harmless."""

    name: str
    every_s: float
    do: Callable[[Connection], Awaitable[None]]


@dataclass(slots=True)
class Worker:
    """Takes jobs and runs them until it is stopped."""

    database: Database
    url: str
    kinds: Mapping[str, JobKind]
    at_once: int
    lease_s: float
    chores: tuple[Chore, ...] = ()
    worker_id: uuid.UUID = field(default_factory=uuid.uuid4)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Works until cancelled, then gives running jobs a moment to end."""
        helpers = [asyncio.create_task(self._listen()), asyncio.create_task(self._do(Chore("beat", 1.0, self._beat)))]
        helpers += [asyncio.create_task(self._do(chore)) for chore in self.chores]
        try:
            while True:
                await self._take_turn()
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            if self._running:
                await asyncio.wait(self._running, timeout=self.lease_s)

    async def run_due(self) -> int:
        """Runs what is due now and nothing else; returns how many jobs ran. For tests and scripts."""
        count = 0
        while jobs := await self._claim(self.at_once):
            await asyncio.gather(*(self._run(job) for job in jobs))
            count += len(jobs)
        return count

    async def _take_turn(self) -> None:
        self._news.clear()
        try:
            jobs = await self._claim(self.at_once - len(self._running))
            pause_s = 0.0 if jobs else await self._seconds_to_next()
        except DATABASE_AWAY as error:
            log.warning("database_lost", error=type(error).__name__)
            jobs, pause_s = [], 0.5
        for job in jobs:
            task = asyncio.create_task(self._run(job))
            self._running.add(task)
            task.add_done_callback(self._ended)
        if pause_s or len(self._running) >= self.at_once:
            await self._wait_for_news(pause_s or 1.0)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._news.set()

    async def _wait_for_news(self, at_most_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._news.wait()

    async def _claim(self, count: int) -> list[Job]:
        if count <= 0:
            return []
        lease = timedelta(seconds=self.lease_s)
        async with self.database.acting_as(WORKER) as connection:
            try:
                rows = await connection.fetch(CLAIM, count, lease, list(self.kinds))
            except asyncpg.UniqueViolationError:
                return []  # another worker took a job of the same key in the same moment
        return [Job(*row) for row in rows]

    async def _seconds_to_next(self) -> float:
        async with self.database.acting_as(WORKER) as connection:
            seconds = await connection.fetchval(SECONDS_TO_NEXT)
        return 1.0 if seconds is None else min(max(seconds, 0.01), 1.0)

    async def _run(self, job: Job) -> None:
        kind = self.kinds[job.kind]
        try:
            async with asyncio.timeout(self.lease_s * 0.8):
                await kind.handler(job)
            if not job.is_complete:
                async with self.database.acting_as(WORKER) as connection:
                    await job.complete(connection)
        except LeaseLost:
            log.warning("job_lease_lost", job_id=job.job_id, kind=job.kind, attempt=job.attempt)
        except Exception as error:
            await self._failed(job, kind, error)

    async def _failed(self, job: Job, kind: JobKind, error: Exception) -> None:
        is_expected = isinstance(error, RetryLater)
        name = type(error).__name__
        if not is_expected:
            log.error(
                "job_failed",
                job_id=job.job_id,
                kind=job.kind,
                attempt=job.attempt,
                error=name,
                at=where(error),
            )
        try:
            async with self.database.transaction(WORKER) as connection:
                if job.attempt >= kind.max_attempts:
                    await self._park(connection, job, kind, name)
                else:
                    delay_s = error.delay_s if isinstance(error, RetryLater) else kind.delay_s(job.attempt)
                    await connection.execute(RETRY, job.job_id, job.attempt, timedelta(seconds=delay_s), name)
        except DATABASE_AWAY as lost:
            # The lease runs out by itself and the job is taken again.
            log.warning("database_lost", error=type(lost).__name__)

    async def _park(self, connection: Connection, job: Job, kind: JobKind, name: str) -> None:
        parked = await connection.fetchval(PARK, job.job_id, job.attempt, name)
        if parked is not None and kind.on_park is not None:
            await kind.on_park(connection, job.payload)
        log.error("job_parked", job_id=job.job_id, kind=job.kind, attempt=job.attempt, error=name)

    async def _beat(self, connection: Connection) -> None:
        await connection.execute(BEAT, self.worker_id)
        await connection.execute(FREE_EXPIRED_LEASES)

    async def _do(self, chore: Chore) -> None:
        while True:
            try:
                async with self.database.acting_as(WORKER) as connection:
                    await chore.do(connection)
            except DATABASE_AWAY as error:
                log.warning("database_lost", error=type(error).__name__)
            except Exception as error:
                log.error("chore_failed", kind=chore.name, error=type(error).__name__, at=where(error))
            await asyncio.sleep(chore.every_s)

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(*DATABASE_AWAY):
                await self._listen_once()
            self._news.set()
            await asyncio.sleep(0.5)

    async def _listen_once(self) -> None:
        connection = await connect(self.url)
        try:
            await connection.add_listener("jobs", lambda *_: self._news.set())
            self._news.set()
            while not connection.is_closed():
                await asyncio.sleep(1.0)
        finally:
            connection.terminate()


def payload_of(**values: Any) -> dict[str, str]:
    """A payload of ids, as strings."""
    return {name: str(value) for name, value in values.items()}
