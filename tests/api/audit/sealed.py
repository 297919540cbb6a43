"""An audit for tests: entries of people, sealed in blocks and anchored."""

import uuid
from pathlib import Path

import asyncpg

from api.audit import service
from api.audit.anchor import read_anchors
from api.audit.jobs import Sealing
from api.audit.models import Findings, Verb
from api.kit.db import WORKER, Database
from tests.conftest import TestDatabase


async def write_block(database: Database, sealing: Sealing, *, rows: int) -> None:
    """Some entries, each in a transaction of its own, and the block that seals them."""
    for _ in range(rows):
        async with database.acting_as(WORKER) as connection:
            await service.record(connection, Verb.VIEWED, "staff", [uuid.uuid4()], person_id=uuid.uuid4(), reason="r")
    async with database.acting_as(WORKER) as connection:
        await sealing.seal(connection)


async def write_audit(test_database: TestDatabase, path: Path, *, blocks: int, rows: int) -> None:
    """A sealed and anchored audit."""
    database, sealing = Database(test_database.worker_url, size=1), Sealing(path)
    for _ in range(blocks):
        await write_block(database, sealing, rows=rows)
    await database.close()


async def check_as_worker(test_database: TestDatabase, path: Path) -> Findings:
    """What a check finds."""
    database = Database(test_database.worker_url, size=1)
    async with database.acting_as(WORKER) as connection:
        findings = await service.check(connection, read_anchors(path))
    await database.close()
    return findings


async def tamper(admin: asyncpg.Connection, sql: str) -> None:
    """Changes what nobody may change: as superuser, with every trigger off."""
    await admin.execute(f"SET session_replication_role = replica; {sql}; RESET session_replication_role")
