"""Lists page by page: a cursor holds where the last page ended, so that nothing is skipped or told twice."""

import base64
from typing import Any, Generic, TypeVar

import msgspec

from api.kit.errors import BadRequest, FieldError

T = TypeVar("T")

LONGEST_PAGE = 100
LONGEST_CURSOR_CHARS = 512


class Page(msgspec.Struct, Generic[T], frozen=True, omit_defaults=True):
    """Some of a list; `next_cursor` asks for what follows, and is not there on the last page."""

    items: list[T]
    next_cursor: str | None = None


def write_cursor(*place: object) -> str:
    """Where a page ended, as its caller hands it back: the sort key of its last item."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def read_cursor(cursor: str | None, kinds: Any) -> Any:
    """The place as a tuple of `kinds` (such as `tuple[date, UUID]`), None for the first page. Raises BadRequest."""
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=kinds, strict=True)
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise BadRequest(errors=[FieldError("cursor", "It is not one that was given here.")]) from None
