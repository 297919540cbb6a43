"""A check passes an untouched audit and finds every tamper, with its block and row."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from api.__main__ import main
from api.audit import queries, service
from api.audit.anchor import Anchors, read_anchors
from api.audit.models import Block, Verb
from api.kit.db import WORKER, Database
from tests.api.audit.sealed import check_as_worker, tamper, write_audit
from tests.api.audit.tampering import Tamperer, some_reasons
from tests.conftest import TestDatabase

TAMPERS, BLOCKS, ROWS = 200, 6, 5


@pytest.fixture
async def anchors(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Path]:
    """A sealed audit in the database, and the file of its anchors."""
    await write_audit(database, tmp_path / "anchors", blocks=BLOCKS, rows=ROWS)
    yield tmp_path / "anchors"


async def find(admin: asyncpg.Connection, anchored: Anchors, seed: int) -> tuple[str, bool]:
    """One tamper, undone again: what it was, and whether the check names the place."""
    transaction = admin.transaction(isolation="repeatable_read")
    await transaction.start()
    tamperer = Tamperer(admin, seed, rows=ROWS, blocks=BLOCKS)
    kind = tamperer.kinds()[seed % len(tamperer.kinds())]
    block_no, entry_id = await kind()
    faults = (await service.check(admin, anchored)).faults
    await transaction.rollback()
    places = {(fault.block_no, fault.entry_id) for fault in faults}
    is_found = (block_no, entry_id) in places if entry_id else any(place[0] == block_no for place in places)
    return kind.__name__, is_found


async def test_check_when_200_tampers_are_made_one_by_one_then_each_is_found_in_its_place(
    admin: asyncpg.Connection, anchors: Path
) -> None:
    anchored = read_anchors(anchors)
    results = [(seed, *await find(admin, anchored, seed)) for seed in range(TAMPERS)]
    assert [(seed, kind) for seed, kind, is_found in results if not is_found] == []
    assert len(results) == TAMPERS
    assert (await service.check(admin, anchored)).faults == []


async def test_check_when_nothing_was_touched_then_it_passes_whatever_the_session_shows(
    database: TestDatabase, anchors: Path, admin: asyncpg.Connection
) -> None:
    findings = await check_as_worker(database, anchors)
    assert (findings.faults, findings.sealed_count, findings.block_count) == ([], BLOCKS * ROWS, BLOCKS)
    await admin.execute("SET timezone = 'Asia/Kolkata'; SET datestyle = 'SQL, DMY'; SET bytea_output = 'escape'")
    assert (await service.check(admin, read_anchors(anchors))).faults == []


async def test_check_when_reasons_try_to_be_something_else_then_only_a_real_change_is_found(
    database: TestDatabase, admin: asyncpg.Connection, anchors: Path
) -> None:
    worker = Database(database.worker_url, size=1)
    async with worker.transaction(WORKER) as connection:
        for reason in some_reasons(1, 300):
            await service.record(connection, Verb.VIEWED, "staff", reason=reason)
    await worker.close()
    assert (await check_as_worker(database, anchors)).faults == []
    await tamper(admin, "UPDATE audit_entries SET table_name = 'staf', record_id = 'f' WHERE entry_id = 40")
    assert [fault.entry_id for fault in (await check_as_worker(database, anchors)).faults] == [40]


async def test_check_when_the_anchors_are_gone_and_the_blocks_old_then_each_is_told(
    admin: asyncpg.Connection, anchors: Path
) -> None:
    blocks = await service.list_blocks(admin, 0)
    assert (await service.check(admin, Anchors({}, []))).faults == []
    service_faults = service._faults_of_anchors([_aged(block) for block in blocks], Anchors({}, []))
    assert len(service_faults) == BLOCKS


def _aged(block: Block) -> Block:
    return msgspec.structs.replace(block, sealed_at=block.sealed_at - timedelta(hours=1))


@pytest.mark.parametrize(("change", "code"), [("", 0), ("DELETE FROM audit_entries WHERE entry_id = 7", 1)])
async def test_command_when_run_then_it_says_what_it_found_and_how_fast_and_fails_on_a_fault(
    database: TestDatabase,
    admin: asyncpg.Connection,
    anchors: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: str,
    code: int,
) -> None:
    await tamper(admin, change or "SELECT 1")
    monkeypatch.setenv("WORKER_DATABASE_URL", database.worker_url)
    monkeypatch.setenv("AUDIT_ANCHOR_PATH", str(anchors))
    monkeypatch.setattr(sys, "argv", ["api", "check", "audit"])
    try:
        result = await asyncio.to_thread(main)
    except SystemExit as stopped:
        result = int(stopped.code or 0)
    out = capsys.readouterr().out
    assert result == code
    assert ("block 2, row 7: was removed" in out) == bool(code)
    assert "a second" in out


@pytest.mark.parametrize("weakened", ["is_whole", "s.row_hash <> k.row_hash", "k.row_hash IS NULL"])
async def test_tampers_when_the_check_looks_away_then_some_are_missed(
    admin: asyncpg.Connection, anchors: Path, monkeypatch: pytest.MonkeyPatch, weakened: str
) -> None:
    blind = queries.LIST_FAULTS_IN_BLOCK.replace(
        f"WHEN {'NOT k.is_whole' if weakened == 'is_whole' else weakened}", "WHEN false"
    )
    assert blind != queries.LIST_FAULTS_IN_BLOCK
    monkeypatch.setattr(queries, "LIST_FAULTS_IN_BLOCK", blind)
    anchored = read_anchors(anchors)
    results = [await find(admin, anchored, seed) for seed in range(45)]
    assert not all(is_found for _, is_found in results)
