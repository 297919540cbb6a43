"""Brings a database up to date with dbmate, and gives the roles that log in the passwords of their URLs."""

import asyncio
import os
import sysconfig
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from api.kit.db import Connection
from api.settings import MigrateSettings, Secret, SettingsError

MIGRATIONS_FOLDER = Path(__file__).parents[2] / "migrations"
LOCAL_HOSTS = (None, "", "localhost", "127.0.0.1", "::1")
ROLES = ("fifteenplus_api", "fifteenplus_worker", "fifteenplus_bot", "fifteenplus_signed_in")


async def migrate_database(settings: MigrateSettings) -> None:
    """Applies every migration that is missing, one transaction each. Raises SettingsError with dbmate's own words."""
    await apply_migrations(settings.migration_database_url)
    connection = await asyncpg.connect(settings.migration_database_url)
    try:
        for url in (
            settings.database_url,
            settings.signed_in_database_url,
            settings.worker_database_url,
            settings.bot_database_url,
        ):
            await _set_password(connection, url)
    finally:
        await connection.close()


async def apply_migrations(url: str) -> None:
    """Runs dbmate; two at once wait for each other."""
    process = await asyncio.create_subprocess_exec(
        _dbmate(),
        f"--migrations-dir={MIGRATIONS_FOLDER}",
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
