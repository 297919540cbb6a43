"""A backlog: the plan that the server keeps from when there were no jobs must still do."""

import json
from typing import Any

import asyncpg
import pytest

from api.kit import jobs
from api.kit.db import WORKER, Database
from tests.conftest import TestDatabase

BACKLOG = 300
ARGUMENTS = {"CLAIM": "(8, '30 s', '{try}')", "SECONDS_TO_NEXT": "('{try}')"}


@pytest.mark.parametrize("name", ARGUMENTS)
async def test_query_when_planned_without_jobs_then_no_step_is_repeated_for_each_job_of_a_backlog(
    database: TestDatabase, admin: asyncpg.Connection, name: str
) -> None:
    await admin.execute("VACUUM ANALYZE jobs")
    connections = Database(database.worker_url, size=1)
    async with connections.acting_as(WORKER) as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE kept AS {getattr(jobs, name)}")
        await connection.execute(f"EXPLAIN EXECUTE kept {ARGUMENTS[name]}")
        await admin.execute(
            "INSERT INTO jobs (kind, serial_key, payload) SELECT 'try', n::text, '{}' FROM generate_series(1, $1) AS n",
            BACKLOG,
        )
        [row] = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE kept {ARGUMENTS[name]}")
    await connections.close()
    [explained] = json.loads(row[0])
    assert explained["Plan"]["Node Type"]
    assert _most_repeats(explained["Plan"]) < BACKLOG / 10


def _most_repeats(plan: dict[str, Any]) -> float:
    return max([plan["Actual Loops"], *map(_most_repeats, plan.get("Plans", []))])
