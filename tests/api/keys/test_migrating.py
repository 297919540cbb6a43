"""A database from before is encrypted when it is brought up to date, whatever happens meanwhile."""

import asyncio
import sys

import asyncpg
import pytest

from api.app import migrate
from api.keys import queries, service
from api.kit.field_keys import FieldKeys
from api.kit.migrations import administrator, apply_before, apply_migrations
from api.settings import SettingsError
from tests.api.keys.older import (
    add_text,
    assert_readable,
    fill_older,
    migrate_environment,
    migrate_settings,
    older_database,
)
from tests.canaries import dump, found_in, found_in_files, tables_on_disk
from tests.fields import RING, Message
from tests.rules.source import ROOT
from tests.stack.postgres import EmbeddedPostgres

PLAIN_COLUMNS = """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name IN ('phone_e164', 'body')
"""


async def test_older_database_when_brought_up_to_date_then_all_is_readable_and_nothing_plain_is_left(
    postgres: EmbeddedPostgres,
) -> None:
    async with older_database(postgres) as (database, admin):
        older = await fill_older(admin)
        await admin.execute("CHECKPOINT")
        assert found_in(await dump(database.admin_url), older.canaries()) == set(older.canaries())
        assert found_in_files(tables_on_disk(postgres.data_dir), older.canaries()) == set(older.canaries())
        await migrate(migrate_settings(database))
        assert await admin.fetch(PLAIN_COLUMNS) == []
        await assert_readable(admin, older)
        await admin.execute("CHECKPOINT")
        assert found_in(await dump(database.admin_url), older.canaries()) == set()
        assert found_in_files(tables_on_disk(postgres.data_dir), older.canaries()) == set()
        await migrate(migrate_settings(database))
        await assert_readable(admin, older)


async def test_older_database_when_it_has_more_rows_than_a_batch_then_every_one_is_encrypted(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 3)
    async with older_database(postgres) as (database, admin):
        older = await fill_older(admin, people=4, texts=5)
        await migrate(migrate_settings(database))
        await assert_readable(admin, older)


async def test_migration_when_it_is_killed_half_way_then_nothing_is_lost_and_the_next_one_ends_it(
    postgres: EmbeddedPostgres,
) -> None:
    async with older_database(postgres) as (database, admin):
        older = await fill_older(admin, people=3, texts=service.BATCH // 2)
        await apply_before(database.admin_url, "0012")
        last = sorted(older.messages)[-1]
        async with admin.transaction():
            await admin.execute("SELECT FROM messages WHERE message_id = $1 FOR UPDATE", last)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "api", "migrate", cwd=ROOT, env=migrate_environment(database)
            )
            await until(database.admin_url, "SELECT EXISTS (SELECT FROM messages WHERE body_enc IS NOT NULL)")
            process.kill()
            await process.wait()
        sealed, plain = await admin.fetchrow("SELECT count(body_enc), count(body) FROM messages")
        assert 0 < sealed < plain == len(older.messages)
        await migrate(migrate_settings(database))
        await assert_readable(admin, older)


async def test_migration_when_the_service_still_writes_in_plain_then_that_is_encrypted_too(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with older_database(postgres) as (database, admin):
        older = await fill_older(admin)
        seal, tries = service.encrypt_plain, []
        thread = await admin.fetchval("SELECT conversation_id FROM conversations WHERE person_id IS NULL")

        async def outrun(connection: asyncpg.Connection, keys: FieldKeys) -> int:
            count = await seal(connection, keys)
            tries.append(count)
            if len(tries) == 1:
                await add_text(admin, older, thread, Message(older.unknown, "plain canary that came late"))
            return count

        monkeypatch.setattr(service, "encrypt_plain", outrun)
        await migrate(migrate_settings(database))
        await assert_readable(admin, older)
        assert [count for count in tries[1:] if count] == [1]


async def test_columns_when_something_plain_is_left_then_they_are_not_dropped(postgres: EmbeddedPostgres) -> None:
    async with older_database(postgres) as (database, admin):
        older = await fill_older(admin)
        with pytest.raises(SettingsError, match="Plain values are left"):
            await apply_migrations(database.admin_url)
        assert await admin.fetchval("SELECT count(body) FROM messages") == len(older.messages)
        await service.encrypt_plain(admin, FieldKeys(RING))
        for table in queries.PLAIN_TABLES:
            sealed = f"UPDATE {table.name} SET {table.plain[-1]}_enc = NULL"  # noqa: S608
            transaction = admin.transaction()
            await transaction.start()
            await admin.execute(sealed)
            with pytest.raises(asyncpg.RaiseError):
                await admin.execute(CONTRACT)
            await transaction.rollback()
        for change in ("UPDATE opt_out_events SET phone_index = NULL", "UPDATE jobs SET serial_key = 'alert:+44'"):
            transaction = admin.transaction()
            await transaction.start()
            await admin.execute(change)
            with pytest.raises(asyncpg.RaiseError):
                await admin.execute(CONTRACT)
            await transaction.rollback()


CONTRACT = (ROOT / "migrations" / "0012_fields_only_encrypted.sql").read_text().partition("-- migrate:down")[0]


async def until(url: str, sql: str) -> None:
    """Waits until that is so."""
    async with administrator(url) as connection, asyncio.timeout(20):
        while not await connection.fetchval(sql):
            await asyncio.sleep(0.01)
