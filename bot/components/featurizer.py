"""Gives Rasa's classifier the sentence vector of each message."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.minilm import minilm


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class MiniLMFeaturizer(DenseFeaturizer, GraphComponent):  # type: ignore[misc]
    """Sets the MiniLM vector, times `scale`, as the sentence feature of the text."""

    @classmethod
    def required_components(cls) -> list[type]:
        """What must stand before this in the pipeline."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`scale` loosens the classifier's regularisation, which has no setting of its own."""
        return {**DenseFeaturizer.get_default_config(), "scale": 4.0}

    def __init__(self, config: dict[str, Any], name: str) -> None:
        super().__init__(name, config)
        self._scale = float(config["scale"])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MiniLMFeaturizer:
        """Make the component from its part of config.yml."""
        return cls(config, execution_context.node_name)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Accept any number as `scale`."""

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the features to each message."""
        for message in messages:
            self._featurize(message)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the features to each example."""
        self.process(training_data.training_examples)
        return training_data

    def _featurize(self, message: Message) -> None:
        text = message.get(TEXT)
        if not text:
            return
        vector = minilm().vector(text)[np.newaxis, :] * self._scale
        tokens = len(message.get(TOKENS_NAMES[TEXT]) or [None])
        self.add_features_to_message(np.repeat(vector, tokens, axis=0), vector, TEXT, message)
