"""all-MiniLM-L6-v2 in plain numpy, from the published weights: slow, short, and nobody's but ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file
from scipy.special import erf, softmax

HEADS = 12
LAYERS = 6
Array = np.ndarray[Any, Any]
Weights = dict[str, Array]


class Published:
    """A BERT encoder with mean pooling."""

    def __init__(self, weights: Weights) -> None:
        self._w = weights

    @staticmethod
    def load(file: Path) -> Weights:
        return {name: array.astype(np.float64) for name, array in load_file(file).items() if array.ndim}

    def vector(self, token_ids: list[int]) -> Array:
        """The sentence vector of length 1."""
        hidden = self._embedded(token_ids)
        for layer in range(LAYERS):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        mean = hidden.mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean))

    def _embedded(self, ids: list[int]) -> Array:
        words = self._w["embeddings.word_embeddings.weight"][ids]
        places = self._w["embeddings.position_embeddings.weight"][: len(ids)]
        kind = self._w["embeddings.token_type_embeddings.weight"][0]
        return self._normed(words + places + kind, "embeddings.LayerNorm")

    def _layer(self, hidden: Array, name: str) -> Array:
        attended = self._dense(self._attention(hidden, f"{name}.attention.self"), f"{name}.attention.output.dense")
        hidden = self._normed(hidden + attended, f"{name}.attention.output.LayerNorm")
        inner = self._dense(hidden, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / np.sqrt(2)))
        return self._normed(hidden + self._dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attention(self, hidden: Array, name: str) -> Array:
        query, key, value = (self._heads(self._dense(hidden, f"{name}.{part}")) for part in ("query", "key", "value"))
        weights = softmax(query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1]), axis=-1)
        return np.asarray((weights @ value).transpose(1, 0, 2).reshape(hidden.shape))

    def _heads(self, hidden: Array) -> Array:
        return np.asarray(hidden.reshape(len(hidden), HEADS, -1).transpose(1, 0, 2))

    def _dense(self, hidden: Array, name: str) -> Array:
        return np.asarray(hidden @ self._w[f"{name}.weight"].T + self._w[f"{name}.bias"])

    def _normed(self, hidden: Array, name: str) -> Array:
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return np.asarray(scaled * self._w[f"{name}.weight"] + self._w[f"{name}.bias"])
