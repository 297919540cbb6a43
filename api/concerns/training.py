"""Makes the weights file from the labelled messages: `python -m api.concerns.training`. Needs the development packages.

The same messages give the same weights: one thread, fixed seeds. How the two readers are weighed together is learned
from what each makes of personas it has not read.
"""

import hashlib
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from api.concerns.classifier import WEIGHTS_FILE, WEIGHTS_HASH_FILE, log_odds, risk_of_class, softmax
from api.concerns.encoder import Encoder
from api.concerns.examples import TRAINING_FOLDER, Example, read_examples
from api.concerns.models import Risk
from api.concerns.ngrams import BUCKETS, buckets
from api.concerns.spelling import Speller, load_speller
from api.concerns.tuning import FIRST_TUNED, LAYERS, MATRICES, SHARPNESS, Published, Tuned

Array = NDArray[Any]
Report = Callable[[str], None]

# Raised when the code learns otherwise from the same messages.
RECIPE = 1
FOLDS = 2
ROUNDS = 5
RATE = 1e-3
SEED = 0
LEVELS = (Risk.HIGH, Risk.IMMEDIATE)
# How loosely the spelling may fit, and the weighing: inverse strengths of the penalty.
SPELLING_C = 10.0
TOGETHER_C = 1.0
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Readers:
    """Both readers, taught with some messages."""

    def __init__(self, examples: Sequence[Example], speller: Speller, published: Published, report: Report) -> None:
        self._speller = speller
        self.classes = sorted({class_of(example) for example in examples})
        self._tuned = Tuned(published, len(self.classes), SEED)
        self._tokenizer = Encoder.tokenizer()
        plain = [speller.first_reading(example.text) for example in examples]
        self._teach_meaning(examples, plain, report)
        self._spelling = learn_spelling(examples, plain)

    def odds(self, examples: Sequence[Example]) -> Array:
        """What both readers make of messages: four log-odds each."""
        plain = [self._speller.first_reading(example.text) for example in examples]
        vectors = self._tuned.vectors(self._tuned.below(self._ids(plain)))
        shares = softmax(vectors @ self._tuned.weights * SHARPNESS + self._tuned.bias)
        risks = np.array([risk_of_class(name) for name in self.classes])
        meaning = np.array([log_odds(share, risks) for share in shares])
        spelling = [model.decision_function(_counts(plain)) for model in self._spelling]
        return np.column_stack([meaning, *spelling])

    def weights(self, published: Published) -> dict[str, Array]:
        """What the classifier needs of both."""
        tuned = [(layer, matrix) for layer in range(FIRST_TUNED, LAYERS) for matrix in MATRICES]
        sides: dict[str, Array] = {}
        for number, (layer, matrix) in enumerate(tuned):
            left, right = self._tuned.corrections[layer][matrix]
            sides |= {f"left{number}": left.astype(np.float16), f"right{number}": right.astype(np.float16)}
        return {
            "classes": np.array(self.classes),
            "places": np.array([published.place(layer, matrix) for layer, matrix in tuned]),
            "meaning": self._tuned.weights,
            "meaning_bias": self._tuned.bias,
            "spelling": np.column_stack([model.coef_[0] for model in self._spelling]).astype(np.float16),
            "spelling_bias": np.array([model.intercept_[0] for model in self._spelling], np.float32),
            **sides,
        }

    def _teach_meaning(self, examples: Sequence[Example], plain: list[str], report: Report) -> None:
        wanted = np.zeros((len(examples), len(self.classes)), np.float32)
        wanted[range(len(examples)), [self.classes.index(class_of(example)) for example in examples]] = 1
        as_typed = [example.text for example in examples]
        versions = [self._tuned.below(self._ids(texts)) for texts in (plain, as_typed)]
        for loss in self._tuned.learn(versions, wanted, rounds=ROUNDS, rate=RATE, seed=SEED):
            report(f"  loss {loss:.3f}")

    def _ids(self, texts: list[str]) -> list[list[int]]:
        return [self._tokenizer.encode(text).ids for text in texts]


