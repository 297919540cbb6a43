"""Migrations: numbered without a gap, forward only, and harmless to run again."""

import re
from itertools import count

import asyncpg
import pytest

from api.kit.migrations import MIGRATIONS_FOLDER, apply_migrations
from tests.conftest import TestDatabase

FILES = sorted(MIGRATIONS_FOLDER.glob("*.sql"))


def test_migrations_when_listed_then_they_are_numbered_without_a_gap() -> None:
    assert [file.name[:4] for file in FILES] == [f"{n:04}" for n, _ in zip(count(1), FILES, strict=False)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_migration_when_read_then_it_has_one_purpose_in_its_name_and_only_goes_forward(file) -> None:  # type: ignore[no-untyped-def]
    assert re.fullmatch(r"\d{4}_[a-z_]+\.sql", file.name)
    up, _, down = file.read_text(encoding="utf-8").partition("-- migrate:down")
    assert "RAISE EXCEPTION" in down
    assert "CREATE TABLE" not in up or "SET LOCAL lock_timeout" in up


async def test_migrations_when_applied_again_then_nothing_changes(database: TestDatabase) -> None:
    await apply_migrations(database.admin_url)
    connection = await asyncpg.connect(database.admin_url)
    applied = await connection.fetchval("SELECT count(*) FROM schema_migrations")
    await connection.close()
    assert applied == len(FILES)
