"""Texts that cannot be read, by nobody any more or by this worker for now: people are told, and nothing is lost."""

import asyncpg
import pytest

from api.app import create_worker
from api.kit.crypto import KeyRing
from api.kit.field_keys import FieldKeys
from api.settings import Secret, SettingsError
from tests import fields
from tests.api.service_at_work import service_at_work, work_settings
from tests.conftest import TestDatabase
from tests.factories import create_person, next_number

DESTROY = "UPDATE data_keys SET wrapped_key = NULL, destroyed_at = now() WHERE subject_id = $1"
DAMAGE = "UPDATE messages SET body_enc = set_byte(body_enc, 20, 255 - get_byte(body_enc, 20)) WHERE direction = $1"
OTHER_KEYS = Secret("1:" + "Z" * 42 + "8=")


@pytest.mark.parametrize("how", ["destroyed", "damaged"])
async def test_text_when_nobody_can_read_it_any_more_then_the_team_is_told_and_the_next_is_heard(
    database: TestDatabase, admin: asyncpg.Connection, how: str
) -> None:
    phone = next_number()
    person_id = await create_person(admin, phone=phone)
    async with service_at_work(database, admin) as service:
        await service.receive("hello", sender=phone)
        await admin.execute(*((DESTROY, person_id) if how == "destroyed" else (DAMAGE, "inbound")))
        await service.receive("i want to die", sender=phone)
        await service.settle()
        assert await service.flags() == {"not_answered", "worry"}
        assert await admin.fetchval("SELECT count(*) FROM concerns") == 1
        assert {to for to, _, _ in service.twilio.texts} == {phone, "+447700900998"}
        assert await admin.fetchval("SELECT count(*) FROM messages WHERE answered_at IS NULL AND direction = $1",
                                    "inbound") == 0  # fmt: skip


@pytest.mark.parametrize("how", ["destroyed", "damaged"])
async def test_reply_when_nobody_can_read_it_any_more_then_nothing_is_sent_and_the_team_is_told(
    database: TestDatabase, admin: asyncpg.Connection, how: str
) -> None:
    phone = next_number()
    person_id = await create_person(admin, phone=phone)
    async with service_at_work(database, admin) as service:
        service.twilio.raise_before = [OSError()]
        await service.say("hi", sender=phone)
    await admin.execute(*((DESTROY, person_id) if how == "destroyed" else (DAMAGE, "outbound")))
    async with service_at_work(database, admin) as service:
        await service.retry_now()
        assert service.twilio.texts == []
        assert await service.flags() == {"not_delivered"}
        assert await admin.fetchval("SELECT count(*) FROM jobs") == 0


async def test_text_when_the_worker_lacks_its_key_then_it_waits_the_team_is_told_and_it_is_answered_later(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    await create_person(admin, phone=phone)
    async with service_at_work(database, admin, field_keys=OTHER_KEYS) as lacking:
        await lacking.receive("i want to die", sender=phone)
        for _ in range(9):
            await lacking.retry_now()
        assert await lacking.flags() == {"not_answered"}
        assert await admin.fetchval("SELECT parked_at FROM jobs") is None
        assert lacking.twilio.texts == []
    async with service_at_work(database, admin) as service:
        service.twilio.raise_before = [OSError()] * 2
        await service.retry_now()
        assert await service.flags() == {"not_answered", "worry"}
    async with service_at_work(database, admin, field_keys=OTHER_KEYS) as lacking:
        await lacking.retry_now()
        assert lacking.twilio.texts == []
        assert "not_delivered" in await lacking.flags()
    async with service_at_work(database, admin) as service:
        await service.retry_now()
        assert {to for to, _, _ in service.twilio.texts} == {phone, "+447700900998"}


async def test_worker_when_it_lacks_a_key_that_is_needed_then_it_does_not_start(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    newer = KeyRing({1: fields.WRAPPING_KEY, 300: bytes(32)}, fields.PHONE_KEY)
    await create_person(admin, phone=next_number(), ring=newer)
    await create_person(admin, phone=next_number())
    with pytest.raises(SettingsError, match="number 300"):
        async with create_worker(work_settings(database)):
            pass
    with pytest.raises(SettingsError, match="number 1, 300"):
        async with create_worker(work_settings(database, field_keys=OTHER_KEYS)):
            pass
    assert await FieldKeys(newer).list_missing(admin) == []
    gone = work_settings(database, worker_database_url=Secret("postgresql://nobody@127.0.0.1:1/nothing"))
    async with create_worker(gone):
        pass
