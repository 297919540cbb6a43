"""Jobs with nothing to do: enqueued, picked up, ended."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import asyncpg

from api.kit import db
from api.kit.jobs import COMPLETE, SOON
from tests.benchmarks.empty_jobs import INSERT_BACKLOG, KIND, EmptyJobs, working
from tests.benchmarks.measuring import Figures, MarkedWork, Times, in_turns, side_by_side, side_by_side_until
from tests.benchmarks.stage import WORKER, Stage, bare_connections
from tests.benchmarks.table import Row, Section

SENDERS = (1, 8)
INSERT_ONE = """
    INSERT INTO jobs (kind, serial_key, payload, priority, run_at)
    VALUES ($1, $2, $3, $4, clock_timestamp() + $5) RETURNING job_id
"""
TAKE = """
    UPDATE jobs SET leased_until = clock_timestamp() + interval '30 s', attempt = attempt + 1
    WHERE job_id = $1 RETURNING attempt
"""


async def measure(stage: Stage) -> Section:
    """The service's own worker must be stopped."""
    async with (
        working(stage.service.env) as empty_jobs,
        bare_connections(stage.floor_url(WORKER), db.WORKER, max(SENDERS)) as bare,
    ):
        rows = [await _one_after_another(stage, empty_jobs, bare[:senders]) for senders in SENDERS]
        rows.append(await _backlog(stage, empty_jobs, bare))
    return Section(
        "Jobs with an empty handler (api.kit.jobs): p50 and p99 from enqueueing until picked up",
        "INSERT, UPDATE, DELETE of the same row, each known by its id, through bare asyncpg; nobody is woken",
        rows,
    )


async def _one_after_another(stage: Stage, empty_jobs: EmptyJobs, bare: list[asyncpg.Connection]) -> Row:
    ours, floor = await in_turns(
        stage.effort.rounds,
        lambda: _picked_up([empty_jobs.run_one] * len(bare), stage.effort.jobs),
        lambda: _picked_up([_bare_job(connection) for connection in bare], stage.effort.jobs),
    )
    return Row("job enqueued, picked up, ended", len(bare), Figures(ours), Figures(floor))


async def _picked_up(works: list[MarkedWork], count: int) -> Times:
    until_picked_up, _ = await side_by_side_until(works, count)
    return until_picked_up


def _bare_job(connection: asyncpg.Connection) -> MarkedWork:
    async def run() -> float:
        number = str(uuid4())
        started_at_s = time.perf_counter()
        job_id = await connection.fetchval(INSERT_ONE, KIND, number, {"number": number}, SOON, timedelta())
        attempt = await connection.fetchval(TAKE, job_id)
        picked_up_s = time.perf_counter() - started_at_s
        await connection.fetchval(COMPLETE, job_id, attempt)
        return picked_up_s

    return run


async def _backlog(stage: Stage, empty_jobs: EmptyJobs, bare: list[asyncpg.Connection]) -> Row:
    size = stage.effort.jobs
    ours, floor = await in_turns(
        stage.effort.rounds,
        lambda: empty_jobs.run_backlog(stage.admin, size),
        lambda: _bare_backlog(bare, size),
    )
    return Row("backlog worked off", len(bare), Figures(ours), Figures(floor), only_rate=True)


async def _bare_backlog(bare: list[asyncpg.Connection], size: int) -> Times:
    rows = await bare[0].fetch(INSERT_BACKLOG, KIND, [str(n) for n in range(size)])
    ids = iter([row["job_id"] for row in rows])

    def ender(connection: asyncpg.Connection) -> Callable[[], Awaitable[object]]:
        async def run() -> None:
            job_id = next(ids)
            await connection.fetchval(COMPLETE, job_id, await connection.fetchval(TAKE, job_id))

        return run

    return await side_by_side([ender(connection) for connection in bare], size)
