"""The data key of everybody, made on first use: what the fields that only the service can read are read with.

A column that is encrypted is called `<name>_enc`, and its value is bound to `Place(table, column, row_id)`: the
column's name as it is in the database, and the uuid that is the row's primary key.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from api.kit.crypto import FieldCipher, KeyRing, Place, Unreadable
from api.kit.db import Connection
from api.kit.errors import Problem

# Whose key protects what is nobody's own: the phones of staff, alerts to them, numbers that sign-in codes go to.
SERVICE_SUBJECT = UUID(int=15)
# What stands where something was that nobody can read any more.
ERASED = "erased"

# A key that was destroyed stops working in every process within this time.
KEPT_S = 30.0
MOST_KEPT = 4096

# A key of a transaction that may still be rolled back must not be kept: what it had encrypted elsewhere would be lost.
GET_KEY = """
    SELECT wrapped_key, made_by_xact IS DISTINCT FROM pg_current_xact_id_if_assigned() AS is_committed
    FROM data_keys WHERE subject_id = $1
"""
MAKE_KEY = "INSERT INTO data_keys (subject_id, wrapped_key) VALUES ($1, $2) ON CONFLICT (subject_id) DO NOTHING"


class Erased(Problem):
    """This record has been erased."""

    status = HTTPStatus.GONE


class ErasedCipher(FieldCipher):
    """Of somebody whose key was destroyed: every field reads `ERASED`, and none can be written."""

    __slots__ = ()
    is_erased = True

    def __init__(self) -> None:
        """Needs no key."""

    def encrypt(self, text: str, place: Place) -> bytes:
        """Raises Erased."""
        raise Erased

    def decrypt(self, kept: bytes, place: Place) -> str:
        """The mark, whatever was kept."""
        return ERASED


class FieldKeys:
    """The ciphers of subjects: a person, a thread of nobody's, or the service itself. Safe to share in a process."""

    def __init__(self, ring: KeyRing, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._ring = ring
        self._now_s = now_s
        self._kept: OrderedDict[UUID, tuple[float, FieldCipher]] = OrderedDict()

    async def cipher_for(self, connection: Connection, subject_id: UUID) -> FieldCipher:
        """The cipher of a person (or of a thread of nobody's, or of the service itself); made on first use.

        Of whom was erased it is an `ErasedCipher`; a destroyed key is never made again. Raises Unreadable when
        the settings lack the key that wrapped it, and PostgreSQL's refusal when the connection may not see it.
        """
        until_s, cipher = self._kept.get(subject_id, (0.0, None))
        if cipher is not None and until_s > self._now_s():
            return cipher
        wrapped, is_committed = await self._read_or_make(connection, subject_id)
        if wrapped is None:
            self._kept.pop(subject_id, None)
            return ErasedCipher()
        cipher = self._ring.cipher(wrapped, subject_id)
        if is_committed:
            self._keep(subject_id, cipher)
        return cipher

    def phone_index(self, phone_e164: str) -> bytes:
        """What a number is found by: 32 bytes that tell nothing about it without the key."""
        return self._ring.phone_index(phone_e164)

    async def _read_or_make(self, connection: Connection, subject_id: UUID) -> tuple[bytes | None, bool]:
        row = await connection.fetchrow(GET_KEY, subject_id)
        if row is None:
            await connection.execute(MAKE_KEY, subject_id, self._ring.new_wrapped_key(subject_id))
            row = await connection.fetchrow(GET_KEY, subject_id)
        if row is None:
            raise Unreadable
        return row[0], row[1]

    def _keep(self, subject_id: UUID, cipher: FieldCipher) -> None:
        self._kept[subject_id] = (self._now_s() + KEPT_S, cipher)
        self._kept.move_to_end(subject_id)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
