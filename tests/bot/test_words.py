"""Every word a young person may read: plain, short, and safe to send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter
from typing import Any

import pytest
import yaml

from tests.bot.process import ROOT

LONGEST = 306
GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
RESERVED = [
    "STOP",
    "STOPALL",
    "UNSUBSCRIBE",
    "END",
    "QUIT",
    "CANCEL",
    "REVOKE",
    "OPTOUT",
    "START",
    "YES",
    "UNSTOP",
    "HELP",
    "INFO",
]
ASKED_TO_TEXT = re.compile(r"\b(?:text|send|reply|type)\s+(?:with\s+|us\s+)?['\"]?(\w+)", re.IGNORECASE)
NEVER_SAID = {
    "a promise of secrecy": r"\bsecret|confidential|private|just between",
    "a why": r"\bwhy\b",
    "a promise that all is well": r"\bbe (?:ok|okay|fine|alright|safe)\b|don'?t worry",
    "a claim to be a person": r"\bI am\b|\bI'm\b|\bI'll\b|\bmy name\b",
    "jargon": r"\bPA\b|allocat|caseload|safeguard|placement|service user|pathway|escalat|statutory",
    "care": r"\bcare\b|leaver|social worker|council",
    "a promise of when it is read": r"\bwill (?:read|see|answer|call|ring|text)\b|when they are at work",
}
LONG_VALUES = {
    "reference": "0123456789AB",
    "day": "23 September 2027",
    "home_name": "Bartholomew House, flat 12",
    "code": "000000",
    "when": "Wednesday 23 September at 12:30pm",
    "after": "Wednesday 30 September at 12:30pm",
    "adviser_name": "Bartholomew Featherstonehaugh",
    "hours": "Monday 9am to 5pm, Tuesday 9am to 5pm, Wednesday 9am to 5pm, Thursday 9am to 5pm, Friday 9am to 5pm",
}
VARIABLES = {
    "utter_next_appointment": {"when"},
    "utter_next_appointments": {"when", "after"},
    "utter_no_appointments": set(),
    "utter_my_adviser": {"adviser_name", "hours"},
    "utter_my_adviser_no_hours": {"adviser_name"},
    "utter_no_adviser": set(),
    "utter_message_passed_on": {"adviser_name"},
    "utter_message_passed_on_team": set(),
    "utter_menu": set(),
    "utter_bot_unavailable": set(),
    "utter_unknown_number": set(),
    "utter_shared_phone": set(),
    "utter_person_has_it": set(),
    "utter_picture": set(),
    "utter_alarm_immediate": set(),
    "utter_alarm_high": set(),
    "utter_alarm_nobody_told": set(),
    "utter_staff_alert": {"reference"},
    "utter_staff_message": {"reference"},
}
FOR_STAFF = {"utter_staff_alert", "utter_staff_message"}
HELP_LINES = ["999", "116 123", "85258"]
WITH_999 = {"utter_greet", "utter_menu", "utter_not_understood", "utter_offer_person", "utter_default"} | {
    "utter_bot_unavailable",
    "utter_unknown_number",
    "utter_shared_phone",
    "utter_person_has_it",
    "utter_picture",
    "utter_message_passed_on",
    "utter_message_passed_on_team",
}


def responses() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for file in sorted((ROOT / "bot" / "domain").glob("*.yml")):
        yield from (yaml.safe_load(file.read_text()).get("responses") or {}).items()


WORDS = {name: variants[0]["text"] for name, variants in responses()}
READ_BY_YOUNG_PEOPLE = sorted(set(WORDS) - FOR_STAFF)
# What an app shows as a heading or a label: too short for a sentence's reading age to say anything.
HEADINGS = sorted(name for name in WORDS if name.startswith("shown_") and not WORDS[name].endswith("."))


def test_each_response_has_one_name_and_one_text() -> None:
    names = [name for name, _ in responses()]
    assert len(names) == len(set(names))
    assert [name for name, variants in responses() if len(variants) != 1 or set(variants[0]) != {"text"}] == []


def test_responses_of_the_contract_are_there_with_their_variables() -> None:
    found = {name: {field for _, field, _, _ in Formatter().parse(WORDS[name]) if field} for name in VARIABLES}
    assert found == VARIABLES


@pytest.mark.parametrize("name", sorted(WORDS))
def test_fits_two_text_messages(name: str) -> None:
    filled = WORDS[name].format(**LONG_VALUES)
    assert len(filled) <= LONGEST
    assert set(WORDS[name]) <= GSM_7 | {"{", "}"}
    assert filled == filled.strip()


@pytest.mark.parametrize("name", READ_BY_YOUNG_PEOPLE)
def test_never_asks_for_a_word_that_twilio_takes_for_itself(name: str) -> None:
    assert forbidden_words(WORDS[name]) == []


@pytest.mark.parametrize("name", READ_BY_YOUNG_PEOPLE)
def test_never_says_what_we_must_not_say(name: str) -> None:
    said = [what for what, pattern in NEVER_SAID.items() if re.search(pattern, WORDS[name], flags=re.IGNORECASE)]
    assert said == []


@pytest.mark.parametrize("name", HEADINGS)
def test_a_heading_is_a_few_words(name: str) -> None:
    assert len(WORDS[name]) <= 45
    assert len(WORDS[name].split()) <= 8


@pytest.mark.parametrize("name", sorted(set(READ_BY_YOUNG_PEOPLE) - set(HEADINGS)))
def test_can_be_read_at_nine(name: str) -> None:
    assert reading_age(WORDS[name].format(**dict.fromkeys(LONG_VALUES, "Ann"))) <= 10


@pytest.mark.parametrize("name", sorted(WITH_999))
def test_says_whom_to_call_in_danger(name: str) -> None:
    assert WORDS[name].endswith("In danger now? Call 999.")


@pytest.mark.parametrize("name", sorted(name for name in WORDS if name.startswith("utter_alarm_")))
def test_an_alarm_gives_every_help_line(name: str) -> None:
    assert [line for line in HELP_LINES if line not in WORDS[name]] == []


def test_an_alarm_that_reached_nobody_claims_no_telling() -> None:
    assert "telling people" not in WORDS["utter_alarm_nobody_told"]


@pytest.mark.parametrize("name", sorted(FOR_STAFF))
def test_staff_are_told_nothing_but_a_reference(name: str) -> None:
    assert set(re.findall(r"{(\w+)}", WORDS[name])) == {"reference"}


def test_only_who_has_an_adviser_is_told_of_theirs() -> None:
    assert {name for name, text in WORDS.items() if "your adviser" in text.casefold()} == {
        "utter_my_adviser",
        "utter_my_adviser_no_hours",
        "shown_team_adviser",
    }


@pytest.mark.parametrize(
    "bad", ["Text YES to go on.", "text 'HELP' now", "Reply STOP to end", "send us INFO", "Text End"]
)
def test_a_forbidden_word_would_be_found(bad: str) -> None:
    assert forbidden_words(bad)


def test_hard_words_would_be_found() -> None:
    assert reading_age("Your accommodation arrangements necessitate notification of the responsible authority.") > 12


def forbidden_words(text: str) -> list[str]:
    """Reserved words that `text` asks to send, and any in capitals."""
    asked = [word for word in ASKED_TO_TEXT.findall(text) if word.upper() in RESERVED]
    return asked + [word for word in re.findall(r"\b[A-Z]{2,}\b", text) if word in RESERVED]


def reading_age(text: str) -> float:
    """The age at which a text is easy: the Flesch-Kincaid grade plus five."""
    sentences = [s for s in re.split(r"[.?!\n]+", text) if re.search("[a-z]", s)]
    words = re.findall(r"[A-Za-z']+", text)
    syllables = sum(_syllables(word) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59 + 5


def _syllables(word: str) -> int:
    heard = re.sub(r"(?<![aeiouyl])e$|(?<=[^dt])ed$", "", word.lower())
    return max(len(re.findall(r"[aeiouy]+", heard)), 1)
