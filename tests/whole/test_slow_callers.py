"""Callers who hold a connection and send nothing are let go, and meanwhile everybody else is answered."""

import contextlib
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.stack.ports import LOOPBACK
from tests.whole.served import Served

HELD = 50
# Twice as long as the longest limit: a caller who is held longer was forgotten.
LET_GO_WITHIN_S = 10.0

HEAD = b"POST /client/v1/sign-in/codes HTTP/1.1\r\nHost: inside\r\n"
SLOW_HEAD = HEAD + b"X-Never-Ends: "
SLOW_BODY = HEAD + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"


def hold(served: Served, sent: bytes) -> list[socket.socket]:
    """Connections on which that was sent, and nothing more."""
    held = []
    for _ in range(HELD):
        connection = socket.create_connection((LOOPBACK, served.port), timeout=LET_GO_WITHIN_S)
        connection.sendall(sent)
        held.append(connection)
    return held


@contextlib.contextmanager
def may_hang_up() -> Iterator[None]:
    """For talking to a server that may close at any moment; one that says nothing at all is a fault."""
    try:
        yield
    except TimeoutError:
        raise
    except OSError:
        return


def read_to_end(connection: socket.socket) -> bytes:
    """What came until the server closed. Raises TimeoutError when it does not."""
    parts = []
    with connection:
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(("sent", "said"), [(SLOW_HEAD, None), (SLOW_BODY, b"408 Request Timeout")])
def test_caller_when_they_send_no_more_then_they_are_let_go_and_others_are_answered(
    served: Served, sent: bytes, said: bytes | None
) -> None:
    held = hold(served, sent)
    assert httpx.get(f"{served.url}/health/live").status_code == 200
    answers = [read_to_end(connection) for connection in held]
    if said is not None:
        assert all(said in answer for answer in answers)


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: inside\r\nBad Header: x\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: inside\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
)
def test_request_when_it_is_no_http_then_the_server_refuses_it_itself_and_repeats_nothing(
    served: Served, sent: bytes
) -> None:
    answer = b""
    with socket.create_connection((LOOPBACK, served.port), timeout=LET_GO_WITHIN_S) as connection:
        # The server may hang up before all of it was sent.
        with may_hang_up():
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        with may_hang_up():
            while part := connection.recv(65536):
                answer += part
    status = answer.partition(b"\r\n")[0]
    assert not answer or status.split()[1][:1] == b"4", answer
    assert b"Bad Header" not in answer
