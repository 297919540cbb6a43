"""The least an HTTP client can do: ready-made requests on one connection that is kept open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class UnexpectedAnswer(Exception):
    """What was measured did not do its work, so its time means nothing."""


class HttpConnection:
    """One request at a time; anything but success raises UnexpectedAnswer."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self) -> "HttpConnection":
        """Connects."""
        parts = urlsplit(self._url)
        self._reader, self._writer = await asyncio.open_connection(parts.hostname, parts.port)
        return self

    def close(self) -> None:
        self._writer.close()

    async def exchange(self, request: bytes) -> bytes:
        """Sends a request, and gives back the answer's body. Connects again if the server has hung up meanwhile."""
        if self._reader.at_eof():
            self.close()
            await self.open()
        self._writer.write(request)
        try:
            return await self._answer()
        except asyncio.IncompleteReadError:
            raise UnexpectedAnswer("a connection ended in the middle") from None

    async def _answer(self) -> bytes:
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 2"):
            raise UnexpectedAnswer(f"a request was answered with {head[9:12].decode('latin-1')}")
        if b"\r\ntransfer-encoding: chunked\r\n" in head:
            return await self._chunks()
        length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        return await self._reader.readexactly(int(length or 0))

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return body


def request_of(method: str, url: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A whole request as bytes."""
    parts = urlsplit(url)
    lines = [f"{method} {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def http_connections(url: str, count: int) -> AsyncIterator[list[HttpConnection]]:
    """So many open connections to one server."""
    connections = await asyncio.gather(*(HttpConnection(url).open() for _ in range(count)))
    yield connections
    for connection in connections:
        connection.close()
