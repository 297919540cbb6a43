"""Where staff book appointments, and young people see and answer theirs."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, QueryParameter

from api.appointments import service
from api.appointments.models import (
    Answer,
    Cancellation,
    Move,
    NewAppointment,
    Outcome,
    OwnAppointment,
    StaffAppointment,
)
from api.kit.access import requires_case_staff, requires_full_level, requires_young_person
from api.kit.bodies import Nothing
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page
from api.kit.signed_in import Written, reading, write
from api.kit.words import load_words

AnyRequest = Request[Any, Any, Any]
Cursor = Annotated[str | None, QueryParameter(name="cursor", max_length=LONGEST_CURSOR_CHARS)]
Count = Annotated[int, QueryParameter(name="count", ge=1, le=LONGEST_PAGE)]
OF_PERSON = "/admin/v1/young-people/{person_id:uuid}/appointments"
APPOINTMENT = "/admin/v1/appointments/{appointment_id:uuid}"
OWN = "/client/v1/appointments"
OWN_ONE = OWN + "/{appointment_id:uuid}"
WORDS = load_words()


@get(OF_PERSON, guards=[requires_case_staff])
async def list_appointments(
    request: AnyRequest, person_id: FromPath[UUID], cursor: Cursor = None, count: Count = 20
) -> Page[StaffAppointment]:
    """Somebody's appointments, the latest first."""
    async with reading(request) as (connection, _):
        return await service.list_of_person(connection, person_id, cursor, count)


@post(OF_PERSON, guards=[requires_case_staff], opt={"body": NewAppointment})
async def book_appointment(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Books an appointment."""
    return await write(request, NewAppointment, lambda asked, new: service.book(asked, person_id, new), status=201)


@get("/admin/v1/appointments", guards=[requires_case_staff])
async def list_my_appointments(
    request: AnyRequest,
    cursor: Cursor = None,
    count: Count = 20,
    asks_to_change: Annotated[bool, QueryParameter(name="asks_to_change")] = False,
) -> Page[StaffAppointment]:
    """One's own from yesterday on, or those that a young person asks to change."""
    async with reading(request) as (connection, _):
        return await service.list_of_staff(connection, cursor, count, only_asks_to_change=asks_to_change)


@get(APPOINTMENT, guards=[requires_case_staff])
async def show_appointment(request: AnyRequest, appointment_id: FromPath[UUID]) -> Response[StaffAppointment]:
    """One appointment."""
    async with reading(request) as (connection, _):
        found = await service.get_appointment(connection, appointment_id)
    return Response(found, headers={"ETag": f'"{found.version}"'})


@post(f"{APPOINTMENT}/move", guards=[requires_case_staff], status_code=200, opt={"body": Move})
async def move_appointment(request: AnyRequest, appointment_id: FromPath[UUID]) -> Response[Written]:
    """Moves an appointment to another time."""
    return await write(request, Move, lambda asked, wanted: service.move(asked, appointment_id, wanted))


@post(f"{APPOINTMENT}/cancel", guards=[requires_case_staff], status_code=200, opt={"body": Cancellation})
async def cancel_appointment(request: AnyRequest, appointment_id: FromPath[UUID]) -> Response[Written]:
    """Cancels an appointment, with the reason."""
    return await write(request, Cancellation, lambda asked, reason: service.cancel(asked, appointment_id, reason))


@post(f"{APPOINTMENT}/outcome", guards=[requires_case_staff], status_code=200, opt={"body": Outcome})
async def note_appointment_outcome(request: AnyRequest, appointment_id: FromPath[UUID]) -> Response[Written]:
    """Notes whether the young person came."""
    return await write(request, Outcome, lambda asked, outcome: service.note_outcome(asked, appointment_id, outcome))


@get(OWN, guards=[requires_young_person])
async def list_own_appointments(request: AnyRequest, cursor: Cursor = None, count: Count = 20) -> Page[OwnAppointment]:
    """A young person's own appointments; a device that had only a text's code is told the times alone."""
    async with reading(request) as (connection, who):
        return await service.list_own(connection, cursor, count, WORDS, only_times=who.level != "full")


@post(f"{OWN_ONE}/confirm", guards=[requires_young_person], status_code=200, opt={"body": Nothing})
async def confirm_own_appointment(request: AnyRequest, appointment_id: FromPath[UUID]) -> Response[Written]:
    """A young person says that they will come."""
    return await write(request, Nothing, lambda asked, _: service.answer_own(asked, appointment_id, Answer.CONFIRMED))


@post(f"{OWN_ONE}/ask-to-change", guards=[requires_young_person], status_code=200, opt={"body": Nothing})
async def ask_to_change_own_appointment(request: AnyRequest, appointment_id: FromPath[UUID]) -> Response[Written]:
    """A young person asks for another time; the appointment stays until staff move it."""
    return await write(
        request, Nothing, lambda asked, _: service.answer_own(asked, appointment_id, Answer.ASKS_TO_CHANGE)
    )


@post(f"{OWN_ONE}/cancel", guards=[requires_full_level], status_code=200, opt={"body": Nothing})
async def cancel_own_appointment(request: AnyRequest, appointment_id: FromPath[UUID]) -> Response[Written]:
    """A young person cancels, on a device that their adviser enrolled: not whoever has got hold of their number."""
    return await write(request, Nothing, lambda asked, _: service.cancel_own(asked, appointment_id))


ROUTES = [
    list_appointments, book_appointment, list_my_appointments, show_appointment, move_appointment, cancel_appointment,
    note_appointment_outcome, list_own_appointments, confirm_own_appointment, ask_to_change_own_appointment,
    cancel_own_appointment,
]  # fmt: skip
