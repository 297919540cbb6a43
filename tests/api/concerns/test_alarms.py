"""A text of danger: fixed words back at once, a concern kept, people told, and no machine in between."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from api.kit.words import load_words
from tests.api.service_at_work import ServiceAtWork, service_at_work
from tests.conftest import TestDatabase
from tests.factories import create_person, create_staff, next_number

WORDS = load_words()
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
    told = {to for to, text, _ in service.twilio.texts if text == WORDS.say("utter_staff_alert")}
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
