"""Finished entries are sealed in blocks, late commits too, and every block is anchored outside the database."""

import asyncio
from pathlib import Path

import asyncpg

from api.audit import service
from api.audit.anchor import read_anchors
from api.audit.jobs import Sealing
from api.audit.models import Verb
from api.kit.db import WORKER, Database
from tests.api.audit.sealed import check_as_worker, tamper, write_audit
from tests.conftest import TestDatabase

SEALED = "SELECT entry_id FROM audit_blocks, unnest(entry_ids) AS e (entry_id) ORDER BY entry_id"


async def test_late_commit_when_others_were_sealed_meanwhile_then_it_is_sealed_later_and_not_skipped(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    worker, sealing = Database(database.worker_url, size=3), Sealing(tmp_path / "anchors")
    async with worker.transaction(WORKER) as late:
        await service.record(late, Verb.VIEWED, "staff", ["late"])
        async with worker.acting_as(WORKER) as connection:
            await service.record(connection, Verb.VIEWED, "staff", ["early"])
            await sealing.seal(connection)
        assert await admin.fetch(SEALED) == []
    async with worker.acting_as(WORKER) as connection:
        await sealing.seal(connection)
    await worker.close()
    assert len(await admin.fetch(SEALED)) == 2
    assert (await check_as_worker(database, tmp_path / "anchors")).faults == []


async def test_sealing_when_many_write_and_seal_at_once_then_every_entry_is_in_one_block(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    worker = Database(database.worker_url, size=8, wait_s=30)

    async def write(number: int) -> None:
        for _ in range(20):
            async with worker.transaction(WORKER) as connection:
                await service.record(connection, Verb.VIEWED, "staff", [number])
                await asyncio.sleep(0.001 * (number % 3))

    async def seal() -> None:
        sealing = Sealing(tmp_path / "anchors")
        for _ in range(25):
            async with worker.acting_as(WORKER) as connection:
                await sealing.seal(connection)
            await asyncio.sleep(0.002)

    await asyncio.gather(*(write(number) for number in range(6)), seal(), seal())
    await seal()
    await worker.close()
    entries = [row[0] for row in await admin.fetch("SELECT entry_id FROM audit_entries ORDER BY entry_id")]
    assert len(entries) == 120
    assert [row[0] for row in await admin.fetch(SEALED)] == entries
    findings = await check_as_worker(database, tmp_path / "anchors")
    assert (findings.faults, findings.sealed_count, findings.unsealed_count) == ([], 120, 0)


async def test_anchors_when_a_try_could_not_write_them_then_the_next_does(
    database: TestDatabase, tmp_path: Path
) -> None:
    path = tmp_path / "missing" / "anchors"
    worker, sealing = Database(database.worker_url, size=1), Sealing(path)
    async with worker.acting_as(WORKER) as connection:
        await service.record(connection, Verb.VIEWED, "staff")
        try:
            await sealing.seal(connection)
        except OSError:
            path.parent.mkdir()
        await sealing.seal(connection)
    await worker.close()
    assert read_anchors(path).last == 1


async def test_anchors_when_a_line_is_torn_then_the_next_is_whole_and_the_torn_one_is_told(
    database: TestDatabase, tmp_path: Path
) -> None:
    path = tmp_path / "anchors"
    path.write_bytes(b'\n{"block":1,"ha')
    await write_audit(database, path, blocks=2, rows=1)
    anchors = read_anchors(path)
    assert (sorted(anchors.hashes), len(anchors.faults)) == ([1, 2], 1)


async def test_block_when_the_worker_says_what_is_in_it_then_it_is_refused_or_not_heeded(
    database: TestDatabase, tmp_path: Path
) -> None:
    await write_audit(database, tmp_path / "anchors", blocks=1, rows=2)
    worker = Database(database.worker_url, size=1)
    async with worker.acting_as(WORKER) as connection:
        assert await connection.execute("INSERT INTO audit_blocks (block_no) VALUES (77)") == "INSERT 0 0"
        try:
            await connection.execute("INSERT INTO audit_blocks (block_no, entry_ids) VALUES (77, '{}')")
        except asyncpg.InsufficientPrivilegeError:
            pass
        else:
            raise AssertionError
    await worker.close()


async def test_block_when_cut_off_and_sealed_again_then_two_anchors_of_one_number_give_it_away(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "anchors"
    await write_audit(database, path, blocks=3, rows=2)
    await tamper(admin, "DELETE FROM audit_blocks WHERE block_no = 3; DELETE FROM audit_entries WHERE entry_id = 6")
    await write_audit(database, path, blocks=1, rows=1)
    worker = Database(database.worker_url, size=1)
    async with worker.acting_as(WORKER) as connection:
        await Sealing(None).seal(connection)
    await worker.close()
    assert ("block 3: is not the one that was anchored") in map(str, (await check_as_worker(database, path)).faults)
