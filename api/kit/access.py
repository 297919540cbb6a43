"""Who may call a route. Every route declares exactly one of these guards; a test fails on one that does not."""

import hmac
import re
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from api.kit.errors import BadRequest, NotAllowed, NotSignedIn, UnsupportedMediaType

MOST_FORM_FIELDS = 200
BEARER = re.compile(r"Bearer ([0-9a-f]{64})")

WHO = "SELECT session_id, person_id, staff_id, staff_role, level, signed_in_at FROM sec.who()"

AnyConnection = ASGIConnection[Any, Any, Any, Any]


async def open_to_all(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Anybody may call this; it tells nothing about anybody."""


class Who(msgspec.Struct, frozen=True):
    """Whoever is signed in, as the database knows them by their token."""

    session_id: UUID
    person_id: UUID | None
    staff_id: UUID | None
    staff_role: str | None
    level: str
    signed_in_at: datetime


async def requires_young_person(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Only a young person who is signed in, of whichever level; the database decides what that one sees.

    Leaves `who` and `token` in the request's state. Raises NotSignedIn.
    """
    who = await _read_who(connection)
    if who.person_id is None:
        raise NotSignedIn


async def _read_who(connection: AnyConnection) -> Who:
    given = BEARER.fullmatch(connection.headers.get("authorization", ""))
    if given is None:
        raise NotSignedIn
    async with connection.app.state.signed_in.acting_with(given[1]) as database:
        row = await database.fetchrow(WHO)
    if row is None or row[0] is None:
        raise NotSignedIn
    connection.state.who, connection.state.token = Who(*row), given[1]
    return Who(*row)


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
