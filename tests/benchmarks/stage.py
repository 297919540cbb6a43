"""The running service that is measured, and the connections its floors use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from api.kit.crypto import KeyRing
from api.kit.db import SET_ACTOR, Actor, connect
from api.kit.migrations import apply_migrations
from tests.benchmarks.effort import Effort
from tests.benchmarks.people import Sender, add_people
from tests.fields import ring_of
from tests.stack.service import LocalService

API, WORKER = "fifteenplus_api", "fifteenplus_worker"
# The floors store in tables of their own, where no worker answers.
FLOOR_DATABASE = "fifteenplus_floor"


@dataclass(frozen=True)
class Stage:
    """Everything a benchmark needs; the same people are in the service's database and in the floors' own."""

    service: LocalService
    effort: Effort
    admin: asyncpg.Connection
    senders: list[Sender]
    floor_senders: list[Sender]

    @property
    def ring(self) -> KeyRing:
        """The service's keys."""
        return ring_of(self.service.env)

    def floor_url(self, role: str) -> str:
        """The floors' own database, as this role."""
        return self.service.postgres.url(FLOOR_DATABASE, role)

    async def stop_worker(self) -> None:
        """From now on nobody answers, and what still waits is forgotten."""
        await asyncio.to_thread(self.service.part("worker").stop)
        await self.admin.execute("DELETE FROM jobs")


@asynccontextmanager
async def open_stage(service: LocalService, effort: Effort) -> AsyncIterator[Stage]:
    """The stage on a service that runs."""
    admin = await asyncpg.connect(service.env["MIGRATION_DATABASE_URL"])
    ring = ring_of(service.env)
    senders = await add_people(admin, ring)
    await admin.execute(f"CREATE DATABASE {FLOOR_DATABASE}")
    floor_url = service.postgres.url(FLOOR_DATABASE)
    await apply_migrations(floor_url)
    floor_admin = await asyncpg.connect(floor_url)
    floor_senders = await add_people(floor_admin, ring)
    await floor_admin.close()
    yield Stage(service, effort, admin, senders, floor_senders)
    await admin.close()


@asynccontextmanager
async def bare_connections(url: str, actor: Actor, count: int) -> AsyncIterator[list[asyncpg.Connection]]:
    """Connections like the service's own, acting for `actor` once and for all."""
    connections = [await connect(url) for _ in range(count)]
    for connection in connections:
        await connection.fetchval(SET_ACTOR, actor)
    yield connections
    for connection in connections:
        connection.terminate()
