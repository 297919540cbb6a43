"""JSON bodies are what they are said to be, and nothing else gets in."""

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar, Request, post
from litestar.exceptions import HTTPException

from api.kit import errors
from api.kit.bodies import DEEPEST, LEAST_ROOM, _is_too_deep, read_json, room_for


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """A body."""

    note: str = ""
    count: int = 0
    on_date: date | None = None
    more: dict[str, Any] = {}
    at: Annotated[str, msgspec.Meta(pattern="^[0-9]+$")] | None = None


@post("/", status_code=200)
async def take(request: Request[Any, Any, Any]) -> Any:
    asked = await read_json(request, Asked)
    return {"note": asked.note}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Litestar(
        [take],
        openapi_config=None,
        request_max_body_size=16 * 1024,
        exception_handlers={
            errors.Problem: errors.answer_problem,
            HTTPException: errors.answer_http_exception,
            Exception: errors.answer_unexpected,
        },
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://inside") as http:
        yield http


async def send(client: httpx.AsyncClient, body: bytes, kind: str = "application/json", **more: str) -> httpx.Response:
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    return await client.post("/", content=body, headers={"content-type": kind, **headers})


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ('Application/JSON;charset="UTF-8"', 200),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=utf-8; x=y", 415),
        ("application/json, text/plain", 415),
        ("application/json; garbage", 415),
        ("application/problem+json", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
    ],
)
async def test_body_when_said_to_be_of_another_kind_then_it_is_not_read(
    client: httpx.AsyncClient, kind: str, status: int
) -> None:
    assert (await send(client, b"{}", kind)).status_code == status


async def test_body_when_packed_then_it_is_not_read(client: httpx.AsyncClient) -> None:
    assert (await send(client, b"{}", content_encoding="gzip")).status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'"{}"', b"{", b"{} {}", b"[" * 16000, b"{'note': 1}", b"\xef\xbb\xbf{}",
        b'{"note": "a", "note": "b"}', b'{"note": "a", "\\u006eote": "b"}', b'{"more": {"a": {"b": 1, "b": 1}}}',
        b'{"count": "5"}', b'{"count": true}', b'{"count": 5.5}', b'{"count": NaN}', b'{"note": 1e999}',
        b'{"count": 1234567890123456789}', b'{"count": -1234567890123456789}', b'{"more": {"a": ' + b"9" * 5000 + b"}}",
        b'{"note": "\\ud800"}', b'{"note": "\xff"}', b'{"note": "\\u0000"}', b'{"note": "a\x00"}',
        b'{"more": {"\\u0000": 1}}', b'{"more": {"a": ["\\u0000"]}}', b'{"more": {"\xc3\xa9": "\\u0000"}}',
        b'{"on_date": 1700000000}', b'{"on_date": "24/11/2026"}', b'{"unknown": 1}', b'{"at": "unknown"}',
        b'{"more": ' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}", b'{"more": {"a": ' + b"[" * 8000 + b"]" * 8000 + b"}}",
    ],
)  # fmt: skip
async def test_body_when_it_is_not_what_was_asked_for_then_it_is_refused_and_never_repeated(
    client: httpx.AsyncClient, body: bytes
) -> None:
    answer = await send(client, body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "unknown" not in answer.text


async def test_body_when_it_is_as_asked_for_then_it_is_read_as_it_came(client: httpx.AsyncClient) -> None:
    for note in ("a", "é\u2028😀", "{[" * 100, '\\"\\', "\\u0000", "\x7f\x85"):
        assert (await send(client, json.dumps({"note": note}).encode())).json() == {"note": note}


async def test_body_when_it_is_too_large_then_it_is_refused(client: httpx.AsyncClient) -> None:
    body = json.dumps({"note": "a" * 17000}).encode()
    assert (await send(client, body)).status_code == 413


def depth(value: Any) -> int:
    """How deep a value is nested."""
    if isinstance(value, dict | list):
        return 1 + max((depth(one) for one in (value.values() if isinstance(value, dict) else value)), default=0)
    return 0


TEXTS = st.text(alphabet='[]{}\\"a', max_size=5)


@given(
    st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2)),
    st.integers(0, DEEPEST + 3),
)
def test_depth_when_measured_then_brackets_in_strings_do_not_count(value: Any, wrapped: int) -> None:
    for _ in range(wrapped):
        value = [value]
    assert _is_too_deep(json.dumps(value).encode()) == (depth(value) > DEEPEST)


@given(st.text(alphabet='[]{}\\"a', max_size=200))
def test_depth_when_measured_in_anything_then_it_is_never_more_than_the_brackets_there_are(body: str) -> None:
    opening = sum(body.count(bracket) for bracket in "[{")
    assert not (_is_too_deep(body.encode()) and opening <= DEEPEST)


class Section(msgspec.Struct, forbid_unknown_fields=True):
    """Long texts."""

    words: Annotated[str, msgspec.Meta(max_length=20_000)] | None
    several: Annotated[list[Annotated[str, msgspec.Meta(max_length=100)]], msgspec.Meta(max_length=50)]


def test_room_when_a_body_has_long_texts_then_the_longest_of_them_fits_however_it_is_written() -> None:
    longest = json.dumps({"words": "é" * 20_000, "several": ["é" * 100] * 50}).encode()
    assert len(longest) <= room_for(Section) <= len(longest) + LEAST_ROOM
    assert room_for(Asked) == LEAST_ROOM
