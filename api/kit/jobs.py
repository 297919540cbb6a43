"""Work that is done later, kept in PostgreSQL: enqueued in the caller's transaction, done at least once.

One job at a time per serial key; each try is a lease, and what a try stores is fenced by its number,
so a worker that was slow or killed cannot finish what another has taken over.
"""

import asyncio
import contextlib
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import structlog

from api.kit.db import DATABASE_AWAY, WORKER, Connection, Database, connect
from api.kit.errors import where

log = structlog.get_logger()

URGENT, SOON = 1, 5
SHORTEST_WAIT_S = 0.5
SILENT_AFTER_S = 10.0

ENQUEUE = """
    INSERT INTO jobs (kind, serial_key, payload, priority, run_at)
    VALUES ($1, $2, $3, $4, clock_timestamp() + $5)
"""
# Arrays and no joins: a plan is kept from when the table was empty, and a join's would then take the
# square of a backlog that has come since.
CLAIM = """
    WITH candidate AS (
        SELECT j.job_id, j.serial_key
        FROM jobs AS j
        WHERE j.leased_until IS NULL AND j.parked_at IS NULL AND j.run_at <= clock_timestamp()
            AND j.kind = ANY($3)
            AND j.serial_key <> ALL (ARRAY(SELECT r.serial_key FROM jobs AS r WHERE r.leased_until IS NOT NULL))
        ORDER BY j.priority, j.run_at, j.job_id
        LIMIT $1
        FOR UPDATE SKIP LOCKED
    ), chosen AS (
        SELECT DISTINCT ON (serial_key) job_id FROM candidate ORDER BY serial_key, job_id
    )
    UPDATE jobs SET leased_until = clock_timestamp() + $2, attempt = attempt + 1
    WHERE job_id = ANY (ARRAY(SELECT c.job_id FROM chosen AS c))
    RETURNING job_id, kind, payload, attempt, failures
"""
SECONDS_TO_NEXT = """
    SELECT extract(epoch FROM min(j.run_at) - clock_timestamp())::float8
    FROM jobs AS j
    WHERE j.leased_until IS NULL AND j.parked_at IS NULL AND j.kind = ANY($1)
        AND j.serial_key <> ALL (ARRAY(SELECT r.serial_key FROM jobs AS r WHERE r.leased_until IS NOT NULL))
"""
COMPLETE = "DELETE FROM jobs WHERE job_id = $1 AND attempt = $2 RETURNING job_id"
RETRY = """
    UPDATE jobs
    SET leased_until = NULL, run_at = clock_timestamp() + $3, last_error = $4, failures = failures + $5
    WHERE job_id = $1 AND attempt = $2
"""
PARK = """
    UPDATE jobs SET leased_until = NULL, parked_at = clock_timestamp(), last_error = $3
    WHERE job_id = $1 AND attempt = $2 RETURNING job_id
"""
UNPARK = """
    UPDATE jobs SET parked_at = NULL, failures = 0, run_at = clock_timestamp() WHERE parked_at IS NOT NULL
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
    """This try cannot succeed now; it is no fault and costs no try, and the job runs again after `delay_s`."""

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
    failures: int = 0
    is_complete: bool = False

    async def complete(self, connection: Connection) -> None:
        """Ends the job in the caller's transaction. Raises LeaseLost, so that the transaction rolls back."""
        if await connection.fetchval(COMPLETE, self.job_id, self.attempt) is None:
            raise LeaseLost
        self.is_complete = True


async def list_parked(connection: Connection) -> list[tuple[str, str, int, datetime]]:
    """What waits for a person because no try was left: kind, last error, how many, since when."""
    return [(row[0], row[1], row[2], row[3]) for row in await connection.fetch(LIST_PARKED)]


async def unpark(connection: Connection) -> int:
    """Lets everything that was parked run again, with all its tries; returns how many jobs that are."""
    status: str = await connection.execute(UNPARK)
    return int(status.rpartition(" ")[2])


async def forget_old_beats(connection: Connection) -> None:
    """Deletes the beats of workers that are gone."""
    await connection.execute(FORGET_OLD_BEATS)


