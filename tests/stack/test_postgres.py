"""The embedded PostgreSQL keeps what it stored, and says in one sentence why it cannot start."""

import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.stack.ports import free_port
from tests.stack.postgres import EmbeddedPostgres
from tests.stack.problem import StackProblem
from tests.stack.server_user import reading_everywhere
from tests.stack.settings import REPOSITORY


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A started server in pytest's own folder, which other system users cannot enter."""
    with EmbeddedPostgres(tmp_path / "postgres", durable=False) as started:
        yield started


@pytest.fixture
def stopped(server: EmbeddedPostgres) -> EmbeddedPostgres:
    server.stop()
    return server


async def run_sql(url: str, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(sql)
    finally:
        await connection.close()


async def test_what_was_stored_survives_a_kill(server: EmbeddedPostgres) -> None:
    await run_sql(server.admin_url, "CREATE TABLE kept AS SELECT 15 AS number")
    server.kill()
    server.start()
    assert (await run_sql(server.admin_url, "SELECT number FROM kept"))[0]["number"] == 15


async def test_a_kill_leaves_no_process_behind_even_with_a_query_going(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(server.admin_url)
    assert server._process is not None
    processes = [p := psutil.Process(server._process.pid), *p.children(recursive=True)]
    server.kill()
    assert not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    connection.terminate()


async def test_it_listens_on_the_socket_and_on_the_same_port_after_a_restart(server: EmbeddedPostgres) -> None:
    port = server.port
    server.stop()
    server.start()
    assert server.port == port
    assert (await run_sql(server.socket_url(), "SHOW port"))[0]["port"] == str(port)


async def test_it_is_version_18_in_utf8_and_sorts_the_same_everywhere(server: EmbeddedPostgres) -> None:
    sql = """
        SELECT current_setting('server_version_num')::int / 10000,
               datlocprovider::text, datlocale, pg_encoding_to_char(encoding)
        FROM pg_database WHERE datname = 'postgres'
    """
    assert tuple((await run_sql(server.admin_url, sql))[0]) == (18, "b", "C.UTF-8", "UTF8")


def test_a_lock_file_left_by_a_killed_server_does_not_matter_even_when_its_number_is_taken(
    stopped: EmbeddedPostgres,
) -> None:
    lock = stopped.data_dir / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{stopped.data_dir}\n1\n{stopped.port}\n\n127.0.0.1\n\nready\n")
    stopped.start()
    assert stopped.running


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StackProblem, match=f"^Port {port} is in use: choose another one .* POSTGRES_PORT.$"):
            EmbeddedPostgres(tmp_path / "postgres", port, durable=False).start()


def test_a_second_server_on_the_same_folder_is_refused(server: EmbeddedPostgres) -> None:
    second = EmbeddedPostgres(server.data_dir, free_port(), durable=False)
    with pytest.raises(StackProblem, match=r"^A PostgreSQL \(process \d+\) already runs on "):
        second.start()
    assert server.running


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "letters.txt").write_text("private")
    with pytest.raises(StackProblem, match="is damaged or is not one"):
        EmbeddedPostgres(tmp_path / "postgres", durable=False).start()
    assert (tmp_path / "postgres" / "letters.txt").read_text() == "private"


def test_a_folder_of_another_version_is_left_alone(stopped: EmbeddedPostgres) -> None:
    (stopped.data_dir / "PG_VERSION").write_text("16\n")
    with pytest.raises(StackProblem, match="is of PostgreSQL 16, not 18"):
        stopped.start()


@pytest.mark.parametrize("damage", ["global/pg_control", "global/pg_filenode.map"])
def test_a_damaged_database_is_one_sentence_with_the_servers_own_reason(stopped: EmbeddedPostgres, damage: str) -> None:
    (stopped.data_dir / damage).write_bytes(b"\0" * 8192)
    with pytest.raises(StackProblem) as raised:
        stopped.start()
    said = str(raised.value)
    assert re.match(
        r"PostgreSQL cannot start on .* \((FATAL|PANIC|ERROR|postgres): .*\): if the database is damaged", said
    )
    assert "\n" not in said
    assert not stopped.running


def test_an_interrupted_creation_is_begun_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path / "postgres", durable=False) as server:
        assert server.running
    assert not unfinished.exists()


def test_a_path_too_long_for_a_socket_gets_another_place_for_it(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("long" * 30) / "postgres", durable=False) as server:
        assert len(str(server.socket_dir)) < 60
        assert list(server.socket_dir.iterdir())


_HEAD = """
import sys, tempfile
from pathlib import Path
from tests.stack.postgres import EmbeddedPostgres
from tests.stack.problem import StackProblem
"""
_START_AND_STOP = (
    _HEAD
    + """
with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres", durable=False):
    print("started")
"""
)
_START_ON_A_FOLDER_OF_ROOT = (
    _HEAD
    + """
try:
    EmbeddedPostgres(Path("/etc"), durable=False).start()
except StackProblem as problem:
    print(problem)
"""
)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root to become somebody else")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        (_START_AND_STOP, "started"),
        (_START_ON_A_FOLDER_OF_ROOT, "The database folder /etc belongs to another user: choose another data folder"),
    ],
)
def test_an_ordinary_user_starts_it_too_and_cannot_take_anothers_folder(script: str, said: str) -> None:
    nobody = reading_everywhere(pwd.getpwnam("nobody"), REPOSITORY)
    ended = subprocess.run(
        [*nobody, sys.executable, "-B", "-c", script],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.startswith(said), ended.stderr
