"""A text is encrypted for whoever its number is now, in the moment it is stored, and never lost for want of a key."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from api.kit.crypto import KeyRing
from api.kit.db import TWILIO, Database
from api.kit.errors import Unavailable
from api.kit.field_keys import SERVICE_SUBJECT, FieldKeys
from api.messages import queries, receiving
from api.messages.models import InboundText
from api.messages.receiving import Receiving
from tests import fields
from tests.api.service_at_work import service_at_work
from tests.conftest import TestDatabase
from tests.factories import create_contact_point, create_person, next_number

DESTROY = "UPDATE data_keys SET wrapped_key = NULL, destroyed_at = now() WHERE subject_id = $1"
LAST = "SELECT c.person_id, m.subject_id FROM messages AS m JOIN conversations AS c USING (conversation_id)"
_sids = itertools.count()


def text_from(phone: str, body: str = "hi") -> InboundText:
    return InboundText(provider_sid=f"SM{next(_sids)}", from_e164=phone, body=body)


@pytest.fixture
async def api(database: TestDatabase) -> AsyncIterator[Database]:
    api = Database(database.api_url, size=4)
    yield api
    await api.close()


@pytest.fixture
def receiver(api: Database) -> Receiving:
    return Receiving(api, FieldKeys(fields.RING))


async def last(admin: asyncpg.Connection) -> tuple[UUID | None, UUID]:
    """Whose thread the last text stands in, and whose key it is kept with."""
    row = await admin.fetchrow(f"{LAST} ORDER BY m.created_at DESC LIMIT 1")
    return row[0], row[1]


async def test_text_when_its_number_has_texted_before_then_it_takes_one_round_trip(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    one = Database(database.api_url, size=1)
    receiver, phone, seen = Receiving(one, FieldKeys(fields.RING)), next_number(), []
    await create_person(admin, phone=phone)
    async with one.acting_as(TWILIO) as connection:
        connection.add_query_logger(lambda query: seen.append(query.query))
    await receiver.record(text_from(phone))
    assert len(seen) > 1
    seen.clear()
    await receiver.record(text_from(phone))
    assert seen == [queries.RECORD_INBOUND]
    await one.close()


async def test_text_when_its_number_changed_hands_since_the_last_one_then_it_is_the_new_holders(
    receiver: Receiving, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    first = await create_person(admin, phone=phone)
    await receiver.record(text_from(phone))
    assert await last(admin) == (first, first)
    await admin.execute("UPDATE contact_points SET retired_at = now() WHERE person_id = $1", first)
    await receiver.record(text_from(phone, "to nobody"))
    nobodys = await admin.fetchval("SELECT conversation_id FROM conversations WHERE person_id IS NULL")
    assert await last(admin) == (None, nobodys)
    second = await create_person(admin, phone=phone)
    await receiver.record(text_from(phone, "to the second"))
    assert await last(admin) == (second, second)
    await create_contact_point(admin, first, phone)
    await receiver.record(text_from(phone, "to both, so nobody"))
    assert await last(admin) == (None, nobodys)
    bodies = [message.body for message in await fields.read_messages(admin)]
    assert bodies == ["hi", "to nobody", "to the second", "to both, so nobody"]


async def test_texts_when_the_first_ones_of_a_number_come_at_once_then_no_key_is_made_in_vain(
    receiver: Receiving, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    await asyncio.gather(*(receiver.record(text_from(phone)) for _ in range(40)))
    row = await admin.fetchrow(
        "SELECT (SELECT count(*) FROM data_keys), (SELECT count(*) FROM conversations), (SELECT count(*) FROM messages)"
    )
    assert tuple(row) == (1, 1, 40)
    assert len(await fields.read_messages(admin)) == 40


async def test_text_when_the_key_was_destroyed_meanwhile_then_it_is_kept_with_another_and_reaches_people(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    async with service_at_work(database, admin) as service:
        person_id = await create_person(admin, phone=phone)
        await service.say("hi", sender=phone)
        await admin.execute(DESTROY, person_id)
        await service.receive("i want to die", sender=phone)
        thread = await admin.fetchval("SELECT conversation_id FROM conversations")
        assert await last(admin) == (person_id, thread)
        await service.settle()
        assert await service.flags() == {"worry"}
        assert await admin.fetchval("SELECT count(*) FROM concerns") == 1
        assert len(service.twilio.texts) == 3, "the first reply, the alert and the answer to danger"
        await admin.execute(DESTROY, thread)
        await service.receive("still here", sender=phone)
        assert await last(admin) == (person_id, SERVICE_SUBJECT)
        await service.settle()
        assert [text for to, text, _ in service.twilio.texts if to == phone][-1] == "you said: still here"
    kept = await fields.read_messages(admin, "direction = 'inbound'")
    assert kept == [fields.LOST, fields.LOST, (phone, "still here")]


async def test_text_when_the_settings_lack_the_key_of_its_person_then_it_is_kept_with_the_threads_own(
    api: Database, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    newer = KeyRing({1: fields.WRAPPING_KEY, 2: bytes(32)}, fields.PHONE_KEY)
    person_id = await create_person(admin, phone=phone, ring=newer)
    await Receiving(api, FieldKeys(fields.RING)).record(text_from(phone, "the old process takes it"))
    thread = await admin.fetchval("SELECT conversation_id FROM conversations")
    assert await last(admin) == (person_id, thread)
    assert [message.body for message in await fields.read_messages(admin)] == ["the old process takes it"]


async def test_text_when_no_key_can_be_had_at_all_then_it_is_refused_so_that_it_comes_again(
    api: Database, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    await create_person(admin, phone=phone)
    stranger = KeyRing({9: bytes(32)}, fields.PHONE_KEY)
    await Receiving(api, FieldKeys(fields.RING)).record(text_from(phone))
    async with api.acting_as(TWILIO) as connection:
        for subject_id in (await admin.fetchval("SELECT conversation_id FROM conversations"), SERVICE_SUBJECT):
            await FieldKeys(fields.RING).cipher_for(connection, subject_id)
    with pytest.raises(Unavailable):
        await Receiving(api, FieldKeys(stranger)).record(text_from(phone))
    assert await admin.fetchval("SELECT count(*) FROM messages") == 1


@pytest.mark.parametrize("lost", ["find_thread", "make_thread_of_number", "insert_inbound"])
@pytest.mark.parametrize("is_done_first", [False, True])
async def test_text_when_the_connection_is_lost_on_the_way_then_it_is_stored_once(
    receiver: Receiving, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, lost: str, is_done_first: bool
) -> None:
    work, losses = getattr(queries, lost), []

    async def lose(*arguments: object) -> object:
        done = await work(*arguments) if losses or is_done_first else None
        if not losses:
            losses.append(lost)
            raise asyncpg.ConnectionDoesNotExistError
        return done

    monkeypatch.setattr(receiving.queries, lost, lose)
    await receiver.record(text_from(next_number(), "all the same"))
    assert losses == [lost]
    assert [message.body for message in await fields.read_messages(admin)] == ["all the same"]
    assert await admin.fetchval("SELECT count(*) FROM jobs") == 1


async def test_numbers_when_very_many_have_texted_then_only_so_many_are_remembered(
    receiver: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "MOST_THREADS", 3)
    for _ in range(5):
        await receiver.record(text_from(next_number()))
    assert len(receiver._threads) == 3
