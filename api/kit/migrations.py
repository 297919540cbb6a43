"""Brings a database up to date with dbmate, and gives the roles that log in the passwords of their URLs."""

import asyncio
import os
import shutil
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from api.kit.db import Connection
from api.settings import MigrateSettings, Secret, SettingsError

MIGRATIONS_FOLDER = Path(__file__).parents[2] / "migrations"
LOCAL_HOSTS = (None, "", "localhost", "127.0.0.1", "::1")
TRIES_PER_STEP = 3
ROLES = ("fifteenplus_api", "fifteenplus_worker", "fifteenplus_bot", "fifteenplus_signed_in")


# What is done in Python before the migration of a number, by an administrator.
Step: TypeAlias = Callable[[Connection], Awaitable[None]]
Steps: TypeAlias = Mapping[str, Step]

HAS_TABLE = "SELECT to_regclass('public.schema_migrations')"
IS_APPLIED = "SELECT EXISTS (SELECT FROM public.schema_migrations WHERE version = $1)"


async def migrate_database(settings: MigrateSettings, steps: Steps | None = None) -> None:
    """Applies every migration that is missing, one transaction each. Raises SettingsError with dbmate's own words."""
    await apply_migrations(settings.migration_database_url, steps)
    async with administrator(settings.migration_database_url) as connection:
        for url in (
            settings.database_url,
            settings.signed_in_database_url,
            settings.worker_database_url,
            settings.bot_database_url,
        ):
            await _set_password(connection, url)


@asynccontextmanager
async def administrator(url: str) -> AsyncIterator[Connection]:
    """An administrator's connection, past every policy; for commands and never for serving."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def apply_migrations(url: str, steps: Steps | None = None) -> None:
    """Runs dbmate, and before a migration for which there is a step, that; two at once wait for each other.

    A step has to be harmless to stop and to repeat. What it has prepared may be outrun by a service that still
    works as it did before, so it is tried again when its migration refuses.
    """
    for number, step in sorted((steps or {}).items()):
        for tries_left in reversed(range(TRIES_PER_STEP)):
            if await _is_applied(url, number):
                break
            await apply_before(url, number)
            async with administrator(url) as connection:
                await step(connection)
            try:
                await _run_dbmate(url, MIGRATIONS_FOLDER)
            except SettingsError:
                if not tries_left:
                    raise
    await _run_dbmate(url, MIGRATIONS_FOLDER)


async def apply_before(url: str, number: str) -> None:
    """Applies every migration before the one of that number."""
    with tempfile.TemporaryDirectory() as folder:
        for file in MIGRATIONS_FOLDER.glob("*.sql"):
            if file.name[: len(number)] < number:
                shutil.copy(file, folder)
        await _run_dbmate(url, Path(folder))


async def _is_applied(url: str, number: str) -> bool:
    try:
        async with administrator(url) as connection:
            has_any = await connection.fetchval(HAS_TABLE) is not None
            return has_any and bool(await connection.fetchval(IS_APPLIED, number))
    except asyncpg.InvalidCatalogNameError:
        return False


async def _run_dbmate(url: str, folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        _dbmate(),
        f"--migrations-dir={folder}",
        "--no-dump-schema",
        "--migrations-table=public.schema_migrations",
        "up",
        env={**os.environ, "DATABASE_URL": dbmate_url(url)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise SettingsError(f"The database could not be brought up to date: {_last_line(output)}")


def dbmate_url(url: str) -> str:
    """The URL as dbmate wants it: TLS, which it asks for by itself, is left out on this very machine only."""
    parts = urlsplit(url)
    if "sslmode=" in parts.query or parts.hostname not in LOCAL_HOSTS:
        return url
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, "sslmode=disable"]))))


def _dbmate() -> str:
    return str(Path(sysconfig.get_path("scripts")) / "dbmate")


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "dbmate said nothing"


async def _set_password(connection: Connection, url: Secret | None) -> None:
    parts = urlsplit(url or "")
    if parts.username in ROLES and parts.password:
        quoted = await connection.fetchval("SELECT quote_literal($1)", unquote(parts.password))
        await connection.execute(f"ALTER ROLE {parts.username} PASSWORD {quoted}")
