"""Who may call a route. Every route declares exactly one of these guards; a test fails on one that does not."""

import hmac
import re
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from api.kit.errors import BadRequest, NotAllowed, NotSignedIn, StepUpNeeded, UnsupportedMediaType

MOST_FORM_FIELDS = 200
BEARER = re.compile(r"Bearer ([0-9a-f]{64})")

STAFF_COOKIE = "__Host-fifteenplus"
_COOKIE_TOKEN = re.compile(r"[0-9a-f]{64}")
READING_METHODS = frozenset({"GET", "HEAD"})

# Classes of routes; each has its allowance in the database.
READ = "read"
WRITE = "write"
SEARCH = "search"
EXPORT = "export"

AnyConnection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[AnyConnection, BaseRouteHandler], Coroutine[Any, Any, None]]


async def open_to_all(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Anybody may call this; it tells nothing about anybody."""


class Who(msgspec.Struct, frozen=True):
    """Whoever is signed in, as the database knows them by their token."""

    session_id: UUID
    person_id: UUID | None
    staff_id: UUID | None
    team_id: UUID | None
    staff_role: str | None
    level: str
    signed_in_at: datetime
    stepped_up_at: datetime | None = None
    """When a member of staff last signed in anew, for as long as that counts as a step-up."""


class Requirement(msgspec.Struct, frozen=True):
    """Who may call a route: young people of a level, or staff of these roles, signed in anew where it says so."""

    levels: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    needs_step_up: bool = False


ON_CASES = frozenset({"personal_adviser", "duty_worker", "manager"})
ALL_ROLES = ON_CASES | {"reviewing_officer", "data_protection_lead", "administrator"}


def _requires(requirement: Requirement, promise: str) -> Guard:
    async def guard(connection: AnyConnection, handler: BaseRouteHandler) -> None:
        """Leaves `token` in the request's state, and `who` before a write. Raises as `check_who` does."""
        connection.state.requirement = requirement
        connection.state.token = _read_token(connection, requirement)
        # A read signs on where it reads, in the same round trip; a write is refused before its body is read.
        if not _is_read(connection):
            signed_in, allowance = connection.app.state.signed_in, allowance_of(handler, WRITE)
            async with signed_in.signed_on(connection.state.token, allowance=allowance) as (_, row):
                connection.state.who = check_who(connection, row)

    guard.__doc__ = promise
    guard.requirement = requirement  # type: ignore[attr-defined]
    return guard


requires_young_person = _requires(
    Requirement(levels=frozenset({"limited", "full"})),
    "Only a young person who is signed in, of whichever level; the database decides what that one sees.",
)
requires_full_level = _requires(
    Requirement(levels=frozenset({"full"})), "Only a young person on a device that their adviser enrolled."
)
requires_staff = _requires(Requirement(roles=ALL_ROLES), "Only staff, whatever their role.")
requires_case_staff = _requires(
    Requirement(roles=ON_CASES), "Only staff who work on cases; the database decides on whose."
)
requires_reader_of_cases = _requires(
    Requirement(roles=ON_CASES | {"reviewing_officer"}),
    "Only staff who work on cases or review plans; the database decides on whose.",
)
requires_manager = _requires(Requirement(roles=frozenset({"manager"})), "Only managers.")
requires_data_protection_lead = _requires(
    Requirement(roles=frozenset({"data_protection_lead"})), "Only the data protection lead."
)
requires_overseer = _requires(
    Requirement(roles=frozenset({"manager", "data_protection_lead"})), "Only managers and the data protection lead."
)
requires_administrator = _requires(Requirement(roles=frozenset({"administrator"})), "Only administrators.")

# For what a borrowed screen must not be enough: an address, break-glass, an export, roles.
requires_case_staff_stepped_up = _requires(
    Requirement(roles=ON_CASES, needs_step_up=True),
    "Only staff who work on cases and signed in anew minutes ago; the database decides on whose.",
)
requires_overseer_stepped_up = _requires(
    Requirement(roles=frozenset({"manager", "data_protection_lead"}), needs_step_up=True),
    "Only managers and the data protection lead who signed in anew minutes ago.",
)
requires_data_protection_lead_stepped_up = _requires(
    Requirement(roles=frozenset({"data_protection_lead"}), needs_step_up=True),
    "Only the data protection lead who signed in anew minutes ago.",
)
requires_administrator_stepped_up = _requires(
    Requirement(roles=frozenset({"administrator"}), needs_step_up=True),
    "Only administrators who signed in anew minutes ago.",
)


def check_who(connection: AnyConnection, row: Sequence[Any]) -> Who:
    """Who a connection was signed on for, if the route is for them. Raises NotSignedIn, NotAllowed or StepUpNeeded."""
    if row[0] is None:
        raise NotSignedIn
    who, requirement = Who(*row), connection.state.requirement
    connection.state.session_id = str(who.session_id)
    if who.staff_id is not None:
        if who.staff_role not in requirement.roles:
            raise NotAllowed
        if requirement.needs_step_up and who.stepped_up_at is None:
            raise StepUpNeeded
    elif who.level not in requirement.levels:
        raise NotAllowed
    return who


def _read_token(connection: AnyConnection, requirement: Requirement) -> str:
    """A device's token from its header; a member of staff's from their cookie, never from another site's page."""
    if requirement.levels:
        given = BEARER.fullmatch(connection.headers.get("authorization", ""))
        if given is not None:
            return given[1]
    if requirement.roles:
        token = connection.cookies.get(STAFF_COOKIE, "")
        if _COOKIE_TOKEN.fullmatch(token):
            _refuse_other_sites(connection)
            return token
    raise NotSignedIn


def allowance_of(handler: BaseRouteHandler, usual: str) -> str | None:
    """Of which allowance a route takes: `opt={"allowance": …}` where that is not the usual one.

    None takes of none: for a route that stores what a young person says, which no limit may keep from being stored.
    """
    allowance: str | None = handler.opt.get("allowance", usual)
    return allowance


def _is_read(connection: AnyConnection) -> bool:
    return connection.scope.get("method") in READING_METHODS


def _refuse_other_sites(connection: AnyConnection) -> None:
    """A browser says from where it writes; a cookie sent along from elsewhere is not its owner's will."""
    if _is_read(connection):
        return
    if connection.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise NotAllowed
    origin = connection.headers.get("origin")
    if origin is not None and origin != connection.app.state.settings.public_base_url.rstrip("/"):
        raise NotAllowed


def client_address(connection: AnyConnection) -> str:
    """Where a request comes from: the caller, or whom a proxy that we trust names; an IPv6 network as one."""
    peer = connection.client.host if connection.client else ""
    trusted = connection.app.state.settings.trusted_proxies
    if any(_is_in(peer, network) for network in trusted):
        peer = connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or peer
    try:
        address = ip_address(peer)
    except ValueError:
        return "unknown"
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)


