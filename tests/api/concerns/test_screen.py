"""What the phrase rules hear, and what they let pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.concerns.models import Risk
from api.concerns.screen import load_screen

SCREEN = load_screen()

IMMEDIATE = [
    "I'm going to kill myself", "i wanna die", "gonna end it all tonight", "kms fr", "ive took all my tablets",
    "took 30 paracetamol", "he's trying to get in", "ive been stabbed", "they wont let me leave",
    "i got nowhere to sleep tonight", "been kicked out", "my baby isnt breathing", "not safe", "call the police",
    "goodbye forever", "i dont know where i am", "ive cut my wrist and cant stop the bleeding", "unalive myself",
    "I\u2019m going to kill myself lol", "i w\u200banna die",
]  # fmt: skip
HIGH = [
    "i dont want to be here anymore", "wish i was dead", "he hit me", "i self harm", "they make me carry drugs",
    "i owe him 500 and hes threatening me", "im being evicted", "got no food", "i dont feel safe", "hes got my nudes",
    "she forced me to marry", "hearing voices", "my friend said she wants to kill herself", "i ran away",
]  # fmt: skip
NOTHING = [
    "whens my next appointment", "hi", "who is my adviser", "thanks", "im dead lol that was so funny",
    "this homework is killing me", "watched suicide squad last nite", "the film was sick", "my phone died",
    "can i change my appointment", "im starving what time is tea", "i smashed my exam", "dying to see the new film",
    "need to kill some time before the bus", "took loads of photos", "hit me up later",
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


@given(before=st.text(max_size=40), after=st.text(max_size=40))
def test_screen_when_anything_stands_around_a_clear_statement_then_it_is_still_heard(before: str, after: str) -> None:
    assert SCREEN.read(f"{before} i want to kill myself {after}").risk is Risk.IMMEDIATE


@given(st.text(max_size=2000))
def test_screen_when_given_any_text_then_it_gives_a_verdict(text: str) -> None:
    verdict = SCREEN.read(text)
    assert (verdict.risk is Risk.NONE) == (verdict.kinds == ())
