"""Where staff get the address of their calendar, calendar programs read it, and young people take one appointment."""

import hashlib
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from api.calendars import service
from api.calendars.models import Feeds
from api.kit.access import client_address, open_to_all, requires_case_staff, requires_young_person
from api.kit.bodies import Nothing
from api.kit.signed_in import Written, reading, write
from api.kit.words import load_words

AnyRequest = Request[Any, Any, Any]
ICALENDAR = "text/calendar"
WORDS = load_words()


def _base_url(request: AnyRequest) -> str:
    base_url: str = request.app.state.settings.public_base_url
    return base_url.rstrip("/")


@get(service.FEEDS, guards=[requires_case_staff])
async def show_calendar_feed(request: AnyRequest) -> Feeds:
    """One's own calendar address."""
    secret = request.app.state.settings.session_secret
    async with reading(request) as (connection, _):
        return await service.get_own_feed(connection, secret, _base_url(request))


@post(service.FEEDS, guards=[requires_case_staff], opt={"body": Nothing})
async def make_calendar_feed(request: AnyRequest) -> Response[Written]:
    """Makes a new calendar address; the one before reads nothing any more."""
    secret = request.app.state.settings.session_secret
    return await write(request, Nothing, lambda asked, _: service.make_feed(asked, secret), status=201)


@post(f"{service.FEEDS}/{{feed_id:uuid}}/revoke", guards=[requires_case_staff], status_code=200, opt={"body": Nothing})
async def revoke_calendar_feed(request: AnyRequest, feed_id: FromPath[UUID]) -> Response[Written]:
    """Nobody reads the calendar by that address any more."""
    return await write(request, Nothing, lambda asked, _: service.revoke(asked, feed_id))


@get(f"{service.PATH}/{{file_name:str}}", guards=[open_to_all], media_type=ICALENDAR)
async def read_calendar_feed(request: AnyRequest, file_name: FromPath[str]) -> Response[bytes]:
    """The calendar behind an address that holds a secret; without it nothing is found here."""
    state = request.app.state
    content = await service.read_feed(
        state.database, state.signed_in, file_name,
        address=client_address(request), base_url=_base_url(request), words=WORDS,
    )  # fmt: skip
    return _calendar(request, content)


@get("/client/v1/appointments/{appointment_id:uuid}/calendar.ics", guards=[requires_young_person], media_type=ICALENDAR)
async def read_own_appointment(request: AnyRequest, appointment_id: FromPath[UUID]) -> Response[bytes]:
    """One of a young person's own appointments, for the calendar of their phone."""
    async with reading(request) as (connection, _):
        content = await service.read_own_event(connection, appointment_id, WORDS)
    return _calendar(request, content)


def _calendar(request: AnyRequest, content: bytes) -> Response[bytes]:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers={"ETag": etag}, media_type=ICALENDAR)
    return Response(content, media_type=ICALENDAR, headers={"ETag": etag})


ROUTES = [
    show_calendar_feed, make_calendar_feed, revoke_calendar_feed, read_calendar_feed, read_own_appointment,
]  # fmt: skip
