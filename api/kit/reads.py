"""What is read, with the version it has: whoever has that version already is told so and sent nothing."""

from typing import Any

from litestar import MediaType, Request, Response


def json_as_read(request: Request[Any, Any, Any], document: bytes, version: int) -> Response[Any]:
    """A document that PostgreSQL wrote as JSON, as it is; 304 without it for whoever has this version."""
    etag = f'"{version}"'
    if etag in (tag.strip() for tag in request.headers.get("if-none-match", "").split(",")):
        return Response(None, status_code=304, headers={"ETag": etag})
    return Response(document, media_type=MediaType.JSON, headers={"ETag": etag})
