"""A worker of the service's own kind, whose jobs do nothing but tell that they were picked up."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count

import asyncpg

from api.app import create_worker
from api.kit import db
from api.kit.db import Database
from api.kit.jobs import Job, JobKind, enqueue
from api.settings import WorkSettings, read_settings
from tests.benchmarks.measuring import Times

KIND = "benchmark"
INSERT_BACKLOG = """
    INSERT INTO jobs (kind, serial_key, payload)
    SELECT $1, $1 || n, jsonb_build_object('number', n) FROM unnest($2::text[]) AS n
    RETURNING job_id
"""


class EmptyJobs:
    """Enqueues, and waits until the worker has picked up."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers = count()
        self._waiting: dict[str, asyncio.Future[None]] = {}

    async def run_one(self) -> float:
        """Enqueues a job; returns the seconds until it was picked up."""
        number, picked_up = self._expect()
        started_at_s = time.perf_counter()
        async with self._database.acting_as(db.WORKER) as connection:
            await enqueue(connection, KIND, {"number": number})
        await picked_up
        return time.perf_counter() - started_at_s

    async def run_backlog(self, admin: asyncpg.Connection, size: int) -> Times:
        """Works off jobs that became due all at once."""
        expected = [self._expect() for _ in range(size)]
        await admin.execute(INSERT_BACKLOG, KIND, [number for number, _ in expected])
        started_at_s = time.perf_counter()
        await asyncio.gather(*(picked_up for _, picked_up in expected))
        whole_s = time.perf_counter() - started_at_s
        return Times([whole_s] * size, whole_s)

    async def handle(self, job: Job) -> None:
        """All that is done in a job."""
        self._waiting.pop(job.payload["number"]).set_result(None)

    def _expect(self) -> tuple[str, asyncio.Future[None]]:
        number = str(next(self._numbers))
        self._waiting[number] = asyncio.get_running_loop().create_future()
        return number, self._waiting[number]


@asynccontextmanager
async def working(worker_environment: Mapping[str, str]) -> AsyncIterator[EmptyJobs]:
    """The service's worker, as it is configured, but in this process and with empty jobs too; until left."""
    async with create_worker(read_settings(WorkSettings, worker_environment)) as worker:
        empty_jobs = EmptyJobs(worker.database)
        worker.kinds = {**worker.kinds, KIND: JobKind(handler=empty_jobs.handle)}
        worker.chores = ()
        run = asyncio.create_task(worker.run())
        yield empty_jobs
        run.cancel()
        await asyncio.wait([run])
