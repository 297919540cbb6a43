"""Where managers say who is whose personal adviser."""

from uuid import UUID

from litestar import Response, get, patch, post
from litestar.params import FromPath

from api.allocations import service
from api.allocations.models import Allocate, Allocation, EndAllocation
from api.kit.access import requires_manager, requires_reader_of_cases
from api.kit.pages import Page
from api.kit.signed_in import AnyRequest, Write, Written, reading, write

ALLOCATIONS_PATH = "/admin/v1/young-people/{person_id:uuid}/allocations"


@get(ALLOCATIONS_PATH, guards=[requires_reader_of_cases])
async def list_allocations(request: AnyRequest, person_id: FromPath[UUID]) -> Page[Allocation]:
    """Every adviser a young person had, the latest first."""
    async with reading(request) as (connection, _):
        return Page(await service.list_allocations(connection, person_id))


@post(ALLOCATIONS_PATH, guards=[requires_manager], opt={"body": Allocate})
async def allocate(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Gives a young person an adviser, and ends whoever was so before."""

    async def carry_out(asked: Write, body: Allocate) -> Written:
        allocation_id = await service.allocate(asked, person_id, body)
        return Written(allocation_id, 1, f"/admin/v1/young-people/{person_id}/allocations")

    return await write(request, Allocate, carry_out, status=201)


@patch("/admin/v1/allocations/{allocation_id:uuid}", guards=[requires_manager], opt={"body": EndAllocation})
async def end_allocation(request: AnyRequest, allocation_id: FromPath[UUID]) -> Response[Written]:
    """Ends an allocation with nobody after it."""

    async def carry_out(asked: Write, body: EndAllocation) -> Written:
        return Written(allocation_id, await service.end(asked, allocation_id, body.ended_on))

    return await write(request, EndAllocation, carry_out)


ROUTES = [list_allocations, allocate, end_allocation]
