"""The validator that is compiled once judges as Rasa's own, and Rasa's own is still the one we replaced."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction

from bot.components import action_result
from tests.bot.process import ROOT

ANSWERS: list[Any] = [
    {"events": [], "responses": []},
    {},
    {"events": [{"event": "slot", "name": "a", "value": 1}]},
    {"events": [{"event": "slot", "name": "a", "value": 1, "timestamp": None}]},
    {"events": [{"event": "bot", "text": "x"}]},
    {"events": [{"event": "nonsense"}]},
    {"events": [{"name": "a"}]},
    {"events": "x"},
    {"events": {}},
    {"events": [], "responses": {}},
    {"events": [], "responses": ["x"]},
    {"events": [], "responses": [{"response": "utter_x", "when": "now"}]},
    [],
    None,
    "x",
]


def test_rasa_has_not_changed_what_we_replace() -> None:
    code = "import bot.rasa_import\nfrom bot.components.action_result import method_sha256\nprint(method_sha256())"
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == action_result.REPLACED_METHOD_SHA256


@pytest.mark.parametrize("answer", ANSWERS)
def test_both_judge_alike(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    action = RemoteAction("action_x", None)
    own = judged(action, answer)
    monkeypatch.setattr(RemoteAction, "_validate_action_result", RemoteAction._validate_action_result)
    action_result.use_compiled_validator()
    assert judged(action, answer) == own


def test_the_examples_are_judged_both_ways() -> None:
    assert {judged(RemoteAction("action_x", None), answer) for answer in ANSWERS} == {True, False}


def judged(action: Any, answer: Any) -> bool:
    try:
        return bool(action._validate_action_result(answer))
    except ValidationError:
        return False
