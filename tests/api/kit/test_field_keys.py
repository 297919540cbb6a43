"""Everybody's data key: made on first use, kept for a short while, and never made again once destroyed."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from api.kit.crypto import KeyRing, Place, Unreadable
from api.kit.db import SIGN_IN, TWILIO, WORKER, Database, conversation_actor
from api.kit.field_keys import ERASED, KEPT_S, MOST_KEPT, SERVICE_SUBJECT, Erased, ErasedCipher, FieldKeys
from tests.conftest import TestDatabase
from tests.factories import create_conversation, create_person
from tests.fields import PHONE_KEY, RING

PLACE = Place("messages", "body_enc", uuid.UUID(int=9))
DESTROY = "UPDATE data_keys SET wrapped_key = NULL, destroyed_at = now() WHERE subject_id = $1"


class Clock:
    """A clock that is set by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def worker(database: TestDatabase) -> AsyncIterator[Database]:
    """The worker's connections."""
    worker = Database(database.worker_url, size=4)
    yield worker
    await worker.close()


async def test_key_when_asked_for_the_first_time_then_it_is_made_and_every_process_reads_with_it(
    worker: Database, admin: asyncpg.Connection
) -> None:
    subject_id = uuid.uuid4()
    async with worker.acting_as(WORKER) as connection:
        kept = (await FieldKeys(RING).cipher_for(connection, subject_id)).encrypt("22 Acacia Avenue", PLACE)
        assert (await FieldKeys(RING).cipher_for(connection, subject_id)).decrypt(kept, PLACE) == "22 Acacia Avenue"
        other = await FieldKeys(RING).cipher_for(connection, uuid.uuid4())
        with pytest.raises(Unreadable):
            other.decrypt(kept, PLACE)
    assert await admin.fetchval("SELECT count(*) FROM data_keys") == 2


async def test_key_when_many_ask_at_once_then_all_have_the_same(worker: Database) -> None:
    subject_id = uuid.uuid4()

    async def encrypt() -> bytes:
        async with worker.acting_as(WORKER) as connection:
            return (await FieldKeys(RING).cipher_for(connection, subject_id)).encrypt("x", PLACE)

    every = await asyncio.gather(*(encrypt() for _ in range(12)))
    async with worker.acting_as(WORKER) as connection:
        cipher = await FieldKeys(RING).cipher_for(connection, subject_id)
    assert {cipher.decrypt(kept, PLACE) for kept in every} == {"x"}


async def test_key_when_kept_then_it_is_not_read_again_until_its_time_is_over(
    worker: Database, admin: asyncpg.Connection
) -> None:
    clock, subject_id = Clock(), uuid.uuid4()
    keys = FieldKeys(RING, now_s=clock)
    async with worker.acting_as(WORKER) as connection:
        await keys.cipher_for(connection, subject_id)
        await admin.execute(DESTROY, subject_id)
        clock.now_s = KEPT_S - 0.1
        assert not (await keys.cipher_for(connection, subject_id)).is_erased
        clock.now_s = KEPT_S
        assert (await keys.cipher_for(connection, subject_id)).is_erased
    assert KEPT_S <= 60, "a destroyed key has to stop working within a minute"


async def test_key_when_the_transaction_that_made_it_is_rolled_back_then_it_was_not_kept(worker: Database) -> None:
    keys, subject_id = FieldKeys(RING), uuid.uuid4()
    async with worker.acting_as(WORKER) as connection:
        outer = connection.transaction()
        await outer.start()
        async with connection.transaction():
            await keys.cipher_for(connection, subject_id)
        lost = (await keys.cipher_for(connection, subject_id)).encrypt("x", PLACE)
        await outer.rollback()
        with pytest.raises(Unreadable):
            (await keys.cipher_for(connection, subject_id)).decrypt(lost, PLACE)
        kept = (await keys.cipher_for(connection, subject_id)).encrypt("x", PLACE)
        assert (await FieldKeys(RING).cipher_for(connection, subject_id)).decrypt(kept, PLACE) == "x"


async def test_keys_when_there_are_very_many_then_only_so_many_are_kept(worker: Database) -> None:
    keys = FieldKeys(RING)
    async with worker.acting_as(WORKER) as connection:
        cipher = await keys.cipher_for(connection, uuid.uuid4())
        for _ in range(MOST_KEPT + 5):
            keys._keep(uuid.uuid4(), cipher)
    assert len(keys._kept) == MOST_KEPT


