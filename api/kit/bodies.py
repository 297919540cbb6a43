"""JSON bodies, read strictly: the right content type, the right types, no field that nobody asked for."""

import re
from typing import Any, TypeVar

import msgspec
from litestar import Request

from api.kit.errors import BadRequest, FieldError, UnsupportedMediaType

T = TypeVar("T")

# What msgspec says of a value it does not take; its other words could repeat what was sent.
_TYPES = re.compile(r"(?:Expected `[^`]+`(?: (?:of length|matching regex) [^,]+)?(?:, got `[a-z ]+`)?)")
_MISSING = re.compile(r"Object missing required field `([^`]+)`")
_PLACE = re.compile(r" - at `\$\.?([^`]*)`$")


async def read_json(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """The body as `kind`. Raises UnsupportedMediaType or BadRequest, which never repeat what was sent."""
    if request.content_type[0] != "application/json":
        raise UnsupportedMediaType
    try:
        found = msgspec.json.decode(await request.body(), type=kind, strict=True)
    except msgspec.ValidationError as error:
        raise BadRequest(errors=[_field_error(str(error))]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest from None
    if path := _place_of_nul(msgspec.to_builtins(found), ""):
        raise BadRequest(errors=[FieldError(path, "It holds a character that no text has.")])
    return found


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
        items = ((f"{path}.{name}".lstrip("."), item) for name, item in value.items())
    elif isinstance(value, list | tuple):
        items = ((f"{path}[{i}]", item) for i, item in enumerate(value))
    return next((found for name, item in items if (found := _place_of_nul(item, name))), None)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body that says nothing, `{}`: what is asked for is all in the path."""
