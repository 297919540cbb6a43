"""The data key of everybody, made on first use: what the fields that only the service can read are read with.

A column that is encrypted is called `<name>_enc`, and its value is bound to `Place(table, column, row_id)`: the
column's name as it is in the database, and the uuid that is the row's primary key.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
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
# One for each key that wraps any: its number stands in the first two bytes.
LIST_ONE_OF_EACH = """
    SELECT DISTINCT ON (number) get_byte(k.wrapped_key, 0) * 256 + get_byte(k.wrapped_key, 1) AS number,
        k.subject_id, k.wrapped_key
    FROM data_keys AS k WHERE octet_length(k.wrapped_key) > 1 ORDER BY number, k.created_at DESC
"""
LIST_KEYS = "SELECT subject_id, wrapped_key FROM data_keys WHERE subject_id = ANY($1)"
MAKE_KEYS = """
    INSERT INTO data_keys (subject_id, wrapped_key)
    SELECT n.subject_id, n.wrapped_key FROM unnest($1::uuid[], $2::bytea[]) AS n (subject_id, wrapped_key)
    ON CONFLICT (subject_id) DO NOTHING
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
        cipher = self.unwrap(wrapped, subject_id)
        if is_committed:
            self._keep(subject_id, cipher)
        return cipher

    async def ciphers_for(self, connection: Connection, subject_ids: Collection[UUID]) -> dict[UUID, FieldCipher]:
        """The ciphers of many subjects in a few statements; keys that are missing are made. Keeps none of them.

        As `cipher_for` otherwise.
        """
        wrapped = await self._list_wrapped(connection, subject_ids)
        if missing := sorted(set(subject_ids) - wrapped.keys()):
            await connection.execute(MAKE_KEYS, missing, [self.new_wrapped(subject_id) for subject_id in missing])
            wrapped |= await self._list_wrapped(connection, missing)
        if len(wrapped) != len(set(subject_ids)):
            raise Unreadable
        return {
            subject_id: ErasedCipher() if key is None else self.unwrap(key, subject_id)
            for subject_id, key in wrapped.items()
        }

    async def wrapped_for(self, connection: Connection, subject_id: UUID) -> bytes | None:
        """The wrapped key of a subject, made on first use; None when it was destroyed. Not within a transaction."""
        return (await self._read_or_make(connection, subject_id))[0]

    async def list_missing(self, connection: Connection) -> list[int]:
        """The numbers of the wrapping keys that data keys need, and that the settings lack or have otherwise."""
        rows = await connection.fetch(LIST_ONE_OF_EACH)
        return [number for number, subject_id, wrapped in rows if not self._opens(wrapped, subject_id)]

    def _opens(self, wrapped: bytes, subject_id: UUID) -> bool:
        try:
            return self.unwrap(wrapped, subject_id) is not None
        except Unreadable:
            return False

    def new_wrapped(self, subject_id: UUID) -> bytes:
        """A key for a subject that has none, for the caller to store."""
        return self._ring.new_wrapped_key(subject_id)

    def unwrap(self, wrapped: bytes, subject_id: UUID) -> FieldCipher:
        """The cipher of a wrapped key. Raises Unreadable."""
        return self._ring.cipher(wrapped, subject_id)

    def wrap_anew(self, wrapped: bytes, subject_id: UUID) -> bytes | None:
        """The same key wrapped by the newest key; None when it is already. Raises Unreadable."""
        if self._ring.is_current(wrapped):
            return None
        return self._ring.wrap_anew(wrapped, subject_id)

    def phone_index(self, phone_e164: str) -> bytes:
        """What a number is found by: 32 bytes that tell nothing about it without the key."""
        return self._ring.phone_index(phone_e164)

    async def _read_or_make(self, connection: Connection, subject_id: UUID) -> tuple[bytes | None, bool]:
        row = await connection.fetchrow(GET_KEY, subject_id)
        if row is None:
            await connection.execute(MAKE_KEY, subject_id, self.new_wrapped(subject_id))
            row = await connection.fetchrow(GET_KEY, subject_id)
        if row is None:
            raise Unreadable
        return row[0], row[1]

    async def _list_wrapped(self, connection: Connection, subject_ids: Collection[UUID]) -> dict[UUID, bytes | None]:
        return {row[0]: row[1] for row in await connection.fetch(LIST_KEYS, list(subject_ids))}

    def _keep(self, subject_id: UUID, cipher: FieldCipher) -> None:
        self._kept[subject_id] = (self._now_s() + KEPT_S, cipher)
        self._kept.move_to_end(subject_id)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
