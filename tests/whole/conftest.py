"""The served API, and how long its routes are tried with made-up requests."""

import os
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from tests.conftest import TestDatabase
from tests.rules.access_rows import World, build
from tests.rules.http_matrix import plant_canaries
from tests.stack.postgres import EmbeddedPostgres
from tests.whole.served import FEW, Served


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--examples", type=int, default=FEW, help="how many made-up requests of each kind a route gets")


@pytest.fixture(scope="session")
async def whole_world(postgres: EmbeddedPostgres, template: TestDatabase) -> AsyncIterator[tuple[TestDatabase, World]]:
    """A database with the whole world in it, whose tokens outlive the tests and whose allowances do not run out."""
    filled = TestDatabase(postgres, f"fifteenplus_served_{os.getpid()}")
    admin = await asyncpg.connect(postgres.admin_url)
    await admin.execute(f"CREATE DATABASE {filled.name} TEMPLATE {template.name} STRATEGY FILE_COPY")
    connection = await asyncpg.connect(filled.admin_url)
    built = await build(connection)
    await plant_canaries(connection)
    await connection.execute("UPDATE allowances SET at_once = 1000000, refilled_in_s = 1")
    await connection.execute("UPDATE session_tokens SET expires_at = 'infinity' WHERE expires_at > now()")
    await connection.close()
    yield filled, built
    await admin.execute(f"DROP DATABASE {filled.name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(scope="session")
def served(whole_world: tuple[TestDatabase, World], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API on it."""
    with Served(*whole_world, tmp_path_factory.mktemp("served")) as running:
        yield running
