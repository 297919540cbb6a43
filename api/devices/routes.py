"""Where advisers enrol and end a young person's devices."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from api.devices import service
from api.devices.models import EnrolmentCode, MakeEnrolmentCode, SignOutEverywhere
from api.kit.access import requires_case_staff
from api.kit.signed_in import AnyRequest, Write, Written, reading, write


@post(
    "/admin/v1/young-people/{person_id:uuid}/enrolment-codes",
    guards=[requires_case_staff],
    opt={"body": MakeEnrolmentCode},
)
async def make_enrolment_code(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Makes a code that opens everything to the device of this young person that is given it within an hour."""
    secret = request.app.state.settings.session_secret

    async def carry_out(asked: Write, _: MakeEnrolmentCode) -> Written:
        code_id = await service.make_enrolment_code(asked.connection, secret, asked.who, person_id)
        return Written(code_id, 1, f"/admin/v1/enrolment-codes/{code_id}")

    return await write(request, MakeEnrolmentCode, carry_out, status=201)


@get("/admin/v1/enrolment-codes/{enrolment_code_id:uuid}", guards=[requires_case_staff])
async def show_enrolment_code(request: AnyRequest, enrolment_code_id: FromPath[UUID]) -> EnrolmentCode:
    """The code, in letters and as an image to scan, for whoever made it."""
    secret = request.app.state.settings.session_secret
    async with reading(request) as (connection, _):
        return await service.show_enrolment_code(connection, secret, enrolment_code_id)


@post(
    "/admin/v1/young-people/{person_id:uuid}/sign-outs",
    guards=[requires_case_staff],
    opt={"body": SignOutEverywhere},
)
async def sign_young_person_out(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Signs a young person out of every device: a phone was lost, or somebody else holds it."""

    async def carry_out(asked: Write, _: SignOutEverywhere) -> Written:
        await service.sign_out_everywhere(asked.connection, person_id)
        return Written(person_id, 1)

    return await write(request, SignOutEverywhere, carry_out, status=201)


ROUTES = [make_enrolment_code, show_enrolment_code, sign_young_person_out]