async def test_key_when_destroyed_then_it_is_not_made_again_and_the_record_reads_erased(
    worker: Database, admin: asyncpg.Connection
) -> None:
    subject_id = uuid.uuid4()
    async with worker.acting_as(WORKER) as connection:
        kept = (await FieldKeys(RING).cipher_for(connection, subject_id)).encrypt("22 Acacia Avenue", PLACE)
        await admin.execute(DESTROY, subject_id)
        cipher = await FieldKeys(RING).cipher_for(connection, subject_id)
    assert isinstance(cipher, ErasedCipher)
    assert cipher.decrypt(kept, PLACE) == ERASED
    with pytest.raises(Erased):
        cipher.encrypt("x", PLACE)
    assert Erased.status == 410
    assert await admin.fetchval("SELECT count(*) FROM data_keys WHERE wrapped_key IS NOT NULL") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE data_keys SET wrapped_key = 'again', destroyed_at = NULL",
        "UPDATE data_keys SET subject_id = gen_random_uuid() WHERE destroyed_at IS NULL",
        "DELETE FROM data_keys",
        "TRUNCATE data_keys CASCADE",
    ],
)
async def test_key_when_somebody_takes_it_away_or_brings_it_back_then_the_database_refuses(
    worker: Database, admin: asyncpg.Connection, statement: str
) -> None:
    subject_id = uuid.uuid4()
    async with worker.acting_as(WORKER) as connection:
        await FieldKeys(RING).cipher_for(connection, subject_id)
        await FieldKeys(RING).cipher_for(connection, uuid.uuid4())
    await admin.execute(DESTROY, subject_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await admin.execute(statement)


async def test_key_when_the_settings_lack_what_wrapped_it_then_it_is_unreadable_and_not_erased(
    worker: Database,
) -> None:
    subject_id = uuid.uuid4()
    newer = KeyRing({1: bytes(32), 2: bytes(32)}, PHONE_KEY)
    async with worker.acting_as(WORKER) as connection:
        await FieldKeys(newer).cipher_for(connection, subject_id)
        with pytest.raises(Unreadable):
            await FieldKeys(RING).cipher_for(connection, subject_id)


async def test_key_when_asked_for_by_an_actor_who_does_not_need_it_then_the_database_refuses(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    (thread, person_id), (other, other_id) = [
        await create_conversation(admin, await create_person(admin)) for _ in range(2)
    ]
    api = Database(database.api_url, size=1)
    allowed = {
        TWILIO: {person_id, other_id, thread, other, SERVICE_SUBJECT},
        SIGN_IN: {SERVICE_SUBJECT},
        conversation_actor(thread): {person_id, thread},
    }
    for actor, subjects in allowed.items():
        for subject_id in (person_id, other_id, thread, other, SERVICE_SUBJECT):
            async with api.acting_as(actor) as connection:
                if subject_id in subjects:
                    await FieldKeys(RING).cipher_for(connection, subject_id)
                else:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await FieldKeys(RING).cipher_for(connection, subject_id)
    await api.close()


def test_phone_when_indexed_then_it_is_the_rings_index() -> None:
    assert FieldKeys(RING).phone_index("+447700900101") == RING.phone_index("+447700900101")


async def test_keys_when_many_are_asked_for_then_missing_ones_are_made_and_they_are_everybodys_own(
    worker: Database, admin: asyncpg.Connection
) -> None:
    old, new, erased = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    keys = FieldKeys(RING)
    async with worker.acting_as(WORKER) as connection:
        kept = (await keys.cipher_for(connection, old)).encrypt("NG7 2RD", PLACE)
        await keys.cipher_for(connection, erased)
        await admin.execute(DESTROY, erased)
        ciphers = await keys.ciphers_for(connection, [new, erased, old, new])
        assert await keys.ciphers_for(connection, ()) == {}
        own = await FieldKeys(RING).cipher_for(connection, new)
    assert set(ciphers) == {old, new, erased}
    assert ciphers[old].decrypt(kept, PLACE) == "NG7 2RD"
    assert own.decrypt(ciphers[new].encrypt("LE1 1AA", PLACE), PLACE) == "LE1 1AA"
    with pytest.raises(Unreadable):
        ciphers[new].decrypt(kept, PLACE)
    assert ciphers[erased].is_erased
    assert await admin.fetchval("SELECT count(*) FROM data_keys") == 3


async def test_keys_when_made_in_a_transaction_that_is_rolled_back_then_none_is_remembered(
    worker: Database, admin: asyncpg.Connection
) -> None:
    subject_id, keys = uuid.uuid4(), FieldKeys(RING)
    async with worker.acting_as(WORKER) as connection:
        transaction = connection.transaction()
        await transaction.start()
        lost = (await keys.ciphers_for(connection, [subject_id]))[subject_id].encrypt("x", PLACE)
        await transaction.rollback()
        kept = (await keys.cipher_for(connection, subject_id)).encrypt("x", PLACE)
    async with worker.acting_as(WORKER) as connection:
        cipher = await FieldKeys(RING).cipher_for(connection, subject_id)
    assert cipher.decrypt(kept, PLACE) == "x"
    with pytest.raises(Unreadable):
        cipher.decrypt(lost, PLACE)
