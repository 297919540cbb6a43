"""JSON bodies, read strictly: the right content type, the right types, no field that nobody asked for."""

from typing import Any, TypeVar

import msgspec
from litestar import Request

from api.kit.errors import BadRequest, UnsupportedMediaType

T = TypeVar("T")


async def read_json(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """The body as `kind`. Raises UnsupportedMediaType or BadRequest, which never repeats what was sent."""
    if request.content_type[0] != "application/json":
        raise UnsupportedMediaType
    try:
        return msgspec.json.decode(await request.body(), type=kind, strict=True)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest from None
