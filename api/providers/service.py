"""Who provides homes, and when they were registered: nobody under 18 is placed with one who was not on that day."""

from uuid import UUID

import asyncpg

from api.kit.clock import say_day
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotFound, Refused
from api.kit.pages import Page, read_cursor, write_cursor
from api.kit.signed_in import Write, Written
from api.people.service import check_apart
from api.providers import queries
from api.providers.models import Provider, ProviderView, Registration, RegistrationView


async def list_providers(connection: Connection, cursor: str | None, count: int) -> Page[ProviderView]:
    """Providers by name, each with all its registrations."""
    found = await queries.list_providers(connection, read_cursor(cursor, tuple[str, UUID]), count + 1)
    last = found[count - 1] if len(found) > count else None
    return Page(found[:count], None if last is None else write_cursor(last.name, last.provider_id))


async def list_registrations(connection: Connection, provider_id: UUID) -> list[RegistrationView]:
    """Every registration of a provider, the latest first. Raises NotFound."""
    if await queries.get_provider(connection, provider_id) is None:
        raise NotFound
    return await queries.list_registrations(connection, provider_id)


async def add_provider(asked: Write, provider: Provider) -> Written:
    """Adds a provider. Raises Conflict when there is one of that name."""
    try:
        provider_id, version = await queries.add_provider(asked.connection, provider.name)
    except asyncpg.UniqueViolationError:
        raise Conflict(errors=[FieldError("name", "There is a provider of that name.")]) from None
    return Written(provider_id, version, f"/admin/v1/providers/{provider_id}")


async def register(asked: Write, provider_id: UUID, registration: Registration) -> Written:
    """Adds a provider's registration. Raises NotFound, Stale, Refused or Conflict."""
    found = await queries.get_provider(asked.connection, provider_id)
    if found is None:
        raise NotFound
    asked.check_version(found[1])
    await _check(asked.connection, registration)
    registration_id, version = await queries.add_registration(
        asked.connection, provider_id, registration.urn, registration.kind, registration.registered_from,
        registration.registered_until,
    )  # fmt: skip
    return Written(registration_id, version, f"/admin/v1/providers/{provider_id}")


async def change_registration(
    asked: Write, provider_id: UUID, registration_id: UUID, registration: Registration
) -> Written:
    """Changes from when until when a provider is registered. Raises NotFound, Stale, Refused or Conflict."""
    there = await queries.list_registrations(asked.connection, provider_id)
    before = next((one for one in there if one.provider_registration_id == registration_id), None)
    if before is None:
        raise NotFound
    asked.version()
    asked.check_version(before.version)
    await _check(asked.connection, registration, but=registration_id)
    version = await queries.change_registration(
        asked.connection, registration_id, registration.urn, registration.kind, registration.registered_from,
        registration.registered_until,
    )  # fmt: skip
    if version is None:
        message = "A registration keeps its number and kind. Add another one."
        raise Refused(errors=[FieldError("urn", message, (f"{before.urn} as {before.kind}",))])
    return Written(registration_id, version)


async def _check(connection: Connection, registration: Registration, but: UUID | None = None) -> None:
    from_on, until_on = registration.registered_from, registration.registered_until
    if until_on is not None and until_on <= from_on:
        allowed = (f"after {say_day(from_on)}",)
        raise Refused(errors=[FieldError("registered_until", "It is not after registered_from.", allowed)])
    there = await queries.list_of_urn(connection, registration.urn)
    check_apart(
        [(one.provider_registration_id, one.registered_from, one.registered_until) for one in there],
        from_on,
        until_on,
        but,
        name="registered_from",
    )
