"""A real PostgreSQL with the real migrations for every test; what a test stores is rolled back or dropped."""

import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from api.kit.migrations import ROLES, apply_migrations
from tests.stack.postgres import EmbeddedPostgres

TEMPLATE = "fifteenplus_template"
_numbers = itertools.count(1)


class TestDatabase:
    """One database, with a URL for each role."""

    __test__ = False

    def __init__(self, server: EmbeddedPostgres, name: str) -> None:
        self.server = server
        self.name = name

    def url(self, user: str = "postgres") -> str:
        return self.server.url(self.name, user)

    @property
    def admin_url(self) -> str:
        return self.url()

    @property
    def api_url(self) -> str:
        return self.url("fifteenplus_api")

    @property
    def signed_in_url(self) -> str:
        return self.url("fifteenplus_signed_in")

    @property
    def worker_url(self) -> str:
        return self.url("fifteenplus_worker")


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The server of this test run."""
    with tempfile.TemporaryDirectory(prefix="fifteenplus-tests-") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "postgres", durable=False) as server:
            yield server


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedPostgres) -> TestDatabase:
    """A migrated database from which the others are copied."""
    admin = await asyncpg.connect(postgres.admin_url)
    await admin.execute(f"CREATE DATABASE {TEMPLATE}")
    await admin.close()
    await apply_migrations(postgres.url(TEMPLATE))
    return TestDatabase(postgres, TEMPLATE)


@pytest.fixture
async def database(postgres: EmbeddedPostgres, template: TestDatabase) -> AsyncIterator[TestDatabase]:
    """A database of the test's own, for tests that must commit."""
    name = f"fifteenplus_test_{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(postgres.admin_url)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template.name} STRATEGY FILE_COPY")
    await admin.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    await admin.execute(f"GRANT CONNECT ON DATABASE {name} TO {', '.join(ROLES)}")
    yield TestDatabase(postgres, name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def admin(database: TestDatabase) -> AsyncIterator[asyncpg.Connection]:
    """An administrator's connection to the test's database, past every policy."""
    connection = await asyncpg.connect(database.admin_url)
    yield connection
    await connection.close()
