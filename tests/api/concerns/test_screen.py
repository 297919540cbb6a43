"""What the phrase rules hear, and what they let pass."""

import time
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from api.concerns.models import Risk
from api.concerns.screen import load_screen

SCREEN = load_screen()
HERE = Path(__file__).parent
HELD_OUT: dict[str, dict[str, str]] = yaml.safe_load((HERE / "held_out.yml").read_text(encoding="utf-8"))
BOTH_WAYS: list[tuple[str, str]] = yaml.safe_load((HERE / "both_ways.yml").read_text(encoding="utf-8"))
LEAST_HEARD = {"immediate": 0.95, "high": 0.90}
MOST_FALSE_ALARMS = 0.05
LONGEST_TEXT_CHARS = 1600

IMMEDIATE = [
    "I'm going to kill myself", "i wanna die", "gonna end it all tonight", "kms fr", "ive took all my tablets",
    "took 30 paracetamol", "he's trying to get in", "ive been stabbed", "they wont let me leave",
    "i got nowhere to sleep tonight", "been kicked out", "my baby isnt breathing", "not safe", "call the police",
    "goodbye forever", "i dont know where i am", "ive cut my wrist and cant stop the bleeding", "unalive myself",
    "I\u2019m going to kill myself lol", "i w\u200banna die",
    "i wanna dieeee", "kill myselfff", "killll myselfff", "i want to \U0001f480 die", 'want to "die"', "want to *die*",
    "i want 2 die", "kil myself", "k\u00edll myself", "kill \U0001f52a myself", "i wanna d!e", "i w4nt to die",
    "k*ll myself", "d-i-e i want to d i e", "s u i c i d e", "su!cide", "killmyself", "k.m.s", "siucide", "sucide",
    "ive overdosd", "i got stabed", "\U0001f198", "ive taken a whole pack of paracetamol", "taken 8 paracetamol",
    "i swallowed all my pills", "took all my \U0001f48a", "i od'd", "oded last night", "my uncle strangled me",
    "he has a knife", "my stepdad is choking me", "gonna jump in front of a train", "im on the bridge",
    "\uff4b\uff49\uff4c\uff4c myself", "i have not place to sleep", "chc\u0119 si\u0119 zabi\u0107", "je veux mourir",
    "\u0623\u0631\u064a\u062f \u0623\u0646 \u0623\u0645\u0648\u062a",
]  # fmt: skip
HIGH = [
    "i dont want to be here anymore", "wish i was dead", "he hit me", "i self harm", "they make me carry drugs",
    "i owe him 500 and hes threatening me", "im being evicted", "got no food", "i dont feel safe", "hes got my nudes",
    "she forced me to marry", "hearing voices", "my friend said she wants to kill herself", "i ran away",
    "he keeps coming into my room at night", "ive been cutting", "i cant do this", "i dont want to\nbe here anymore",
    "theyre making me sell", "i slept with him for money", "he made me sleep with his mates", "help me",
]  # fmt: skip
NOTHING = [
    "whens my next appointment", "hi", "who is my adviser", "thanks", "im dead lol that was so funny",
    "this homework is killing me", "watched suicide squad last nite", "the film was sick", "my phone died",
    "can i change my appointment", "im starving what time is tea", "i smashed my exam", "dying to see the new film",
    "need to kill some time before the bus", "took loads of photos", "hit me up later", "help", "?", "\U0001f62d", "",
]  # fmt: skip
HOSTILE = [
    "my baby ", "my friend ", "he he with a ", "took all the my his ", "a b c ", "aaa bbb ", "k.m.s ", "d!e ", "x",
    "loool i waaant \U0001f198 d!e ", "hit me up later ", "suicide squad ", "kill my my ", "\u0301", "he keeps keeps ",
]  # fmt: skip


@pytest.mark.parametrize("text", IMMEDIATE)
def test_screen_when_a_person_is_needed_now_then_it_says_so(text: str) -> None:
    assert SCREEN.read(text).risk is Risk.IMMEDIATE


