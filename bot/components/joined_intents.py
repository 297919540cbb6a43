"""Lets intents that get the same answer stand together, so that they do not outvote each other."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY
from rasa.shared.nlu.training_data.message import Message

RANKING = "intent_ranking"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class JoinedIntents(IntentClassifier, GraphComponent):  # type: ignore[misc]
    """Gives the likeliest intent of a group the confidence of the whole group."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._groups = [frozenset(group) for group in config["groups"]]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """No groups: config.yml names them."""
        return {"groups": []}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> JoinedIntents:
        """Make the component from its part of config.yml."""
        return cls(config)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Accept any groups."""

    def process(self, messages: list[Message]) -> list[Message]:
        """Join the groups in each message's ranking."""
        for message in messages:
            ranking = joined(message.get(RANKING) or [], self._groups)
            if ranking:
                message.set(INTENT, ranking[0], add_to_output=True)
                message.set(RANKING, ranking, add_to_output=True)
        return messages


def joined(ranking: list[dict[str, Any]], groups: list[frozenset[str]]) -> list[dict[str, Any]]:
    """The ranking, best first, with each group's confidence given to its best member and none to the others."""
    result = [dict(guess) for guess in ranking]
    for group in groups:
        members = [guess for guess in result if guess[INTENT_NAME_KEY] in group]
        if members:
            total = min(1.0, sum(guess[PREDICTED_CONFIDENCE_KEY] for guess in members))
            best = max(members, key=lambda guess: float(guess[PREDICTED_CONFIDENCE_KEY]))
            for guess in members:
                guess[PREDICTED_CONFIDENCE_KEY] = total if guess is best else 0.0
    return sorted(result, key=lambda guess: float(guess[PREDICTED_CONFIDENCE_KEY]), reverse=True)
