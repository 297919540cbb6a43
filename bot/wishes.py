"""What somebody wants, from all that was understood of a text: one intent or several, of the seventeen we speak of."""

from __future__ import annotations

from typing import Any

from bot.answers import reads_as_answer

# Finer intents that a conversation needs, and what they are to everybody else.
FINER = {"tell_adviser": "reach_adviser", "nlu_fallback": "out_of_scope"}
SMALL_TALK = frozenset({"greet", "thanks_bye", "affirm", "deny", "help_menu", "out_of_scope"})

# Chosen on texts of the training writers, see `make evaluate`.
SECOND_LEAST = 0.25
CLAUSE_LEAST = 0.55
SMALL_CLAUSE_LEAST = 0.85
# A clause speaks for a text that was not understood as a whole only where it is this sure.
RESCUE_LEAST = 0.85
MOST_WISHES = 3

Parsed = dict[str, Any]


def wishes(parsed: Parsed, asked: str | None = None, understood_question: Parsed | None = None) -> list[str]:
    """The intents of a text, best first; as an answer to what was `asked` where it is one."""
    answer = reads_as_answer(parsed, asked, understood_question)
    best = FINER.get(parsed["intent"]["name"], parsed["intent"]["name"])
    if answer is not None:
        return [answer]
    if len(parsed["intent_ranking"]) == 1:
        return [best]
    if best == "out_of_scope":
        rescued = [name for name in _of_clauses(parsed, RESCUE_LEAST) if name not in SMALL_TALK]
        return list(dict.fromkeys(rescued))[:MOST_WISHES] or [best]
    added = [name for name in (*_second(parsed), *_of_clauses(parsed, CLAUSE_LEAST)) if name != best]
    return list(dict.fromkeys([best, *added]))[:MOST_WISHES]


def _second(parsed: Parsed) -> list[str]:
    """What comes close to the best guess."""
    ranking = [(FINER.get(guess["name"], guess["name"]), guess["confidence"]) for guess in parsed["intent_ranking"]]
    if parsed["intent"]["name"] == "nlu_fallback":
        return []
    return [name for name, confidence in ranking[1:] if confidence >= SECOND_LEAST and name not in SMALL_TALK]


def _of_clauses(parsed: Parsed, least: float) -> list[str]:
    """What the parts of the text say by themselves, where they are sure."""
    guesses = [(FINER.get(guess["name"], guess["name"]), guess["confidence"]) for guess in parsed.get("clauses", [])]
    return [
        name
        for name, confidence in guesses
        if name != "out_of_scope" and confidence >= (SMALL_CLAUSE_LEAST if name in SMALL_TALK else least)
    ]
