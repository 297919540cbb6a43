"""Puts Rasa's processor behind the REST channel and serves it until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import uvicorn

from bot import rasa_import
from bot.components.action_result import use_compiled_validator
from bot.components.minilm import WrongModelError
from bot.components.tracker_rows import TrackerRows
from bot.components.tracker_store import BoundedTrackerStore
from bot.conversations import Conversations
from bot.model_files import BOT, fingerprint
from bot.rest_channel import Model, RestChannel
from bot.settings import Settings
from bot.start_error import StartError
from bot.turns import TurnProcessor


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `_answer_until_told`, so that a wanted stop exits with 0."""
        yield


async def serve(settings: Settings, model: Path, pool: asyncpg.Pool, listener: socket.socket) -> None:
    """Answer texts on `listener` until SIGTERM or Ctrl-C."""
    store = BoundedTrackerStore(TrackerRows(pool))
    processor = _processor(model, store)
    conversations = Conversations(processor, store, settings.turn_deadline_s)
    await _check_understanding(conversations)
    known_as = Model(processor.model_metadata.model_id, fingerprint())
    await _answer_until_told(RestChannel(conversations, known_as, settings.rest_secret), listener)


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


async def _check_understanding(conversations: Conversations) -> None:
    try:
        understands = await conversations.understands()
    except rasa_import.rasa.engine.exceptions.GraphComponentException as problem:
        wrong_file = problem.__cause__ if isinstance(problem.__cause__, WrongModelError) else None
        raise StartError(str(wrong_file or "The trained model does not work; train it anew.")) from None
    if not understands:
        raise StartError("The trained model does not understand its own menu. Run: python -m bot.train")


async def _answer_until_told(channel: RestChannel, listener: socket.socket) -> None:
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
