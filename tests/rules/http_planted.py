"""Routes that are right, and the same with a fault in each: what the HTTP matrix has to find."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from litestar import Request, Response, get, patch, post
from litestar.params import FromPath

from api.kit import access, errors, signed_in
from api.kit.access import (
    Who,
    open_to_all,
    requires_bot,
    requires_case_staff,
    requires_full_level,
    requires_manager,
    requires_staff,
    requires_twilio,
    requires_young_person,
)
from api.kit.errors import NotAllowed, NotFound
from api.kit.signed_in import Write, Written, reading, write
from tests.rules.http_matrix import HttpMatrix

AnyRequest = Request[Any, Any, Any]

GET_NAME = "SELECT full_name FROM young_people WHERE person_id = $1"
LIST_NAMES = "SELECT full_name FROM young_people"
OWN_NAME = "SELECT y.full_name FROM young_people AS y"

PERSON = "/admin/v1/planted/{person_id:uuid}"
PEOPLE = "/admin/v1/planted"
TEAM = "/admin/v1/planted-team"
MINE = "/client/v1/planted"


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """A change."""

    version: int = 1


@get(PERSON, guards=[requires_case_staff])
async def show_person(request: AnyRequest, person_id: FromPath[UUID]) -> str:
    async with reading(request) as (connection, _):
        return await _name_of(connection, person_id)


@patch(PERSON, guards=[requires_case_staff], opt={"body": Change})
async def change_person(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    async def carry_out(asked: Write, _: Change) -> Written:
        await _name_of(asked.connection, person_id)
        return Written(person_id, 2)

    return await write(request, Change, carry_out, status=200)


@get(PEOPLE, guards=[requires_staff])
async def list_people(request: AnyRequest) -> list[str]:
    async with reading(request) as (connection, _):
        return [row[0] for row in await connection.fetch(LIST_NAMES)]


@get(TEAM, guards=[requires_manager])
async def show_team(request: AnyRequest) -> str:
    async with reading(request) as (_, who):
        return str(who.staff_role)


@get(MINE, guards=[requires_full_level])
async def show_mine(request: AnyRequest) -> list[str]:
    async with reading(request) as (connection, _):
        return [row[0] for row in await connection.fetch(OWN_NAME)]


@post("/bot/planted", guards=[requires_bot], status_code=200)
async def act(request: AnyRequest) -> None: ...


@post("/webhooks/planted", guards=[requires_twilio], status_code=200)
async def receive(request: AnyRequest) -> None: ...


async def _name_of(connection: Any, person_id: UUID) -> str:
    name: str | None = await connection.fetchval(GET_NAME, person_id)
    if name is None:
        raise NotFound
    return name


ROUTES = [show_person, change_person, list_people, show_team, show_mine, act, receive]
EXPECTED = {
    ("GET", PERSON): requires_case_staff,
    ("PATCH", PERSON): requires_case_staff,
    ("GET", PEOPLE): requires_staff,
    ("GET", TEAM): requires_manager,
    ("GET", MINE): requires_full_level,
    ("POST", "/bot/planted"): requires_bot,
    ("POST", "/webhooks/planted"): requires_twilio,
}
SCOPES = {
    ("GET", PERSON.replace(":uuid", "")): "record",
    ("PATCH", PERSON.replace(":uuid", "")): "record",
    ("GET", PEOPLE): "list",
    ("GET", TEAM): "none",
    ("GET", MINE): "self",
    ("POST", "/bot/planted"): "none",
    ("POST", "/webhooks/planted"): "none",
}


@dataclass(frozen=True)
class Fault:
    """A route with a fault instead of the right one, or a part of the service made weak."""

    name: str
    instead_of: Any = None
    route: Any = None
    weaken: Callable[[pytest.MonkeyPatch, HttpMatrix], None] | None = None


@get(PERSON, guards=[open_to_all])
async def show_person_to_all(request: AnyRequest, person_id: FromPath[UUID]) -> str:
    return "somebody"


@get(PERSON, guards=[requires_case_staff])
async def show_person_without_signing_on(request: AnyRequest, person_id: FromPath[UUID]) -> str:
    async with request.app.state.signed_in.acting_with(request.state.token) as connection:
        return await _name_of(connection, person_id)


@get(PERSON, guards=[requires_case_staff])
async def show_person_as_the_service(request: AnyRequest, person_id: FromPath[UUID]) -> str:
    async with reading(request):
        return f"Canary of {person_id}"


@get(PERSON, guards=[requires_case_staff])
async def say_that_there_is_one(request: AnyRequest, person_id: FromPath[UUID]) -> str:
    async with reading(request) as (connection, _):
        try:
            return await _name_of(connection, person_id)
        except NotFound:
            raise NotAllowed from None


@get(PERSON, guards=[requires_case_staff])
async def repeat_who_is_not_found(request: AnyRequest, person_id: FromPath[UUID]) -> str:
    async with reading(request) as (connection, _):
        try:
            return await _name_of(connection, person_id)
        except NotFound:
            raise NotFound(f"{person_id} is not yours.") from None


@get(PERSON, guards=[requires_case_staff])
async def name_others_in_a_header(request: AnyRequest, person_id: FromPath[UUID]) -> Response[str]:
    async with reading(request) as (connection, _):
        try:
            return Response(await _name_of(connection, person_id))
        except NotFound:
            return Response("", status_code=404, headers={"Location": f"/people/{person_id}"})


@get(PERSON, guards=[requires_staff])
async def show_person_to_every_role(request: AnyRequest, person_id: FromPath[UUID]) -> str:
    async with reading(request) as (connection, _):
        return await _name_of(connection, person_id)


@patch(PERSON, guards=[requires_case_staff], opt={"body": Change})
async def change_person_unseen(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    async def carry_out(asked: Write, _: Change) -> Written:
        return Written(UUID(int=0), 2)

    return await write(request, Change, carry_out, status=200)


@get(TEAM, guards=[requires_case_staff])
async def show_team_to_advisers(request: AnyRequest) -> str:
    async with reading(request) as (_, who):
        return str(who.staff_role)


@get(MINE, guards=[requires_young_person])
async def show_mine_at_any_level(request: AnyRequest) -> list[str]:
    async with reading(request) as (connection, _):
        return [row[0] for row in await connection.fetch(OWN_NAME)]


@get(PEOPLE, guards=[requires_staff])
async def list_everybody(request: AnyRequest) -> list[str]:
    async with reading(request):
        pass
    url = request.app.state.signed_in._url.replace("fifteenplus_signed_in", "postgres")
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(LIST_NAMES)]
    finally:
        await connection.close()


def _forget_roles(monkeypatch: pytest.MonkeyPatch, _: HttpMatrix) -> None:
    def check(connection: Any, row: Any) -> Who:
        if row[0] is None:
            raise access.NotSignedIn
        return Who(*row)

    monkeypatch.setattr(signed_in, "check_who", check)


def _let_nobody_in(monkeypatch: pytest.MonkeyPatch, _: HttpMatrix) -> None:
    check = access.check_who
    monkeypatch.setattr(signed_in, "check_who", lambda connection, row: check(connection, row) if row[0] else Who(*row))


def _guard_no_writes(monkeypatch: pytest.MonkeyPatch, _: HttpMatrix) -> None:
    monkeypatch.setattr(access, "check_who", lambda _, row: Who(*row))


def _take_any_token(monkeypatch: pytest.MonkeyPatch, _: HttpMatrix) -> None:
    def read(connection: Any, requirement: Any) -> str:
        given = access.BEARER.fullmatch(connection.headers.get("authorization", ""))
        token: str = given[1] if given else connection.cookies.get(access.STAFF_COOKIE, "")
        if not token:
            raise access.NotSignedIn
        return token

    monkeypatch.setattr(access, "_read_token", read)


def _believe_every_signature(_: pytest.MonkeyPatch, matrix: HttpMatrix) -> None:
    matrix.app.state.signature_is_valid = lambda **_: True


def _take_every_secret(monkeypatch: pytest.MonkeyPatch, _: HttpMatrix) -> None:
    monkeypatch.setattr(access, "hmac", SimpleNamespace(compare_digest=lambda *_: True))


def _let_other_sites_write(monkeypatch: pytest.MonkeyPatch, _: HttpMatrix) -> None:
    monkeypatch.setattr(access, "_refuse_other_sites", lambda _: None)


@get(PERSON, guards=[requires_case_staff])
async def log_who_is_looked_at(request: AnyRequest, person_id: FromPath[UUID]) -> str:
    async with reading(request) as (connection, _):
        name = await _name_of(connection, person_id)
        errors.log.info("seen", reason=name)
        return name


FAULTS = [
    Fault("a name is logged", show_person, log_who_is_looked_at),
    Fault("a guard was forgotten", show_person, show_person_to_all),
    Fault("a read does not check who signs on", show_person, show_person_without_signing_on),
    Fault("a read does not ask the database", show_person, show_person_as_the_service),
    Fault("an answer tells that there is such a person", show_person, say_that_there_is_one),
    Fault("a refusal repeats whom it refuses", show_person, repeat_who_is_not_found),
    Fault("a header tells of somebody", show_person, name_others_in_a_header),
    Fault("a route for cases lets every role in", show_person, show_person_to_every_role),
    Fault("a write does not look whose it changes", change_person, change_person_unseen),
    Fault("a route for managers lets advisers in", show_team, show_team_to_advisers),
    Fault("a route for enrolled devices lets any in", show_mine, show_mine_at_any_level),
    Fault("a list is read as somebody else", list_people, list_everybody),
    Fault("roles are not looked at", weaken=_forget_roles),
    Fault("a dead token lets in", weaken=_let_nobody_in),
    Fault("writes are not guarded", weaken=_guard_no_writes),
    Fault("either token is taken either way", weaken=_take_any_token),
    Fault("other sites may write", weaken=_let_other_sites_write),
    Fault("every signature is right", weaken=_believe_every_signature),
    Fault("every secret is right", weaken=_take_every_secret),
]