@pytest.mark.parametrize("text", HIGH)
def test_screen_when_a_person_is_needed_today_then_it_says_so(text: str) -> None:
    assert SCREEN.read(text).risk >= Risk.HIGH


@pytest.mark.parametrize("text", NOTHING)
def test_screen_when_words_are_innocent_then_it_is_no_alarm(text: str) -> None:
    assert not SCREEN.read(text).is_alarm


@pytest.mark.parametrize(("innocent", "danger"), BOTH_WAYS)
def test_screen_when_an_innocent_phrase_stands_beside_danger_then_only_danger_is_an_alarm(
    innocent: str, danger: str
) -> None:
    assert not SCREEN.read(innocent).is_alarm
    assert SCREEN.read(danger).is_alarm
    assert SCREEN.read(f"{innocent} and {danger}").is_alarm


@pytest.mark.parametrize("level", LEAST_HEARD)
def test_screen_when_held_out_texts_tell_of_danger_then_nearly_all_are_heard(level: str) -> None:
    needed = Risk[level.upper()]
    texts = [(kind, text) for kind, lines in HELD_OUT[level].items() for text in lines.splitlines()]
    missed = [(kind, text) for kind, text in texts if SCREEN.read(text).risk < needed]
    _print_recall(level, Counter(kind for kind, _ in texts), missed)
    assert 1 - len(missed) / len(texts) >= LEAST_HEARD[level]


def test_screen_when_held_out_texts_are_innocent_then_hardly_any_is_an_alarm() -> None:
    texts = [(kind, text) for kind, lines in HELD_OUT["none"].items() for text in lines.splitlines()]
    alarms = [(kind, text) for kind, text in texts if SCREEN.read(text).is_alarm]
    _print_recall("innocent", Counter(kind for kind, _ in texts), alarms)
    assert len(alarms) / len(texts) <= MOST_FALSE_ALARMS


def test_screen_when_held_out_texts_are_counted_then_there_are_enough_of_both() -> None:
    counts = {level: sum(len(lines.splitlines()) for lines in kinds.values()) for level, kinds in HELD_OUT.items()}
    assert counts["immediate"] + counts["high"] >= 250
    assert counts["none"] >= 150


@pytest.mark.parametrize("hostile", HOSTILE)
def test_screen_when_a_long_text_is_hostile_then_it_is_still_read_in_no_time(hostile: str) -> None:
    text = (hostile * LONGEST_TEXT_CHARS)[:LONGEST_TEXT_CHARS]
    started_at_s = time.process_time()
    SCREEN.read(text)
    assert time.process_time() - started_at_s < 0.25


def test_screen_when_a_text_is_long_and_ordinary_then_it_takes_a_few_milliseconds() -> None:
    text = " ".join(HELD_OUT["none"].values()).replace("\n", " ")[:LONGEST_TEXT_CHARS]
    took_s = []
    for _ in range(20):
        started_at_s = time.process_time()
        SCREEN.read(text)
        took_s.append(time.process_time() - started_at_s)
    print(f"\n1,600 characters in {min(took_s) * 1000:.1f} ms")
    assert min(took_s) < 0.025


@settings(deadline=None)
@given(before=st.text(max_size=40), after=st.text(max_size=40))
def test_screen_when_anything_stands_around_a_clear_statement_then_it_is_still_heard(before: str, after: str) -> None:
    assert SCREEN.read(f"{before} i want to kill myself {after}").risk is Risk.IMMEDIATE


@settings(deadline=None)
@given(st.text(max_size=2000))
def test_screen_when_given_any_text_then_it_gives_a_verdict(text: str) -> None:
    verdict = SCREEN.read(text)
    assert (verdict.risk is Risk.NONE) == (verdict.kinds == ())


def _print_recall(level: str, all_of: Counter[str], found: list[tuple[str, str]]) -> None:
    odd_ones = Counter(kind for kind, _ in found)
    for kind, count in all_of.items():
        print(f"\n{level:10} {kind:18} {odd_ones[kind]} of {count} wrong", end="")
    print("".join(f"\n    {kind}: {text}" for kind, text in found))
