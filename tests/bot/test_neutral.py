"""No text whatever is a command to Rasa after `neutral`."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rasa.shared.nlu.training_data.message import Message

from bot.neutral import neutral

sly = st.text(
    alphabet=st.sampled_from("/ \t\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029\u3000\u200b\u200d\ufeff\u2060\x00ag{}")
)
commands = st.builds("".join, st.tuples(sly, st.sampled_from(["/restart", "/greet", '/deny{"a":"b"}']), sly))


@settings(max_examples=1500, deadline=None)
@given(st.one_of(st.text(), sly, commands))
@example('/greet{"name":"x"}')
def test_rasa_never_takes_a_neutral_text_for_a_command(text: str) -> None:
    assert not is_command(neutral(text))


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(), sly))
def test_neutral_only_takes_away_from_the_ends_and_once_is_enough(text: str) -> None:
    assert neutral(text) in text
    assert neutral(neutral(text)) == neutral(text)


def test_words_stay_as_they_are() -> None:
    assert neutral("can u/we meet at 10/12 //ok") == "can u/we meet at 10/12 //ok"


def test_this_test_would_see_a_command() -> None:
    assert is_command(" /greet")


def is_command(text: str) -> bool:
    """Whether Rasa's own handler overrules the understanding of `text`."""
    message = Message({"text": text.strip()})
    (handled,) = RegexMessageHandler().process([message])
    return "intent" in handled.data
