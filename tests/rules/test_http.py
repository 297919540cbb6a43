"""Every route as every caller about every young person against the oracle: no cell differs, until a guard is weak."""

import os
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.conftest import TestDatabase
from tests.rules import http_planted as planted
from tests.rules.access_rows import World, build
from tests.rules.http_matrix import http_matrix, plant_canaries
from tests.rules.http_oracle import SCOPES, Caller
from tests.rules.test_routes import EXPECTED
from tests.stack.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, template: TestDatabase) -> AsyncIterator[tuple[TestDatabase, World]]:
    """A database with the whole world in it; whatever a request does to it is undone."""
    filled = TestDatabase(postgres, f"fifteenplus_http_{os.getpid()}")
    admin = await asyncpg.connect(postgres.admin_url)
    await admin.execute(f"CREATE DATABASE {filled.name} TEMPLATE {template.name} STRATEGY FILE_COPY")
    connection = await asyncpg.connect(filled.admin_url)
    built = await build(connection)
    await plant_canaries(connection)
    await connection.close()
    yield filled, built
    await admin.execute(f"DROP DATABASE {filled.name} WITH (FORCE)")
    await admin.close()


@pytest.mark.timeout(600)
async def test_every_route_caller_and_person_when_tried_then_it_is_as_the_oracle_says(
    world: tuple[TestDatabase, World],
) -> None:
    async with http_matrix(*world) as matrix:
        report = await matrix.run(EXPECTED, SCOPES)
    assert report.wrong == []
    assert report.cells >= 20_000


async def test_route_when_nobody_declared_it_then_it_is_found(world: tuple[TestDatabase, World]) -> None:
    forgotten = ("GET", "/health/live")
    async with http_matrix(*world) as matrix:
        matrix.callers = []
        for declared in (EXPECTED, SCOPES):
            without = {key: value for key, value in declared.items() if key != forgotten}
            told = (without, SCOPES) if declared is EXPECTED else (EXPECTED, without)
            report = await matrix.run(*told)
    assert report.wrong == ["GET /health/live: nobody said who may call it about whom"] * 2


async def run_planted(
    world: tuple[TestDatabase, World], monkeypatch: pytest.MonkeyPatch, fault: planted.Fault | None
) -> list[str]:
    """What the matrix finds wrong with the planted routes, of which one may be weak."""
    routes = [*planted.ROUTES]
    if fault is not None and fault.instead_of is not None:
        routes[routes.index(fault.instead_of)] = fault.route
    monkeypatch.setattr("api.app.ROUTES", routes)
    async with http_matrix(*world) as matrix:
        if fault is not None and fault.weaken is not None:
            fault.weaken(monkeypatch, matrix)
        matrix.callers = [caller for caller in matrix.callers if _is_one_of_few(caller)]
        return (await matrix.run(planted.EXPECTED, planted.SCOPES)).wrong


def _is_one_of_few(caller: Caller) -> bool:
    return (
        caller.actor is None
        or caller.actor.member is not None
        or caller.name.startswith(("plain n", "died", "no such"))
    )


async def test_planted_routes_when_none_is_weak_then_no_cell_differs(
    world: tuple[TestDatabase, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await run_planted(world, monkeypatch, None) == []


@pytest.mark.parametrize("fault", planted.FAULTS, ids=lambda fault: fault.name)
async def test_guard_when_weak_then_a_cell_differs(
    world: tuple[TestDatabase, World], monkeypatch: pytest.MonkeyPatch, fault: planted.Fault
) -> None:
    assert await run_planted(world, monkeypatch, fault)
