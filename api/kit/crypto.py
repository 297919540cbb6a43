"""Fields only the service can read: AES-256-GCM, each value bound to its table, column and row.

Every subject has a data key of its own, kept wrapped by a key from the settings. Rotating that key
wraps the data keys anew; destroying a subject's wrapped key makes all it ever encrypted unreadable,
in backups too.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
LAYOUT = b"\x01"


class Unreadable(Exception):
    """This value was not written here by us, or its key is gone."""


class KeysUnusable(ValueError):
    """The keys in the settings cannot be used; the text never holds one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands; moved anywhere else it cannot be read."""

    table: str
    column: str
    row_id: UUID

    def __bytes__(self) -> bytes:
        return b"|".join((self.table.encode(), self.column.encode(), self.row_id.bytes))


class FieldCipher:
    """Reads and writes the fields of one subject."""

    __slots__ = ("_cipher",)
    is_erased = False

    def __init__(self, data_key: bytes) -> None:
        self._cipher = AESGCM(data_key)

    def encrypt(self, text: str, place: Place) -> bytes:
        """The text as bytes that only the same key at the same place can read: 29 bytes longer than in UTF-8."""
        nonce = os.urandom(NONCE_BYTES)
        return LAYOUT + nonce + self._cipher.encrypt(nonce, text.encode("utf-8", "surrogatepass"), bytes(place))

    def decrypt(self, kept: bytes, place: Place) -> str:
        """The text again. Raises Unreadable."""
        return _open(self._cipher, kept, bytes(place)).decode("utf-8", "surrogatepass")


class KeyRing:
    """The keys from the settings: the newest wraps, every one unwraps, and one of its own makes numbers findable."""

    def __init__(self, wrapping_keys: Mapping[int, bytes], phone_key: bytes) -> None:
        if not wrapping_keys or any(len(key) != KEY_BYTES for key in (*wrapping_keys.values(), phone_key)):
            raise KeysUnusable("Every key has to be 32 bytes in base64.")
        self._wrappers = {number: AESGCM(key) for number, key in wrapping_keys.items()}
        self._phone_key = phone_key
        self.newest = max(wrapping_keys)

    def new_wrapped_key(self, subject_id: UUID) -> bytes:
        """A new data key for a subject, wrapped."""
        return self._wrap(AESGCM.generate_key(KEY_BYTES * 8), subject_id)

    def cipher(self, wrapped: bytes, subject_id: UUID) -> FieldCipher:
        """The cipher of a subject's wrapped key. Raises Unreadable."""
        return FieldCipher(self._unwrap(wrapped, subject_id))

    def wrap_anew(self, wrapped: bytes, subject_id: UUID) -> bytes:
        """The same data key wrapped by the newest key. Raises Unreadable."""
        return self._wrap(self._unwrap(wrapped, subject_id), subject_id)

    def is_current(self, wrapped: bytes) -> bool:
        """Whether the newest key wrapped this one."""
        return _number_of(wrapped) == self.newest

    def phone_index(self, phone_e164: str) -> bytes:
        """What a number is found by: 32 bytes that tell nothing about it without the key."""
        return hmac.digest(self._phone_key, phone_e164.encode(), hashlib.sha256)

    def _wrap(self, data_key: bytes, subject_id: UUID) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._wrappers[self.newest].encrypt(nonce, data_key, subject_id.bytes)
        return self.newest.to_bytes(2) + LAYOUT + nonce + sealed

    def _unwrap(self, wrapped: bytes, subject_id: UUID) -> bytes:
        wrapper = self._wrappers.get(_number_of(wrapped))
        if wrapper is None:
            raise Unreadable
        return _open(wrapper, wrapped[2:], subject_id.bytes)


def read_key_ring(wrapping_keys: str, phone_key: str) -> KeyRing:
    """The ring from its settings: `1:<base64>,2:<base64>`, and the phone key in base64. Raises KeysUnusable."""
    keys = dict(_read_pair(part) for part in wrapping_keys.split(",") if part.strip())
    return KeyRing(keys, _read_key(phone_key))


def _read_pair(part: str) -> tuple[int, bytes]:
    number, _, key = part.strip().partition(":")
    if not number.isascii() or not number.isdigit() or not 0 < int(number) < 2**16:
        raise KeysUnusable("Field keys are written as `1:<32 bytes in base64>`, numbered from 1, the newest highest.")
    return int(number), _read_key(key)


def _read_key(written: str) -> bytes:
    try:
        return base64.b64decode(written, validate=True)
    except ValueError:
        raise KeysUnusable("A field key is not base64.") from None


def _number_of(wrapped: bytes) -> int:
    return int.from_bytes(wrapped[:2])


def _open(cipher: AESGCM, kept: bytes, bound_to: bytes) -> bytes:
    start = len(LAYOUT)
    if kept[:start] != LAYOUT or len(kept) < start + NONCE_BYTES:
        raise Unreadable
    nonce, sealed = kept[start : start + NONCE_BYTES], kept[start + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, sealed, bound_to)
    except InvalidTag:
        raise Unreadable from None
