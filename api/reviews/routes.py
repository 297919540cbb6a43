"""Where reviews are called for, arranged and noted; and where a young person asks for one."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post, put
from litestar.params import FromPath, QueryParameter

from api.kit.access import requires_case_staff, requires_full_level, requires_reader_of_cases
from api.kit.bodies import Nothing
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page
from api.kit.signed_in import Write, Written, reading, write
from api.reviews import service
from api.reviews.models import MeetingCancelled, NewReview, Review, ReviewHeld, ReviewingOfficer, ReviewMeeting

AnyRequest = Request[Any, Any, Any]
Cursor = Annotated[str | None, QueryParameter(name="cursor", max_length=LONGEST_CURSOR_CHARS)]
Count = Annotated[int, QueryParameter(name="count", ge=1, le=LONGEST_PAGE)]
REVIEWS = "/admin/v1/young-people/{person_id:uuid}/reviews"
REVIEW = "/admin/v1/reviews/{review_id:uuid}"


@get(REVIEWS, guards=[requires_reader_of_cases])
async def list_reviews(
    request: AnyRequest, person_id: FromPath[UUID], cursor: Cursor = None, count: Count = 20
) -> Page[Review]:
    """Somebody's reviews, those due last first."""
    async with reading(request) as (connection, _):
        return await service.list_reviews(connection, person_id, cursor, count)


@post(REVIEWS, guards=[requires_case_staff], opt={"body": NewReview})
async def call_for_review(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Calls for a review."""
    return await write(request, NewReview, lambda asked, new: service.call_for(asked, person_id, new), status=201)


@put(f"{REVIEW}/meeting", guards=[requires_reader_of_cases], opt={"body": ReviewMeeting})
async def schedule_review(request: AnyRequest, review_id: FromPath[UUID]) -> Response[Written]:
    """Sets when and where a review is held."""
    return await write(request, ReviewMeeting, lambda asked, meeting: service.schedule(asked, review_id, meeting))


@post(f"{REVIEW}/meeting/cancel", guards=[requires_reader_of_cases], status_code=200, opt={"body": MeetingCancelled})
async def cancel_review_meeting(request: AnyRequest, review_id: FromPath[UUID]) -> Response[Written]:
    """Takes a meeting off; the review stays due."""
    return await write(
        request, MeetingCancelled, lambda asked, cancelled: service.cancel_meeting(asked, review_id, cancelled)
    )


@post(f"{REVIEW}/held", guards=[requires_reader_of_cases], status_code=200, opt={"body": ReviewHeld})
async def note_review_held(request: AnyRequest, review_id: FromPath[UUID]) -> Response[Written]:
    """Notes that a review took place."""
    return await write(request, ReviewHeld, lambda asked, held: service.note_held(asked, review_id, held))


@put(f"{REVIEW}/reviewing-officer", guards=[requires_case_staff], opt={"body": ReviewingOfficer})
async def give_review(request: AnyRequest, review_id: FromPath[UUID]) -> Response[Written]:
    """Gives a review to a reviewing officer."""
    return await write(request, ReviewingOfficer, lambda asked, officer: service.give_to(asked, review_id, officer))


@post("/client/v1/plan/reviews", guards=[requires_full_level], opt={"body": Nothing})
async def ask_for_review(request: AnyRequest) -> Response[Written]:
    """A young person asks for a review now. It is never refused."""

    async def carry_out(asked: Write, _: Nothing) -> Written:
        return await service.ask(asked.connection)

    return await write(request, Nothing, carry_out, status=201)


ROUTES = [
    list_reviews, call_for_review, schedule_review, cancel_review_meeting, note_review_held, give_review,
    ask_for_review,
]  # fmt: skip
