"""Where the team keeps the records of somebody's care: each kind is added and changed alike."""

from uuid import UUID

from litestar import Response, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from api.care import service
from api.care.models import (
    Activity,
    CarePeriod,
    CareRecord,
    Detention,
    EducationProgramme,
    Episode,
    FamilyPlacement,
    InTouch,
    SpecialGuardianship,
)
from api.kit.access import requires_case_staff
from api.kit.field_keys import Erased
from api.kit.signed_in import AnyRequest, Written, write

PERSON = "/admin/v1/young-people/{person_id:uuid}"
KINDS: dict[str, type[CareRecord]] = {
    "care-periods": CarePeriod,
    "episodes": Episode,
    "family-placements": FamilyPlacement,
    "detentions": Detention,
    "special-guardianships": SpecialGuardianship,
    "activities": Activity,
    "education-programmes": EducationProgramme,
    "in-touch-records": InTouch,
}


def _routes_of(name: str, kind: type[CareRecord]) -> list[HTTPRouteHandler]:
    problems = (Erased,) if kind is Episode else ()

    @post(
        f"{PERSON}/{name}",
        guards=[requires_case_staff],
        status_code=201,
        opt={"body": kind, "problems": problems},
        operation_id=f"add_{name.replace('-', '_')}",
        summary=f"Adds one of {name.replace('-', ' ')}.",
    )
    async def add(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
        keys = request.app.state.field_keys
        return await write(request, kind, lambda asked, record: service.add(asked, keys, person_id, record), status=201)

    @put(
        f"{PERSON}/{name}/{{record_id:uuid}}",
        guards=[requires_case_staff],
        opt={"body": kind, "problems": problems},
        operation_id=f"change_{name.replace('-', '_')}",
        summary=f"Changes one of {name.replace('-', ' ')}: all of it, as it is now.",
    )
    async def change(request: AnyRequest, person_id: FromPath[UUID], record_id: FromPath[UUID]) -> Response[Written]:
        keys = request.app.state.field_keys
        return await write(
            request, kind, lambda asked, record: service.change(asked, keys, person_id, record_id, record)
        )

    return [add, change]


ROUTES = [route for name, kind in KINDS.items() for route in _routes_of(name, kind)]
