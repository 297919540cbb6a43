"""An adviser's code raises a device to the full level: once, within an hour, for that person alone."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from api.devices import service as devices
from api.identity import service
from api.kit.db import Database
from api.kit.errors import NotFound
from tests.api.client import SESSION_SECRET
from tests.api.identity.signing_in import SigningIn
from tests.api.identity.staff import create_member, create_team, sign_staff_in
from tests.conftest import TestDatabase
from tests.factories import create_person, next_number


@pytest.fixture
async def signed_in(database: TestDatabase) -> AsyncIterator[Database]:
    connections = Database(database.signed_in_url, size=2)
    yield connections
    await connections.close()


class Case:
    """A young person with a phone and an adviser."""

    def __init__(self, admin: asyncpg.Connection, database: Database) -> None:
        self.admin = admin
        self.database = database
        self.number = next_number()
        self.adviser: UUID
        self.person: UUID

    async def create(self, name: str) -> "Case":
        """Stores it."""
        self.adviser = await create_member(self.admin, await create_team(self.admin, name))
        self.person = await create_person(self.admin, phone=self.number, adviser=self.adviser)
        return self

    async def code(self, person: UUID | None = None) -> str:
        """A code the adviser made."""
        token, who = await sign_staff_in(self.admin, self.database, self.adviser)
        async with self.database.acting_with(token) as connection:
            code_id = await devices.make_enrolment_code(connection, SESSION_SECRET, who, person or self.person)
            return (await devices.show_enrolment_code(connection, SESSION_SECRET, code_id)).code


@pytest.fixture
async def case(admin: asyncpg.Connection, signed_in: Database) -> Case:
    return await Case(admin, signed_in).create("ours")


async def enrol(phone: SigningIn, tokens: dict[str, str], code: str) -> int:
    answer = await phone.call("POST", "enrolment", tokens["access_token"], json={"code": code})
    return answer.status_code


async def level(phone: SigningIn, tokens: dict[str, str]) -> str:
    shown = await phone.call("GET", "session", tokens["access_token"])
    return str(shown.json()["level"])


async def test_code_when_given_then_this_device_and_its_next_tokens_see_everything(
    phone: SigningIn, case: Case
) -> None:
    ours, other = await phone.sign_in(case.number), await phone.sign_in(case.number)
    code = await case.code()
    assert await enrol(phone, ours, f" {code.lower().replace('-', ' ')}") == 204
    assert (await level(phone, ours), await level(phone, other)) == ("full", "limited")
    assert (await phone.renew(ours["refresh_token"])).json()["level"] == "full"
    assert await enrol(phone, other, code) == 401
    assert await level(phone, other) == "limited"


async def test_code_when_it_is_another_persons_or_too_old_or_wrong_then_it_is_refused(
    phone: SigningIn, case: Case, admin: asyncpg.Connection, signed_in: Database
) -> None:
    other = await Case(admin, signed_in).create("theirs")
    ours, old = await phone.sign_in(case.number), await case.code()
    assert await enrol(phone, ours, await other.code()) == 401
    assert await enrol(phone, ours, "AAAA-AAAA-AAAA") == 401
    await admin.execute("UPDATE enrolment_codes SET created_at = created_at - interval '1 hour'")
    assert await enrol(phone, ours, old) == 401
    assert await level(phone, ours) == "limited"


async def test_code_when_guessed_at_then_the_device_is_told_to_wait(phone: SigningIn, case: Case) -> None:
    ours = await phone.sign_in(case.number)
    assert [await enrol(phone, ours, "AAAA-AAAA-AAAA") for _ in range(6)] == [401] * 5 + [429]
    assert await enrol(phone, ours, await case.code()) == 429


async def test_code_when_made_for_somebody_who_is_not_theirs_then_the_database_refuses(
    case: Case, admin: asyncpg.Connection, signed_in: Database
) -> None:
    other = await Case(admin, signed_in).create("theirs")
    with pytest.raises(NotFound):
        await other.code(case.person)
    assert await admin.fetchval("SELECT count(*) FROM enrolment_codes") == 0


async def test_code_when_looked_for_in_the_database_then_it_is_nowhere(case: Case, admin: asyncpg.Connection) -> None:
    code = await case.code()
    kept = await admin.fetchval("SELECT string_agg(e::text, '') FROM enrolment_codes AS e")
    assert code not in kept
    assert code.replace("-", "") not in kept


async def test_adviser_when_a_phone_is_lost_then_they_sign_it_out(
    phone: SigningIn, case: Case, admin: asyncpg.Connection, signed_in: Database
) -> None:
    other = await Case(admin, signed_in).create("theirs")
    ours = await phone.sign_in(case.number)
    for adviser, ended in ((other.adviser, 0), (case.adviser, 1)):
        token, _ = await sign_staff_in(admin, signed_in, adviser)
        async with signed_in.acting_with(token) as connection:
            assert await service.sign_out_everywhere(connection, case.person) == ended
    assert (await phone.call("GET", "session", ours["access_token"])).status_code == 401
