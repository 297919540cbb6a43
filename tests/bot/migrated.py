"""The bot's table in a real PostgreSQL, made by the project's own migrations."""

from __future__ import annotations

import re
from pathlib import Path

import asyncpg

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
NEEDED = ("0001", "0007")


async def migrate(admin_url: str) -> None:
    """Run the migrations that the bot needs, each in one transaction as dbmate does."""
    connection = await asyncpg.connect(admin_url)
    try:
        if not await connection.fetchval("SELECT to_regclass('bot.trackers')"):
            for number in NEEDED:
                await _run(connection, number)
    finally:
        await connection.close()


async def _run(connection: asyncpg.Connection, number: str) -> None:
    (file,) = MIGRATIONS.glob(f"{number}_*.sql")
    async with connection.transaction():
        await connection.execute(re.split(r"^-- migrate:down", file.read_text(), flags=re.MULTILINE)[0])
