"""What the bot's process is told from outside, by environment variables only."""

from __future__ import annotations

import os
from dataclasses import dataclass


class SettingsError(Exception):
    """A setting is missing or makes no sense; the message names it."""


@dataclass(frozen=True)
class Settings:
    """The settings of one bot process."""

    database_url: str
    actions_url: str
    actions_secret: str
    rest_secret: str
    host: str
    port: int
    turn_deadline_s: float


def from_environment() -> Settings:
    """Read the settings; raise if a needed one is missing."""
    return Settings(
        database_url=_needed("BOT_DATABASE_URL"),
        actions_url=_needed("BOT_ACTIONS_URL"),
        actions_secret=_needed("BOT_ACTIONS_SECRET"),
        rest_secret=_needed("RASA_SECRET"),
        host=os.environ.get("BOT_HOST", "127.0.0.1"),
        port=int(_number("BOT_PORT", "5005")),
        turn_deadline_s=_number("BOT_TURN_DEADLINE_S", "2.2"),
    )


def _needed(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SettingsError(f"The setting {name} is missing.")
    return value


def _number(name: str, default: str) -> float:
    try:
        return float(os.environ.get(name, default))
    except ValueError:
        raise SettingsError(f"The setting {name} must be a number.") from None
