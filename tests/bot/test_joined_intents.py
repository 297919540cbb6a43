"""Intents that get the same answer do not outvote each other."""

from __future__ import annotations

import pytest

from bot.components.joined_intents import joined

GROUP = [frozenset({"reach_adviser", "tell_adviser"})]


def guess(**confidences: float) -> list[dict[str, object]]:
    return [{"name": name, "confidence": confidence} for name, confidence in confidences.items()]


def test_ranking_when_a_group_is_split_then_its_best_member_takes_all_of_it() -> None:
    ranking = joined(guess(talk_to_person=0.4, tell_adviser=0.31, reach_adviser=0.29), GROUP)
    assert [g["name"] for g in ranking][:2] == ["tell_adviser", "talk_to_person"]
    assert [g["confidence"] for g in ranking] == pytest.approx([0.6, 0.4, 0.0])


@pytest.mark.parametrize("ranking", [[], guess(greet=0.9, deny=0.1)])
def test_ranking_when_no_member_is_in_it_then_it_stays_as_it_is(ranking: list[dict[str, object]]) -> None:
    assert joined(ranking, GROUP) == ranking


@pytest.mark.parametrize(
    "text", ["can i speak to my pa", "speak to my adviser", "need to talk to my worker", "is my pa about"]
)
def test_wish_for_the_adviser_when_news_and_questions_sound_alike_then_it_is_understood(brain, text) -> None:  # type: ignore[no-untyped-def]
    assert brain.parse(text)["intent"]["name"] in {"reach_adviser", "tell_adviser"}
