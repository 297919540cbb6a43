"""Where staff sign in and out. Whatever fails is told alike; the log has a code for it."""

import re
from typing import Annotated
from uuid import UUID

from litestar import Response, delete, get
from litestar.datastructures import Cookie
from litestar.params import QueryParameter

from api.kit.access import STAFF_COOKIE, Who, client_address, open_to_all, requires_staff
from api.kit.errors import NotAllowed, TooMany
from api.kit.signed_in import AnyRequest, reading
from api.staff_sign_in import service
from api.staff_sign_in.models import (
    AT_PROVIDER_S,
    LONGEST_CODE,
    LONGEST_RETURN_TO,
    RETURN_TO_PATTERN,
    Answer,
    StaffSession,
)

SIGN_IN_PATH = "/admin/v1/sign-in"
CALLBACK_PATH = f"{SIGN_IN_PATH}/callback"
SIGN_IN_COOKIE = "__Host-fifteenplus-sign-in"
_TOKEN = re.compile("[0-9a-f]{64}")

Short = Annotated[str | None, QueryParameter(max_length=LONGEST_CODE)]


@get(SIGN_IN_PATH, guards=[open_to_all], status_code=303, opt={"problems": (NotAllowed, TooMany)})
async def start_sign_in(
    request: AnyRequest,
    step_up: Annotated[bool, QueryParameter()] = False,
    return_to: Annotated[
        str, QueryParameter(max_length=LONGEST_RETURN_TO, pattern=RETURN_TO_PATTERN)
    ] = "/admin/v1/session",
) -> Response[None]:
    """Sends a browser to the council's sign-in; with `step_up` to prove anew who is there."""
    state = request.app.state
    for_staff_id = await _who_is_here(request) if step_up else None
    started = await service.start(
        state.database,
        state.oidc,
        state.settings.session_secret,
        return_to=return_to,
        is_step_up=step_up,
        for_staff_id=for_staff_id,
        browser_token=_token_in(request, SIGN_IN_COOKIE),
        address=client_address(request),
    )
    return _send_to(started.url, _cookie(SIGN_IN_COOKIE, started.browser_token, max_age_s=AT_PROVIDER_S))


@get(CALLBACK_PATH, guards=[open_to_all], status_code=303, opt={"problems": (NotAllowed, TooMany)})
async def finish_sign_in(
    request: AnyRequest,
    code: Short = None,
    given_state: Annotated[str | None, QueryParameter(name="state", max_length=LONGEST_CODE)] = None,
    iss: Short = None,
) -> Response[None]:
    """Takes a browser back from the council's sign-in, and signs it in under a new token."""
    state = request.app.state
    answer = Answer(given_state or "", code or "", iss, _token_in(request, SIGN_IN_COOKIE))
    signed_in = await service.finish(
        state.database,
        state.signed_in,
        state.oidc,
        state.settings.session_secret,
        answer,
        _token_in(request, STAFF_COOKIE),
    )
    return _send_to(signed_in.return_to, _cookie(STAFF_COOKIE, signed_in.token))


@get("/admin/v1/session", guards=[requires_staff])
async def show_staff_session(request: AnyRequest) -> StaffSession:
    """Who is signed in here, and when that ends."""
    async with reading(request) as (connection, who):
        return await service.show_session(connection, who)


@delete("/admin/v1/session", guards=[requires_staff], status_code=204)
async def sign_staff_out(request: AnyRequest) -> Response[None]:
    """Signs this browser out."""
    async with request.app.state.signed_in.transaction_with(request.state.token) as connection:
        await service.sign_out(connection, request.state.who)
    return Response(None, status_code=204, cookies=[_cookie(STAFF_COOKIE, "", max_age_s=0)])


@delete("/admin/v1/sessions", guards=[requires_staff], status_code=204)
async def sign_staff_out_everywhere(request: AnyRequest) -> Response[None]:
    """Signs this member of staff out of every browser."""
    async with request.app.state.signed_in.transaction_with(request.state.token) as connection:
        await service.sign_out_everywhere(connection, request.state.who)
    return Response(None, status_code=204, cookies=[_cookie(STAFF_COOKIE, "", max_age_s=0)])


async def _who_is_here(request: AnyRequest) -> UUID | None:
    """Whoever of staff is signed in in this browser."""
    async with request.app.state.signed_in.signed_on(_token_in(request, STAFF_COOKIE)) as (_, row):
        return None if row[0] is None else Who(*row).staff_id


def _token_in(request: AnyRequest, name: str) -> str:
    """The token in a cookie; an empty one, which is nobody's, when there is none."""
    token: str = request.cookies.get(name, "")
    return token if _TOKEN.fullmatch(token) else ""


def _cookie(name: str, value: str, *, max_age_s: int | None = None) -> Cookie:
    """For this host alone, never for a script, and sent along when a browser comes back from the provider."""
    return Cookie(key=name, value=value, path="/", max_age=max_age_s, secure=True, httponly=True, samesite="lax")


def _send_to(address: str, *cookies: Cookie) -> Response[None]:
    return Response(None, status_code=303, headers={"Location": address}, cookies=list(cookies))


ROUTES = [start_sign_in, finish_sign_in, show_staff_session, sign_staff_out, sign_staff_out_everywhere]
