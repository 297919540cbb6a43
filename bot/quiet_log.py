"""Log lines on stderr that can hold nothing a person wrote."""

from __future__ import annotations

import logging
import sys


class _OwnWordsOnly(logging.Formatter):
    """Prints the bot's own messages whole, and of anybody else's only where they came from."""

    def format(self, record: logging.LogRecord) -> str:
        said = record.getMessage() if record.name == "bot" else f"{record.name} {record.pathname}:{record.lineno}"
        return f"{self.formatTime(record)} {record.levelname} {said}"


def configure() -> logging.Logger:
    """Make all logging go through the one careful formatter; returns the bot's logger."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OwnWordsOnly())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logger = logging.getLogger("bot")
    logger.setLevel(logging.INFO)
    return logger