def _is_in(peer: str, network: str) -> bool:
    try:
        return ip_address(peer) in ip_network(network, strict=False)
    except ValueError:
        return False


async def requires_bot(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Only Rasa, by the secret it shares with us. Raises NotSignedIn."""
    secret: str = connection.app.state.settings.bot_actions_secret
    given = connection.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {secret}".encode()):
        raise NotSignedIn


async def requires_twilio(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Only Twilio, for our account, by its signature over our public URL and every parameter.

    Leaves the parameters in `request.state.form`. Raises NotAllowed, UnsupportedMediaType or BadRequest.
    """
    if not isinstance(connection, Request):
        raise NotAllowed
    form = await _read_form(connection)
    settings = connection.app.state.settings
    url = settings.public_base_url.rstrip("/") + _path_and_query(connection)
    signature = connection.headers.get("x-twilio-signature")
    is_valid = connection.app.state.signature_is_valid(
        auth_tokens=settings.twilio_auth_tokens, url=url, params=form, signature=signature
    )
    if not is_valid or dict(form).get("AccountSid") != settings.twilio_account_sid:
        raise NotAllowed("The signature does not fit.")
    connection.state.form = dict(form)


async def _read_form(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """The form's fields, parsed here: Litestar would keep the last thousand bodies in memory."""
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType
    try:
        body = (await request.body()).decode()
        return parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FORM_FIELDS, errors="strict")
    except ValueError:
        raise BadRequest from None


def _path_and_query(request: Request[Any, Any, Any]) -> str:
    raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope.get("query_string") or b""
    path = raw_path.partition(b"?")[0] + (b"?" + query if query else b"")
    return path.decode("latin-1")
