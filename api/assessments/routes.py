"""Where staff assess needs."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, patch, post
from litestar.params import FromPath, QueryParameter

from api.assessments import service
from api.assessments.models import Assessment, AssessmentChange, AssessmentCompleted, CopyGiven, NewAssessment
from api.kit.access import requires_case_staff, requires_reader_of_cases
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page
from api.kit.signed_in import Written, reading, write

AnyRequest = Request[Any, Any, Any]
Cursor = Annotated[str | None, QueryParameter(name="cursor", max_length=LONGEST_CURSOR_CHARS)]
Count = Annotated[int, QueryParameter(name="count", ge=1, le=LONGEST_PAGE)]
ASSESSMENTS = "/admin/v1/young-people/{person_id:uuid}/needs-assessments"
ASSESSMENT = "/admin/v1/needs-assessments/{assessment_id:uuid}"


@get(ASSESSMENTS, guards=[requires_reader_of_cases])
async def list_assessments(
    request: AnyRequest, person_id: FromPath[UUID], cursor: Cursor = None, count: Count = 20
) -> Page[Assessment]:
    """Somebody's assessments, the newest first."""
    async with reading(request) as (connection, _):
        return await service.list_assessments(connection, person_id, cursor, count)


@post(ASSESSMENTS, guards=[requires_case_staff], opt={"body": NewAssessment})
async def start_assessment(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Starts an assessment."""
    return await write(request, NewAssessment, lambda asked, new: service.start(asked, person_id, new), status=201)


@patch(ASSESSMENT, guards=[requires_case_staff], opt={"body": AssessmentChange})
async def change_assessment(request: AnyRequest, assessment_id: FromPath[UUID]) -> Response[Written]:
    """Writes what an open assessment says."""
    return await write(request, AssessmentChange, lambda asked, said: service.change(asked, assessment_id, said))


@post(f"{ASSESSMENT}/complete", guards=[requires_case_staff], status_code=200, opt={"body": AssessmentCompleted})
async def complete_assessment(request: AnyRequest, assessment_id: FromPath[UUID]) -> Response[Written]:
    """Completes an assessment."""
    return await write(request, AssessmentCompleted, lambda asked, said: service.complete(asked, assessment_id, said))


@post(f"{ASSESSMENT}/copy", guards=[requires_case_staff], status_code=200, opt={"body": CopyGiven})
async def note_assessment_copy(request: AnyRequest, assessment_id: FromPath[UUID]) -> Response[Written]:
    """Notes that the young person was given the assessment."""
    return await write(request, CopyGiven, lambda asked, copy: service.note_copy(asked, assessment_id, copy))


ROUTES = [list_assessments, start_assessment, change_assessment, complete_assessment, note_assessment_copy]
