"""JSON bodies, read strictly: the right content type, the right types, no field that nobody asked for."""

import json
import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.types import Empty

from api.kit.errors import BadRequest, FieldError, UnsupportedMediaType

T = TypeVar("T")

LEAST_ROOM = 16 * 1024
MOST_ROOM = 1024 * 1024
# A letter may be sent as `\\u00e9`.
ESCAPED_BYTES = 6
DEEPEST = 32
# One less than the largest of PostgreSQL's whole numbers has.
MOST_DIGITS = 18
_JSON = re.compile(r'application/json(?:\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)
# A string that never ends reaches to the end.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)
_OPENING = b"[{"
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

# What msgspec says of a value it does not take; its other words could repeat what was sent.
_TYPES = re.compile(r"(?:Expected `[^`]+`(?: (?:of length|matching regex) [^,]+)?(?:, got `[a-z ]+`)?)")
_MISSING = re.compile(r"Object missing required field `([^`]+)`")
_PLACE = re.compile(r" - at `\$\.?([^`]*)`$")


def make_room(handlers: Iterable[Any]) -> None:
    """Lets every route read as much as the longest body of its kind needs, where it does not say how much itself."""
    for handler in handlers:
        kind = handler.opt.get("body")
        if kind is not None and handler.request_max_body_size is Empty:
            handler.request_max_body_size = room_for(kind)


def room_for(kind: Any) -> int:
    """How many bytes a body of that kind may have: its texts at their longest, each letter escaped."""
    needed = LEAST_ROOM + ESCAPED_BYTES * _longest_chars(msgspec.inspect.type_info(kind))
    return min(needed, MOST_ROOM)


def _longest_chars(kind: msgspec.inspect.Type) -> int:
    match kind:
        case msgspec.inspect.Metadata():
            return _longest_chars(kind.type)
        case msgspec.inspect.StrType(max_length=int() as most):
            return most
        case msgspec.inspect.StructType():
            return sum(_longest_chars(field.type) for field in kind.fields)
        case msgspec.inspect.UnionType():
            return max(_longest_chars(one) for one in kind.types)
        case (
            msgspec.inspect.ListType(max_length=int() as most) | msgspec.inspect.VarTupleType(max_length=int() as most)
        ):
            return most * _longest_chars(kind.item_type)
        case msgspec.inspect.DictType():
            return (kind.max_length or 1) * (_longest_chars(kind.key_type) + _longest_chars(kind.value_type))
        case _:
            return 0


async def read_json(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """The body as `kind`. Raises UnsupportedMediaType or BadRequest, which never repeat what was sent."""
    _check_type(request)
    body = await request.body()
    if _is_too_deep(body):
        raise BadRequest("The body is nested too deeply.")
    try:
        found = msgspec.json.decode(body, type=kind, strict=True)
        json.loads(body, object_pairs_hook=_refuse_twins, parse_int=_refuse_huge)
    except msgspec.ValidationError as error:
        raise BadRequest(errors=[_field_error(str(error))]) from None
    except (ValueError, RecursionError):
        raise BadRequest from None
    if b"\\u0000" in body and (path := _place_of_nul(msgspec.to_builtins(found), "")):
        raise BadRequest(errors=[FieldError(path, "It holds a character that no text has.")])
    return found


def _check_type(request: Request[Any, Any, Any]) -> None:
    """JSON in UTF-8 that is not packed, and said to be: a form that another site's page sends is not."""
    if not _JSON.fullmatch(request.headers.get("content-type", "")):
        raise UnsupportedMediaType
    if "content-encoding" in request.headers:
        raise UnsupportedMediaType


def _is_too_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    depth = 0
    for bracket in _STRING.sub(b"", body).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in _OPENING else -1
        if depth > DEEPEST:
            return True
    return False


def _refuse_twins(pairs: list[tuple[str, Any]]) -> None:
    """Which of two fields of one name counts, each reader decides otherwise; so there are no two."""
    if len(dict(pairs)) != len(pairs):
        raise BadRequest("The body has two fields of the same name.")


def _refuse_huge(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise BadRequest("The body has a number that is too large.")
    return int(digits)


def _field_error(said: str) -> FieldError:
    place = _PLACE.search(said)
    path = place[1] if place else ""
    if missing := _MISSING.match(said):
        return FieldError(f"{path}.{missing[1]}".lstrip("."), "It is missing.")
    if expected := _TYPES.match(said):
        return FieldError(path, f"{expected[0]}.")
    if "unknown field" in said:
        return FieldError(path, "It has a field that is not known here.")
    return FieldError(path, "It is not one of the values allowed here.")


def _place_of_nul(value: object, path: str) -> str | None:
    if isinstance(value, str):
        return (path or "$") if "\0" in value else None
    items: Any = ()
    if isinstance(value, dict):
        if any("\0" in str(name) for name in value):
            return path or "$"
        items = ((f"{path}.{name}".lstrip("."), item) for name, item in value.items())
    elif isinstance(value, list | tuple):
        items = ((f"{path}[{i}]", item) for i, item in enumerate(value))
    return next((found for name, item in items if (found := _place_of_nul(item, name))), None)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body that says nothing, `{}`: what is asked for is all in the path."""
