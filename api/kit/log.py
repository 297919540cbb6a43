"""Logs as JSON lines that hold only keys we listed: never a name, a number or a text somebody wrote."""

import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import msgspec
import structlog

ALLOWED_KEYS = frozenset(
    {
        "event", "level", "timestamp", "error", "at", "route", "status", "job_id", "kind", "attempt",
        "message_id", "conversation_id", "reason", "code", "delay_s", "duration_ms", "worker_id",
        "version", "count", "action", "seconds", "block", "hash", "request_id", "session_id",
    }
)  # fmt: skip

# The request that is being answered, as its caller is told too: what joins their question to our lines.
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)


def add_request_id(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Says during which request a line was written, where it was during one."""
    if (request_id := REQUEST_ID.get()) is not None:
        entry["request_id"] = request_id
    return entry


def keep_allowed_keys(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drops every key that is not listed, and says which were dropped."""
    dropped = sorted(entry.keys() - ALLOWED_KEYS)
    for key in dropped:
        del entry[key]
    if dropped:
        entry["reason"] = f"dropped keys: {', '.join(dropped)}"
    return entry


def set_up_logging() -> None:
    """Sends our log to standard error, and keeps libraries to warnings without their arguments."""
    structlog.configure(
        processors=[
            keep_allowed_keys,
            add_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LibraryFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _LibraryFormatter(logging.Formatter):
    """A library's record as its place and level only: its message may quote what people sent."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        entry = {"event": "library", "level": record.levelname.lower(), "at": f"{record.name}:{record.lineno}"}
        return msgspec.json.encode({**entry, "error": error}).decode()
