"""Cuts a connection the way a failing network does: without an answer."""

import contextlib
import os
import socket
from pathlib import Path
from typing import Any

from litestar import Request

OPEN_FILES = Path("/proc/self/fd")


def drop_connection(request: Request[Any, Any, Any]) -> None:
    """Shuts the client's socket down under the server, which offers no way of its own to do so."""
    client = request.client
    if client is None:
        raise RuntimeError("the server does not tell who asked")
    for name in os.listdir(OPEN_FILES):  # noqa: PTH208 (numbers are wanted, not paths)
        with contextlib.suppress(OSError):
            _shut_down_if_of(int(name), (client.host, int(client.port)))


def _shut_down_if_of(file_number: int, peer: tuple[str, int]) -> None:
    copy = os.dup(file_number)
    try:
        connection = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return
    with connection:
        if connection.family == socket.AF_INET and connection.getpeername() == peer:
            connection.shutdown(socket.SHUT_RDWR)
