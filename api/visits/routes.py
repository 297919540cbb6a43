"""Where visits, contacts and attempts are written down."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post, put
from litestar.params import FromPath, QueryParameter

from api.kit.access import requires_case_staff
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page
from api.kit.signed_in import Written, reading, write
from api.visits import service
from api.visits.models import Contact, ContactRecord

AnyRequest = Request[Any, Any, Any]
Cursor = Annotated[str | None, QueryParameter(name="cursor", max_length=LONGEST_CURSOR_CHARS)]
Count = Annotated[int, QueryParameter(name="count", ge=1, le=LONGEST_PAGE)]
CONTACTS = "/admin/v1/young-people/{person_id:uuid}/contacts"


@get(CONTACTS, guards=[requires_case_staff])
async def list_contacts(
    request: AnyRequest, person_id: FromPath[UUID], cursor: Cursor = None, count: Count = 20
) -> Page[Contact]:
    """Somebody's visits and contacts, the latest first."""
    async with reading(request) as (connection, _):
        return await service.list_contacts(connection, person_id, cursor, count)


@post(CONTACTS, guards=[requires_case_staff], opt={"body": ContactRecord})
async def record_contact(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Writes down a visit, a contact or an attempt."""
    return await write(request, ContactRecord, lambda asked, new: service.record(asked, person_id, new), status=201)


@put("/admin/v1/contacts/{contact_id:uuid}", guards=[requires_case_staff], opt={"body": ContactRecord})
async def correct_contact(request: AnyRequest, contact_id: FromPath[UUID]) -> Response[Written]:
    """Corrects what was written down."""
    return await write(request, ContactRecord, lambda asked, new: service.correct(asked, contact_id, new))


ROUTES = [list_contacts, record_contact, correct_contact]
