"""Every SQL constant prepares on the migrated database, and SQL is nowhere else."""

import re

import asyncpg
import pytest

from tests.conftest import TestDatabase
from tests.rules.source import ROOT, may_hold_sql, modules, sql_constants, strings_like_sql

CONSTANTS = dict(sql_constants())


def test_sql_constants_when_looked_for_then_the_known_ones_are_among_them() -> None:
    assert {"api.messages.queries.RECORD_INBOUND", "api.kit.jobs.CLAIM"} <= CONSTANTS.keys()


@pytest.mark.parametrize("name", sorted(CONSTANTS))
async def test_sql_constant_when_prepared_then_it_fits_the_tables(template: TestDatabase, name: str) -> None:
    connection = await asyncpg.connect(template.admin_url)
    try:
        parameters = (await connection.prepare(CONSTANTS[name])).get_parameters()
    finally:
        await connection.close()
    written = {int(number) for number in re.findall(r"\$(\d+)", CONSTANTS[name])}
    assert written == set(range(1, len(parameters) + 1)), "a parameter is quoted or left out"


async def test_sql_constant_when_a_column_is_wrong_then_preparing_finds_it(template: TestDatabase) -> None:
    connection = await asyncpg.connect(template.admin_url)
    try:
        with pytest.raises(asyncpg.UndefinedColumnError):
            await connection.prepare("SELECT no_such_column FROM messages")
    finally:
        await connection.close()


@pytest.mark.parametrize("module", [m for m in modules() if not may_hold_sql(m)])
def test_module_when_not_queries_or_kit_then_it_holds_no_sql(module: str) -> None:
    path = ROOT / (module.replace(".", "/") + ".py")
    path = path if path.exists() else ROOT / module.replace(".", "/") / "__init__.py"
    assert strings_like_sql(path) == []


@pytest.mark.parametrize("name", sorted(n for n, text in CONSTANTS.items() if "LIMIT" in text and "FROM" in text))
def test_query_when_it_is_limited_then_it_is_ordered(name: str) -> None:
    assert "ORDER BY" in CONSTANTS[name]