def train(report: Report) -> dict[str, Array]:
    """The weights. The messages that answer a question are left out: the question's meaning decides those."""
    speller, published = load_speller(), Published()
    examples = [example for example in read_examples() if not example.context]
    odds = held_out_odds(examples, speller, published, report)
    report("on all messages")
    readers = Readers(examples, speller, published, report)
    return {
        **readers.weights(published),
        "together": weighed_together(examples, odds),
        "held_out": odds.astype(np.float32),
        "version": np.array(digest_of_data()),
    }


def held_out_odds(examples: Sequence[Example], speller: Speller, published: Published, report: Report) -> Array:
    """What the readers make of each message when they have read no message of its persona."""
    odds = np.zeros((len(examples), 2 * len(LEVELS)))
    for number, fold in enumerate(folds(examples)):
        report(f"fold {number + 1} of {FOLDS}")
        others = sorted(set(range(len(examples))) - set(fold))
        readers = Readers([examples[i] for i in others], speller, published, report)
        odds[fold] = readers.odds([examples[i] for i in fold])
    return odds


def folds(examples: Sequence[Example]) -> list[list[int]]:
    """The numbers of the messages of each fold; a persona is in one fold only."""
    authors = sorted({example.author for example in examples})
    random.Random(SEED).shuffle(authors)
    fold_of = {author: number % FOLDS for number, author in enumerate(authors)}
    return [[i for i, example in enumerate(examples) if fold_of[example.author] == number] for number in range(FOLDS)]


def learn_spelling(examples: Sequence[Example], plain: list[str]) -> list[LogisticRegression]:
    """A reader of pieces of words for each level."""
    counts = _counts(plain)
    risks = np.array([example.risk for example in examples])
    return [LogisticRegression(C=SPELLING_C, solver="liblinear").fit(counts, risks >= level) for level in LEVELS]


def weighed_together(examples: Sequence[Example], odds: Array) -> Array:
    """For each level, the weight of each of the readers' odds, and a constant."""
    risks = np.array([example.risk for example in examples])
    rows = []
    for level in LEVELS:
        model = LogisticRegression(C=TOGETHER_C).fit(odds, risks >= level)
        rows.append([*model.coef_[0], model.intercept_[0]])
    return np.array(rows)


def class_of(example: Example) -> str:
    """What MiniLM learns to tell apart: each kind at each level, follow-ups, innocent danger words, and the rest."""
    if example.risk >= Risk.HIGH:
        return f"{example.risk.name.lower()} {example.kinds[0]}"
    if example.risk is Risk.LOW:
        return f"low {example.kinds[0]}"
    return "innocent" if example.is_hard else "none"


def digest_of_data() -> str:
    """A short hash over the messages, the lists they are read with, and how they are learned from."""
    here = TRAINING_FOLDER.parent
    digest = hashlib.sha256(f"{RECIPE} {FOLDS} {ROUNDS} {RATE} {SEED} {SPELLING_C} {TOGETHER_C}".encode())
    for path in (*sorted(TRAINING_FOLDER.glob("*.yml")), here / "spellings.yml", here / "languages.yml"):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _counts(plain: list[str]) -> csr_matrix:
    found = [buckets(text) for text in plain]
    values = [np.full(len(each), 1 / math.sqrt(max(1, len(each)))) for each in found]
    ends = np.cumsum([0, *(len(each) for each in found)])
    return csr_matrix((np.concatenate(values), np.concatenate(found), ends), shape=(len(plain), BUCKETS))


def main() -> int:
    """Trains and writes the weights file. Reckoning with several threads would change its last digits."""
    if any(os.environ.get(name) != "1" for name in ONE_THREAD):
        alone = os.environ | dict.fromkeys(ONE_THREAD, "1")
        return subprocess.run([sys.executable, "-m", "api.concerns.training"], env=alone, check=False).returncode
    weights: dict[str, Any] = train(lambda line: print(line, flush=True))
    np.savez_compressed(WEIGHTS_FILE, **weights)
    digest = hashlib.sha256(WEIGHTS_FILE.read_bytes()).hexdigest()
    WEIGHTS_HASH_FILE.write_text(f"{digest}  {WEIGHTS_FILE.name}\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
