"""Labelled messages, invented persona by persona: what the classifier learns from, and what it is tried on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from api.concerns.models import Risk

TRAINING_FOLDER = Path(__file__).with_name("data")
STYLES = frozenset(
    {"plain", "slang", "typo", "second_language", "code_mixed", "voice", "emoji", "short", "long", "veiled"}
)
EVERYDAY = "everyday"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `context` is the question it answers; `subject` is what an innocent message is about."""

    text: str
    context: str | None
    risk: Risk
    kinds: tuple[str, ...]
    style: str
    author: str
    subject: str = ""

    @property
    def is_hard(self) -> bool:
        """Whether it is innocent and sounds like danger, or might."""
        return self.risk is Risk.NONE and self.subject not in ("", EVERYDAY)


def read_examples(folder: Path = TRAINING_FOLDER) -> list[Example]:
    """Every message of every persona's file, in the order of the files."""
    return [example for path in sorted(folder.glob("*.yml")) for example in _persona(path)]


def _persona(path: Path) -> Iterator[Example]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for question, by_risk in content.get("answers", {}).items():
        for risk, texts in by_risk.items():
            for text in texts.splitlines():
                yield Example(
                    text=text, context=question, risk=Risk[risk.upper()], kinds=(), style="short", author=path.stem
                )
    for risk in Risk:
        for about, by_style in content.get(risk.name.lower(), {}).items():
            is_none = risk is Risk.NONE
            for style, texts in by_style.items():
                for text in texts.splitlines():
                    yield Example(
                        text=text,
                        context=None,
                        risk=risk,
                        kinds=() if is_none else (about,),
                        style=style,
                        author=path.stem,
                        subject=about if is_none else "",
                    )
