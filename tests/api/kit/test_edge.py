"""What every request passes: limits of time, methods, headers, and what is answered when all else failed."""

import asyncio
import io
import json
import logging
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog
from litestar import Litestar, Request, get, post, put
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Stream

from api.kit import edge, errors
from api.kit.edge import HEADERS, POLICY, CutOff, new_request_id, stand_around
from api.kit.log import ALLOWED_KEYS, set_up_logging
from tests.api.client import api_client
from tests.conftest import TestDatabase

CANARY = "+447700900999 said something"


@get("/things", sync_to_thread=False)
def list_things() -> list[str]:
    return ["a"]


@post("/things")
async def take_thing(request: Request[Any, Any, Any]) -> int:
    return len(await request.body())


@put("/things/{thing_id:uuid}", sync_to_thread=False)
def put_thing(thing_id: FromPath[UUID]) -> None: ...


@get("/slow")
async def answer_slowly() -> None:
    await asyncio.sleep(60)


@get("/stream")
async def answer_in_parts() -> Stream:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(0.05)
            yield b"part"

    return Stream(parts())


@get("/breaks", sync_to_thread=False)
def break_down() -> None:
    raise RuntimeError(CANARY)


@get("/breaks-midway")
async def break_midway() -> Stream:
    async def parts() -> AsyncIterator[bytes]:
        yield b"part"
        raise RuntimeError(CANARY)

    return Stream(parts())


@get("/page", sync_to_thread=False)
def show_page() -> Any:
    return Stream(iter([b"page"]), headers={"content-security-policy": "default-src 'self'"})


ROUTES = [
    list_things, take_thing, put_thing, answer_slowly, answer_in_parts, break_down, break_midway, show_page,
]  # fmt: skip


def make_app() -> Litestar:
    app = Litestar(
        ROUTES,
        openapi_config=None,
        logging_config=None,
        exception_handlers={
            errors.Problem: errors.answer_problem,
            HTTPException: errors.answer_http_exception,
            Exception: errors.answer_unexpected,
        },
    )
    return stand_around(app, body_within_s=0.1, answer_within_s=0.15)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://inside") as http:
        yield http


