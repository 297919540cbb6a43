"""A connection handed out acting for somebody, and one small query on it."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import cycle

import asyncpg

from api.kit.db import MONITOR, SET_ACTOR, TWILIO, Actor, Database
from tests.benchmarks.measuring import Figures, Load, Times, Work, in_turns, side_by_side
from tests.benchmarks.stage import Stage, bare_connections
from tests.benchmarks.table import Row, Section

TASKS = (1, 8)
CONNECTIONS = 8
QUERY = "SELECT 1"


async def measure(stage: Stage) -> Section:
    """Our lease and asyncpg's own pool, both against connections that are never handed back."""
    rows = [row for tasks in TASKS for row in await _measure(stage, tasks)]
    return Section(
        f"A connection handed out with its actor set, and {QUERY} on it",
        f"{QUERY} on a bare connection of its own, the actor set once and for all",
        rows,
    )


async def _measure(stage: Stage, tasks: int) -> list[Row]:
    url = stage.service.env["DATABASE_URL"]
    database = Database(url, size=CONNECTIONS)
    async with (
        asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool,
        bare_connections(url, TWILIO, tasks) as bare,
    ):
        ways: dict[str, list[Work]] = {
            "bare": [_on(connection) for connection in bare],
            "acting_as, same actor as before": [_leased(database, [TWILIO])] * tasks,
            "acting_as, another actor": [_leased(database, [TWILIO, MONITOR]) for _ in range(tasks)],
            "asyncpg's pool and set_config": [_from_pool(pool)] * tasks,
        }
        loads: list[Load[Times]] = [_load(works, stage.effort.leases) for works in ways.values()]
        floor, *ours = map(Figures, await in_turns(stage.effort.rounds, *loads))
    await database.close()
    await asyncio.sleep(0)
    return [Row(way, tasks, figures, floor) for way, figures in zip(list(ways)[1:], ours, strict=True)]


def _load(works: list[Work], count: int) -> Callable[[], Awaitable[Times]]:
    return lambda: side_by_side(works, count)


def _on(connection: asyncpg.Connection) -> Work:
    return lambda: connection.fetchval(QUERY)


def _leased(database: Database, actors: list[Actor]) -> Work:
    turns = cycle(actors)

    async def run() -> None:
        async with database.acting_as(next(turns)) as connection:
            await connection.fetchval(QUERY)

    return run


def _from_pool(pool: asyncpg.Pool) -> Work:
    async def run() -> None:
        async with pool.acquire() as connection:
            await connection.fetchval(SET_ACTOR, TWILIO)
            await connection.fetchval(QUERY)

    return run
