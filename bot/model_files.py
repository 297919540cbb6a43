"""Where the trained model lives, and which files it must match."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

BOT = Path(__file__).resolve().parent
TRAINED_FROM = (
    "config.yml",
    "domain/**/*.yml",
    "data/**/*.yml",
    "clauses.py",
    "components/intent*.py",
    "components/joined_intents.py",
    "components/menu_words.py",
    "components/minilm*",
    "components/word_pieces.py",
    "neutral.py",
    "requirements.lock",
)


class ModelError(Exception):
    """There is no usable model; the message says what to do."""


def models_folder() -> Path:
    """The folder of trained models: BOT_MODELS, or bot/models."""
    return Path(os.environ.get("BOT_MODELS") or BOT / "models")


def fingerprint() -> str:
    """A short hash over every file the model is made from."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(BOT).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _sources() -> Iterator[Path]:
    found = {path for pattern in TRAINED_FROM for path in BOT.glob(pattern)}
    return iter(sorted(path for path in found if path.is_file()))


def model_file() -> Path:
    """Where the model that matches the files is, or will be."""
    return models_folder() / f"{fingerprint()}.tar.gz"


def hash_file(model: Path) -> Path:
    """Where the hash of `model` is kept."""
    return model.with_name(f"{model.name}.sha256")


def content_hash(path: Path) -> str:
    """The SHA-256 of the file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def intact_model() -> Path:
    """The model that matches the files, unless it is missing or damaged."""
    model = model_file()
    if not model.is_file():
        raise ModelError("There is no trained model for these files. Run: python -m bot.train")
    kept = hash_file(model)
    if not kept.is_file() or kept.read_text().strip() != content_hash(model):
        raise ModelError("The trained model is damaged. Run: python -m bot.train")
    return model
