"""The first administrator comes from the command line, while there is none who can sign in."""

import asyncpg

from api.app import add_first_administrator
from api.settings import AdministratorSettings, Secret
from tests.conftest import TestDatabase

ADDED, THERE = "The first administrator can sign in now.", "There is an administrator: they can add others."


def settings_of(database: TestDatabase, subject: str) -> AdministratorSettings:
    return AdministratorSettings(
        migration_database_url=Secret(database.admin_url),
        oidc_issuer="https://provider.example",
        oidc_tenant_id="tenant",
        administrator_name=" Alex  Example ",
        administrator_subject=subject,
    )


async def test_administrator_when_there_is_none_then_one_is_added_and_no_second(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    assert await add_first_administrator(settings_of(database, "a")) == ADDED
    assert await add_first_administrator(settings_of(database, "b")) == THERE
    kept = await admin.fetch(
        "SELECT s.full_name, s.role, i.issuer, i.tenant_id, i.subject FROM staff AS s JOIN staff_identities AS i"
        " USING (staff_id)"
    )
    assert kept == [("Alex Example", "administrator", "https://provider.example", "tenant", "a")]


async def test_administrator_when_the_only_one_was_disabled_then_another_is_added(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    await add_first_administrator(settings_of(database, "a"))
    await admin.execute("UPDATE staff SET disabled_at = now()")
    again = await add_first_administrator(settings_of(database, "a"))
    assert again == "That subject is linked to somebody already."
    assert await add_first_administrator(settings_of(database, "b")) == ADDED
