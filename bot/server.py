"""Serves the bot: `python -m bot.server`.

What can go wrong at the start is looked at before Rasa is imported, which takes seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Iterator

import asyncpg
import uvloop

from bot import quiet_log
from bot.components.tracker_rows import CONNECTION_LOST, PROBE
from bot.model_files import ModelError, intact_model
from bot.settings import Settings, SettingsError, from_environment
from bot.start_error import StartError


def main() -> int:
    """Start, serve until SIGTERM or Ctrl-C, and say why when that fails."""
    quiet_log.configure()
    try:
        settings = from_environment()
    except SettingsError as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 2
    uvloop.install()
    try:
        asyncio.run(_run(settings))
    except (StartError, ModelError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    return 0


async def _run(settings: Settings) -> None:
    model = intact_model()
    with _listening(settings) as listener:
        async with _connected(settings.database_url) as pool:
            from bot import serving  # noqa: PLC0415 - after the quick checks

            await serving.serve(settings, model, pool, listener)


@contextlib.asynccontextmanager
async def _connected(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    try:
        pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, timeout=5, command_timeout=2)
        await pool.execute(PROBE)
    except asyncpg.UndefinedTableError:
        raise StartError("The database has no table bot.trackers; run the migrations first.") from None
    except (*CONNECTION_LOST, asyncpg.PostgresError, ValueError) as problem:
        raise StartError(f"The database in BOT_DATABASE_URL can not be used ({type(problem).__name__}).") from None
    try:
        yield pool
    finally:
        pool.terminate()


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError:
            raise StartError(f"Port {settings.port} on {settings.host} is in use; set BOT_PORT.") from None
        yield listener


if __name__ == "__main__":
    sys.exit(main())
