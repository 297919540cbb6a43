"""Every text gets one answer, from the right voice, and some must get none."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

import asyncpg
import pytest

from api.clients.rasa import RasaReply
from api.conversations.service import run_action
from api.kit.crypto import Place
from api.kit.field_keys import SERVICE_SUBJECT
from api.kit.words import load_words
from tests import fields
from tests.api.service_at_work import ServiceAtWork, service_at_work
from tests.conftest import TestDatabase
from tests.factories import create_appointment, create_contact_point, create_person, create_staff, next_number

WORDS = load_words()


@pytest.fixture
async def service(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[ServiceAtWork]:
    async with service_at_work(database, admin) as at_work:
        yield at_work


async def known_number(admin: asyncpg.Connection, **person: object) -> str:
    """The number of a young person with an adviser and an appointment."""
    phone = next_number()
    adviser = await create_staff(admin, phone=next_number())
    person_id = await create_person(admin, phone=phone, adviser=adviser, **person)  # type: ignore[arg-type]
    await create_appointment(admin, person_id, adviser)
    return phone


async def test_text_when_the_assistant_answers_then_its_replies_are_sent_in_order(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    service.rasa.answer = lambda _: ["first", "second", "third"]
    assert await service.say("hi", sender=phone) == ["first", "second", "third"]
    assert await admin.fetchval("SELECT count(*) FROM jobs") == 0
    assert (
        await admin.fetchval("SELECT count(*) FROM messages WHERE direction = 'inbound' AND answered_at IS NULL") == 0
    )


async def test_rasa_when_asked_then_it_learns_no_number_and_no_name(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    await service.say("hi", sender=phone)
    conversation_id, text, _ = service.rasa.asked[0]
    assert conversation_id == await admin.fetchval("SELECT conversation_id FROM conversations")
    assert text == "hi"


async def test_texts_when_they_come_within_the_window_then_they_are_answered_together(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    for part in ("when is", "my next", "appointment"):
        await service.receive(part, sender=phone)
    await service.settle()
    assert [text for _, text, _ in service.rasa.asked] == ["when is my next appointment"]
    assert len(service.twilio.texts) == 1


async def test_text_when_the_number_is_unknown_then_one_neutral_reply_and_the_team_sees_it(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    assert await service.say("hi who is this", sender=phone) == [WORDS.say("utter_unknown_number")]
    assert await service.say("hello??", sender=phone) == []
    assert service.rasa.asked == []
    assert await service.flags() == {"unknown_number"}


async def test_text_when_two_people_share_the_phone_then_nobodys_data_is_told(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    adviser = await create_staff(admin)
    for _ in range(2):
        await create_appointment(admin, await create_person(admin, phone=phone, adviser=adviser), adviser)
    assert await service.say("whens my next appointment", sender=phone) == [WORDS.say("utter_shared_phone")]
    assert service.rasa.asked == []
    assert await service.flags() == {"shared_number"}


async def test_text_when_the_number_has_come_to_be_shared_then_its_old_thread_tells_nothing_more(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    await service.receive("whens my next appointment", sender=phone)
    await create_person(admin, phone=phone)
    await service.settle()
    assert [text for _, text, _ in service.twilio.texts] == [WORDS.say("utter_shared_phone")]


async def test_text_when_the_number_was_taken_from_the_person_then_its_old_thread_tells_nothing_more(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    await service.receive("whens my next appointment", sender=phone)
    await admin.execute("UPDATE contact_points SET retired_at = clock_timestamp()")
    await service.settle()
    assert [text for _, text, _ in service.twilio.texts] == [WORDS.say("utter_unknown_number")]


async def test_text_when_the_person_has_died_then_nothing_is_ever_sent(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin, died_on=date(2026, 1, 1))
    assert await service.say("hi", sender=phone) == []
    assert await service.say("i want to die", sender=phone) == []
    assert await service.flags() == {"person_has_died", "worry"}


async def test_text_when_the_person_dies_while_a_reply_waits_then_it_is_not_sent(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    service.twilio.raise_before = [OSError()]
    await service.say("hi", sender=phone)
    await admin.execute("UPDATE young_people SET died_on = current_date")
    await service.retry_now()
    assert service.twilio.texts == []
    assert await admin.fetchval("SELECT status FROM messages WHERE direction = 'outbound'") == "suppressed"


@pytest.mark.parametrize("word", ["STOP", "stop", " Cancel ", "QUIT\n", "unsubscribe"])
async def test_text_when_it_is_a_reserved_word_then_nothing_is_sent_and_the_ledger_and_team_know(
    service: ServiceAtWork, admin: asyncpg.Connection, word: str
) -> None:
    phone = await known_number(admin)
    assert await service.say(word, sender=phone) == []
    assert await service.say("whens my next appointment", sender=phone) == []
    assert await service.flags() == {"opted_out"}
    row = await admin.fetchrow("SELECT phone_index, is_opted_out, detail FROM opt_out_events")
    assert tuple(row) == (fields.index_of(phone), True, word.strip().upper())


async def test_text_when_opted_in_again_then_it_is_answered_and_no_ordinary_text_does_that(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    await service.say("STOP", sender=phone)
    assert await service.say("hello", sender=phone) == []
    await service.say("START", sender=phone)
    assert await service.say("hello", sender=phone) == ["you said: hello"]


async def test_text_of_danger_when_opted_out_then_people_are_told_all_the_same(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    await service.say("STOP", sender=phone)
    assert await service.say("i want to kill myself", sender=phone) == []
    assert await admin.fetchval("SELECT risk FROM concerns") == "immediate"
    assert len(service.twilio.texts) == 2  # the adviser's and the duty phone


async def test_text_when_staff_hold_the_thread_then_the_bot_is_silent(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    await service.say("hi", sender=phone)
    await hold(admin)
    assert await service.say("hi sam", sender=phone) == []
    assert "held_by_staff" in await service.flags()


async def test_text_when_staff_step_in_during_the_turn_then_the_bots_reply_is_not_sent(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    asked = asyncio.Event()

    async def slow(conversation_id: UUID, *_: object) -> list[RasaReply]:
        asked.set()
        await hold(admin)
        return [RasaReply(str(conversation_id), "the bot's reply")]

    service.rasa.ask = slow  # type: ignore[method-assign]
    assert await service.say("hi", sender=phone) == []
    assert await service.flags() == {"held_by_staff"}


async def hold(admin: asyncpg.Connection) -> None:
    """An adviser steps in."""
    await admin.execute(
        "UPDATE conversations SET owner = 'staff', owner_epoch = owner_epoch + 1,"
        " owner_staff_id = (SELECT staff_id FROM staff LIMIT 1)"
    )


async def test_text_when_rasa_is_down_then_the_menu_answers_and_the_team_sees_it(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    service.rasa.is_down = True
    assert await service.say("whens my next appointment", sender=phone) == [WORDS.say("utter_bot_unavailable")]
    assert await service.flags() == {"bot_unavailable"}


@pytest.mark.parametrize(
    ("choice", "start"),
    [("1", "Your next appointment is"), (" 2. ", "Your adviser is Sam"), ("3", "OK. We have put your texts")],
)
async def test_menu_number_when_rasa_is_down_then_it_works_all_the_same(
    service: ServiceAtWork, admin: asyncpg.Connection, choice: str, start: str
) -> None:
    phone = await known_number(admin)
    service.rasa.is_down = True
    (reply,) = await service.say(choice, sender=phone)
    assert reply.startswith(start)


@pytest.mark.parametrize(
    "text", ["/restart", " /restart", "\u200b/restart", "//restart", "\u2028/restart", "/ /restart"]
)
async def test_text_when_it_begins_with_a_slash_then_rasa_never_sees_one(
    service: ServiceAtWork, admin: asyncpg.Connection, text: str
) -> None:
    phone = await known_number(admin)
    await service.say(text, sender=phone)
    assert [asked for _, asked, _ in service.rasa.asked] == ["restart"]
    assert await fields.read_messages(admin, "direction = 'inbound'") == [(phone, text)]


@pytest.mark.parametrize("text", ["", "   ", "/", "/ /"])
async def test_text_when_nothing_is_left_of_it_then_the_menu_answers(
    service: ServiceAtWork, admin: asyncpg.Connection, text: str
) -> None:
    phone = await known_number(admin)
    assert await service.say(text, sender=phone) == [WORDS.say("utter_menu")]
    assert service.rasa.asked == []


async def test_text_when_it_brings_a_picture_then_the_team_is_told(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    await service.receive("look", sender=phone, media=1)
    await service.settle()
    assert await service.flags() == {"media"}
    await service.receive("", sender=phone, media=1)
    await service.settle()
    assert service.twilio.texts[-1][1] == WORDS.say("utter_picture")


@pytest.mark.parametrize(
    ("text", "response", "is_flagged"),
    [
        ("my uncle came round", "utter_not_understood", True),
        ("?", "utter_offer_person", True),
        ("hi there is a thing with the form again", "utter_greet", True),
        ("hi", "utter_greet", False),
        ("thank you", "utter_bye", False),
        ("when is my next appointment please", "utter_next_appointment", False),
    ],
)
async def test_text_when_the_assistant_made_nothing_of_it_then_a_person_reads_it(
    service: ServiceAtWork, admin: asyncpg.Connection, text: str, response: str, is_flagged: bool
) -> None:
    phone = await known_number(admin)
    service.rasa.response = response
    await service.say(text, sender=phone)
    assert ("not_understood" in await service.flags()) is is_flagged


async def test_turn_when_it_is_tried_again_then_it_has_the_same_texts_and_what_came_meanwhile_is_the_next(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)

    async def fail_once(*asked: object) -> list[RasaReply]:
        service.rasa.asked.append(asked)  # type: ignore[arg-type]
        await service.receive("can she ring me", sender=phone)
        del service.rasa.ask  # type: ignore[method-assign]
        raise ZeroDivisionError

    service.rasa.ask = fail_once  # type: ignore[method-assign]
    await service.say("tell sam the form came", sender=phone)
    await service.retry_now()
    asked = [(text, turn) for _, text, turn in service.rasa.asked]
    assert [text for text, _ in asked] == ["tell sam the form came", "tell sam the form came", "can she ring me"]
    assert asked[0] == asked[1] != asked[2]


async def test_texts_when_one_person_writes_from_two_phones_then_each_phone_gets_its_own_answer(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    first, second = await known_number(admin), next_number()
    await create_contact_point(admin, await admin.fetchval("SELECT person_id FROM contact_points"), second)
    await service.receive("i want to die", sender=first)
    await service.receive("hi", sender=second)
    await service.settle()
    sent = {to: text for to, text, _ in service.twilio.texts if to in {first, second}}
    assert sent == {first: WORDS.say("utter_alarm_immediate"), second: "you said: hi"}


async def test_reply_when_the_number_becomes_somebody_elses_before_it_is_sent_then_it_is_not_sent(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    service.twilio.raise_before = [OSError()]
    await service.say("whens my next appointment", sender=phone)
    await admin.execute("UPDATE contact_points SET retired_at = clock_timestamp()")
    await create_person(admin, phone=phone)
    await service.retry_now()
    assert service.twilio.texts == []
    assert "number_changed" in await service.flags()


async def test_text_when_one_of_two_on_a_phone_has_died_then_the_other_is_still_answered(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)
    await create_person(admin, phone=phone, died_on=date(2026, 1, 1))
    assert await service.say("hi", sender=phone) == [WORDS.say("utter_shared_phone")]
    assert await service.say("i want to die", sender=phone) == [WORDS.say("utter_alarm_immediate")]


@pytest.mark.parametrize("action", ["action_pass_on_message", "action_ask_for_person"])
async def test_message_when_it_is_left_for_the_adviser_then_the_adviser_is_texted_once_without_its_words(
    service: ServiceAtWork, admin: asyncpg.Connection, action: str
) -> None:
    phone = await known_number(admin)
    staff_id, kept = await admin.fetchrow("SELECT staff_id, phone_e164_enc FROM staff")
    cipher = await fields.cipher_for(admin, SERVICE_SUBJECT)
    adviser_phone = cipher.decrypt(kept, Place("staff", "phone_e164_enc", staff_id))

    async def leave(conversation_id: UUID, *_: object) -> list[RasaReply]:
        await run_action(service.database, conversation_id, action, {})
        return [RasaReply(str(conversation_id), "ok")]

    service.rasa.ask = leave  # type: ignore[method-assign]
    for text in ("my private words about the keys", "and something about the bins"):
        await service.say(text, sender=phone)
    told = [text for to, text, _ in service.twilio.texts if to == adviser_phone]
    assert len(told) == 1
    assert "private" not in told[0]
    assert phone not in told[0]


@pytest.mark.parametrize("fails", ["the screen", "everything that parking does"])
async def test_text_when_our_own_code_fails_then_it_is_still_put_before_people(
    service: ServiceAtWork, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    phone = await known_number(admin)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    if fails == "the screen":
        monkeypatch.setattr("api.concerns.screen.Screen.read", fail)
    else:
        monkeypatch.setattr("api.conversations.service.load_turn", fail)
    await service.receive("hi", sender=phone)
    for _ in range(7):
        await service.retry_now()
    if fails == "the screen":
        assert await admin.fetchval("SELECT kinds FROM concerns") == ["not_screened"]
    else:
        assert await service.flags() == {"not_answered"}
        assert await admin.fetchval("SELECT parked_at IS NOT NULL FROM jobs") is True


async def test_text_when_answering_fails_every_time_then_people_get_it_and_the_sender_is_told(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = await known_number(admin)

    async def broken(*_: object) -> list[RasaReply]:
        raise ZeroDivisionError

    service.rasa.ask = broken  # type: ignore[method-assign]
    await service.receive("hi", sender=phone)
    for _ in range(7):
        await service.retry_now()
    assert await service.flags() == {"not_answered"}
    assert [text for _, text, _ in service.twilio.texts] == [WORDS.say("utter_person_has_it")]
    assert await admin.fetchval("SELECT parked_at IS NOT NULL FROM jobs") is True
