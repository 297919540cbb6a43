"""Reads a short text as the answer to what was just asked."""

from __future__ import annotations

import re
from typing import Any

from bot.neutral import plain_words

LONGEST_ANSWER_WORDS = 4
# A text that is this clear by itself is not bent into an answer.
CLEAR_BY_ITSELF = 0.75
# So much must speak for yes or no before an unclear word is one.
LEAST_FOR_YES_OR_NO = 0.1
LEAST_FOR_TOPIC = 0.35

# Words that are something else, or nothing, where nothing was asked.
SAID_FOR_YES = frozenset(
    {"pls", "plz", "please", "fine", "perfect", "sound", "good", "great", "cool", "bet", "safe", "sweet", "wicked"}
)
SAID_FOR_NO = frozenset({"later", "laters", "not now", "another time", "stop", "cancel that", "no thx", "im good"})
YES_SIGNS = frozenset("👍👌✅🙏💯🆗")
NO_SIGNS = frozenset("👎❌🚫🙅")
NOT_A_TOPIC = frozenset(
    {"affirm", "deny", "greet", "thanks_bye", "help_menu", "human_handover", "out_of_scope", "nlu_fallback", "opt_out"}
)
UNSURE = re.compile(
    r"\b(?:i ?d(?:o)?n'?t know|don'?t know|dont know|dunno|idk|not sure|no idea|maybe)\b", re.IGNORECASE
)
_QUESTION = re.compile(r"[^.?!\n]*\?")
_OPEN = re.compile(r"^\W*(?:and |so |ok |okay )?(?:what|when|which|who|where|how)\b|\bor\b", re.IGNORECASE)

Parsed = dict[str, Any]


def question_in(asked: str | None) -> str | None:
    """The last question in what was said, or None."""
    questions = _QUESTION.findall(asked or "")
    return questions[-1].strip() if questions else None


def reads_as_answer(parsed: Parsed, asked: str | None, understood_question: Parsed | None) -> str | None:
    """The intent of a short text that answers a question; None when the text speaks for itself."""
    question = question_in(asked)
    if question is None or len(parsed["text"].split()) > LONGEST_ANSWER_WORDS:
        return None
    if _OPEN.search(question):
        return _topic(parsed, understood_question)
    return _yes_or_no(parsed)


def _yes_or_no(parsed: Parsed) -> str | None:
    signs, words = set(parsed["text"]), plain_words(parsed["text"])
    if signs & YES_SIGNS or words in SAID_FOR_YES:
        return "affirm"
    if signs & NO_SIGNS or words in SAID_FOR_NO:
        return "deny"
    if UNSURE.search(parsed["text"]):
        return "out_of_scope"
    if _is_clear(parsed):
        return None
    sure = {guess["name"]: guess["confidence"] for guess in parsed["intent_ranking"]}
    yes, no = sure.get("affirm", 0.0), sure.get("deny", 0.0)
    if max(yes, no) < LEAST_FOR_YES_OR_NO:
        return None
    return "affirm" if yes >= no else "deny"


def _topic(parsed: Parsed, understood_question: Parsed | None) -> str | None:
    """The text's own subject if it names one, else the question's; a day or an hour given is one to change to."""
    if understood_question is None or (_is_clear(parsed) and parsed["intent"]["name"] != "check_appointments"):
        return None
    asked_about, own = _subject(understood_question), _subject(parsed)
    if _OPEN.search(parsed["text"]):
        return own
    if own == "check_appointments" or (own is None and asked_about == "check_appointments"):
        return "change_appointment"
    return own or asked_about


def _subject(parsed: Parsed) -> str | None:
    best = next((guess for guess in parsed["intent_ranking"] if guess["name"] not in NOT_A_TOPIC), None)
    return best["name"] if best and best["confidence"] >= LEAST_FOR_TOPIC else None


def _is_clear(parsed: Parsed) -> bool:
    """Whether it is a wish by itself; a word that only fills a gap ("later", "fine") never is."""
    name, confidence = parsed["intent"]["name"], parsed["intent"]["confidence"]
    return name not in NOT_A_TOPIC - {"affirm", "deny"} and confidence >= CLEAR_BY_ITSELF
