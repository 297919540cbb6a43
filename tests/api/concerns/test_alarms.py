"""A text of danger: fixed words back at once, a concern kept, people told, and no machine in between."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest

from api.concerns.screen import load_screen
from api.kit.words import load_words
from tests.api.service_at_work import ServiceAtWork, service_at_work
from tests.conftest import TestDatabase
from tests.factories import create_person, create_staff, next_number

WORDS = load_words()
SCREEN = load_screen()
DANGER = "im going to kill myself tonight"


@pytest.fixture
async def service(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[ServiceAtWork]:
    async with service_at_work(database, admin) as at_work:
        yield at_work


async def test_text_of_danger_when_it_comes_then_help_goes_back_and_adviser_and_duty_are_told(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone, adviser_phone, duty_phone = next_number(), next_number(), next_number()
    adviser = await create_staff(admin, phone=adviser_phone)
    await create_staff(admin, role="duty_worker", phone=duty_phone)
    await create_staff(admin, phone=next_number())
    await create_person(admin, phone=phone, adviser=adviser)
    assert await service.say(DANGER, sender=phone) == [WORDS.say("utter_alarm_immediate")]
    reference = (await admin.fetchval("SELECT message_id FROM concerns")).hex[-6:].upper()
    alert = WORDS.say("utter_staff_alert", {"reference": reference})
    told = {to for to, text, _ in service.twilio.texts if text == alert}
    assert told == {adviser_phone, duty_phone, "+447700900998"}
    assert service.rasa.asked == []
    row = await admin.fetchrow("SELECT risk, kinds, rules_hit, screen_version FROM concerns")
    assert (row["risk"], row["kinds"]) == ("immediate", ["suicide"])
    assert row["rules_hit"] and row["screen_version"]
    assert await service.flags() == {"worry"}


@pytest.mark.parametrize("who", ["unknown", "shared"])
async def test_text_of_danger_when_the_number_is_not_one_persons_then_it_is_an_alarm_all_the_same(
    service: ServiceAtWork, admin: asyncpg.Connection, who: str
) -> None:
    phone, adviser_phones = next_number(), [next_number(), next_number()]
    if who == "shared":
        for adviser_phone in adviser_phones:
            await create_person(admin, phone=phone, adviser=await create_staff(admin, phone=adviser_phone))
    assert await service.say(DANGER, sender=phone) == [WORDS.say("utter_alarm_immediate")]
    told = {to for to, _, _ in service.twilio.texts} - {phone}
    assert told == {"+447700900998", *(adviser_phones if who == "shared" else [])}
    assert await admin.fetchval("SELECT count(*) FROM concerns") == 1


async def test_text_of_danger_when_rasa_and_the_adviser_hold_or_fail_then_nothing_stands_in_its_way(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    await create_person(admin, phone=phone, adviser=await create_staff(admin))
    service.rasa.is_down = True
    await service.say("hi", sender=phone)
    await admin.execute(
        "UPDATE conversations SET owner = 'staff', owner_staff_id = (SELECT staff_id FROM staff LIMIT 1)"
    )
    assert await service.say(DANGER, sender=phone) == [WORDS.say("utter_alarm_immediate")]


async def test_text_of_danger_when_it_comes_with_others_then_the_danger_is_answered(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    await create_person(admin, phone=phone, adviser=await create_staff(admin))
    for part in ("hi", DANGER, "lol jk"):
        await service.receive(part, sender=phone)
    await service.settle()
    assert [text for to, text, _ in service.twilio.texts if to == phone] == [WORDS.say("utter_alarm_immediate")]


@pytest.mark.parametrize("parts", [("i dont want to", "be here anymore"), ("im going to", "kill myself")])
async def test_danger_when_it_is_split_over_two_texts_then_it_is_heard_all_the_same(
    service: ServiceAtWork, admin: asyncpg.Connection, parts: tuple[str, str]
) -> None:
    phone = next_number()
    await create_person(admin, phone=phone, adviser=await create_staff(admin, phone=next_number()))
    assert await service.say(parts[0], sender=phone) == [f"you said: {parts[0]}"]
    (reply,) = await service.say(parts[1], sender=phone)
    assert reply in {WORDS.say("utter_alarm_immediate"), WORDS.say("utter_alarm_high")}


async def test_danger_when_it_was_told_already_then_the_next_text_is_no_alarm_of_its_own(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    await create_person(admin, phone=phone, adviser=await create_staff(admin, phone=next_number()))
    await service.say(DANGER, sender=phone)
    assert await service.say("ok thanks", sender=phone) == ["you said: ok thanks"]
    assert await admin.fetchval("SELECT count(*) FROM concerns") == 1


@pytest.mark.parametrize(
    ("asked", "answer", "risk"),
    [
        ("Are you safe right now?", "nah not really", "immediate"),
        ("Are you safe right now?", "idk", "high"),
        ("Are you in danger?", "yeah", "immediate"),
        ("Are you safe right now?", "yes im at home", None),
        ("Are you in danger?", "no", None),
        ("Is Tuesday good for you?", "no", None),
    ],
)
async def test_short_answer_when_it_comes_then_it_is_read_with_the_question_that_was_asked(
    service: ServiceAtWork, admin: asyncpg.Connection, asked: str, answer: str, risk: str | None
) -> None:
    phone = await _known_number(admin)
    service.rasa.answer = lambda _: ["Thank you.", asked]
    await service.say("hi", sender=phone)
    await service.say(answer, sender=phone)
    assert await admin.fetchval("SELECT risk FROM concerns") == risk


async def test_short_answer_when_somebody_else_was_asked_then_it_means_nothing(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    one, other = await _known_number(admin), await _known_number(admin)
    service.rasa.answer = lambda _: ["Are you safe right now?"]
    await service.say("hi", sender=one)
    service.rasa.answer = lambda _: ["Is Tuesday good for you?"]
    await service.say("hi", sender=other)
    await service.say("no", sender=other)
    assert await admin.fetchval("SELECT count(*) FROM concerns") == 0


async def test_danger_when_only_the_classifier_hears_it_then_the_concern_says_so_with_its_score(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    text = "honestly i would rather be a ghost than get through another week of this"
    assert not SCREEN.read_rules(text).is_alarm, "the rules hear this now: choose another"
    await service.say(text, sender=await _known_number(admin))
    row = await admin.fetchrow("SELECT risk, kinds, rules_hit, screen_version FROM concerns")
    assert row["risk"] in {"high", "immediate"}
    assert re.fullmatch(r"classifier=0\.\d+|classifier=1\.0", row["rules_hit"][0])
    assert row["screen_version"] == SCREEN.version


async def _known_number(admin: asyncpg.Connection) -> str:
    phone = next_number()
    await create_person(admin, phone=phone, adviser=await create_staff(admin, phone=next_number()))
    return phone


async def test_danger_when_nobody_can_be_told_then_nothing_is_promised_and_it_is_marked(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    async with service_at_work(database, admin, duty_phone_e164="") as service:
        phone = next_number()
        await create_person(admin, phone=phone)
        assert await service.say(DANGER, sender=phone) == [WORDS.say("utter_alarm_nobody_told")]
        assert await service.flags() == {"worry", "nobody_told"}


async def test_danger_when_an_adviser_takes_over_next_month_then_todays_adviser_is_told(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone, today, later = next_number(), next_number(), next_number()
    person_id = await create_person(admin, phone=phone, adviser=await create_staff(admin, phone=today))
    await admin.execute("UPDATE allocations SET ended_on = current_date + 30")
    await admin.execute(
        "INSERT INTO allocations (person_id, staff_id, starts_on) VALUES ($1, $2, current_date + 31)",
        person_id,
        await create_staff(admin, phone=later),
    )
    await service.say(DANGER, sender=phone)
    told = {to for to, _, _ in service.twilio.texts}
    assert today in told
    assert later not in told


async def test_text_that_worries_a_little_when_it_comes_then_it_is_kept_and_the_bot_still_answers(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    await create_person(admin, phone=phone, adviser=await create_staff(admin, phone=next_number()))
    assert await service.say("feeling really low today", sender=phone) == ["you said: feeling really low today"]
    assert await admin.fetchval("SELECT risk FROM concerns") == "low"
    assert await service.flags() == {"worry"}


@pytest.mark.parametrize("change", ["UPDATE concerns SET risk = 'low'", "DELETE FROM concerns"])
async def test_concern_when_anyone_tries_to_change_it_then_the_database_refuses(
    service: ServiceAtWork, admin: asyncpg.Connection, database: TestDatabase, change: str
) -> None:
    for role in ("fifteenplus_api", "fifteenplus_worker"):
        connection = await asyncpg.connect(database.url(role))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(change)
        await connection.close()
