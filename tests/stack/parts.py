"""How each part of the service is started on this machine."""

import sys
from pathlib import Path

from tests.stack.settings import REPOSITORY

BOT_PYTHON = REPOSITORY / "bot" / ".venv" / "bin" / "python"

COMMANDS: dict[str, tuple[str | Path, ...]] = {
    "migrate": (sys.executable, "-m", "api", "migrate"),
    "demo": (sys.executable, "-m", "api", "demo"),
    "train": (BOT_PYTHON, "-m", "bot.train"),
    "simulator": (sys.executable, "-m", "tests.twilio_simulator"),
    "provider": (sys.executable, "-m", "tests.stack.sign_in_provider"),
    "api": (sys.executable, "-m", "api", "serve"),
    "worker": (sys.executable, "-m", "api", "work"),
    "rasa": (BOT_PYTHON, "-m", "bot.server"),
}


def missing_program() -> str | None:
    """A sentence about what has to be installed first, if anything."""
    if not BOT_PYTHON.exists():
        return "The bot's environment (Python 3.10, bot/.venv) is missing: `make run` makes it."
    return None
