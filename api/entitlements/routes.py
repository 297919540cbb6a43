"""What a young person may claim, and their claims."""

from uuid import UUID

from litestar import Response, get, post, put
from litestar.params import FromPath

from api.entitlements import service
from api.entitlements.models import Claim, Entitlements, Payment
from api.kit.access import requires_case_staff
from api.kit.signed_in import AnyRequest, Written, reading, write

PATH = "/admin/v1/young-people/{person_id:uuid}/entitlements"


@get(PATH, guards=[requires_case_staff])
async def show_entitlements(request: AnyRequest, person_id: FromPath[UUID]) -> Entitlements:
    """What somebody may claim today, with amount, source and days, and what they have claimed."""
    async with reading(request) as (connection, _):
        return await service.get_entitlements(connection, person_id)


@post(f"{PATH}/claims", guards=[requires_case_staff], status_code=201, opt={"body": Claim})
async def add_claim(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Keeps a claim."""
    return await write(request, Claim, lambda asked, new: service.claim(asked, person_id, new), status=201)


@put(f"{PATH}/claims/{{claim_id:uuid}}", guards=[requires_case_staff], opt={"body": Payment})
async def pay_claim(request: AnyRequest, person_id: FromPath[UUID], claim_id: FromPath[UUID]) -> Response[Written]:
    """Notes when a claim was paid."""
    return await write(request, Payment, lambda asked, payment: service.pay(asked, person_id, claim_id, payment))


ROUTES = [show_entitlements, add_claim, pay_claim]
