"""Providers and registrations in the database."""

from itertools import starmap
from typing import Any
from uuid import UUID

import msgspec

from api.kit.db import Connection
from api.providers.models import ProviderView, RegistrationView

GET_PROVIDER = "SELECT name, version FROM providers WHERE provider_id = $1"


async def get_provider(connection: Connection, provider_id: UUID) -> tuple[str, int] | None:
    """The name and version of a provider."""
    row = await connection.fetchrow(GET_PROVIDER, provider_id)
    return None if row is None else (row[0], row[1])


LIST_REGISTRATIONS = """
    SELECT provider_registration_id, urn, kind, registered_from, registered_until, version FROM provider_registrations
    WHERE provider_id = $1 ORDER BY registered_from DESC, provider_registration_id
"""


async def list_registrations(connection: Connection, provider_id: UUID) -> list[RegistrationView]:
    """The registrations of a provider, the latest first."""
    return list(starmap(RegistrationView, await connection.fetch(LIST_REGISTRATIONS, provider_id)))


LIST_OF_URN = """
    SELECT provider_registration_id, urn, kind, registered_from, registered_until, version FROM provider_registrations
    WHERE urn = $1 ORDER BY registered_from, provider_registration_id
"""


async def list_of_urn(connection: Connection, urn: str) -> list[RegistrationView]:
    """Every registration that ever had a number, whoever held it."""
    return list(starmap(RegistrationView, await connection.fetch(LIST_OF_URN, urn)))


LIST_PROVIDERS = """
    SELECT p.provider_id, p.name, p.version, (
        SELECT coalesce(json_agg(json_build_object(
            'provider_registration_id', r.provider_registration_id, 'urn', r.urn, 'kind', r.kind,
            'registered_from', r.registered_from, 'registered_until', r.registered_until, 'version', r.version
        ) ORDER BY r.registered_from DESC, r.provider_registration_id), '[]')::text
        FROM provider_registrations AS r WHERE r.provider_id = p.provider_id
    )
    FROM providers AS p
    WHERE $1::text IS NULL OR (p.name, p.provider_id) > ($1, $2::uuid)
    ORDER BY p.name, p.provider_id LIMIT $3
"""


async def list_providers(connection: Connection, after: tuple[str, UUID] | None, count: int) -> list[ProviderView]:
    """Providers by name, after a place in that order."""
    rows = await connection.fetch(LIST_PROVIDERS, *(after or (None, None)), count)
    return [
        ProviderView(row[0], row[1], row[2], msgspec.json.decode(row[3], type=list[RegistrationView])) for row in rows
    ]


ADD_PROVIDER = "INSERT INTO providers (name) VALUES ($1) RETURNING provider_id, version"


async def add_provider(connection: Connection, name: str) -> tuple[UUID, int]:
    """Adds a provider; returns its id and version."""
    row: Any = await connection.fetchrow(ADD_PROVIDER, name)
    return row[0], row[1]


ADD_REGISTRATION = """
    INSERT INTO provider_registrations (provider_id, urn, kind, registered_from, registered_until)
    VALUES ($1, $2, $3, $4, $5) RETURNING provider_registration_id, version
"""


async def add_registration(connection: Connection, provider_id: UUID, *values: object) -> tuple[UUID, int]:
    """Adds a provider's registration; returns its id and version."""
    row: Any = await connection.fetchrow(ADD_REGISTRATION, provider_id, *values)
    return row[0], row[1]


CHANGE_REGISTRATION = """
    UPDATE provider_registrations SET registered_from = $4, registered_until = $5
    WHERE provider_registration_id = $1 AND urn = $2 AND kind = $3 RETURNING version
"""


async def change_registration(connection: Connection, registration_id: UUID, *values: object) -> int | None:
    """Changes from when until when; None when the number or kind is another, which may not change."""
    version: int | None = await connection.fetchval(CHANGE_REGISTRATION, registration_id, *values)
    return version
