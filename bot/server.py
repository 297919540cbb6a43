"""Serves the bot: `python -m bot.server`."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import uvicorn
import uvloop

from bot import quiet_log, rasa_import
from bot.components.action_result import use_compiled_validator
from bot.components.minilm import WrongModelError
from bot.components.tracker_store import CONNECTION_LOST, BoundedTrackerStore
from bot.conversations import Conversations
from bot.model_files import BOT, ModelError, fingerprint, intact_model
from bot.rest_channel import Model, RestChannel
from bot.settings import Settings, SettingsError, from_environment
from bot.turns import TurnProcessor


class StartError(Exception):
    """The bot can not start; the message says why in one sentence."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `_serve`, so that a wanted stop exits with 0."""
        yield


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
    except (StartError, ModelError, WrongModelError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    return 0


async def _run(settings: Settings) -> None:
    pool = await _connected(settings.database_url)
    store = BoundedTrackerStore(pool)
    processor = _processor(intact_model(), store)
    conversations = Conversations(processor, store, settings.turn_deadline_s)
    if not await conversations.understands():
        raise StartError("The trained model does not understand its own menu. Run: python -m bot.train")
    model = Model(processor.model_metadata.model_id, fingerprint())
    with _listening(settings) as listener:
        await _serve(RestChannel(conversations, model, settings.rest_secret), listener)
    await pool.close()


async def _connected(database_url: str) -> asyncpg.Pool:
    try:
        pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, timeout=5, command_timeout=2)
        await pool.execute("SELECT FROM bot.trackers LIMIT 0")
    except asyncpg.UndefinedTableError:
        raise StartError("The database has no table bot.trackers; run the migrations first.") from None
    except (*CONNECTION_LOST, asyncpg.PostgresError, ValueError) as problem:
        raise StartError(f"The database in BOT_DATABASE_URL can not be used ({type(problem).__name__}).") from None
    return pool


def _processor(model: Path, store: BoundedTrackerStore) -> TurnProcessor:
    use_compiled_validator()
    actions = rasa_import.rasa.utils.endpoints.read_endpoint_config(str(BOT / "endpoints.yml"), "action_endpoint")
    generator = rasa_import.rasa.core.nlg.TemplatedNaturalLanguageGenerator({})
    try:
        processor = TurnProcessor(str(model), store, None, generator, action_endpoint=actions)
    except Exception as problem:
        raise StartError(f"The trained model can not be loaded ({type(problem).__name__}).") from None
    store.domain = processor.domain
    generator.responses = processor.domain.responses
    return processor


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


async def _serve(channel: RestChannel, listener: socket.socket) -> None:
    config = uvicorn.Config(
        channel,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    for stop in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(stop, setattr, server, "should_exit", True)
    await server.serve(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
