"""What a text is made of: words, pairs of words and pieces of words, each weighed by how rare it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

# Punctuation and emoji count as words of their own.
WORD = r"(?u)\b\w+\b|[^\w\s]"
_LONG_RUN = re.compile(r"(.)\1{2,}")


def folded(text: str) -> str:
    """`text` in small letters, without apostrophes, and with no sign more than twice in a row ("soooo", "!!!!")."""
    return _LONG_RUN.sub(r"\1\1", re.sub("['\u2019]", "", text.casefold()))


def _vectorizers(pieces: Sequence[str] | None = None, words: Sequence[str] | None = None) -> list[TfidfVectorizer]:
    common = {"sublinear_tf": True, "preprocessor": folded, "dtype": np.float64}
    return [
        TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), min_df=2 if pieces is None else 1, vocabulary=pieces, **common
        ),
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=WORD, vocabulary=words, **common),
    ]


class WordPieces:
    """Turns texts into sparse rows. Made from the training texts by `fitted`, or again from what `kept` gave."""

    def __init__(self, vectorizers: list[TfidfVectorizer]) -> None:
        self._vectorizers = vectorizers

    @classmethod
    def fitted(cls, texts: Sequence[str]) -> WordPieces:
        """The pieces of these texts."""
        return cls([vectorizer.fit(texts) for vectorizer in _vectorizers()])

    @classmethod
    def from_kept(cls, vocabularies: list[list[str]], rareness: list[np.ndarray[Any, Any]]) -> WordPieces:
        """The same pieces again."""
        vectorizers = _vectorizers(*vocabularies)
        for vectorizer, idf in zip(vectorizers, rareness, strict=True):
            vectorizer.idf_ = idf
        return cls(vectorizers)

    def kept(self) -> tuple[list[list[str]], list[np.ndarray[Any, Any]]]:
        """The pieces in order, and how rare each is."""
        vocabularies = [vectorizer.get_feature_names_out().tolist() for vectorizer in self._vectorizers]
        return vocabularies, [vectorizer.idf_ for vectorizer in self._vectorizers]

    def rows(self, texts: Sequence[str]) -> csr_matrix:
        """A row for each text."""
        return hstack([vectorizer.transform(texts) for vectorizer in self._vectorizers]).tocsr()
