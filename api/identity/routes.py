"""Where young people sign in and out: what they are answered tells nobody whether a number is known."""

from typing import Any

from litestar import Request, delete, get, post

from api.identity import service
from api.identity.models import (
    CODE_S,
    AskForCode,
    CodeAsked,
    GiveCode,
    GiveEnrolmentCode,
    GiveRefreshToken,
    SessionView,
    Tokens,
)
from api.kit.access import client_address, open_to_all, requires_young_person
from api.kit.bodies import read_json
from api.kit.errors import NotSignedIn, Refused, TooMany
from api.kit.signed_in import reading

SIGN_IN_PATH = "/client/v1/sign-in"
LARGEST_BODY_BYTES = 4096

AnyRequest = Request[Any, Any, Any]


@post(
    f"{SIGN_IN_PATH}/codes",
    guards=[open_to_all],
    status_code=202,
    request_max_body_size=LARGEST_BODY_BYTES,
    opt={"body": AskForCode, "problems": (Refused, TooMany)},
)
async def ask_for_code(request: AnyRequest) -> CodeAsked:
    """Has a code texted, if somebody signs in with that number."""
    asked = await read_json(request, AskForCode)
    state = request.app.state
    secret, address = state.settings.session_secret, client_address(request)
    challenge_id = await service.ask_for_code(state.database, state.field_keys, secret, asked.phone, address)
    return CodeAsked(challenge_id, CODE_S)


@post(
    f"{SIGN_IN_PATH}/sessions",
    guards=[open_to_all],
    status_code=201,
    request_max_body_size=LARGEST_BODY_BYTES,
    opt={"body": GiveCode, "problems": (NotSignedIn, TooMany)},
)
async def sign_in(request: AnyRequest) -> Tokens:
    """Tokens for the code from the text."""
    given = await read_json(request, GiveCode)
    return await service.sign_in(request.app.state.database, given.challenge_id, given.code, client_address(request))


@post(
    f"{SIGN_IN_PATH}/tokens",
    guards=[open_to_all],
    status_code=200,
    request_max_body_size=LARGEST_BODY_BYTES,
    opt={"body": GiveRefreshToken, "problems": (NotSignedIn, TooMany)},
)
async def renew(request: AnyRequest) -> Tokens:
    """The next pair of tokens."""
    given = await read_json(request, GiveRefreshToken)
    state = request.app.state
    secret, address = state.settings.session_secret, client_address(request)
    return await service.renew(state.database, secret, given.refresh_token, address)


@get(f"{SIGN_IN_PATH}/session", guards=[requires_young_person])
async def show_session(request: AnyRequest) -> SessionView:
    """What this device may see, and since when."""
    async with reading(request) as (_, who):
        return SessionView(who.level, who.signed_in_at)


@post(
    f"{SIGN_IN_PATH}/enrolment",
    guards=[requires_young_person],
    status_code=204,
    request_max_body_size=LARGEST_BODY_BYTES,
    opt={"body": GiveEnrolmentCode},
)
async def enrol(request: AnyRequest) -> None:
    """Lets this device see everything, by the code the adviser handed over."""
    given = await read_json(request, GiveEnrolmentCode)
    state = request.app.state
    await service.enrol(state.database, state.settings.session_secret, request.state.who, given.code)


@delete(f"{SIGN_IN_PATH}/session", guards=[requires_young_person])
async def sign_out(request: AnyRequest) -> None:
    """Signs this device out."""
    async with request.app.state.signed_in.acting_with(request.state.token) as connection:
        await service.sign_out(connection, request.state.who.session_id)


@delete(f"{SIGN_IN_PATH}/sessions", guards=[requires_young_person])
async def sign_out_everywhere(request: AnyRequest) -> None:
    """Signs every device of this person out."""
    async with request.app.state.signed_in.acting_with(request.state.token) as connection:
        await service.sign_out_everywhere(connection, request.state.who.person_id)


ROUTES = [ask_for_code, sign_in, renew, show_session, enrol, sign_out, sign_out_everywhere]
