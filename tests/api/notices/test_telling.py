"""An adviser is told that something waits, and never what or of whom."""

from uuid import UUID

import asyncpg
import pytest

from api.kit.db import Database
from api.notices.jobs import NOTICES_PER_PERSON
from api.notices.service import tell_own_adviser
from tests.api.service_at_work import service_at_work
from tests.conftest import TestDatabase
from tests.factories import create_person, create_session, create_staff

ADVISER, DUTY = "+447700900201", "+447700900206"


async def ask(database: TestDatabase, admin: asyncpg.Connection, person_id: UUID, times: int = 1) -> None:
    """A young person does something that their adviser should look at."""
    signed_in = Database(database.signed_in_url, size=1)
    token = await create_session(admin, person=person_id, level="limited")
    for _ in range(times):
        async with signed_in.transaction_with(token) as connection:
            await tell_own_adviser(connection, person_id)
    await signed_in.close()


async def texts(database: TestDatabase, admin: asyncpg.Connection) -> list[tuple[str, str]]:
    """What was sent to whom when everything was done."""
    async with service_at_work(database, admin) as work:
        await work.settle()
        return [(to, text) for to, text, _ in work.twilio.texts]


async def test_adviser_when_something_waits_then_they_are_told_without_a_name_or_a_reason(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    person_id = await create_person(admin, adviser=await create_staff(admin, phone=ADVISER))
    await create_staff(admin, role="duty_worker", phone=DUTY)
    await ask(database, admin, person_id)
    [(to, text)] = await texts(database, admin)
    assert to == ADVISER
    assert "Ash" not in text
    assert "review" in text
    assert await admin.fetchval("SELECT count(*) FROM jobs") == 0


async def test_adviser_when_there_is_none_then_who_is_on_duty_is_told(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    await create_staff(admin, role="duty_worker", phone=DUTY)
    await ask(database, admin, await create_person(admin))
    assert [to for to, _ in await texts(database, admin)] == [DUTY]


async def test_adviser_when_a_button_is_pressed_again_and_again_then_their_phone_rings_a_few_times(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    person_id = await create_person(admin, adviser=await create_staff(admin, phone=ADVISER))
    await ask(database, admin, person_id, times=9)
    assert len(await texts(database, admin)) == NOTICES_PER_PERSON.count
    assert await admin.fetchval("SELECT count(*) FROM jobs") == 0


async def test_adviser_when_a_young_person_names_somebody_else_then_the_database_refuses_it(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    signed_in = Database(database.signed_in_url, size=1)
    token = await create_session(admin, person=await create_person(admin))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with signed_in.transaction_with(token) as connection:
            await tell_own_adviser(connection, await create_person(admin))
    await signed_in.close()
