"""Where administrators keep the list of staff, and everybody sees who their colleagues are."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.params import FromPath, QueryParameter

from api.kit.access import requires_administrator_stepped_up, requires_staff
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page, read_cursor, write_cursor
from api.kit.signed_in import AnyRequest, Write, Written, reading, write
from api.staff import service
from api.staff.models import ChangeMember, CreateMember, CreateTeam, EndLink, Link, Member, Team

STAFF_PATH = "/admin/v1/staff"
TEAMS_PATH = "/admin/v1/teams"
LINKS_PATH = "/admin/v1/staff-identities"


@get(TEAMS_PATH, guards=[requires_staff])
async def list_teams(request: AnyRequest) -> Page[Team]:
    """Every team."""
    async with reading(request) as (connection, _):
        return Page(await service.list_teams(connection))


@post(TEAMS_PATH, guards=[requires_administrator_stepped_up], opt={"body": CreateTeam})
async def create_team(request: AnyRequest) -> Response[Written]:
    """Adds a team."""

    async def carry_out(asked: Write, body: CreateTeam) -> Written:
        return Written(await service.create_team(asked.connection, body.name), 1, TEAMS_PATH)

    return await write(request, CreateTeam, carry_out, status=201)


@get(STAFF_PATH, guards=[requires_staff])
async def list_staff(
    request: AnyRequest,
    cursor: Annotated[str | None, QueryParameter(max_length=LONGEST_CURSOR_CHARS)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LONGEST_PAGE)] = 50,
) -> Page[Member]:
    """Staff by name, those who left as well; phones and links are shown to administrators only."""
    after = read_cursor(cursor, tuple[str, UUID])
    async with reading(request) as (connection, _):
        found = await service.list_members(connection, after, count=limit + 1)
    shown = found[:limit]
    more = write_cursor(shown[-1].full_name, shown[-1].staff_id) if len(found) > limit else None
    return Page(shown, more)


@get(f"{STAFF_PATH}/{{staff_id:uuid}}", guards=[requires_staff])
async def show_member(request: AnyRequest, staff_id: FromPath[UUID]) -> Response[Member]:
    """One of staff."""
    async with reading(request) as (connection, _):
        member = await service.get_member(connection, staff_id)
    return Response(member, headers={"ETag": f'"{member.version}"'})


@post(STAFF_PATH, guards=[requires_administrator_stepped_up], opt={"body": CreateMember})
async def create_member(request: AnyRequest) -> Response[Written]:
    """Adds somebody, who cannot sign in before they are linked."""

    async def carry_out(asked: Write, body: CreateMember) -> Written:
        staff_id = await service.create_member(asked.connection, body)
        return Written(staff_id, 1, f"{STAFF_PATH}/{staff_id}")

    return await write(request, CreateMember, carry_out, status=201)


@patch(f"{STAFF_PATH}/{{staff_id:uuid}}", guards=[requires_administrator_stepped_up], opt={"body": ChangeMember})
async def change_member(request: AnyRequest, staff_id: FromPath[UUID]) -> Response[Written]:
    """Changes somebody's role, team or names, lets them leave, or ends their access at once."""

    async def carry_out(asked: Write, body: ChangeMember) -> Written:
        return Written(staff_id, await service.change_member(asked, staff_id, body))

    return await write(request, ChangeMember, carry_out)


@post(f"{STAFF_PATH}/{{staff_id:uuid}}/identities", guards=[requires_administrator_stepped_up], opt={"body": Link})
async def link_member(request: AnyRequest, staff_id: FromPath[UUID]) -> Response[Written]:
    """Says how the council's sign-in knows somebody, so that they may sign in."""
    settings = request.app.state.settings

    async def carry_out(asked: Write, body: Link) -> Written:
        issuer, tenant_id = settings.oidc_issuer, settings.oidc_tenant_id
        link_id = await service.link(asked, staff_id, issuer, tenant_id, body.subject)
        return Written(link_id, 1, f"{STAFF_PATH}/{staff_id}")

    return await write(request, Link, carry_out, status=201)


@patch(f"{LINKS_PATH}/{{staff_identity_id:uuid}}", guards=[requires_administrator_stepped_up], opt={"body": EndLink})
async def end_link(request: AnyRequest, staff_identity_id: FromPath[UUID]) -> Response[Written]:
    """Lets whoever the council's sign-in means be nobody here."""

    async def carry_out(asked: Write, _: EndLink) -> Written:
        return Written(staff_identity_id, await service.end_link(asked, staff_identity_id))

    return await write(request, EndLink, carry_out)


ROUTES = [
    list_teams,
    create_team,
    list_staff,
    show_member,
    create_member,
    change_member,
    link_member,
    end_link,
]
