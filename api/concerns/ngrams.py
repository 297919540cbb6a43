"""Pieces of words and short runs of words as numbers: what a text looks like when its spelling is its own."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 16
PIECES = range(2, 6)
RUNS = range(1, 4)


def buckets(plain: str) -> NDArray[np.int64]:
    """The bucket of every piece of two to five letters and of every run of one to three words, each once, in order."""
    words = plain.split()
    runs = {" ".join(words[i : i + n]) for n in RUNS for i in range(len(words) - n + 1)}
    pieces = {f"#{piece}" for word in set(words) for piece in _pieces(f" {word} ")}
    return np.array(sorted({crc32(feature.encode()) % BUCKETS for feature in runs | pieces}), dtype=np.int64)


def _pieces(word: str) -> set[str]:
    return {word[i : i + n] for n in PIECES for i in range(len(word) - n + 1)}
