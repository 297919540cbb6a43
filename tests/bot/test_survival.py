"""What the bot lives through: kills, long silence, long conversations, and neighbours that are away."""

from __future__ import annotations

import asyncio
import time
import uuid
import zlib
from collections.abc import Iterator
from datetime import timedelta

import asyncpg
import pytest

from tests.bot.fake_actions import FakeActions
from tests.bot.process import Bot, Person
from tests.stack.postgres import EmbeddedPostgres

DAYS_OF_SILENCE = 25


def sql(postgres: EmbeddedPostgres, statement: str, *values: object) -> list[asyncpg.Record]:
    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(postgres.admin_url)
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    return asyncio.run(run())


def test_an_open_form_survives_kill_9_and_days_of_silence(
    own_bot: Bot, actions: FakeActions, postgres: EmbeddedPostgres
) -> None:
    person = Person(own_bot)
    person.says("hi")
    person.says("2")
    own_bot.kill()
    aged = "UPDATE bot.trackers SET updated_at = updated_at - $2::interval WHERE conversation_id = $1"
    sql(postgres, aged, person.id, timedelta(days=DAYS_OF_SILENCE))
    own_bot.start()
    assert person.says("sorry was away. my tap leaks") == ["utter_message_passed_on"]
    assert actions.calls[-1]["tracker"]["slots"]["adviser_message"] == "sorry was away. my tap leaks"


def test_an_open_form_survives_many_turns_in_it(bot: Bot, actions: FakeActions) -> None:
    person = Person(bot)
    person.says("2")
    for _ in range(40):
        assert person.says("1") == ["utter_next_appointment", "utter_ask_adviser_message"]
    assert person.says("the heating is off") == ["utter_message_passed_on"]


def test_replies_of_the_last_turn_survive_kill_9(own_bot: Bot, actions: FakeActions) -> None:
    person, turn_id = Person(own_bot), "0a54ca25-3f0f-4b47-b4bb-4d10a1b2c3d4"
    before = own_bot.post(person.id, "1", turn_id)
    own_bot.kill()
    own_bot.start()
    assert own_bot.post(person.id, "1", turn_id) == before
    assert actions.names() == ["action_next_appointments"]


def test_a_killed_turn_is_run_when_it_is_repeated(own_bot: Bot, actions: FakeActions) -> None:
    person, turn_id = Person(own_bot), "0a54ca25-3f0f-4b47-b4bb-4d10a1b2c3d5"
    person.says("2")
    actions.faults["action_pass_on_message"] = lambda _: (own_bot.kill(), (503, {}))[1]
    with pytest.raises(OSError):
        own_bot.post(person.id, "the rent letter came", turn_id)
    actions.faults.clear()
    own_bot.start()
    assert own_bot.post(person.id, "the rent letter came", turn_id)[1][0]["response"] == "utter_message_passed_on"


def test_a_long_conversation_keeps_a_row_of_the_same_size(bot: Bot, postgres: EmbeddedPostgres) -> None:
    """5,000 turns take minutes; the row's size after each kind of turn is the proof that nothing adds up."""
    person = Person(bot)
    texts = ["hi", "1", "2", "my text " + "x" * 500, "tell me a joke", "menu"]
    sizes: dict[str, set[int]] = {text: set() for text in texts}
    row = "SELECT state, octet_length(state) AS size FROM bot.trackers WHERE conversation_id = $1"
    for text in texts:
        person.says(text)
    for number in range(600):
        text = texts[number % len(texts)]
        person.says(text)
        if number % 100 < len(texts):
            (kept,) = sql(postgres, row, person.id)
            sizes[text].add(len(zlib.decompress(kept["state"])))
            assert kept["size"] < 1000
    assert all(len(of_one_text) == 1 for of_one_text in sizes.values()), sizes


@pytest.mark.parametrize(
    "fault",
    [
        (500, {}),
        (503, {}),
        (400, {"error": "no", "action_name": "action_pass_on_message"}),
        (404, {}),
        (200, {"events": "nonsense"}),
        (200, {"events": [{"event": "no-such-event"}]}),
        (200, {"events": [], "responses": []}),
        (200, {"events": [], "responses": [{"response": "utter_no_such_response"}]}),
    ],
)
def test_a_failed_action_is_no_success_and_can_be_repeated(
    person: Person, actions: FakeActions, fault: tuple[int, dict[str, object]]
) -> None:
    turn_id = "0a54ca25-3f0f-4b47-b4bb-4d10a1b2c3d6"
    person.says("2")
    actions.faults["action_pass_on_message"] = lambda _: fault
    status, body = person.bot.post(person.id, "i need shoes", turn_id)
    assert status == 502, body
    actions.faults.clear()
    status, body = person.bot.post(person.id, "i need shoes", turn_id)
    assert (status, body[0]["response"]) == (200, "utter_message_passed_on")


@pytest.fixture
def lonely_bot(model: object, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """A bot whose action server is not there."""
    bot = Bot(
        tmp_path_factory.mktemp("bot") / "log", **{**environment, "BOT_ACTIONS_URL": "http://127.0.0.1:9/actions"}
    )
    bot.start()
    yield bot
    bot.stop()


def test_an_action_server_that_is_away_is_no_success(lonely_bot: Bot) -> None:
    person = Person(lonely_bot)
    assert lonely_bot.post(person.id, "1")[0] == 502
    assert person.says("hi") == ["utter_greet"]


def test_a_slow_action_ends_at_the_deadline_and_the_next_turn_is_free(person: Person, actions: FakeActions) -> None:
    actions.delay_s = 4
    started_at_s = time.monotonic()
    assert person.bot.post(person.id, "1")[0] == 502
    assert time.monotonic() - started_at_s < 3
    actions.delay_s = 0
    assert person.says("1") == ["utter_next_appointment"]


def test_a_database_that_goes_away_and_comes_back(
    own_bot: Bot, actions: FakeActions, postgres: EmbeddedPostgres
) -> None:
    person = Person(own_bot)
    person.says("2")
    postgres.kill()
    try:
        assert own_bot.post(person.id, "hello there")[0] in {502, 503}
    finally:
        postgres.start()
    assert person.says("my rent is due") == ["utter_message_passed_on"]
    sql(postgres, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'fifteenplus_bot'")
    assert person.says("1") == ["utter_next_appointment"]


def test_an_unreadable_row_starts_the_conversation_anew(bot: Bot, postgres: EmbeddedPostgres) -> None:
    person = Person(bot)
    person.says("2")
    sql(postgres, "UPDATE bot.trackers SET state = 'rubbish' WHERE conversation_id = $1", person.id)
    assert person.says("hi") == ["utter_greet"]


def test_every_kind_of_turn_answers_a_repeat_as_before(person: Person) -> None:
    """Understood or not, in a row or not: each turn is kept under its own id."""
    for text in ["qwrtzp lkjhg", "tell me a joke", "no", "tell me a joke", "whats the capital of france", "3"]:
        turn_id = str(uuid.uuid4())
        assert person.bot.post(person.id, text, turn_id) == person.bot.post(person.id, text, turn_id)
