"""Lines of JSON in, intents and risk out; the assistant's model itself is tried in tests/bot/test_predict.py."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import predicting
from api.concerns.models import Risk, Verdict
from api.predicting import Line, PredictError, intents_of, predict, read_lines, with_danger


@pytest.fixture
def assistant(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the assistant's model is made to find, line by line."""
    found: list[list[str]] = []

    def intents(lines: list[Line]) -> Iterator[list[str]]:
        yield from found

    monkeypatch.setattr(predicting, "intents_of", intents)
    return found


def test_predict_when_lines_are_good_then_each_gets_its_intents_and_risk(assistant: list[list[str]]) -> None:
    assistant += [["check_appointments"], ["crisis"], ["deny"]]
    lines = [
        {"id": "a", "text": "whens my next appointment"},
        {"id": 2, "text": "im going to kill myself", "context": None},
        {"id": "c", "text": "no", "context": "are you safe right now?"},
    ]
    content = [json.dumps(line).encode() for line in lines]
    assert [json.loads(line) for line in predict([*content, b"\n"])] == [
        {"id": "a", "intents": ["check_appointments"], "risk": "none"},
        {"id": 2, "intents": ["crisis"], "risk": "immediate"},
        {"id": "c", "intents": ["deny", "crisis"], "risk": "immediate"},
    ]


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"id": "a"}', b'{"id": "a", "text": 3}', b"\xff"])
def test_predict_when_a_line_is_wrong_then_it_is_named_and_not_repeated(line: bytes) -> None:
    with pytest.raises(PredictError, match=r"^Line 2 is not"):
        read_lines([b'{"id": "a", "text": "hi"}', line])


@pytest.mark.parametrize(
    ("risk", "found", "given"),
    [
        (Risk.NONE, ["placement"], ["placement"]),
        (Risk.LOW, ["out_of_scope"], ["out_of_scope"]),
        (Risk.HIGH, ["out_of_scope"], ["raise_concern"]),
        (Risk.HIGH, ["crisis"], ["crisis"]),
        (Risk.HIGH, ["money_help", "placement"], ["raise_concern", "money_help", "placement"]),
        (Risk.IMMEDIATE, ["reach_adviser", "crisis"], ["crisis", "reach_adviser"]),
        (Risk.IMMEDIATE, ["deny"], ["deny", "crisis"]),
        (Risk.HIGH, ["affirm"], ["affirm", "raise_concern"]),
    ],
)
def test_intents_when_the_screen_hears_danger_then_it_stands_where_people_are_answered(
    risk: Risk, found: list[str], given: list[str]
) -> None:
    assert with_danger(found, Verdict(risk, (), (), "v")) == given


def test_intents_when_the_assistant_is_not_installed_then_the_error_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BOT_ENVIRONMENT", str(tmp_path))
    with pytest.raises(PredictError, match="make ready-to-run"):
        list(intents_of([Line("a", "hi")]))


def test_intents_when_no_model_is_trained_then_the_error_says_how_to_train_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BOT_MODELS", str(tmp_path))
    with pytest.raises(PredictError, match=r"python -m bot\.train$"):
        list(intents_of([Line("a", "hi")]))
