"""What a short answer means depends on the question, and hardly on how either is worded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.concerns.examples import read_examples
from api.concerns.models import Risk
from api.concerns.questions import load_questions
from api.concerns.screen import load_screen
from api.concerns.spelling import load_speller
from api.kit.words import load_words
from tests.api.concerns.test_examples import UNSEEN_FOLDER

SCREEN = load_screen()
QUESTIONS = load_questions(load_speller())
WORDS = load_words()

# The question decides which answer is the dangerous one.
GOOD_IS_YES = [
    "Are you safe?", "are you safe right now", "Do you feel safe at home?", "Is it safe where you are?",
    "Thank you for telling us.\nAre you safe just now? Text YES or NO.", "Can you get out?", "Is your baby safe?",
    "Do you have somewhere to sleep tonight?", "Have you got a place to stay tonight?", "utter_ask_safe_now",
    "Is your friend safe now?",
]  # fmt: skip
GOOD_IS_NO = [
    "Are you in danger?", "are you in any danger right now", "Is anyone hurting you?", "Have you taken anything?",
    "Do you need an ambulance?", "Are you thinking about ending your life?", "Is he there with you?",
    "Do you need the police?", "Are you hurt?", "Has someone locked you in?", "Do you feel unsafe?",
]  # fmt: skip
NOT_ABOUT_SAFETY = [
    "Do you want to leave a message? Text it now, or text NO.", "Do you want to talk to a person? Text 3 or PERSON.",
    "Your next appointment is on 3 May.\nIn danger now? Call 999.", "Is Tuesday good for you?", "", None,
    "Did you get the letter?", "Shall we ring you tomorrow?",
]  # fmt: skip
NO = ["no", "No.", "nope", "nah", "nah not really", "not really", "NO!!", "no lol", "nah fam", "n", "not at all", "❌"]
YES = ["yes", "yeah", "yep", "ye", "y", "yes i am", "yh", "👍", "yeah im ok thanks"]
UNSURE = [
    "idk",
    "dunno",
    "i dont know",
    "maybe",
    "kind of",
    "not sure",
    "🤷",
    "depends",
    "for now",
    "no im fine",
    "hmm",
]
OF_THEIR_OWN = ["whens my next appointment", "can you change my appointment to friday please", "menu", "1"]


@pytest.mark.parametrize("question", GOOD_IS_YES)
@pytest.mark.parametrize("answer", NO)
def test_screen_when_the_answer_is_no_to_are_you_safe_then_a_person_is_needed_now(question: str, answer: str) -> None:
    assert SCREEN.read(answer, question).risk is Risk.IMMEDIATE


@pytest.mark.parametrize("question", GOOD_IS_NO)
@pytest.mark.parametrize("answer", YES[:-1])
def test_screen_when_the_answer_is_yes_to_are_you_in_danger_then_a_person_is_needed_now(
    question: str, answer: str
) -> None:
    assert SCREEN.read(answer, question).risk is Risk.IMMEDIATE


@pytest.mark.parametrize("question", [*GOOD_IS_YES, *GOOD_IS_NO])
@pytest.mark.parametrize("answer", UNSURE)
def test_screen_when_the_answer_is_not_clear_then_it_is_not_safe_yet(question: str, answer: str) -> None:
    assert SCREEN.read(answer, question).risk >= Risk.HIGH


@pytest.mark.parametrize("question", GOOD_IS_YES)
@pytest.mark.parametrize("answer", YES)
def test_screen_when_the_answer_is_that_all_is_well_then_it_is_no_alarm(question: str, answer: str) -> None:
    assert not SCREEN.read(answer, question).is_alarm


@pytest.mark.parametrize("question", GOOD_IS_NO)
@pytest.mark.parametrize("answer", [answer for answer in NO if answer != "no im fine"])
def test_screen_when_the_answer_is_no_to_are_you_in_danger_then_it_is_no_alarm(question: str, answer: str) -> None:
    assert not SCREEN.read(answer, question).is_alarm


@pytest.mark.parametrize("question", NOT_ABOUT_SAFETY)
@pytest.mark.parametrize("answer", ["no", "yes", "idk", "nah", "maybe"])
def test_screen_when_the_question_is_not_about_safety_then_no_answer_is_an_alarm(
    question: str | None, answer: str
) -> None:
    assert not SCREEN.read(answer, question).is_alarm


@pytest.mark.parametrize("text", OF_THEIR_OWN)
def test_screen_when_a_text_answers_nothing_then_it_is_read_for_what_it_says(text: str) -> None:
    assert not SCREEN.read(text, "Are you safe?").is_alarm


def test_screen_when_a_yes_comes_with_danger_then_the_danger_is_heard() -> None:
    assert SCREEN.read("yes but he is outside with a knife", "Are you safe?").risk is Risk.IMMEDIATE


def test_screen_when_an_answer_raises_the_alarm_then_the_verdict_says_which_question_it_answered() -> None:
    verdict = SCREEN.read("nah", "Are you safe?")
    assert "safe_no" in verdict.rules_hit
    assert "unsafe" in verdict.kinds


def test_questions_when_the_bots_words_are_read_then_none_but_these_asks_about_safety() -> None:
    asks = {name for name in WORDS.names() if QUESTIONS.meaning(_said(name))}
    assert asks == set()


def test_examples_of_answers_when_read_then_hardly_any_is_taken_for_less_than_it_is() -> None:
    answers = [example for example in [*read_examples(), *read_examples(UNSEEN_FOLDER)] if example.context]
    wrong = [e for e in answers if e.risk >= Risk.HIGH and not SCREEN.read(e.text, e.context).is_alarm]
    assert len(wrong) <= len(answers) * 0.03, [e.text for e in wrong]


@settings(deadline=None)
@given(answer=st.sampled_from(NO), after=st.sampled_from([" ", "  ", "\n", "!", "...", " x", " pls"]))
def test_screen_when_anything_small_follows_a_no_then_it_is_still_no(answer: str, after: str) -> None:
    assert SCREEN.read(answer + after, "Are you safe?").risk is Risk.IMMEDIATE


@settings(deadline=None)
@given(text=st.text(max_size=200), question=st.text(max_size=200))
def test_screen_when_question_and_text_are_anything_then_there_is_a_verdict(text: str, question: str) -> None:
    verdict = SCREEN.read(text, question)
    assert (verdict.risk is Risk.NONE) == (verdict.kinds == ())


def _said(name: str) -> str:
    return WORDS.say(name, dict.fromkeys(("adviser_name", "hours", "when", "after", "reference", "code"), "it"))