Handler = Callable[[Job], Awaitable[None]]
ParkHandler = Callable[[Connection, Payload], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """How jobs of a kind are run.

    `at_once` keeps a kind that hangs from taking every slot. `on_park` are tried in turn, in the transaction
    that parks a job, until one of them succeeds; the job is parked even if none does.
    """

    handler: Handler
    at_once: int = 8
    max_failures: int = 8
    first_delay_s: float = 1.0
    longest_delay_s: float = 300.0
    on_park: tuple[ParkHandler, ...] = ()

    def delay_s(self, failures: int) -> float:
        """The pause after so many failures: doubling, with a quarter of jitter either way."""
        delay_s: float = min(self.first_delay_s * 2 ** min(failures - 1, 20), self.longest_delay_s)
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
    lease_s: float
    chores: tuple[Chore, ...] = ()
    worker_id: uuid.UUID = field(default_factory=uuid.uuid4)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[asyncio.Task[None], str] = field(default_factory=dict)
    _last_turn_at: float = 0.0

    async def run(self) -> None:
        """Works until cancelled, then gives running jobs a moment to end."""
        self._last_turn_at = asyncio.get_running_loop().time()
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
        while jobs := await self._claim_all():
            await asyncio.gather(*(self._run(job) for job in jobs))
            count += len(jobs)
        return count

    async def _take_turn(self) -> None:
        self._news.clear()
        try:
            jobs = await self._claim_all()
            pause_s = 0.0 if jobs else await self._seconds_to_next()
            self._last_turn_at = asyncio.get_running_loop().time()
        except Exception as error:  # whatever it is, the worker must not end
            log.warning("claim_failed", error=type(error).__name__, at=where(error))
            jobs, pause_s = [], 0.5
        for job in jobs:
            task = asyncio.create_task(self._run(job))
            self._running[task] = job.kind
            task.add_done_callback(self._ended)
        if pause_s:
            await self._wait_for_news(pause_s)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._news.set()

    async def _wait_for_news(self, at_most_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._news.wait()

    def _free_slots(self) -> dict[str, int]:
        running = Counter(self._running.values())
        return {name: kind.at_once - running[name] for name, kind in self.kinds.items() if kind.at_once > running[name]}

    async def _claim_all(self) -> list[Job]:
        """As many due jobs of each kind as it has free slots."""
        async with self.database.acting_as(WORKER) as connection:
            return [
                job for kind, count in self._free_slots().items() for job in await self._claim(connection, kind, count)
            ]

    async def _claim(self, connection: Connection, kind: str, count: int) -> list[Job]:
        try:
            rows = await connection.fetch(CLAIM, count, timedelta(seconds=self.lease_s), [kind])
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            return []  # another worker took a job of the same key in the same moment
        return [Job(*row) for row in rows]

    async def _seconds_to_next(self) -> float:
        """How long nothing will be due that there is a slot for; at most a second, at least a moment."""
        async with self.database.acting_as(WORKER) as connection:
            seconds = await connection.fetchval(SECONDS_TO_NEXT, list(self._free_slots()))
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
        except Exception as error:  # whatever a handler raises, the job must be kept
            await self._failed(job, kind, error)

    async def _failed(self, job: Job, kind: JobKind, error: Exception) -> None:
        """Lets the job run again later or parks it; if even that fails, its lease runs out and it is taken again."""
        name = type(error).__name__
        try:
            async with self.database.transaction(WORKER) as connection:
                if isinstance(error, RetryLater):
                    await self._retry(connection, job, max(error.delay_s, SHORTEST_WAIT_S), name, failures=0)
                    return
                log.error(
                    "job_failed", job_id=job.job_id, kind=job.kind, attempt=job.attempt, error=name, at=where(error)
                )
                if job.failures + 1 >= kind.max_failures:
                    await self._park(connection, job, kind, name)
                else:
                    await self._retry(connection, job, kind.delay_s(job.failures + 1), name, failures=1)
        except Exception as lost:
            log.warning("job_left_to_its_lease", job_id=job.job_id, error=type(lost).__name__, at=where(lost))

    async def _retry(self, connection: Connection, job: Job, delay_s: float, name: str, *, failures: int) -> None:
        await connection.execute(RETRY, job.job_id, job.attempt, timedelta(seconds=delay_s), name, failures)

    async def _park(self, connection: Connection, job: Job, kind: JobKind, name: str) -> None:
        if await connection.fetchval(PARK, job.job_id, job.attempt, name) is None:
            return
        for handler in kind.on_park:
            try:
                async with connection.transaction():
                    await handler(connection, job.payload)
                break
            except Exception as error:  # the next one needs less
                log.error("park_handler_failed", job_id=job.job_id, error=type(error).__name__, at=where(error))
        log.error("job_parked", job_id=job.job_id, kind=job.kind, attempt=job.attempt, error=name)

    async def _beat(self, connection: Connection) -> None:
        """Shows that this worker works: not merely that it runs, but that it has looked for jobs lately."""
        if asyncio.get_running_loop().time() - self._last_turn_at < SILENT_AFTER_S:
            await connection.execute(BEAT, self.worker_id)
        await connection.execute(FREE_EXPIRED_LEASES)

    async def _do(self, chore: Chore) -> None:
        while True:
            try:
                async with self.database.acting_as(WORKER) as connection:
                    await chore.do(connection)
            except DATABASE_AWAY as error:
                log.warning("database_lost", error=type(error).__name__)
            except Exception as error:  # a chore that fails is tried again in its turn
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
