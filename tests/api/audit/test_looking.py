"""A young person sees who looked at them, and nothing of anybody else."""

import asyncpg
import pytest

from api.audit import service
from api.audit.models import Verb
from api.kit.db import Connection, Database, conversation_actor
from tests.conftest import TestDatabase
from tests.factories import create_conversation, create_person, create_session, create_staff


async def look(database: TestDatabase, admin: asyncpg.Connection, person_id: object, name: str) -> None:
    """A member of staff looks at somebody."""
    token = await create_session(admin, staff=await create_staff(admin, shown_name=name))
    signed_in = Database(database.signed_in_url, size=1)
    async with signed_in.transaction_with(token) as connection:
        await service.record(connection, Verb.VIEWED, "young_people", [person_id], person_id=person_id)  # type: ignore[arg-type]
    await signed_in.close()


async def names(connection: Connection) -> list[str | None]:
    """Who is shown to have looked."""
    return [view.shown_name for view in await service.list_for_person(connection)]


async def test_list_when_asked_by_conversation_or_device_then_only_own_looks_are_told_latest_first(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    ash, jo = await create_person(admin), await create_person(admin)
    for person_id, name in [(ash, "Sam"), (jo, "Kim"), (ash, "Lee")]:
        await look(database, admin, person_id, name)
    conversation_id, _ = await create_conversation(admin, ash)
    api, signed_in = Database(database.api_url, size=1), Database(database.signed_in_url, size=1)
    async with api.acting_as(conversation_actor(conversation_id)) as connection:
        assert await names(connection) == ["Lee", "Sam"]
    async with signed_in.acting_with(await create_session(admin, person=jo)) as connection:
        assert await names(connection) == ["Kim"]
        assert {view.by for view in await service.list_for_person(connection)} == {"staff"}
    await api.close()
    await signed_in.close()


@pytest.mark.parametrize("level", ["limited", "full"])
async def test_list_when_the_device_has_a_text_code_only_then_it_is_empty(
    database: TestDatabase, admin: asyncpg.Connection, level: str
) -> None:
    person_id = await create_person(admin)
    await look(database, admin, person_id, "Sam")
    signed_in = Database(database.signed_in_url, size=1)
    async with signed_in.acting_with(await create_session(admin, person=person_id, level=level)) as connection:
        assert await names(connection) == (["Sam"] if level == "full" else [])
    await signed_in.close()


async def test_entries_when_selected_by_a_young_person_then_a_raised_worry_is_not_among_them(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    conversation_id, person_id = await create_conversation(admin, await create_person(admin))
    await admin.executemany(
        "INSERT INTO audit_entries (verb, person_id, table_name) VALUES ($1, $2, 'concerns')",
        [("raised", person_id), ("alerted", person_id), ("viewed", person_id), ("viewed", None)],
    )
    for url in (database.api_url, database.worker_url):
        role = Database(url, size=1)
        async with role.acting_as(conversation_actor(conversation_id)) as connection:
            seen = await connection.fetch("SELECT verb, person_id FROM audit_entries")
        await role.close()
        assert [tuple(row) for row in seen] == [("viewed", person_id)]


async def test_list_when_staff_ask_then_they_see_who_looked_at_their_own_people_only(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    adviser = await create_staff(admin)
    own, other = await create_person(admin, adviser=adviser), await create_person(admin)
    await look(database, admin, own, "Sam")
    await look(database, admin, other, "Kim")
    signed_in = Database(database.signed_in_url, size=1)
    async with signed_in.acting_with(await create_session(admin, staff=adviser)) as connection:
        assert [view.shown_name for view in await service.list_for_person(connection, own)] == ["Sam"]
        assert await service.list_for_person(connection, other) == []
        assert await connection.fetch("SELECT * FROM sec.who_viewed($1)", other) == []
    await signed_in.close()


async def test_break_glass_when_opened_then_the_reason_is_recorded_and_the_person_sees_who_it_was(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    staff_id, person_id = await create_staff(admin, shown_name="Kim"), await create_person(admin)
    signed_in = Database(database.signed_in_url, size=1)
    async with signed_in.transaction_with(
        await create_session(admin, staff=staff_id, is_stepped_up=True)
    ) as connection:
        await connection.execute(
            "INSERT INTO break_glass_grants (person_id, staff_id, reason, ends_at)"
            " VALUES ($1, $2, 'the police asked where they are', clock_timestamp() + interval '1 hour')",
            person_id,
            staff_id,
        )
    entry = await admin.fetchrow("SELECT * FROM audit_entries WHERE actor_kind <> 'administrator'")
    assert entry is not None
    assert (entry["verb"], entry["actor_id"], entry["person_id"]) == ("opened", staff_id, person_id)
    assert entry["reason"] == "the police asked where they are"
    async with signed_in.acting_with(await create_session(admin, person=person_id)) as connection:
        assert await names(connection) == ["Kim"]
    await signed_in.close()
