"""The trained model inside the test's own process, for what only understands and does not act."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bot import rasa_import
from bot.turns import TurnProcessor, message


class Brain:
    """Understands texts as the running bot does."""

    def __init__(self, model: Path) -> None:
        generator = rasa_import.rasa.core.nlg.TemplatedNaturalLanguageGenerator({})
        self.processor = TurnProcessor(str(model), None, None, generator)

    def parse(self, text: str) -> dict[str, Any]:
        return asyncio.run(self.processor.parse_message(message(text, "nobody", None)))
