"""Where the team keeps who provides homes."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post, put
from litestar.params import FromPath, QueryParameter

from api.kit.access import requires_case_staff, requires_manager
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page
from api.kit.signed_in import AnyRequest, Written, reading, write
from api.providers import service
from api.providers.models import Provider, ProviderView, Registration

PATH = "/admin/v1/providers"
REGISTRATIONS = PATH + "/{provider_id:uuid}/registrations"


@get(PATH, guards=[requires_case_staff])
async def list_providers(
    request: AnyRequest,
    cursor: Annotated[str | None, QueryParameter(name="cursor", max_length=LONGEST_CURSOR_CHARS)] = None,
    count: Annotated[int, QueryParameter(name="count", ge=1, le=LONGEST_PAGE)] = 25,
) -> Page[ProviderView]:
    """Providers by name, with their registrations."""
    async with reading(request) as (connection, _):
        return await service.list_providers(connection, cursor, count)


@post(PATH, guards=[requires_manager], status_code=201, opt={"body": Provider})
async def add_provider(request: AnyRequest) -> Response[Written]:
    """Adds a provider."""
    return await write(request, Provider, service.add_provider, status=201)


@post(REGISTRATIONS, guards=[requires_manager], status_code=201, opt={"body": Registration})
async def register_provider(request: AnyRequest, provider_id: FromPath[UUID]) -> Response[Written]:
    """Adds a provider's registration with Ofsted."""
    return await write(request, Registration, lambda asked, new: service.register(asked, provider_id, new), status=201)


@put(f"{REGISTRATIONS}/{{registration_id:uuid}}", guards=[requires_manager], opt={"body": Registration})
async def change_registration(
    request: AnyRequest, provider_id: FromPath[UUID], registration_id: FromPath[UUID]
) -> Response[Written]:
    """Changes from when until when a provider is registered."""
    return await write(
        request,
        Registration,
        lambda asked, new: service.change_registration(asked, provider_id, registration_id, new),
    )


ROUTES = [list_providers, add_provider, register_provider, change_registration]
