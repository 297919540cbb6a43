"""The keys of the tests, and a way to read and write encrypted fields past every wall."""

import base64
from uuid import UUID

from api.kit.crypto import FieldCipher, KeyRing
from api.kit.db import Connection
from api.kit.field_keys import FieldKeys
from api.settings import Secret

WRAPPING_KEY = bytes(range(32))
PHONE_KEY = bytes(range(32, 64))
RING = KeyRing({1: WRAPPING_KEY}, PHONE_KEY)
SETTINGS = {
    "field_keys": Secret(f"1:{base64.b64encode(WRAPPING_KEY).decode()}"),
    "phone_index_key": Secret(base64.b64encode(PHONE_KEY).decode()),
}


async def cipher_for(connection: Connection, subject_id: UUID) -> FieldCipher:
    """The cipher of a subject in this connection's database, kept nowhere: each test has a database of its own."""
    return await FieldKeys(RING).cipher_for(connection, subject_id)
