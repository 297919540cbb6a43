"""Who may call a route. Every route declares exactly one of these guards; a test fails on one that does not."""

import hmac
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from api.kit.errors import BadRequest, NotAllowed, NotSignedIn, UnsupportedMediaType

MOST_FORM_FIELDS = 200

AnyConnection = ASGIConnection[Any, Any, Any, Any]


async def open_to_all(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Anybody may call this; it tells nothing about anybody."""


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
