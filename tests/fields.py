"""The keys of the tests, and a way to read and write encrypted fields past every wall."""

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from api.kit.crypto import FieldCipher, KeyRing, read_key_ring
from api.kit.db import Connection
from api.kit.field_keys import SERVICE_SUBJECT, FieldKeys
from api.kit.ids import new_id
from api.messages.queries import seal, unseal
from api.settings import Secret

WRAPPING_KEY = bytes(range(32))
PHONE_KEY = bytes(range(32, 64))
RING = KeyRing({1: WRAPPING_KEY}, PHONE_KEY)
SETTINGS = {
    "field_keys": Secret(f"1:{base64.b64encode(WRAPPING_KEY).decode()}"),
    "phone_index_key": Secret(base64.b64encode(PHONE_KEY).decode()),
}


def ring_of(environment: Mapping[str, str]) -> KeyRing:
    """The keys of a service with processes of its own."""
    return read_key_ring(environment["FIELD_KEYS"], environment["PHONE_INDEX_KEY"])


async def cipher_for(connection: Connection, subject_id: UUID) -> FieldCipher:
    """The cipher of a subject in this connection's database, kept nowhere: each test has a database of its own."""
    return await FieldKeys(RING).cipher_for(connection, subject_id)


def index_of(phone_e164: str) -> bytes:
    """What a number is found by."""
    return RING.phone_index(phone_e164)


LOST = ("nobody can read this", "nobody can read this")


class Message(NamedTuple):
    """The number and the words of a message."""

    phone: str
    body: str


async def read_messages(connection: Connection, where: str = "true", *values: Any) -> list[Message]:
    """The messages of which that is so, oldest first."""
    return list((await read_messages_by_id(connection, where, *values)).values())


async def read_messages_by_id(
    connection: Connection, where: str, *values: Any, ring: KeyRing = RING
) -> dict[UUID, Message]:
    """The same with their ids, of a service with these keys."""
    keys = FieldKeys(ring)
    rows = await connection.fetch(
        "SELECT message_id, subject_id, phone_e164_enc, body_enc FROM messages"  # noqa: S608 - of the test itself
        f" WHERE {where} ORDER BY created_at, message_id",
        *values,
    )
    return {
        message_id: Message(*(unseal(await keys.cipher_for(connection, subject_id), message_id, phone, body) or LOST))
        for message_id, subject_id, phone, body in rows
    }


async def insert_message(connection: Connection, phone_e164: str, body: str, **columns: Any) -> UUID:
    """A message with what else is said of it; it is kept with its person's key, or its thread's, or the service's."""
    thread = columns.get("conversation_id")
    subject_id = (
        SERVICE_SUBJECT
        if thread is None
        else await connection.fetchval(
            "SELECT coalesce(person_id, conversation_id) FROM conversations WHERE conversation_id = $1", thread
        )
    )
    message_id = new_id()
    phone, words = seal(await cipher_for(connection, subject_id), message_id, phone_e164, body)
    every = {
        "message_id": message_id, "subject_id": subject_id, "phone_index": index_of(phone_e164),
        "phone_e164_enc": phone, "body_enc": words, **columns,
    }  # fmt: skip
    marks = ", ".join(f"${n}" for n in range(1, len(every) + 1))
    await connection.execute(
        f"INSERT INTO messages ({', '.join(every)}) VALUES ({marks})",  # noqa: S608 - of the test itself
        *every.values(),
    )
    return message_id