async def call(receive: Callable[[], Awaitable[Any]], *, method: str = "POST", path: str = "/things") -> list[Any]:
    """Calls without a client, which would make a whole request of it."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
    await make_app()({**scope, "headers": [], "client": ("127.0.0.1", 1)}, receive, send)  # type: ignore[arg-type]
    return sent


async def test_body_when_it_does_not_arrive_in_time_then_that_is_said_and_the_connection_ends() -> None:
    async def receive() -> Any:
        await asyncio.sleep(0.03)
        return {"type": "http.request", "body": b"x", "more_body": True}

    started, ended = await call(receive)
    assert started["status"] == 408
    assert (b"connection", b"close") in started["headers"]
    assert json.loads(ended["body"])["title"] == "Request Timeout"


async def test_body_when_its_sender_leaves_midway_then_that_is_no_fault_of_ours() -> None:
    parts = iter([{"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(parts)

    assert (await call(receive))[0]["status"] == 400


async def test_answer_when_it_takes_too_long_then_the_caller_is_asked_to_come_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/slow")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["instance"] == f"urn:uuid:{answer.headers['request-id']}"


async def test_answer_when_it_comes_in_parts_then_it_may_take_longer(client: httpx.AsyncClient) -> None:
    assert (await client.get("/stream")).text == "part" * 4


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/things", "GET, HEAD, OPTIONS, POST"),
        ("/things/019b0000-0000-7000-8000-000000000000", "OPTIONS, PUT"),
        ("/slow/", "GET, HEAD, OPTIONS"),
    ],
)
async def test_path_when_called_with_another_method_then_all_it_takes_are_told(
    client: httpx.AsyncClient, path: str, allow: str
) -> None:
    refused, asked = await client.request("PATCH", path), await client.options(path)
    assert (refused.status_code, refused.headers.get_list("allow")) == (405, [allow])
    assert (asked.status_code, asked.headers.get_list("allow"), asked.content) == (204, [allow], b"")


async def test_path_when_there_is_none_then_no_method_finds_one(client: httpx.AsyncClient) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "POST", "TRACE"):
        assert (await client.request(method, "/nowhere")).status_code == 404
    assert (await client.put("/things/not-an-id")).status_code == 404


async def test_head_when_asked_then_it_is_as_get_without_the_body(client: httpx.AsyncClient) -> None:
    got, head = await client.get("/things"), await client.head("/things")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(got.content)), b"")
    assert (await client.head("/things/019b0000-0000-7000-8000-000000000000")).status_code == 405
    assert (await client.head("/stream")).content == b""


@pytest.mark.parametrize("path", ["/things?a=%00", "/things%00"])
async def test_address_when_it_holds_nul_then_it_is_refused(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/things", 200),
        ("HEAD", "/things", 200),
        ("OPTIONS", "/things", 204),
        ("GET", "/nowhere", 404),
        ("DELETE", "/things", 405),
        ("GET", "/things?a=%00", 400),
        ("GET", "/slow", 503),
        ("GET", "/breaks", 500),
        ("GET", "/stream", 200),
    ],
)
async def test_answer_when_of_whichever_kind_then_it_has_every_header_once(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    for name, value in (*HEADERS, POLICY):
        assert answer.headers.get_list(name.decode()) == [value.decode()]
    UUID(answer.headers["request-id"])


async def test_page_when_it_has_a_policy_of_its_own_then_that_one_counts(client: httpx.AsyncClient) -> None:
    assert (await client.get("/page")).headers.get_list("content-security-policy") == ["default-src 'self'"]


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What is logged, in the form in which it leaves the process."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    root = logging.getLogger()
    handlers = root.handlers[:]
    set_up_logging()
    ours = structlog.wrap_logger(structlog.WriteLogger(written))
    for module in (edge, errors):
        monkeypatch.setattr(module, "log", ours)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:] = handlers


@pytest.mark.parametrize(("path", "status"), [("/breaks", 500), ("/slow", 503)])
async def test_fault_when_it_is_ours_then_the_log_says_where_and_never_what(
    client: httpx.AsyncClient, logged: Callable[[], list[dict[str, Any]]], path: str, status: int
) -> None:
    answer = await client.get(path)
    (line,) = logged()
    assert answer.status_code == status
    assert line["request_id"] == answer.headers["request-id"]
    assert re.fullmatch(r"\w+\.py:\d+:\w+", line["at"])
    assert line["route"] in {"break_down", "answer_slowly"}
    assert CANARY not in json.dumps(line) + answer.text


async def test_fault_when_the_answer_has_begun_then_the_server_is_told_and_never_what() -> None:
    async def receive() -> Any:
        await asyncio.sleep(1)

    with pytest.raises(CutOff) as caught:
        await call(receive, method="GET", path="/breaks-midway")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_library_when_it_warns_of_what_somebody_wrote_then_its_place_alone_is_logged(
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    logging.getLogger("some.library").warning("could not read %s", CANARY)
    errors.log.warning("seen", phone=CANARY, count=1)
    lines = logged()
    assert CANARY not in json.dumps(lines)
    assert [line["event"] for line in lines] == ["library", "seen"]
    assert all(line.keys() <= ALLOWED_KEYS for line in lines)


def test_request_id_when_made_then_it_is_a_uuid_of_version_7_that_sorts_by_time() -> None:
    made = [UUID(new_request_id()) for _ in range(100)]
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert [one.int >> 80 for one in made] == sorted(one.int >> 80 for one in made)


async def test_service_when_called_then_its_edge_is_in_place(database: TestDatabase) -> None:
    async with api_client(database) as api:
        answer = await api.http.options("/client/v1/sign-in/session")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS"
    assert "request-id" in answer.headers
