"""The texts that the assistant is trained on and tried on, as they lie in their files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.wishes import FINER
from tests.bot.process import ROOT

UNSEEN = Path(__file__).with_name("unseen")
TUNING = Path(__file__).with_name("tuning.yml")


@dataclass(frozen=True)
class Text:
    """A text, who wrote it, what it wants, and what it may answer."""

    author: str
    text: str
    intents: tuple[str, ...]
    asked: str | None = None


def trained() -> list[Text]:
    """The training texts, with the finer intents of the conversations."""
    files = [yaml.safe_load(file.read_text()) for file in sorted((ROOT / "bot" / "data").glob("*/nlu.yml"))]
    blocks = [block for file in files for block in file["nlu"]]
    return [
        Text(block["metadata"]["author"], text, (block["intent"],))
        for block in blocks
        for text in re.findall(r"^- (.*)$", block["examples"], flags=re.MULTILINE)
    ]


def unseen() -> list[Text]:
    """The test part: texts with one wish, by writers of whom nothing is trained on."""
    return [
        Text(author, text, (intent,))
        for author, content in _unseen_files()
        for intent, texts in content.get("texts", {}).items()
        for text in texts
    ]


def unseen_several() -> list[Text]:
    """The test part: texts with several wishes."""
    return [text for author, content in _unseen_files() for text in _several(author, content)]


def unseen_answers() -> list[Text]:
    """The test part: short texts that answer a question."""
    return [text for author, content in _unseen_files() for text in _answers(author, content)]


def tuning_several() -> list[Text]:
    """Texts with one wish or several, on which thresholds were chosen."""
    return _several("tuning", yaml.safe_load(TUNING.read_text()))


def tuning_answers() -> list[Text]:
    """Answers to questions, on which thresholds were chosen."""
    return _answers("tuning", yaml.safe_load(TUNING.read_text()))


def coarse(intent: str) -> str:
    """One of the seventeen, for an intent that only our conversations know."""
    return FINER.get(intent, intent)


def _unseen_files() -> list[tuple[str, dict[str, Any]]]:
    return [(file.stem, yaml.safe_load(file.read_text())) for file in sorted(UNSEEN.glob("*.yml"))]


def _several(author: str, content: dict[str, Any]) -> list[Text]:
    return [Text(author, one["text"], tuple(one["intents"])) for one in content.get("several", [])]


def _answers(author: str, content: dict[str, Any]) -> list[Text]:
    answers = content.get("answers", [])
    return [Text(author, one["text"], tuple(one["intents"]), one["asked"]) for one in answers]
