"""A write is carried out once, by whom it is for, on the version that was read."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest
from litestar import Litestar, get, patch
from litestar.datastructures import State

from api.kit import errors
from api.kit.access import requires_case_staff, requires_case_staff_stepped_up, requires_full_level, requires_staff
from api.kit.db import Database
from api.kit.errors import Refused
from api.kit.pages import read_cursor, write_cursor
from api.kit.signed_in import AnyRequest, Write, Written, reading, write
from tests.api.client import PUBLIC_BASE_URL, SESSION_SECRET, serve_settings
from tests.api.identity.staff import as_staff, as_young_person
from tests.conftest import TestDatabase
from tests.factories import create_person, create_session, create_staff

RECORD = UUID(int=15)


class Change(msgspec.Struct, forbid_unknown_fields=True):
    note: str
    parts: list[int] = []


done: list[str] = []


async def carry_out(asked: Write, change: Change) -> Written:
    asked.check_version(3)
    version = asked.version()
    if change.note == "wait":
        await asyncio.sleep(0.2)
    if change.note == "refuse":
        raise Refused
    done.append(change.note)
    return Written(RECORD, version + 1, f"/records/{RECORD}")


@patch("/records", guards=[requires_case_staff])
async def change_record(request: AnyRequest) -> Any:
    return await write(request, Change, carry_out)


@get("/who", guards=[requires_staff])
async def show_who(request: AnyRequest) -> str:
    async with reading(request) as (_, who):
        return str(who.staff_role)


@get("/address", guards=[requires_case_staff_stepped_up])
async def show_address(request: AnyRequest) -> str:
    async with reading(request) as (_, who):
        return str(who.staff_role)


@get("/mine", guards=[requires_full_level])
async def show_mine(request: AnyRequest) -> str:
    async with reading(request) as (_, who):
        return who.level


@pytest.fixture
async def client(database: TestDatabase) -> AsyncIterator[httpx.AsyncClient]:
    done.clear()
    signed_in = Database(database.signed_in_url, size=4)
    app = Litestar(
        [change_record, show_who, show_mine, show_address],
        state=State({"signed_in": signed_in, "settings": serve_settings(database)}),
        openapi_config=None,
        exception_handlers={errors.Problem: errors.answer_problem, Exception: errors.answer_unexpected},
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://inside") as http:
        yield http
    await signed_in.close()


@pytest.fixture
async def adviser(admin: asyncpg.Connection) -> str:
    return await create_session(admin, staff=await create_staff(admin))


async def send(client: httpx.AsyncClient, token: str, body: Any, **headers: str) -> httpx.Response:
    headers = {"idempotency_key": str(uuid4()), "if_match": '"3"'} | headers
    given = as_staff(token, **{name: value for name, value in headers.items() if value})
    return await client.patch("/records", json=body, headers=given)


async def test_write_when_sent_again_then_it_is_carried_out_once_and_answered_alike(
    client: httpx.AsyncClient, adviser: str
) -> None:
    answers = [await send(client, adviser, {"note": "a"}, idempotency_key="same-key") for _ in range(2)]
    assert [(a.status_code, a.content, a.headers["etag"]) for a in answers] == [(200, answers[0].content, '"4"')] * 2
    assert [a.headers.get("idempotency-replayed") for a in answers] == [None, "true"]
    assert done == ["a"]


async def test_write_when_sent_twice_at_once_then_it_is_carried_out_once(
    client: httpx.AsyncClient, adviser: str
) -> None:
    sends = (send(client, adviser, {"note": "wait"}, idempotency_key="same-key") for _ in range(2))
    assert [a.status_code for a in await asyncio.gather(*sends)] == [200, 200]
    assert done == ["wait"]


async def test_write_when_its_key_came_with_another_body_then_it_is_refused(
    client: httpx.AsyncClient, adviser: str
) -> None:
    await send(client, adviser, {"note": "a"}, idempotency_key="same-key")
    assert (await send(client, adviser, {"note": "b"}, idempotency_key="same-key")).status_code == 422
    assert done == ["a"]


async def test_write_when_it_is_kept_then_what_was_asked_cannot_be_found_out_by_trying(
    client: httpx.AsyncClient, adviser: str, admin: asyncpg.Connection
) -> None:
    await send(client, adviser, {"note": "NG7 2RD"})
    kept = await admin.fetchval("SELECT request_hash FROM idempotency_keys")
    asked = b"\0".join((b"PATCH", b"/records", b"3", b'{"note":"NG7 2RD"}'))
    assert kept == hmac.digest(SESSION_SECRET.encode(), b"idempotency:" + asked, "sha256")
    assert kept != hashlib.sha256(asked).digest()


async def test_write_when_it_was_refused_then_the_same_key_may_be_used_for_the_mended_one(
    client: httpx.AsyncClient, adviser: str
) -> None:
    assert (await send(client, adviser, {"note": "refuse"}, idempotency_key="same-key")).status_code == 422
    assert (await send(client, adviser, {"note": "a"}, idempotency_key="same-key")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"if_match": '"2"'}, 412),
        ({"if_match": ""}, 428),
        ({"if_match": "3"}, 400),
        ({"if_match": "*"}, 400),
        ({"idempotency_key": ""}, 400),
        ({"idempotency_key": "short"}, 400),
        ({"idempotency_key": "x" * 65}, 400),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"origin": "https://elsewhere.example"}, 403),
        ({"origin": PUBLIC_BASE_URL, "sec_fetch_site": "same-origin"}, 200),
        ({"content_type": "text/plain"}, 415),
    ],
)
async def test_write_when_its_headers_are_not_right_then_it_says_so_and_nothing_is_done(
    client: httpx.AsyncClient, adviser: str, changes: dict[str, str], status: int
) -> None:
    answer = await send(client, adviser, {"note": "a"}, **changes)
    assert (answer.status_code, done) == (status, ["a"] if status == 200 else [])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"note": 5}, "note"),
        ({}, "note"),
        ({"note": "a", "parts": [1, "2"]}, "parts[1]"),
        ({"note": "a", "extra": 1}, ""),
        ({"note": "a\0b"}, "note"),
    ],
)
async def test_write_when_a_field_is_wrong_then_its_place_is_told_and_nothing_that_was_sent(
    client: httpx.AsyncClient, adviser: str, body: dict[str, Any], path: str
) -> None:
    answer = await send(client, adviser, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == path
    assert "extra" not in answer.text


@pytest.mark.parametrize("role", ["manager", "reviewing_officer", "administrator"])
async def test_route_when_called_by_a_role_then_the_database_says_which_it_is(
    client: httpx.AsyncClient, admin: asyncpg.Connection, role: str
) -> None:
    token = await create_session(admin, staff=await create_staff(admin, role=role))
    assert (await client.get("/who", headers=as_staff(token))).text == role
    written = await send(client, token, {"note": "a"})
    assert written.status_code == (200 if role == "manager" else 403)


@pytest.mark.parametrize("age", ["0", "299 seconds", "301 seconds"])
async def test_route_when_it_needs_a_step_up_then_a_fresh_one_is_enough_and_an_old_one_is_told_where_to_go(
    client: httpx.AsyncClient, admin: asyncpg.Connection, adviser: str, age: str
) -> None:
    never = await client.get("/address", headers=as_staff(adviser))
    assert (never.status_code, never.json()["sign_in"]) == (403, "/admin/v1/sign-in?step_up=true")
    await admin.execute("UPDATE sessions SET stepped_up_at = clock_timestamp() - $1::text::interval", age)
    answer = await client.get("/address", headers=as_staff(adviser))
    assert answer.status_code == (403 if age.startswith("301") else 200)
    administrator = await create_session(
        admin, staff=await create_staff(admin, role="administrator"), is_stepped_up=True
    )
    assert (await client.get("/address", headers=as_staff(administrator))).json()["type"] == "about:blank"


async def test_route_when_called_without_a_live_token_then_it_is_not_answered(
    client: httpx.AsyncClient, admin: asyncpg.Connection, adviser: str
) -> None:
    person = await create_session(admin, person=await create_person(admin), level="limited")
    assert (await client.get("/who")).status_code == 401
    assert (await client.get("/who", headers=as_staff("0" * 64))).status_code == 401
    assert (await client.get("/who", headers=as_young_person(adviser))).status_code == 401
    assert (await client.get("/who", headers=as_staff(person))).status_code == 403
    assert (await client.get("/mine", headers=as_young_person(person))).status_code == 403
    assert (await client.get("/mine", headers=as_young_person(adviser))).status_code == 403
    assert (await client.patch("/records", content=b"not even json")).status_code == 401


def test_cursor_when_read_again_then_it_is_the_place_it_was_written_at() -> None:
    place = ("2026-11-24", uuid4())
    assert read_cursor(write_cursor(*place), tuple[str, UUID]) == place
    assert read_cursor(None, tuple[str, UUID]) is None


@pytest.mark.parametrize("cursor", ["x", "é", write_cursor(1), write_cursor("a", "b"), "W" * 3])
def test_cursor_when_it_is_not_ours_then_it_is_refused(cursor: str) -> None:
    with pytest.raises(errors.BadRequest):
        read_cursor(cursor, tuple[str, UUID])
