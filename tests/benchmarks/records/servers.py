"""What is measured: the service with its walls, the same without them, and the ORM's, each one process."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from api.kit.migrations import apply_migrations
from tests.benchmarks.records.data import SignedIn, Size, sign_in, store
from tests.benchmarks.records.orm import DATABASE_URL
from tests.stack.environments import environment_of, service_settings
from tests.stack.health import answers_200
from tests.stack.ports import LOOPBACK
from tests.stack.postgres import EmbeddedPostgres
from tests.stack.processes import Part
from tests.stack.settings import StackSettings, demo_secrets

READERS = 16
HEALTHY_WITHIN_S = 60.0

# Whose case it is has to be known even without a wall: that alone stays, as plainly as it can be said.
WITHOUT_WALLS = """
    DO $$
    DECLARE t record;
    BEGIN
        FOR t IN SELECT c.oid::regclass AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND n.nspname = 'public' AND c.relname <> 'young_people' LOOP
            EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', t.name);
        END LOOP;
    END
    $$;
    ALTER POLICY visible_young_people ON young_people USING (
        CASE (SELECT w.staff_role FROM sec.who() AS w)
            WHEN 'manager' THEN team_id = (SELECT w.team_id FROM sec.who() AS w)
            ELSE person_id = ANY(ARRAY(
                SELECT a.person_id FROM allocations AS a WHERE a.staff_id = (SELECT w.staff_id FROM sec.who() AS w)
            ))
        END
    );
    CREATE OR REPLACE FUNCTION audit_notes_views(seen_person_ids uuid[], seen_table_name text) RETURNS boolean
    LANGUAGE sql AS 'SELECT true';
"""


@dataclass(frozen=True)
class Council:
    """The records of one council, twice: with the walls and without; and who is signed in to both."""

    size: Size
    postgres: EmbeddedPostgres
    name: str
    people: list[SignedIn]
    advisers: list[SignedIn]
    managers: list[SignedIn]

    def url(self, walls: bool, user: str = "fifteenplus_signed_in") -> str:
        """Its database, with the walls or without, as this role."""
        return self.postgres.url(self.name if walls else f"{self.name}_open", user)


async def found(postgres: EmbeddedPostgres, name: str, size: Size) -> Council:
    """Stores a council's records."""
    server = await asyncpg.connect(postgres.admin_url)
    await server.execute(f"CREATE DATABASE {name}")
    await apply_migrations(postgres.url(name))
    admin = await asyncpg.connect(postgres.url(name))
    await store(admin, size)
    readers = await sign_in(admin, READERS)
    await admin.close()
    await server.execute(f"CREATE DATABASE {name}_open TEMPLATE {name} STRATEGY FILE_COPY", timeout=300)
    await server.close()
    opened = await asyncpg.connect(postgres.url(f"{name}_open"))
    await opened.execute(WITHOUT_WALLS)
    await opened.execute("VACUUM ANALYZE", timeout=300)
    await opened.close()
    walled = await asyncpg.connect(postgres.url(name))
    await walled.execute("VACUUM ANALYZE", timeout=300)
    await walled.close()
    return Council(size, postgres, name, *readers)


@asynccontextmanager
async def serving(council: Council, folder: Path) -> AsyncIterator[tuple[str, str, str]]:
    """The URLs of the service with its walls, without them, and of the ORM's."""
    parts, urls = [], []
    for walls in (True, False):
        settings = StackSettings.for_tests(folder / f"{council.name}-{walls}").with_free_ports()
        settings.data_dir.mkdir(parents=True)
        every = service_settings(settings, council.postgres, demo_secrets(settings.data_dir))
        database = council.name if walls else f"{council.name}_open"
        every |= {
            "DATABASE_URL": council.postgres.url(database, "fifteenplus_api"),
            "SIGNED_IN_DATABASE_URL": council.url(walls),
        }
        urls.append(every["PUBLIC_BASE_URL"])
        parts.append(
            _part(
                f"api-{walls}",
                [sys.executable, "-m", "api", "serve"],
                environment_of("api", every, {}),
                folder,
                f"{urls[-1]}/health/live",
            )
        )
    port = StackSettings.for_tests(folder / "orm").with_free_ports().api_port
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "asgi",
        "--factory",
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    command += ["--host", LOOPBACK, "--port", str(port), "tests.benchmarks.records.orm:create_app"]
    orm_url = council.url(False, "postgres").partition("?")[0].replace("postgresql://", "postgresql+asyncpg://")
    urls.append(f"http://{LOOPBACK}:{port}")
    parts.append(_part("orm", command, {**os.environ, DATABASE_URL: orm_url}, folder, f"{urls[-1]}/openapi.json"))
    try:
        for part in parts:
            part.start()
        for part in parts:
            await asyncio.to_thread(part.wait_until_healthy, HEALTHY_WITHIN_S, threading.Event())
        yield urls[0], urls[1], urls[2]
    finally:
        for part in parts:
            await asyncio.to_thread(part.stop)


def _part(name: str, command: list[str], environment: dict[str, str], folder: Path, health_url: str) -> Part:
    return Part(
        name, command, environment=environment, log_file=folder / f"{name}.log", healthy=lambda: answers_200(health_url)
    )


@asynccontextmanager
async def bare_connections(council: Council, readers: list[SignedIn]) -> AsyncIterator[list[asyncpg.Connection]]:
    """A connection for each reader, without walls, acting for them once and for all."""
    connections = [await asyncpg.connect(council.url(False)) for _ in readers]
    for connection, reader in zip(connections, readers, strict=True):
        await connection.fetchrow("SELECT sec.sign_on($1)", reader.token)
    yield connections
    for connection in connections:
        connection.terminate()
