"""Erasing a person: all is unreadable for good, nothing is lost that nobody has read, and the audit keeps it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from api.keys import queries, service
from api.keys.service import NotErased
from api.kit.crypto import Place
from api.kit.db import SET_ACTOR, TWILIO, WORKER, Database
from api.kit.field_keys import ERASED, FieldKeys
from api.kit.jobs import SOON
from api.kit.migrations import administrator
from api.messages import queries as messages
from api.messages.models import InboundText
from api.messages.receiving import Receiving
from tests import fields
from tests.api.keys.older import migrate_environment
from tests.api.service_at_work import ServiceAtWork, service_at_work
from tests.conftest import TestDatabase
from tests.factories import create_person, create_session, next_number
from tests.rules.source import ROOT

REASON = "The person asked for it and the records officer agreed."
ENTRIES = "SELECT verb, actor_kind, person_id, table_name, reason FROM audit_entries WHERE verb = 'erased' ORDER BY 3"


@pytest.fixture
async def at_work(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[ServiceAtWork]:
    async with service_at_work(database, admin) as at_work:
        yield at_work


async def person_with_texts(at_work: ServiceAtWork, phone: str) -> UUID:
    """Somebody whose texts were answered."""
    person_id = await create_person(at_work.admin, phone=phone)
    await at_work.say("22 Acacia Avenue", sender=phone)
    return person_id


async def test_person_when_erased_then_nothing_of_theirs_can_be_read_and_others_are_as_before(
    at_work: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone, other_phone = next_number(), next_number()
    person_id, other = [await person_with_texts(at_work, number) for number in (phone, other_phone)]
    token = await create_session(admin, person=person_id)
    there = await service.erase(admin, person_id, REASON)
    assert (there.text_count, there.number_count) == (2, 1)
    read = await fields.read_messages(admin, "subject_id = $1", person_id)
    assert read == [fields.LOST] * 2
    assert (other_phone, "22 Acacia Avenue") in await fields.read_messages(admin, "subject_id = $1", other)
    cipher = await fields.cipher_for(admin, person_id)
    row = await admin.fetchrow("SELECT * FROM contact_points WHERE person_id = $1", person_id)
    place = Place("contact_points", "phone_e164_enc", row["contact_point_id"])
    assert cipher.decrypt(row["phone_e164_enc"], place) == ERASED
    for table in ("messages", "contact_points", "conversations"):
        indexes = {row[0] for row in await admin.fetch(f"SELECT phone_index FROM {table}")}  # noqa: S608
        assert fields.index_of(phone) not in indexes
    assert token
    assert await admin.fetchval("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 0


async def test_person_when_erased_then_the_audit_keeps_that_it_happened_and_why(
    at_work: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    person_id = await person_with_texts(at_work, next_number())
    await service.erase(admin, person_id, f"  {REASON}\n ")
    assert [tuple(row) for row in await admin.fetch(ENTRIES)] == [
        ("erased", "administrator", person_id, "data_keys", REASON)
    ]
    await service.erase(admin, person_id, REASON)
    assert len(await admin.fetch(ENTRIES)) == 1, "what is erased is not erased again"


async def test_person_when_they_text_after_their_erasure_then_that_text_reaches_people(
    at_work: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    person_id = await person_with_texts(at_work, phone)
    await service.erase(admin, person_id, REASON)
    await at_work.say("i want to die", sender=phone)
    assert await at_work.flags() == {"worry"}
    assert (phone, "i want to die") in await fields.read_messages(admin)
    await admin.execute(
        "INSERT INTO contact_points (person_id, phone_e164_enc, phone_index) VALUES ($1, '', $2)",
        person_id,
        fields.index_of(phone),
    )
    assert await at_work.say("hello again", sender=phone) == ["you said: hello again"]
    assert (phone, "hello again") in await fields.read_messages(admin)


@pytest.mark.parametrize(
    ("waits", "said"),
    [
        ("UPDATE messages SET answered_at = NULL WHERE direction = 'inbound'", "1 for an answer"),
        ("UPDATE messages SET status = 'unknown' WHERE direction = 'outbound'", "1 to be sent"),
        ("INSERT INTO attention_flags (message_id, reason) SELECT message_id, 'worry' FROM messages"
         " WHERE direction = 'inbound'", "1 for somebody to look at"),
    ],
)  # fmt: skip
async def test_person_when_something_of_theirs_waits_then_nothing_is_erased(
    at_work: ServiceAtWork, admin: asyncpg.Connection, waits: str, said: str
) -> None:
    person_id = await person_with_texts(at_work, next_number())
    await admin.execute(waits)
    with pytest.raises(NotErased, match=said):
        await service.erase(admin, person_id, REASON)
    assert "22 Acacia Avenue" in {message.body for message in await fields.read_messages(admin)}
    assert await admin.fetch(ENTRIES) == []


@pytest.mark.parametrize("reason", ["", "because", " " * 40])
async def test_person_when_no_reason_is_given_then_nothing_is_erased(
    at_work: ServiceAtWork, admin: asyncpg.Connection, reason: str
) -> None:
    person_id = await person_with_texts(at_work, next_number())
    with pytest.raises(NotErased, match="reason"):
        await service.erase(admin, person_id, reason)
    with pytest.raises(NotErased, match="no such person"):
        await service.erase(admin, uuid4(), REASON)
    assert await admin.fetch(ENTRIES) == []


async def test_erasure_when_a_text_is_being_stored_then_it_waits_and_then_refuses(
    database: TestDatabase, at_work: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    person_id = await person_with_texts(at_work, phone)
    storing = await asyncpg.connect(database.api_url)
    await storing.fetchval(SET_ACTOR, TWILIO)
    transaction = storing.transaction()
    await transaction.start()
    index = fields.index_of(phone)
    thread = await at_work.receiving._find(storing, index, phone)
    assert thread is not None
    cipher = FieldKeys(fields.RING).unwrap(thread.wrapped_key, thread.subject_id)
    text = InboundText(provider_sid="SMlate", from_e164=phone, body="i am not safe")
    assert await messages.insert_inbound(storing, text, thread, cipher, SOON) is True
    erasing = asyncio.create_task(service.erase(admin, person_id, REASON))
    _, waiting = await asyncio.wait([erasing], timeout=0.3)
    assert waiting == {erasing}
    await transaction.commit()
    await storing.close()
    with pytest.raises(NotErased):
        await erasing
    async with at_work.database.acting_as(WORKER) as reading:
        assert (phone, "i am not safe") in await fields.read_messages(reading)


async def test_text_when_an_erasure_is_under_way_then_it_waits_and_is_kept_with_a_key_that_lives(
    database: TestDatabase, at_work: ServiceAtWork, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = next_number()
    person_id = await person_with_texts(at_work, phone)
    destroyed, goes_on, let_go = asyncio.Event(), asyncio.Event(), queries.let_numbers_go

    async def pause(connection: asyncpg.Connection, person: UUID) -> None:
        destroyed.set()
        await goes_on.wait()
        await let_go(connection, person)

    monkeypatch.setattr(queries, "let_numbers_go", pause)
    api = Database(database.api_url, size=1)
    receiver = Receiving(api, FieldKeys(fields.RING))
    await receiver.record(InboundText(provider_sid="SMbefore", from_e164=phone, body="hi"))
    await admin.execute("UPDATE messages SET answered_at = now() WHERE direction = 'inbound'")
    erasing = asyncio.create_task(service.erase(admin, person_id, REASON))
    await destroyed.wait()
    text = InboundText(provider_sid="SMlate", from_e164=phone, body="i am not safe")
    storing = asyncio.create_task(receiver.record(text))
    _, waiting = await asyncio.wait([storing], timeout=0.3)
    assert waiting == {storing}
    goes_on.set()
    await erasing
    assert await storing is True
    await api.close()
    other = await asyncpg.connect(database.admin_url)
    assert (phone, "i am not safe") in await fields.read_messages(other)
    await other.close()


async def test_erasure_when_the_messages_are_locked_then_it_does_not_keep_texts_waiting(
    database: TestDatabase, at_work: ServiceAtWork, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "WAIT_SHORTLY", queries.WAIT_SHORTLY.replace("2s", "50ms"))
    person_id = await person_with_texts(at_work, next_number())
    async with administrator(database.admin_url) as other, other.transaction():
        await other.execute("LOCK TABLE messages IN SHARE UPDATE EXCLUSIVE MODE")
        with pytest.raises(NotErased, match="busy"):
            await service.erase(admin, person_id, REASON)
    assert await admin.fetch(ENTRIES) == []
    await service.erase(admin, person_id, REASON)


async def run(database: TestDatabase, *words: str) -> tuple[int, str]:
    """Runs a command; its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", *words, cwd=ROOT, env=migrate_environment(database),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_command_when_it_is_not_confirmed_then_it_says_what_it_would_do_and_does_nothing(
    database: TestDatabase, at_work: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    person_id = await person_with_texts(at_work, phone)
    words = ("keys", "erase", str(person_id), "--reason", REASON)
    code, said = await run(database, *words)
    assert (code, "--confirm 2-texts-1-numbers" in said, phone in said) == (1, True, False)
    assert await admin.fetch(ENTRIES) == []
    assert (await run(database, *words, "--confirm", "3-texts-1-numbers"))[0] == 1
    assert await admin.fetch(ENTRIES) == []
    assert (await run(database, *words, "--confirm", "2-texts-1-numbers"))[0] == 0
    assert len(await admin.fetch(ENTRIES)) == 1
    assert await run(database, "keys", "erase", "nobody") == (1, "That is not the id of a person.\n")
    assert await run(database, "keys", "erase", str(uuid4()), "--reason", REASON) == (1, "There is no such person.\n")
