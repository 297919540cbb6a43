"""How often one may call: an allowance of one's own for each class of route, counted by the database."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar, Request, get, post
from litestar.datastructures import State

from api.kit import errors
from api.kit.access import EXPORT, SEARCH, requires_staff, requires_young_person
from api.kit.db import SIGN_IN, Database
from api.kit.limits import Limit, take
from api.kit.signed_in import reading
from tests.api.client import serve_settings
from tests.api.identity.staff import as_staff, as_young_person
from tests.conftest import TestDatabase
from tests.factories import create_person, create_session, create_staff

AnyRequest = Request[Any, Any, Any]
MOST = 3


@get("/read", guards=[requires_staff])
async def read(request: AnyRequest) -> None:
    async with reading(request):
        pass


@get("/search", guards=[requires_staff], opt={"allowance": SEARCH})
async def search(request: AnyRequest) -> None:
    async with reading(request):
        pass


@post("/export", guards=[requires_staff], opt={"allowance": EXPORT})
async def export(request: AnyRequest) -> None: ...


@post("/write", guards=[requires_staff])
async def write_something(request: AnyRequest) -> None: ...


@post("/say", guards=[requires_young_person], opt={"allowance": None})
async def say(request: AnyRequest) -> None: ...


@get("/unlisted", guards=[requires_staff], opt={"allowance": "forgotten"})
async def unlisted(request: AnyRequest) -> None:
    async with reading(request):
        pass


CALLS = {
    "read": ("GET", "/read"),
    "search": ("GET", "/search"),
    "export": ("POST", "/export"),
    "write": ("POST", "/write"),
}


@pytest.fixture
async def client(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    await admin.execute("UPDATE allowances SET at_once = $1, refilled_in_s = 60", MOST)
    signed_in = Database(database.signed_in_url, size=2)
    app = Litestar(
        [read, search, export, write_something, say, unlisted],
        state=State({"signed_in": signed_in, "settings": serve_settings(database)}),
        openapi_config=None,
        exception_handlers={errors.Problem: errors.answer_problem, Exception: errors.answer_unexpected},
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://inside") as http:
        yield http
    await signed_in.close()


@pytest.mark.parametrize("route_class", CALLS)
async def test_session_when_it_calls_too_often_then_it_is_told_how_long_to_wait_and_that_is_right(
    client: httpx.AsyncClient, admin: asyncpg.Connection, route_class: str
) -> None:
    headers = as_staff(await create_session(admin, staff=await create_staff(admin)))
    answers = [await client.request(*CALLS[route_class], headers=headers) for _ in range(MOST + 2)]
    assert [answer.status_code // 100 for answer in answers] == [2] * MOST + [4] * 2
    wait_s = int(answers[-1].headers["retry-after"])
    assert 60 / MOST - 5 <= wait_s <= 60 / MOST
    for waited_s, status in ((wait_s - 6, 429), (6, 200)):
        await admin.execute("UPDATE rate_limits SET filled_at = filled_at - make_interval(secs => $1)", waited_s)
        answer = await client.request(*CALLS[route_class], headers=headers)
        assert (answer.status_code == 429) == (status == 429)


async def test_allowance_when_used_up_then_other_classes_and_other_sessions_have_theirs(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    staff = await create_staff(admin)
    mine, also_mine = [as_staff(await create_session(admin, staff=staff)) for _ in range(2)]
    while (await client.get("/read", headers=mine)).status_code == 200:
        pass
    assert (await client.get("/search", headers=mine)).status_code == 200
    assert (await client.post("/write", headers=mine)).status_code == 201
    assert (await client.get("/read", headers=also_mine)).status_code == 200


async def test_allowance_when_rested_for_long_then_it_is_full_and_not_more(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    headers = as_staff(await create_session(admin, staff=await create_staff(admin)))
    await client.get("/read", headers=headers)
    await admin.execute("UPDATE rate_limits SET filled_at = filled_at - interval '1 day'")
    answers = [(await client.get("/read", headers=headers)).status_code for _ in range(MOST + 1)]
    assert answers == [200] * MOST + [429]


async def test_route_when_it_stores_what_a_young_person_says_then_no_limit_keeps_it_out(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    headers = as_young_person(await create_session(admin, person=await create_person(admin), level="limited"))
    assert {(await client.post("/say", headers=headers)).status_code for _ in range(MOST * 4)} == {201}


async def test_caller_when_turned_away_then_the_log_says_from_which_route_and_which_session(
    client: httpx.AsyncClient, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(
        errors, "log", SimpleNamespace(info=lambda event, **more: told.append({"event": event, **more}))
    )
    person = as_staff(await create_session(admin, person=await create_person(admin)))
    staff = as_staff(await create_session(admin, staff=await create_staff(admin)))
    for headers in (person, as_staff("0" * 64), *[staff] * (MOST + 1)):
        await client.get("/read", headers=headers)
    sessions = [str(row[0]) for row in await admin.fetch("SELECT session_id FROM sessions ORDER BY created_at")]
    assert [(line["event"], line["status"], line["session_id"], line["route"]) for line in told] == [
        ("turned_away", status, session_id, "read")
        for status, session_id in ((403, sessions[0]), (401, None), (429, sessions[1]))
    ]


async def test_class_when_it_is_not_listed_then_nobody_calls_it_without_a_limit(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    headers = as_staff(await create_session(admin, staff=await create_staff(admin)))
    assert (await client.get("/unlisted", headers=headers)).status_code == 500


async def test_nobody_when_calling_then_no_allowance_is_kept_of_them(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    assert (await client.get("/read", headers=as_staff("0" * 64))).status_code == 401
    assert await admin.fetchval("SELECT count(*) FROM rate_limits") == 0


async def test_limit_of_a_number_when_none_is_left_then_the_wait_is_told(database: TestDatabase) -> None:
    owned = Database(database.api_url, size=1)
    async with owned.acting_as(SIGN_IN) as connection:
        limit = Limit("some", count=2, per_s=100)
        for _ in range(2):
            await take(connection, limit, "one")
        with pytest.raises(errors.TooMany) as caught:
            await take(connection, limit, "one")
        await take(connection, limit, "another")
    await owned.close()
    assert 45 <= int(caught.value.headers["Retry-After"]) <= 50
