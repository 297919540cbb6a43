"""The command that reads texts in batches understands them as the serving model does, with risk beside the intents."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from bot.predict import Reader
from tests.bot.process import ROOT

LINES = [
    {"id": 1, "text": "whens my next appointment", "context": None},
    {"id": "b", "text": "no", "context": "Are you safe right now?"},
    {"id": "c", "text": "i want to die ive got the pills here", "context": None},
    {"id": "d", "text": "/restart", "context": None},
    {"id": "e", "text": "\u200b", "context": None},
    {"id": "f", "text": "cant come tomorrow. also i have no money for food", "context": None},
]


@pytest.fixture(scope="module")
def reader(model: Path) -> Reader:
    return Reader()


def predict(lines: list[dict[str, object]]) -> list[dict[str, object]]:
    given = "".join(json.dumps(line) + "\n" for line in lines)
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "api", "predict"]
    run = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=True, timeout=100)
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_predict_when_run_as_a_command_then_every_line_is_answered_and_again_the_same(model: Path) -> None:
    found = predict(LINES)
    assert [line["id"] for line in found] == [line["id"] for line in LINES]
    assert [line["risk"] for line in found] == ["none", "immediate", "immediate", "none", "none", found[-1]["risk"]]
    assert [line["intents"] for line in found[:3]] == [["check_appointments"], ["deny", "crisis"], ["crisis"]]
    assert found[4]["intents"] == ["out_of_scope"]
    assert {"change_appointment", "money_help"} <= set(found[-1]["intents"])  # type: ignore[call-overload]
    assert predict(LINES) == found


@pytest.mark.parametrize(
    ("asked", "text", "intent"),
    [
        ("Shall I cancel it?", "\U0001f44d", "affirm"),
        ("Shall I cancel it?", "\U0001f44e", "deny"),
        ("Shall I cancel it?", "pls", "affirm"),
        ("Shall I cancel it?", "later", "deny"),
        ("Shall I cancel it?", "idk", "out_of_scope"),
        ("Which day would suit you better?", "wednesday morning", "change_appointment"),
        ("Is this about money or your home?", "money", "money_help"),
        ("Do you want to leave a message?", "when is my next appointment please", "check_appointments"),
    ],
)
def test_a_short_text_when_something_was_asked_then_it_is_read_as_the_answer(
    reader: Reader, asked: str, text: str, intent: str
) -> None:
    assert reader.intents(text, asked)[0] == intent


def test_a_sign_when_nothing_was_asked_then_it_is_no_answer(reader: Reader) -> None:
    assert reader.intents("\U0001f44d") == ["out_of_scope"]
    assert reader.intents("\U0001f44d", "Your next appointment is on Monday.") == ["out_of_scope"]
