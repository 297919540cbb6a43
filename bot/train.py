"""Trains the bot unless a model that matches its files is there: `python -m bot.train [--check]`."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import io
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bot.model_files import BOT, ModelError, content_hash, hash_file, intact_model, model_file, models_folder


def main() -> int:
    """Check or train; 0 when a usable model is there at the end."""
    arguments = argparse.ArgumentParser(prog="python -m bot.train", description=__doc__)
    arguments.add_argument("--check", action="store_true", help="only say whether a usable model is there")
    only_check = arguments.parse_args().check
    try:
        intact_model()
    except ModelError as problem:
        if only_check:
            print(problem, file=sys.stderr)
            return 1
        return _train_once(str(problem))
    print("The bot's model matches its files.")
    return 0


def _train_once(reason: str) -> int:
    models_folder().mkdir(parents=True, exist_ok=True)
    with (models_folder() / ".training").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            intact_model()
        except ModelError:
            print(f"Training the bot ({reason.partition('.')[0].lower()}).", flush=True)
            return _train()
    print("The bot's model was trained by somebody else just now.")
    return 0


def _train() -> int:
    started_at_s = time.monotonic()
    with tempfile.TemporaryDirectory(dir=models_folder()) as folder:
        with _progress(), contextlib.redirect_stdout(io.StringIO()) as printed:
            trained = train_into(Path(folder))
        if trained is None:
            print(f"Training failed. Rasa says:\n{printed.getvalue()}", file=sys.stderr)
            return 1
        _put_in_place(trained)
    _remove_other_models()
    print(f"The bot is trained ({time.monotonic() - started_at_s:.0f} s).")
    return 0


def train_into(folder: Path) -> Path | None:
    """Train a model into `folder` and return its file."""
    os.environ["RASA_CACHE_DIRECTORY"] = str(folder / "cache")
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"
    from bot.rasa_import import rasa  # noqa: PLC0415

    result = rasa.model_training.train(
        domain=str(BOT / "domain"),
        config=str(BOT / "config.yml"),
        training_files=[str(BOT / "data")],
        output=str(folder),
        fixed_model_name="model",
        force_training=True,
    )
    return Path(result.model) if result.code == 0 and result.model else None


def _put_in_place(trained: Path) -> None:
    model = model_file()
    kept = trained.with_suffix(".sha256")
    kept.write_text(content_hash(trained))
    for path in (trained, kept):
        with path.open("rb") as file:
            os.fsync(file.fileno())
    hash_file(model).unlink(missing_ok=True)
    trained.replace(model)
    kept.replace(hash_file(model))


def _remove_other_models() -> None:
    for old in models_folder().glob("*.tar.gz"):
        if old != model_file():
            hash_file(old).unlink(missing_ok=True)
            old.unlink()


@contextlib.contextmanager
def _progress() -> Iterator[None]:
    """Print a dot every two seconds, so that a long step is seen to live."""
    done = threading.Event()

    def dots() -> None:
        while not done.wait(2):
            print(".", end="", flush=True, file=sys.stderr)

    thread = threading.Thread(target=dots, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        print(flush=True, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
