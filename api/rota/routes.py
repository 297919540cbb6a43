"""Where managers say who is on duty, and everybody sees it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.params import FromPath, QueryParameter

from api.kit.access import requires_manager, requires_staff
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page, read_cursor, write_cursor
from api.kit.signed_in import AnyRequest, Write, Written, reading, write
from api.rota import service
from api.rota.models import AddShift, EndShift, Shift, WithdrawShift

ROTA_PATH = "/admin/v1/duty-rota"


@get(ROTA_PATH, guards=[requires_staff])
async def list_shifts(
    request: AnyRequest,
    team_id: Annotated[UUID | None, QueryParameter()] = None,
    cursor: Annotated[str | None, QueryParameter(max_length=LONGEST_CURSOR_CHARS)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LONGEST_PAGE)] = 50,
) -> Page[Shift]:
    """Who is on duty now and later, of one team or of all."""
    after = read_cursor(cursor, tuple[datetime, UUID])
    async with reading(request) as (connection, _):
        found = await service.list_shifts(connection, team_id, after, count=limit + 1)
    shown = found[:limit]
    more = write_cursor(shown[-1].starts_at, shown[-1].duty_id) if len(found) > limit else None
    return Page(shown, more)


@post(ROTA_PATH, guards=[requires_manager], opt={"body": AddShift})
async def add_shift(request: AnyRequest) -> Response[Written]:
    """Puts somebody of one's own team on duty."""

    async def carry_out(asked: Write, body: AddShift) -> Written:
        duty_id = await service.add_shift(asked.connection, asked.who, body)
        return Written(duty_id, 1, ROTA_PATH)

    return await write(request, AddShift, carry_out, status=201)


@patch(f"{ROTA_PATH}/{{duty_id:uuid}}", guards=[requires_manager], opt={"body": EndShift})
async def end_shift(request: AnyRequest, duty_id: FromPath[UUID]) -> Response[Written]:
    """Lets a shift end at another time."""

    async def carry_out(asked: Write, body: EndShift) -> Written:
        return Written(duty_id, await service.end_shift(asked, duty_id, body.ends_at))

    return await write(request, EndShift, carry_out)


@post(
    f"{ROTA_PATH}/{{duty_id:uuid}}/withdrawal",
    guards=[requires_manager],
    status_code=200,
    opt={"body": WithdrawShift},
)
async def withdraw_shift(request: AnyRequest, duty_id: FromPath[UUID]) -> Response[Written]:
    """Lets a shift that has not begun not take place."""

    async def carry_out(asked: Write, _: WithdrawShift) -> Written:
        await service.withdraw_shift(asked, duty_id)
        return Written(duty_id, asked.version())

    return await write(request, WithdrawShift, carry_out)


ROUTES = [list_shifts, add_shift, end_shift, withdraw_shift]
