"""What a text is while a form waits for a message: a lost message is worse than a question answered late."""

from __future__ import annotations

from typing import Any

from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY

from bot.neutral import plain_words

LEAVES_MAX_WORDS = 3
LEAVES_LEAST_CONFIDENCE = 0.6
MENU_WORD_CONFIDENCE = 1.0


def may_leave_form(parsed: dict[str, Any]) -> bool:
    """Whether a text is a menu word, or so short and clear that it is no message."""
    confidence = parsed[INTENT][PREDICTED_CONFIDENCE_KEY]
    is_short = 0 < len(plain_words(parsed["text"] or "").split()) <= LEAVES_MAX_WORDS
    return confidence >= MENU_WORD_CONFIDENCE or (is_short and confidence >= LEAVES_LEAST_CONFIDENCE)


def as_message(parsed: dict[str, Any]) -> dict[str, Any]:
    """The same text, understood as what the form asked for."""
    return understood_as(parsed, "out_of_scope")


def understood_as(parsed: dict[str, Any], intent: str) -> dict[str, Any]:
    """The same text, with this intent and no doubt."""
    found = {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: MENU_WORD_CONFIDENCE}
    return {**parsed, INTENT: found, "intent_ranking": [found]}
