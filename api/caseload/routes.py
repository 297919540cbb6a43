"""The team's own list of its young people, and each of them."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post, put
from litestar.params import FromPath, FromQuery, QueryParameter

from api.caseload import service
from api.caseload.models import Case, Found, Past, YoungPerson
from api.kit.access import requires_case_staff, requires_manager
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page
from api.kit.signed_in import AnyRequest, Written, reading, write
from api.people import service as people
from api.people.models import Absence, ContactPointUse, YoungPersonDetails

PATH = "/admin/v1/young-people"
PERSON = PATH + "/{person_id:uuid}"
Cursor = Annotated[str | None, QueryParameter(name="cursor", max_length=LONGEST_CURSOR_CHARS)]
Count = Annotated[int, QueryParameter(name="count", ge=1, le=LONGEST_PAGE)]


@get(PATH, guards=[requires_case_staff])
async def list_cases(
    request: AnyRequest, cursor: Cursor = None, count: Count = 25, adviser_id: FromQuery[UUID | None] = None
) -> Page[Case]:
    """The caseload, the most overdue first."""
    async with reading(request) as (connection, _):
        return await service.list_cases(connection, cursor, count, adviser_id)


@get(f"{PATH}/search", guards=[requires_case_staff], opt={"limit": "search"})
async def search_young_people(
    request: AnyRequest,
    name: Annotated[str, QueryParameter(name="name", min_length=1, max_length=100)],
    cursor: Cursor = None,
    count: Count = 25,
) -> Page[Found]:
    """Young people by the first letters of their names, within one's own scope."""
    async with reading(request) as (connection, _):
        return await service.search(connection, name, cursor, count)


@get(PERSON, guards=[requires_case_staff])
async def show_young_person(request: AnyRequest, person_id: FromPath[UUID]) -> Response[YoungPerson]:
    """One young person whole, but for the address and the plan."""
    async with reading(request) as (connection, _):
        whole = await service.get_whole(connection, request.app.state.field_keys, person_id)
    return Response(whole, headers={"ETag": f'"{whole.version}"'})


@get(f"{PERSON}/history", guards=[requires_case_staff])
async def list_changes(
    request: AnyRequest,
    person_id: FromPath[UUID],
    cursor: Cursor = None,
    count: Count = 25,
    record_id: FromQuery[UUID | None] = None,
) -> Page[Past]:
    """Who changed what and when, and what it said before."""
    async with reading(request) as (connection, _):
        return await service.list_history(connection, person_id, cursor, count, record_id)


@post(PATH, guards=[requires_manager], status_code=201, opt={"body": YoungPersonDetails})
async def add_young_person(request: AnyRequest) -> Response[Written]:
    """Takes a young person into one's own team."""
    keys = request.app.state.field_keys
    return await write(
        request, YoungPersonDetails, lambda asked, details: service.create(asked, keys, details), status=201
    )


@put(PERSON, guards=[requires_case_staff], opt={"body": YoungPersonDetails})
async def change_young_person(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Changes who a young person is: all the details, as they are now."""
    keys = request.app.state.field_keys
    return await write(
        request, YoungPersonDetails, lambda asked, details: service.change(asked, keys, person_id, details)
    )


@put(f"{PERSON}/contact-points/{{contact_point_id:uuid}}", guards=[requires_case_staff], opt={"body": ContactPointUse})
async def change_contact_point(
    request: AnyRequest, person_id: FromPath[UUID], contact_point_id: FromPath[UUID]
) -> Response[Written]:
    """Notes how a number may be used."""
    return await write(
        request,
        ContactPointUse,
        lambda asked, use: people.change_contact_point(asked, person_id, contact_point_id, use),
    )


@post("/admin/v1/absences", guards=[requires_case_staff], status_code=201, opt={"body": Absence})
async def add_absence(request: AnyRequest) -> Response[Written]:
    """Notes that one of the staff is away."""
    return await write(request, Absence, people.note_absence, status=201)


@put("/admin/v1/absences/{absence_id:uuid}", guards=[requires_case_staff], opt={"body": Absence})
async def change_absence(request: AnyRequest, absence_id: FromPath[UUID]) -> Response[Written]:
    """Changes when one of the staff is away."""
    return await write(request, Absence, lambda asked, absence: people.note_absence(asked, absence, absence_id))


ROUTES = [
    list_cases,
    search_young_people,
    show_young_person,
    list_changes,
    add_young_person,
    change_young_person,
    change_contact_point,
    add_absence,
    change_absence,
]
