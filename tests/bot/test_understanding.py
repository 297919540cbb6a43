"""How well unseen texts are understood, and that no held-out text is trained on."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.components.menu_words import plain_words
from tests.bot.brain import Brain
from tests.bot.process import ROOT

LEAST_ACCURACY = 0.85
MOST_WRONG_IN_SCOPE = 0.08
LEAST_CAUGHT_OUT_OF_SCOPE = 0.90
LEAST_EXAMPLES = 60
NOT_OURS = {"out_of_scope", "nlu_fallback"}


def held_out() -> list[tuple[str, str]]:
    texts = yaml.safe_load(Path(__file__).with_name("held_out.yml").read_text())
    return [(intent, text) for intent, examples in texts.items() for text in examples]


def trained() -> dict[str, list[str]]:
    files = [yaml.safe_load(file.read_text()) for file in (ROOT / "bot" / "data").glob("*/nlu.yml")]
    intents = [intent for file in files for intent in file["nlu"]]
    return {i["intent"]: re.findall(r"^- (.*)$", i["examples"], flags=re.MULTILINE) for i in intents}


@pytest.fixture(scope="module")
def understood(brain: Brain) -> list[tuple[str, str, dict[str, Any]]]:
    return [(intent, text, brain.parse(text)) for intent, text in held_out()]


def test_unseen_texts_are_understood(understood: list[tuple[str, str, dict[str, Any]]]) -> None:
    pairs = [(intent, _best(parsed)) for intent, _, parsed in understood]
    confusion = Counter(pair for pair in pairs if pair[0] != pair[1])
    accuracy = 1 - sum(confusion.values()) / len(pairs)
    print(f"\naccuracy {accuracy:.3f} on {len(pairs)} texts; said, taken for, times:")
    for (intent, guess), times in confusion.most_common():
        print(f"  {intent:20} {guess:20} {times}")
    assert accuracy >= LEAST_ACCURACY


def test_the_fallback_threshold_catches_what_is_not_ours(understood: list[tuple[str, str, dict[str, Any]]]) -> None:
    _print_curve(understood)
    ours = [(i, p["intent"]["name"]) for i, _, p in understood if i != "out_of_scope"]
    wrong = sum(found != intent and found not in NOT_OURS for intent, found in ours) / len(ours)
    not_ours = [p["intent"]["name"] in NOT_OURS for i, _, p in understood if i == "out_of_scope"]
    assert wrong <= MOST_WRONG_IN_SCOPE
    assert sum(not_ours) / len(not_ours) >= LEAST_CAUGHT_OUT_OF_SCOPE


def test_every_intent_has_enough_examples_and_none_twice() -> None:
    assert {intent: len(texts) for intent, texts in trained().items() if len(texts) < LEAST_EXAMPLES} == {}
    seen = Counter(text.casefold() for texts in trained().values() for text in texts)
    assert [text for text, times in seen.items() if times > 1] == []


def test_no_held_out_text_is_trained_on() -> None:
    known = {plain_words(text) for texts in trained().values() for text in texts}
    assert [text for _, text in held_out() if plain_words(text) in known] == []


@pytest.mark.parametrize(
    "news",
    [
        "could we swap it to next week because im away",
        "no i cant do tuesday but wednesday is ok for me",
        "thanks for the form but page 2 is missing and i need it",
        "hi its me my phone is cracked so email me instead please ok",
    ],
)
def test_longer_news_is_not_taken_for_small_talk(brain: Brain, news: str) -> None:
    assert brain.parse(news)["intent"]["name"] not in {"deny", "affirm", "thanks_bye", "greet", "help_menu"}


def _best(parsed: dict[str, Any]) -> str:
    """The intent that was found, before the threshold."""
    names = [guess["name"] for guess in parsed["intent_ranking"]]
    return str(next(name for name in names if name != "nlu_fallback"))


def _print_curve(understood: list[tuple[str, str, dict[str, Any]]]) -> None:
    print("\nthreshold, ours and right, ours and wrong, not ours and caught:")
    for threshold in (0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7):
        taken = [(intent, _taken(parsed, threshold)) for intent, _, parsed in understood]
        ours = [(intent, found) for intent, found in taken if intent != "out_of_scope"]
        caught = [found in NOT_OURS for intent, found in taken if intent == "out_of_scope"]
        right = sum(intent == found for intent, found in ours) / len(ours)
        wrong = sum(intent != found and found not in NOT_OURS for intent, found in ours) / len(ours)
        print(f"  {threshold:.2f}  {right:.2f}  {wrong:.2f}  {sum(caught) / len(caught):.2f}")


def _taken(parsed: dict[str, Any], threshold: float) -> str:
    best = next(guess for guess in parsed["intent_ranking"] if guess["name"] != "nlu_fallback")
    return str(best["name"]) if best["confidence"] >= threshold else "nlu_fallback"
