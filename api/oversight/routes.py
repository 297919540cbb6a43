"""Where cases are opened that are not one's own, where that is looked at, and where cases are restricted."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from api.kit.access import (
    requires_case_staff_stepped_up,
    requires_overseer,
    requires_overseer_stepped_up,
    requires_staff,
)
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page, read_cursor, write_cursor
from api.kit.signed_in import AnyRequest, Write, Written, reading, write
from api.oversight import service
from api.oversight.models import BreakGlass, BreakGlassView, Lift, Name, Restrict, Restriction, Review

RESTRICTION_PATH = "/admin/v1/young-people/{person_id:uuid}/restriction"


@post("/admin/v1/break-glass", guards=[requires_case_staff_stepped_up], opt={"body": BreakGlass})
async def break_glass(request: AnyRequest) -> Response[Written]:
    """Opens a case that is not one's own, for four hours at most; managers and others are texted at once."""
    alert = request.app.state.words.say("utter_staff_break_glass")

    async def carry_out(asked: Write, body: BreakGlass) -> Written:
        break_glass_id = await service.break_glass(asked.connection, asked.who, body, alert)
        return Written(break_glass_id, 1, "/admin/v1/break-glass")

    return await write(request, BreakGlass, carry_out, status=201)


@get("/admin/v1/break-glass", guards=[requires_staff])
async def list_break_glass(
    request: AnyRequest,
    waiting: Annotated[bool, QueryParameter()] = False,
    cursor: Annotated[str | None, QueryParameter(max_length=LONGEST_CURSOR_CHARS)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LONGEST_PAGE)] = 50,
) -> Page[BreakGlassView]:
    """One's own and those one has to look at, the latest first; with `waiting` those that nobody looked at yet."""
    after = read_cursor(cursor, tuple[datetime, UUID])
    async with reading(request) as (connection, _):
        found = await service.list_break_glass(connection, after, waiting_only=waiting, count=limit + 1)
    shown = found[:limit]
    more = write_cursor(shown[-1].starts_at, shown[-1].break_glass_id) if len(found) > limit else None
    return Page(shown, more)


@post(
    "/admin/v1/break-glass/{break_glass_id:uuid}/review",
    guards=[requires_overseer],
    status_code=200,
    opt={"body": Review},
)
async def review_break_glass(request: AnyRequest, break_glass_id: FromPath[UUID]) -> Response[Written]:
    """Notes what was found when one looked at it."""

    async def carry_out(asked: Write, body: Review) -> Written:
        return Written(break_glass_id, await service.review(asked, break_glass_id, body))

    return await write(request, Review, carry_out)


@get(RESTRICTION_PATH, guards=[requires_staff])
async def show_restriction(request: AnyRequest, person_id: FromPath[UUID]) -> Restriction:
    """That a case is restricted, and who may see it; for them and for the data protection lead."""
    async with reading(request) as (connection, _):
        return await service.get_restriction(connection, person_id)


@post(RESTRICTION_PATH, guards=[requires_overseer_stepped_up], opt={"body": Restrict})
async def restrict_case(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Lets only those who are named see a case; whoever asks is not among them unless they say so."""

    async def carry_out(asked: Write, body: Restrict) -> Written:
        await service.restrict(asked.connection, asked.who, person_id, body)
        return Written(person_id, 1, f"/admin/v1/young-people/{person_id}/restriction")

    return await write(request, Restrict, carry_out, status=201)


@post(f"{RESTRICTION_PATH}/names", guards=[requires_overseer_stepped_up], opt={"body": Name})
async def add_name(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Lets one more see a restricted case."""

    async def carry_out(asked: Write, body: Name) -> Written:
        await service.add_name(asked.connection, person_id, body.staff_id, body.reason)
        return Written(person_id, 1, f"/admin/v1/young-people/{person_id}/restriction")

    return await write(request, Name, carry_out, status=201)


@post(
    f"{RESTRICTION_PATH}/removed-names",
    guards=[requires_overseer_stepped_up],
    status_code=200,
    opt={"body": Name},
)
async def remove_name(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Lets one see a restricted case no longer."""

    async def carry_out(asked: Write, body: Name) -> Written:
        await service.remove_name(asked.connection, person_id, body.staff_id, body.reason)
        return Written(person_id, 1)

    return await write(request, Name, carry_out)


@post(f"{RESTRICTION_PATH}/lift", guards=[requires_overseer_stepped_up], status_code=200, opt={"body": Lift})
async def lift_restriction(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Lets everybody see the case again whose it is."""

    async def carry_out(asked: Write, body: Lift) -> Written:
        await service.lift(asked.connection, person_id, body.reason)
        return Written(person_id, 1)

    return await write(request, Lift, carry_out)


ROUTES = [
    break_glass,
    list_break_glass,
    review_break_glass,
    show_restriction,
    restrict_case,
    add_name,
    remove_name,
    lift_restriction,
]
