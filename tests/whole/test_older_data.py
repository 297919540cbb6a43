"""`make run` on a data folder from before fields were encrypted: it starts, and knows everybody as before."""

import asyncio
import os
import re
import subprocess
import sys

import pytest

from api.kit.migrations import administrator, apply_before
from tests.api.keys.older import Older, fill_older
from tests.canaries import found_in_files, tables_on_disk
from tests.fields import read_messages_by_id, ring_of
from tests.rules.source import ROOT
from tests.stack.postgres import EmbeddedPostgres
from tests.stack.service import LocalService
from tests.stack.settings import DATABASE, StackSettings


@pytest.fixture
async def older_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[StackSettings, Older]:
    """A data folder whose database has seen the migrations before 0011, and what is in it."""
    settings = StackSettings.for_tests(tmp_path_factory.mktemp("older"))
    with EmbeddedPostgres(settings.data_dir / "postgres", durable=False) as postgres:
        async with administrator(postgres.admin_url) as server:
            await server.execute(f"CREATE DATABASE {DATABASE}")
        await apply_before(postgres.url(DATABASE), "0011")
        async with administrator(postgres.url(DATABASE)) as admin:
            older = await fill_older(admin)
            await admin.execute("DELETE FROM jobs")
    return settings, older


async def test_older_data_folder_when_started_then_it_is_encrypted_and_its_people_are_answered(
    older_folder: tuple[StackSettings, Older],
) -> None:
    settings, older = older_folder
    with LocalService(settings) as service:
        async with administrator(service.postgres.url(DATABASE)) as admin:
            assert await read_messages_by_id(admin, "true", ring=ring_of(service.env)) == older.messages
            await admin.execute("UPDATE messages SET answered_at = now() WHERE direction = 'inbound'")
            await admin.execute("CHECKPOINT")
        assert found_in_files(tables_on_disk(settings.data_dir / "postgres"), older.canaries()) == set()
        said = await asyncio.to_thread(text, settings, next(iter(older.people)), "whens my next appointment")
        assert re.search("You have no appointments", said.stdout), said.stderr


def text(settings: StackSettings, sender: str, say: str) -> subprocess.CompletedProcess[str]:
    """Runs what `make text` runs."""
    environment = {**os.environ, "FIFTEENPLUS_DATA": str(settings.data_dir), "FROM": sender, "SAY": say}
    command = [sys.executable, "-m", "tests.stack", "text"]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
