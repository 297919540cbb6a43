"""Reads menu numbers and single command words exactly, and keeps small talk small and sure.

While the bot waits for a message to pass on, a text taken for small talk is a message lost.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.neutral import plain_words

RANKING = "intent_ranking"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class MenuWords(IntentClassifier, GraphComponent):  # type: ignore[misc]
    """Overrules the classifier where the whole text is a known word, or where it guesses small talk rashly."""

    def __init__(self, config: dict[str, Any]) -> None:
        words = config["words"].items()
        self._intent_of = {plain_words(str(word)): intent for intent, known in words for word in known}
        if "" in self._intent_of:
            raise ValueError("a word without letters or digits would stand for every text of signs")
        self._small_talk = frozenset(config["small_talk"])
        self._small_talk_max_words = int(config["small_talk_max_words"])
        self._long_least_confidence = float(config["long_least_confidence"])
        self._least_confidence: dict[str, float] = config["least_confidence"]
        self._short_max_chars = int(config["short_max_chars"])
        self._short_least_confidence = float(config["short_least_confidence"])

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """No words: config.yml names them."""
        return {
            "words": {},
            "small_talk": [],
            "small_talk_max_words": 8,
            "long_least_confidence": 0.9,
            "least_confidence": {},
            "short_max_chars": 4,
            "short_least_confidence": 0.7,
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MenuWords:
        """Make the component from its part of config.yml."""
        return cls(config)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Accept any lists of words."""

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the intent of each message that is one of the words."""
        for message in messages:
            self._read(message)
        return messages

    def _read(self, message: Message) -> None:
        words = plain_words(message.get(TEXT) or "")
        known = self._intent_of.get(words)
        if known:
            _set_intent(message, known, [])
        elif self._is_rash(message.get(INTENT) or {}, words):
            _set_intent(message, "out_of_scope", message.get(RANKING) or [])

    def _is_rash(self, guess: dict[str, Any], words: str) -> bool:
        intent, confidence = guess.get(INTENT_NAME_KEY), guess.get(PREDICTED_CONFIDENCE_KEY, 0.0)
        times_too_long = len(words.split()) / self._small_talk_max_words
        too_long = times_too_long > 2 or (times_too_long > 1 and confidence < self._long_least_confidence)
        too_short = len(words) <= self._short_max_chars and confidence < self._short_least_confidence
        is_doubtful_small_talk = intent in self._small_talk and (too_long or too_short)
        return not words or is_doubtful_small_talk or confidence < self._least_confidence.get(intent, 0.0)


def _set_intent(message: Message, intent: str, others: list[dict[str, Any]]) -> None:
    found = {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: 1.0}
    message.set(INTENT, found, add_to_output=True)
    message.set(RANKING, [found, *(guess for guess in others if guess[INTENT_NAME_KEY] != intent)], add_to_output=True)
