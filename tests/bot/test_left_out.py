"""The packages in left_out.txt are absent, never touched, and cannot be touched unseen."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import distributions

import pytest

from bot.stand_ins import LEFT_OUT_MODULES
from tests.bot.process import ROOT

USE_EVERYTHING = """
import asyncio, sys
from bot import rasa_import
import bot.server, bot.serving, bot.train
from bot.model_files import intact_model
from bot.turns import TurnProcessor, message
generator = rasa_import.rasa.core.nlg.TemplatedNaturalLanguageGenerator({})
processor = TurnProcessor(str(intact_model()), None, None, generator)
assert asyncio.run(processor.parse_message(message("menu", "x", None)))["intent"]["name"] == "help_menu"
from bot.stand_ins import LEFT_OUT_MODULES
real = [name for name, module in sys.modules.items() if module and name.partition(".")[0] in LEFT_OUT_MODULES]
assert not real, real
"""


def left_out() -> set[str]:
    lines = (ROOT / "bot" / "left_out.txt").read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_no_left_out_package_is_installed_or_locked() -> None:
    installed = {re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower() for found in distributions()}
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "bot" / "requirements.lock").read_text(), flags=re.MULTILINE)
    assert left_out() & (installed | set(locked)) == set()
    assert not {"torch", "transformers", "jaxlib", "keras"} & (installed | set(locked))


def test_locks_name_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = (ROOT / "bot" / name).read_text().splitlines()
        assert [line for line in lines if "://" in line or ("index" in line and not line.startswith("#"))] == []
        assert sum("--hash=sha256:" in line for line in lines) > 60


def test_everything_used_works_without_them() -> None:
    run([sys.executable, "-c", USE_EVERYTHING])


@pytest.mark.parametrize(
    "use",
    [
        "import tensorflow",
        "import tensorflow.keras",
        "from rasa.nlu.classifiers.diet_classifier import tf; tf.constant(1)",
        "from rasa.nlu.classifiers.diet_classifier import tf; tf.keras.layers",
        "from rasa.utils.tensorflow.models import RasaModel; RasaModel()",
        "import rasa.core.channels.twilio as t; t.Client('a', 'b')",
        "import boto3",
    ],
)
def test_any_use_of_them_raises(use: str) -> None:
    code = f"import bot.rasa_import\ntry:\n    {use}\nexcept ImportError as error:\n    print('refused')"
    assert run([sys.executable, "-c", code]).strip() == "refused"


def test_stand_ins_are_only_for_what_is_left_out() -> None:
    assert "rasa" not in LEFT_OUT_MODULES
    assert not LEFT_OUT_MODULES & {"sklearn", "numpy", "scipy", "sanic", "aiohttp", "sqlalchemy", "onnxruntime"}


def run(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
