"""What was plain before fields were encrypted, and what an erasure makes unreadable."""

from uuid import UUID

import msgspec


class PlainTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table with plain columns, each with its `_enc` beside it, and in SQL whose key a row is kept with."""

    name: str
    key: str
    subject: str
    plain: tuple[str, ...]
    has_index: bool = True
    has_subject: bool = False


class PlainRow(msgspec.Struct, frozen=True):
    """A row that is plain, with its values in the order of its table's plain columns."""

    row_id: UUID
    subject_id: UUID
    values: tuple[str, ...]


class SealedRow(msgspec.Struct, frozen=True):
    """The same, encrypted."""

    row_id: UUID
    subject_id: UUID
    phone_index: bytes
    values: tuple[bytes, ...]


class InUse(msgspec.Struct, frozen=True):
    """What there is of a person, and what of it still waits for somebody."""

    is_known: bool
    text_count: int
    number_count: int
    unanswered_count: int
    unsent_count: int
    unseen_count: int


class Rotated(msgspec.Struct, frozen=True):
    """How many keys the newest key wraps now, how many of them anew, and how many could not be unwrapped."""

    key_count: int
    anew_count: int
    unreadable_count: int
