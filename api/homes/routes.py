"""Where the team keeps where young people live, and where these read it themselves."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post, put
from litestar.params import FromPath, QueryParameter

from api.homes import service
from api.homes.models import Home, HomeAddress, HomeDetails, Move, NewAddress, OwnHome, Suitability
from api.kit.access import requires_case_staff, requires_case_staff_stepped_up, requires_full_level
from api.kit.field_keys import Erased
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page
from api.kit.signed_in import AnyRequest, Written, reading, write
from api.kit.words import load_words
from api.people import service as people
from api.people.models import OwnTeam

PERSON = "/admin/v1/young-people/{person_id:uuid}"
WORDS = load_words()


@get(f"{PERSON}/homes", guards=[requires_case_staff])
async def list_homes(
    request: AnyRequest,
    person_id: FromPath[UUID],
    cursor: Annotated[str | None, QueryParameter(name="cursor", max_length=LONGEST_CURSOR_CHARS)] = None,
    count: Annotated[int, QueryParameter(name="count", ge=1, le=LONGEST_PAGE)] = 25,
) -> Page[Home]:
    """Where somebody lives and lived, the latest first, without addresses."""
    async with reading(request) as (connection, _):
        return await service.list_homes(connection, person_id, cursor, count)


@post(f"{PERSON}/homes", guards=[requires_case_staff], status_code=201, opt={"body": Move, "problems": (Erased,)})
async def record_move(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Records a move: the home before ends, the new one begins, and the visits that follow become due."""
    keys = request.app.state.field_keys
    return await write(request, Move, lambda asked, moved: service.move(asked, keys, person_id, moved), status=201)


@put(f"{PERSON}/homes/{{spell_id:uuid}}", guards=[requires_case_staff], opt={"body": HomeDetails})
async def correct_home(request: AnyRequest, person_id: FromPath[UUID], spell_id: FromPath[UUID]) -> Response[Written]:
    """Puts right what was recorded of a time at a home."""
    return await write(
        request, HomeDetails, lambda asked, details: service.correct(asked, person_id, spell_id, details)
    )


@post(
    f"{PERSON}/homes/{{spell_id:uuid}}/suitability",
    guards=[requires_case_staff],
    status_code=201,
    opt={"body": Suitability},
)
async def assess_home(request: AnyRequest, person_id: FromPath[UUID], spell_id: FromPath[UUID]) -> Response[Written]:
    """Keeps an assessment of whether a home suits."""
    return await write(
        request, Suitability, lambda asked, done: service.assess(asked, person_id, spell_id, done), status=201
    )


@get(f"{PERSON}/home/address", guards=[requires_case_staff_stepped_up])
async def show_address(request: AnyRequest, person_id: FromPath[UUID]) -> Response[HomeAddress]:
    """Where somebody lives now. That it was read is noted by itself."""
    async with reading(request) as (connection, _):
        home = await service.read_address(connection, request.app.state.field_keys, person_id)
    return Response(home, headers={"ETag": f'"{home.version}"'})


@put(
    f"{PERSON}/placements/{{placement_id:uuid}}/address",
    guards=[requires_case_staff],
    opt={"body": NewAddress, "problems": (Erased,)},
)
async def change_address(
    request: AnyRequest, person_id: FromPath[UUID], placement_id: FromPath[UUID]
) -> Response[Written]:
    """Keeps where a home is. The version is that of the address that was read."""
    keys = request.app.state.field_keys
    return await write(
        request, NewAddress, lambda asked, new: service.keep_address(asked, keys, person_id, placement_id, new)
    )


@get("/client/v1/home", guards=[requires_full_level])
async def show_own_home(request: AnyRequest) -> OwnHome:
    """Where a young person lives, in plain words, on a device that their adviser enrolled."""
    async with reading(request) as (connection, _):
        return await service.get_own_home(connection, WORDS)


@get("/client/v1/team", guards=[requires_full_level])
async def show_own_team(request: AnyRequest) -> OwnTeam:
    """Who works with a young person, in plain words, on a device that their adviser enrolled."""
    async with reading(request) as (connection, _):
        return await people.get_own_team(connection, WORDS)


ROUTES = [
    list_homes,
    record_move,
    correct_home,
    assess_home,
    show_address,
    change_address,
    show_own_home,
    show_own_team,
]
