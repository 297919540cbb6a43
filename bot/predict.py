"""Writes the intents of texts: `python -m bot.predict < lines of {"text", "context"} > lists of intents, a line each`.

The trained model is the one that serves, asked as it is asked there. Nothing is kept.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from bot import quiet_log
from bot.answers import question_in
from bot.model_files import ModelError, intact_model
from bot.neutral import neutral
from bot.wishes import wishes

# Nothing but signs that Rasa could take for a command.
NO_WORDS = "out_of_scope"


def main() -> int:
    """0 when each line was answered."""
    quiet_log.configure()
    try:
        reader = Reader()
    except ModelError as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    for intents in reader.read(json.loads(line) for line in sys.stdin.buffer):
        sys.stdout.write(json.dumps(intents) + "\n")
        sys.stdout.flush()
    return 0


class Reader:
    """The trained model, asked for texts without a conversation."""

    def __init__(self) -> None:
        model = intact_model()
        from bot import rasa_import  # noqa: PLC0415 - takes seconds, after the quick check
        from bot.turns import TurnProcessor, message  # noqa: PLC0415

        generator = rasa_import.rasa.core.nlg.TemplatedNaturalLanguageGenerator({})
        self._processor = TurnProcessor(str(model), None, None, generator)
        self._message = message
        self._questions: dict[str, dict[str, Any]] = {}

    def read(self, lines: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
        """The intents of each line's `text`, as an answer to its `context` where there is one."""
        for line in lines:
            yield self.intents(line["text"], line.get("context"))

    def intents(self, text: str, asked: str | None = None) -> list[str]:
        """The intents of a text, best first."""
        words = neutral(text)
        return wishes(self._parsed(words), asked, self._understood(asked)) if words else [NO_WORDS]

    def _understood(self, asked: str | None) -> dict[str, Any] | None:
        question = neutral(question_in(asked) or "")
        if question and question not in self._questions:
            self._questions[question] = self._parsed(question)
        return self._questions.get(question)

    def _parsed(self, text: str) -> dict[str, Any]:
        parsed: dict[str, Any] = asyncio.run(self._processor.parse_message(self._message(text, "nobody", None)))
        return parsed


if __name__ == "__main__":
    sys.exit(main())
