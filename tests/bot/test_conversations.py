"""What people can do with the bot, each way through it."""

from __future__ import annotations

import pytest

from tests.bot.fake_actions import FakeActions, said
from tests.bot.process import Bot, Person

ADVISER_AND_QUESTION = ["utter_my_adviser", "utter_ask_adviser_message"]


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("hiya", "utter_greet"),
        ("what can u do", "utter_menu"),
        ("MENU", "utter_menu"),
        ("thanks bye", "utter_bye"),
        ("yes", "utter_menu"),
        ("nah", "utter_ok"),
        ("can i talk to a real person", "utter_person_has_it"),
        ("PERSON", "utter_person_has_it"),
        ("whens my next appointment", "utter_next_appointment"),
        ("tell me a joke", "utter_not_understood"),
        ("qwrtzp lkjhg", "utter_not_understood"),
    ],
)
def test_a_single_text(person: Person, text: str, response: str) -> None:
    assert person.says(text) == [response]


@pytest.mark.parametrize("one", ["1", "1.", " 1 ", "(1)", "one", "One!", "number 1"])
def test_menu_number_one_in_any_spelling(person: Person, one: str) -> None:
    assert person.says(one) == ["utter_next_appointment"]


def test_the_other_menu_numbers(person: Person) -> None:
    assert person.says("3") == ["utter_person_has_it"]
    assert person.says("2.") == ADVISER_AND_QUESTION


def test_appointments_are_in_the_words_of_the_domain(person: Person, actions: FakeActions) -> None:
    assert person.hears("wens my nxt appt") == "Your next appointment is on Tuesday 1 December at 2:30pm."
    actions.answers["action_next_appointments"] = said("utter_next_appointments", when="Monday", after="Friday")
    assert "Monday" in person.hears("1")
    actions.answers["action_next_appointments"] = said("utter_no_appointments")
    assert person.says("1") == ["utter_no_appointments"]


def test_a_message_is_passed_on_whole(person: Person, actions: FakeActions) -> None:
    assert person.says("who is my adviser") == ADVISER_AND_QUESTION
    text = "  my boiler \U0001f525 is off since monday\n\nplz ring me  "
    assert person.says(text) == ["utter_message_passed_on"]
    call = actions.calls[-1]
    assert call["next_action"] == "action_pass_on_message"
    assert call["sender_id"] == person.id
    assert call["tracker"]["slots"]["adviser_message"] == text.strip()
    assert person.says("hello") == ["utter_greet"]


@pytest.mark.parametrize("no", ["NO", "nvm", "nah its ok", "no thanks"])
def test_no_leaves_the_form(person: Person, actions: FakeActions, no: str) -> None:
    person.says("2")
    assert person.says(no) == ["utter_no_message"]
    assert person.says("hello") == ["utter_greet"]
    assert "action_pass_on_message" not in actions.names()


def test_thanks_leaves_the_form(person: Person) -> None:
    person.says("2")
    assert person.says("thanks") == ["utter_bye"]
    assert person.says("hello") == ["utter_greet"]


def test_the_menu_leaves_the_form(person: Person) -> None:
    person.says("2")
    assert person.says("menu") == ["utter_menu"]
    assert person.says("nah") == ["utter_ok"]


@pytest.mark.parametrize("question", ["whens my next appointment", "1"])
def test_a_question_in_the_form_is_answered_and_is_not_the_message(
    person: Person, actions: FakeActions, question: str
) -> None:
    person.says("2")
    assert person.says(question) == ["utter_next_appointment", "utter_ask_adviser_message"]
    assert "action_pass_on_message" not in actions.names()
    assert person.says("i need new shoes for college") == ["utter_message_passed_on"]
    assert actions.calls[-1]["tracker"]["slots"]["adviser_message"] == "i need new shoes for college"


def test_asking_for_the_adviser_again_in_the_form(person: Person) -> None:
    person.says("2")
    assert person.says("who is my adviser") == ADVISER_AND_QUESTION


@pytest.mark.parametrize("small", ["yes", "ok", "hi"])
def test_small_talk_in_the_form_is_not_the_message(person: Person, small: str) -> None:
    person.says("2")
    assert person.says(small) == ["utter_text_it_now"]
    assert person.says("the rent letter came") == ["utter_message_passed_on"]


@pytest.mark.parametrize(
    "text",
    [
        "i need to see you before the appointment something happened",
        "is there someone i can talk to about what my carer did",
        "hi he is here again",
        "thanks but he came back",
        "ok he came back",
        "no he came back last night",
        "when are you working i need to talk about what happened with my carer",
        "please can sam call me i had a bad night",
        "\U0001f62d\U0001f62d\U0001f62d",
        "?",
    ],
)
def test_a_message_that_sounds_like_a_question_or_small_talk_is_passed_on(
    person: Person, actions: FakeActions, text: str
) -> None:
    person.says("2")
    assert person.says(text) == ["utter_message_passed_on"]
    assert actions.calls[-1]["tracker"]["slots"]["adviser_message"] == text


@pytest.mark.parametrize("text", ["\U0001f62d\U0001f62d\U0001f62d", "\U0001f44d", "?", "...", "x", "qz"])
def test_signs_alone_are_never_small_talk(person: Person, text: str) -> None:
    assert person.says(text) == ["utter_not_understood"]


@pytest.mark.parametrize("ask", ["3", "PERSON", "i want to talk to a real person"])
def test_a_person_can_be_asked_for_in_the_form(person: Person, actions: FakeActions, ask: str) -> None:
    person.says("2")
    assert person.says(ask) == ["utter_person_has_it"]
    assert "action_pass_on_message" not in actions.names()
    assert person.says("hello") == ["utter_greet"]


def test_a_person_can_be_asked_for_after_anything(bot: Bot, actions: FakeActions) -> None:
    for before in ["hi", "menu", "1", "tell me a joke", "no", "yes", "thanks", "3"]:
        person = Person(bot)
        person.says(before)
        assert person.says("3") == ["utter_person_has_it"], before
        assert actions.names()[-1] == "action_ask_for_person", before


def test_news_for_the_adviser_is_passed_on_without_asking_for_it_again(person: Person) -> None:
    assert person.says("tell her im running late") == ["utter_message_passed_on"]
    assert person.says("whens my next appointment") == ["utter_next_appointment"]


def test_the_second_misunderstanding_in_a_row_offers_a_person(person: Person) -> None:
    assert person.says("tell me a joke") == ["utter_not_understood"]
    assert person.says("whats the capital of france") == ["utter_offer_person"]
    assert person.says("yes") == ["utter_person_has_it"]


def test_a_misunderstanding_later_starts_anew(person: Person) -> None:
    person.says("tell me a joke")
    person.says("1")
    assert person.says("tell me a joke") == ["utter_not_understood"]
