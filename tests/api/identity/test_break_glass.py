"""Opening a case that is not one's own: with a reason, for a while, and never unseen."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from api.identity import service
from api.kit.db import Database
from api.kit.errors import BadRequest, NotAllowed
from api.kit.words import load_words
from tests.api.identity.staff import create_member, create_team, sign_staff_in
from tests.api.service_at_work import service_at_work
from tests.conftest import TestDatabase
from tests.factories import create_person, next_number

REASON = "She rang in distress and her adviser is away today."
ALERT = load_words().say("utter_staff_break_glass")
SEEN = "SELECT count(*) FROM young_people"


@pytest.fixture
async def signed_in(database: TestDatabase) -> AsyncIterator[Database]:
    connections = Database(database.signed_in_url, size=2)
    yield connections
    await connections.close()


@pytest.fixture
async def south(admin: asyncpg.Connection) -> UUID:
    """The team that answers for the young person."""
    return await create_team(admin, "south")


async def seen(database: Database, token: str) -> int:
    async with database.acting_with(token) as connection:
        return int(await connection.fetchval(SEEN))


async def test_case_when_opened_with_a_reason_then_it_is_seen_and_manager_and_data_protection_lead_are_told(
    database: TestDatabase, signed_in: Database, admin: asyncpg.Connection, south: UUID
) -> None:
    north, phones = await create_team(admin, "north"), [next_number() for _ in range(5)]
    opener = await create_member(admin, north)
    await create_member(admin, north, "manager", phone=phones[0])
    await create_member(admin, south, "manager", phone=phones[1])
    await create_member(admin, await create_team(admin, "west"), "manager", phone=phones[2])
    await create_member(admin, south, "data_protection_lead", phone=phones[3])
    await create_member(admin, north, "administrator", phone=phones[4])
    person = await create_person(admin)
    await admin.execute("UPDATE young_people SET team_id = $1", south)
    await admin.execute("INSERT INTO restricted_cases (person_id) VALUES ($1)", person)
    token, who = await sign_staff_in(admin, signed_in, opener, is_stepped_up=True)
    assert await seen(signed_in, token) == 0
    assert await service.break_glass(signed_in, token, who, person, REASON, 3600, ALERT) == 3
    assert await seen(signed_in, token) == 1
    async with service_at_work(database, admin) as work:
        await work.settle()
        assert {(to, text) for to, text, _ in work.twilio.texts} == {(phones[n], ALERT) for n in (0, 1, 3)}
    await admin.execute("UPDATE break_glass_grants SET starts_at = starts_at - interval '1 hour',"
                        " ends_at = ends_at - interval '1 hour'")  # fmt: skip
    assert await seen(signed_in, token) == 0


@pytest.mark.parametrize(
    ("reason", "for_s"),
    [("", 60), ("because", 60), ("x" * 19, 60), (" " * 40, 60), (REASON, 4 * 3600 + 1), (REASON, 0), (REASON, -1)],
)
async def test_case_when_the_reason_is_short_or_the_time_long_then_it_stays_closed(
    signed_in: Database, admin: asyncpg.Connection, south: UUID, reason: str, for_s: float
) -> None:
    person = await create_person(admin)
    token, who = await sign_staff_in(admin, signed_in, await create_member(admin, south), is_stepped_up=True)
    with pytest.raises(BadRequest):
        await service.break_glass(signed_in, token, who, person, reason, for_s, ALERT)
    assert await seen(signed_in, token) == 0


@pytest.mark.parametrize("role", ["administrator", "data_protection_lead", "reviewing_officer"])
async def test_case_when_the_role_holds_no_cases_then_it_stays_closed(
    signed_in: Database, admin: asyncpg.Connection, south: UUID, role: str
) -> None:
    person = await create_person(admin)
    token, who = await sign_staff_in(admin, signed_in, await create_member(admin, south, role), is_stepped_up=True)
    with pytest.raises(NotAllowed):
        await service.break_glass(signed_in, token, who, person, REASON, 60, ALERT)
    assert await admin.fetchval("SELECT count(*) FROM break_glass_grants") == 0


async def test_case_when_there_is_no_such_person_then_that_is_told_as_a_no(
    signed_in: Database, admin: asyncpg.Connection, south: UUID
) -> None:
    token, who = await sign_staff_in(admin, signed_in, await create_member(admin, south), is_stepped_up=True)
    with pytest.raises(NotAllowed):
        await service.break_glass(signed_in, token, who, uuid4(), REASON, 60, ALERT)


async def test_case_when_opened_in_anothers_name_or_for_longer_then_the_database_refuses(
    signed_in: Database, admin: asyncpg.Connection, south: UUID
) -> None:
    person, other = await create_person(admin), await create_member(admin, south)
    token, who = await sign_staff_in(admin, signed_in, await create_member(admin, south), is_stepped_up=True)
    insert = (
        "INSERT INTO break_glass_grants (person_id, staff_id, reason, ends_at)"
        " VALUES ($1, $2, $3, now() + $4::interval)"
    )
    for staff_id, reason, span, error in (
        (other, REASON, timedelta(hours=1), asyncpg.InsufficientPrivilegeError),
        (who.staff_id, REASON, timedelta(hours=5), asyncpg.CheckViolationError),
        (who.staff_id, " " * 40, timedelta(hours=1), asyncpg.CheckViolationError),
    ):
        async with signed_in.acting_with(token) as connection:
            with pytest.raises(error):
                await connection.execute(insert, person, staff_id, reason, span)


async def test_case_when_the_alert_cannot_be_stored_then_it_stays_closed(
    signed_in: Database, admin: asyncpg.Connection, south: UUID
) -> None:
    person = await create_person(admin)
    await create_member(admin, south, "manager")
    token, who = await sign_staff_in(admin, signed_in, await create_member(admin, south), is_stepped_up=True)
    await admin.execute("REVOKE INSERT ON jobs FROM fifteenplus_signed_in")
    await admin.execute(
        "REVOKE INSERT (kind, serial_key, payload, priority, run_at) ON jobs FROM fifteenplus_signed_in"
    )
    with pytest.raises(NotAllowed):
        await service.break_glass(signed_in, token, who, person, REASON, 60, ALERT)
    assert await seen(signed_in, token) == 0


async def test_opened_case_when_reviewed_then_by_the_manager_or_data_protection_lead_and_not_by_oneself(
    signed_in: Database, admin: asyncpg.Connection, south: UUID
) -> None:
    person, opener = await create_person(admin), await create_member(admin, south, "manager")
    token, who = await sign_staff_in(admin, signed_in, opener, is_stepped_up=True)
    await service.break_glass(signed_in, token, who, person, REASON, 60, ALERT)
    north = await create_team(admin, "north")
    reviewed = {}
    for role, team in (
        ("manager", south), ("data_protection_lead", north), ("manager", north), ("personal_adviser", south),
    ):  # fmt: skip
        other_token, other = await sign_staff_in(admin, signed_in, await create_member(admin, team, role))
        async with signed_in.acting_with(other_token) as connection:
            reviewed[role, team] = await connection.execute(
                "UPDATE break_glass_grants SET reviewed_at = now(), reviewed_by_staff_id = $1", other.staff_id
            )
    async with signed_in.acting_with(token) as connection:
        own = await connection.execute(
            "UPDATE break_glass_grants SET reviewed_at = now(), reviewed_by_staff_id = $1", opener
        )
    assert list(reviewed.values()) == ["UPDATE 1", "UPDATE 1", "UPDATE 0", "UPDATE 0"]
    assert own == "UPDATE 0"
