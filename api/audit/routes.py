"""Where one sees who looked: at one's own record, at a young person's, or, for the data protection lead, at any."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.params import FromPath, QueryParameter

from api.audit import service
from api.audit.models import Entry, Look, OwnLook, Sought, Week
from api.kit import clock
from api.kit.access import requires_data_protection_lead, requires_full_level, requires_reader_of_cases
from api.kit.errors import BadRequest, FieldError, Refused
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page, read_cursor, write_cursor
from api.kit.signed_in import AnyRequest, reading

Cursor = Annotated[str | None, QueryParameter(max_length=LONGEST_CURSOR_CHARS)]
Limit = Annotated[int, QueryParameter(ge=1, le=LONGEST_PAGE)]
Instant = Annotated[datetime | None, QueryParameter()]
A_MONTH = timedelta(days=30)


@get("/client/v1/record-views", guards=[requires_full_level])
async def list_own_looks(request: AnyRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[OwnLook]:
    """Who looked at your record, and when."""
    after = read_cursor(cursor, tuple[datetime, int])
    async with reading(request) as (connection, _):
        found = await service.list_own_looks(connection, request.app.state.words, after, count=limit + 1)
    return Page([look for look, _ in found[:limit]], _next(found, limit))


@get("/admin/v1/young-people/{person_id:uuid}/record-views", guards=[requires_reader_of_cases])
async def list_looks(
    request: AnyRequest, person_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
) -> Page[Look]:
    """Who looked at a young person's record, and when."""
    after = read_cursor(cursor, tuple[datetime, int])
    async with reading(request) as (connection, _):
        found = await service.list_looks(connection, person_id, after, count=limit + 1)
    return Page([look for look, _ in found[:limit]], _next(found, limit))


def _next(found: list[tuple[Look, int]] | list[tuple[OwnLook, int]], limit: int) -> str | None:
    if len(found) <= limit:
        return None
    look, entry_id = found[limit - 1]
    return write_cursor(look.looked_at, entry_id)


@get("/admin/v1/audit", guards=[requires_data_protection_lead], opt={"problems": (Refused,)})
async def list_entries(
    request: AnyRequest,
    person_id: Annotated[UUID | None, QueryParameter()] = None,
    staff_id: Annotated[UUID | None, QueryParameter()] = None,
    since: Instant = None,
    until: Instant = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Entry]:
    """What was done to whose record, by whom and when, the latest first; of the last month unless it is said."""
    after = read_cursor(cursor, tuple[datetime, int])
    end = _aware("until", until) or clock.now()
    sought = Sought(person_id, staff_id, _aware("since", since) or end - A_MONTH, end)
    async with reading(request) as (connection, _):
        found = await service.list_entries(connection, sought, after, count=limit + 1)
    shown = found[:limit]
    more = write_cursor(shown[-1].recorded_at, shown[-1].entry_id) if len(found) > limit else None
    return Page(shown, more)


@get("/admin/v1/audit/week", guards=[requires_data_protection_lead])
async def look_at_week(request: AnyRequest, until: Instant = None) -> Week:
    """Whose looks of a week have to be asked about: without a relation, after hours, by break-glass, or many."""
    async with reading(request) as (connection, _):
        return await service.look_at_week(connection, _aware("until", until) or clock.now())


def _aware(name: str, instant: datetime | None) -> datetime | None:
    if instant is not None and instant.tzinfo is None:
        raise BadRequest(errors=[FieldError(name, "Say the time zone, such as Z.")])
    return instant


ROUTES = [list_own_looks, list_looks, list_entries, look_at_week]
