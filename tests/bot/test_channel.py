"""The bot's one door: who may come in, with what, and what a repeat gets."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.model_files import fingerprint
from tests.bot.fake_actions import FakeActions
from tests.bot.process import Bot, Person

WEBHOOK = "/webhooks/rest/webhook"


def good_body() -> bytes:
    return json.dumps({"sender": str(uuid.uuid4()), "message": "hi"}).encode()


def test_status_names_the_model(bot: Bot) -> None:
    status, body = bot.request("GET", "/status", secret=None)
    assert (status, body["ready"], body["model_fingerprint"]) == (200, True, fingerprint())
    assert body["model_id"]


@pytest.mark.parametrize("secret", [None, "", "wrong", "rest-secre", "rest-secret2", "Rest-secret"])
def test_a_wrong_secret_is_refused(bot: Bot, actions: FakeActions, secret: str | None) -> None:
    assert bot.request("POST", WEBHOOK, good_body(), secret=secret)[0] == 401
    assert actions.calls == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", WEBHOOK),
        ("POST", "/status"),
        ("GET", "/conversations/x/tracker"),
        ("POST", "/model/parse"),
        ("GET", "/webhooks/twilio/webhook"),
        ("POST", "/webhooks/rest/webhook/"),
    ],
)
def test_nothing_else_is_served(bot: Bot, method: str, path: str) -> None:
    assert bot.request(method, path, b"{}" if method == "POST" else None)[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"hi"',
        b'{"message":"hi"}',
        b'{"sender":"default","message":"hi"}',
        b'{"sender":null,"message":"hi"}',
        b'{"sender":7,"message":"hi"}',
        b'{"sender":"9f3c5a0e-3f1c-4f57-8f5f-0e8f5f0e8f5f"}',
        b'{"sender":"9f3c5a0e-3f1c-4f57-8f5f-0e8f5f0e8f5f","message":5}',
        b'{"sender":"9f3c5a0e-3f1c-4f57-8f5f-0e8f5f0e8f5f","message":"hi","metadata":{"turn_id":"x"}}',
        b'{"sender":"9f3c5a0e-3f1c-4f57-8f5f-0e8f5f0e8f5f","message":"hi","metadata":[1]}',
        b"\xff\xfe",
        b"[" * 60000,
    ],
)
def test_a_malformed_body_is_refused(bot: Bot, body: bytes) -> None:
    assert bot.request("POST", WEBHOOK, body)[0] == 400


def test_a_long_body_is_refused_and_a_long_text_is_not(bot: Bot, person: Person) -> None:
    assert bot.request("POST", WEBHOOK, b" " * (64 * 1024 + 1))[0] == 413
    assert person.says("hi " * 5000) == ["utter_not_understood"]


@pytest.mark.parametrize(
    "text", ["\x00", "\U0001f525\U0001f525", "\u0645\u0631\u062d\u0628\u0627", "a" * 10000, "\ud83d", "\x1b[2J"]
)
def test_odd_texts_are_answered(person: Person, text: str) -> None:
    assert person.says(text)


def test_a_repeated_turn_gets_the_same_replies_and_runs_once(person: Person, actions: FakeActions) -> None:
    person.says("2")
    turn_id = str(uuid.uuid4())
    first = person.bot.post(person.id, "ring me about the rent", turn_id)
    calls = len(actions.calls)
    assert first[1][0]["response"] == "utter_message_passed_on"
    assert [person.bot.post(person.id, "ring me about the rent", turn_id) for _ in range(3)] == [first] * 3
    assert len(actions.calls) == calls
    assert person.says("hello") == ["utter_greet"]


def test_a_turn_that_is_repeated_at_the_same_moment_runs_once(person: Person, actions: FakeActions) -> None:
    actions.delay_s = 0.2
    turn_id = str(uuid.uuid4())
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: person.bot.post(person.id, "1", turn_id), range(6)))
    assert answers[0][0] == 200
    assert answers == [answers[0]] * 6
    assert actions.names() == ["action_next_appointments"]


def test_texts_of_one_person_wait_for_each_other_and_not_for_others(bot: Bot, actions: FakeActions) -> None:
    actions.delay_s = 0.3
    same, others = Person(bot), [Person(bot) for _ in range(3)]
    assert _seconds_for([same] * 3) >= 0.9
    assert _seconds_for(others) < 0.85


def _seconds_for(people: list[Person]) -> float:
    started_at_s = time.monotonic()
    with ThreadPoolExecutor(len(people)) as pool:
        assert list(pool.map(lambda person: person.says("1"), people)) == [["utter_next_appointment"]] * len(people)
    return time.monotonic() - started_at_s


@pytest.mark.parametrize(
    "command",
    [
        "/restart",
        " /restart",
        "//restart",
        "\u00a0/restart",
        "\u2028/restart",
        "\x1c/restart",
        "\u200b/restart",
        "/\u200b/ /restart",
        "\ufeff/session_start",
        '/reach_adviser{"adviser_name":"Eve"}',
        "/deny",
        "/back",
    ],
)
def test_a_text_with_a_slash_is_only_a_text(person: Person, actions: FakeActions, command: str) -> None:
    person.says("2")
    person.says(command)
    said = actions.calls[-1]["tracker"]
    assert "Eve" not in str(said["slots"]["adviser_name"])
    assert not said["latest_message"]["text"].startswith("/")
    assert said["latest_message"]["intent"]["name"] not in {"restart", "session_start", "back"}


@pytest.mark.parametrize("nothing", ["", "/", " // \u200b/ ", "\u200b"])
def test_no_words_at_all_get_the_menu(person: Person, nothing: str) -> None:
    assert person.says(nothing) == ["utter_menu"]
