"""Which intent a text has: two readings added up.

One reads word pieces and the sentence vector with a line per intent (a linear SVM): it knows spellings, names and
slang. The other compares the sentence vector with those of all training texts (kernel ridge): it knows meanings. They
fail on different texts; what was compared, and how it was chosen, is printed by `make evaluate`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg import solve
from scipy.sparse import csr_matrix, hstack
from sklearn.svm import LinearSVC

from bot.components.word_pieces import WordPieces

Array = np.ndarray[Any, Any]

# Chosen by cross-validation in which no writer is on both sides.
PENALTY = 0.3
NEARNESS = 1.5
SMOOTHING = 0.3
# Makes the sum of the two into confidences that are right about as often as they say.
SHARPNESS = 3.0


class IntentModel:
    """The trained model; immutable."""

    def __init__(self, arrays: dict[str, Array], pieces: WordPieces, intents: list[str]) -> None:
        self.intents = intents
        self._arrays = arrays
        self._pieces = pieces

    @classmethod
    def trained(cls, texts: Sequence[str], intents: Sequence[str], vectors: Array) -> IntentModel:
        """A model of these texts with their intents and sentence vectors (rows of length 1)."""
        names, numbers = np.unique(np.asarray(intents), return_inverse=True)
        pieces = WordPieces.fitted(texts)
        lines = LinearSVC(C=PENALTY, class_weight="balanced", random_state=0)
        lines.fit(hstack([csr_matrix(vectors), pieces.rows(texts)]).tocsr(), numbers)
        arrays = {
            "vectors": vectors.astype(np.float32),
            "pull": _pull_of_each_text(vectors.astype(np.float64), numbers).astype(np.float32),
            "meaning": lines.coef_[:, : vectors.shape[1]].astype(np.float32),
            "pieces": lines.coef_[:, vectors.shape[1] :].T.astype(np.float32),
            "start": lines.intercept_.astype(np.float32),
        }
        return cls(arrays, pieces, names.tolist())

    def confidences(self, text: str, vector: Array) -> Array:
        """How sure it is of each of `intents`; they add up to 1."""
        row = self._pieces.rows([text])
        by_lines = (
            self._arrays["meaning"] @ vector + row.data @ self._arrays["pieces"][row.indices] + self._arrays["start"]
        )
        by_neighbours = _nearness(self._arrays["vectors"] @ vector) @ self._arrays["pull"]
        total = SHARPNESS * (by_lines + by_neighbours)
        grown = np.exp(total - total.max())
        return np.asarray(grown / grown.sum())

    def save(self, folder: Path) -> None:
        """Write the model into `folder`."""
        vocabularies, rareness = self._pieces.kept()
        kept = {**self._arrays, "rareness_of_pieces": rareness[0], "rareness_of_words": rareness[1]}
        np.savez_compressed(folder / "intents.npz", **kept)
        (folder / "intents.json").write_text(json.dumps([self.intents, *vocabularies]), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> IntentModel:
        """Read what `save` wrote."""
        intents, *vocabularies = json.loads((folder / "intents.json").read_text(encoding="utf-8"))
        with np.load(folder / "intents.npz") as kept:
            arrays = dict(kept)
        rareness = [arrays.pop("rareness_of_pieces"), arrays.pop("rareness_of_words")]
        return cls(arrays, WordPieces.from_kept(vocabularies, rareness), intents)


def _nearness(cosines: Array) -> Array:
    return np.asarray(np.exp(-2 * NEARNESS * np.clip(1 - cosines, 0, None)))


def _pull_of_each_text(vectors: Array, numbers: Array) -> Array:
    """How much each training text pulls towards each intent; small intents pull as hard as large ones."""
    counts = np.bincount(numbers)
    weights = np.sqrt(len(numbers) / len(counts) / counts)[numbers]
    wanted = np.where(numbers[:, None] == np.arange(len(counts)), 1.0, -1.0)
    near = _nearness(vectors @ vectors.T) * weights[:, None] * weights
    near[np.diag_indices_from(near)] += SMOOTHING
    return np.asarray(solve(near, wanted * weights[:, None], assume_a="pos", overwrite_a=True) * weights[:, None])
