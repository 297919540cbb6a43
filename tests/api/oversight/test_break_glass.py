"""Opening a case that is not one's own: with a reason, for a while, never unseen, and looked at after."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from api.kit.db import Database
from api.kit.words import load_words
from tests.api.service_at_work import service_at_work
from tests.api.team import Member, Team
from tests.conftest import TestDatabase

REASON = "She rang in distress and her adviser is away today."
ALERT = load_words().say("utter_staff_break_glass")


def asked(person: UUID, **changes: Any) -> dict[str, Any]:
    return {"person_id": str(person), "reason": REASON, "minutes": 60} | changes


async def sees(member: Member, person: UUID) -> bool:
    return (await member.get(f"/young-people/{person}/record-views")).status_code == 200


async def test_case_when_opened_then_it_is_seen_for_that_time_and_whoever_must_know_is_told(
    database: TestDatabase, admin: asyncpg.Connection, north: Team, south: Team
) -> None:
    opener = north["personal_adviser"]
    assert not await sees(opener, south.person)
    opened = await opener.post("/break-glass", asked(south.person))
    assert opened.status_code == 201
    assert await sees(opener, south.person)
    async with service_at_work(database, admin) as work:
        await work.settle()
        told = {team[role].phone for team in (north, south) for role in ("manager", "data_protection_lead")} | {
            south["personal_adviser"].phone
        }
        assert {(to, text) for to, text, _ in work.twilio.texts} == {(phone, ALERT) for phone in told}
    await admin.execute(
        "UPDATE break_glass_grants SET starts_at = starts_at - interval '1 hour', ends_at = ends_at - interval '1 hour'"
    )
    assert not await sees(opener, south.person)


async def test_case_when_restricted_then_an_adviser_who_is_not_named_is_not_told(
    database: TestDatabase, admin: asyncpg.Connection, north: Team, south: Team
) -> None:
    await admin.execute("INSERT INTO restricted_cases (person_id) VALUES ($1)", south.person)
    assert (await north["manager"].post("/break-glass", asked(south.person))).status_code == 201
    async with service_at_work(database, admin) as work:
        await work.settle()
        told = {to for to, _, _ in work.twilio.texts}
    assert south["personal_adviser"].phone not in told
    assert south["manager"].phone in told


async def test_case_when_asked_for_twice_with_one_key_then_it_is_opened_once(
    north: Team, south: Team, admin: asyncpg.Connection
) -> None:
    opener = north["duty_worker"]
    answers = [await opener.post("/break-glass", asked(south.person), idempotency_key="once-only") for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert await admin.fetchval("SELECT count(*) FROM break_glass_grants") == 1


@pytest.mark.parametrize(
    ("changes", "status", "path"),
    [
        ({"reason": ""}, 400, "reason"),
        ({"reason": "because"}, 422, "reason"),
        ({"reason": "x" * 19}, 422, "reason"),
        ({"reason": " " * 40}, 422, "reason"),
        ({"reason": "x" * 2001}, 400, "reason"),
        ({"reason": REASON + "\0"}, 400, "reason"),
        ({"minutes": 241}, 400, "minutes"),
        ({"minutes": 0}, 400, "minutes"),
        ({"minutes": "60"}, 400, "minutes"),
        ({"person_id": "x"}, 400, "person_id"),
        ({"staff_id": str(uuid4())}, 400, ""),
    ],
)
async def test_case_when_the_reason_is_short_or_the_time_long_then_it_stays_closed_and_the_field_is_told(
    north: Team, south: Team, changes: dict[str, Any], status: int, path: str
) -> None:
    answer = await north["personal_adviser"].post("/break-glass", asked(south.person, **changes))
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (status, path)
    assert not await sees(north["personal_adviser"], south.person)


@pytest.mark.parametrize("role", ["administrator", "data_protection_lead", "reviewing_officer"])
async def test_case_when_the_role_holds_no_cases_then_it_stays_closed(north: Team, south: Team, role: str) -> None:
    assert (await north[role].post("/break-glass", asked(south.person))).status_code == 403


async def test_case_when_not_stepped_up_then_it_stays_closed_and_the_way_is_told(
    north: Team, south: Team, admin: asyncpg.Connection
) -> None:
    browser = await north.without_step_up("personal_adviser")
    answer = await browser.post("/break-glass", asked(south.person))
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:fifteenplus:problem:step-up-needed"
    assert answer.json()["sign_in"] == "/admin/v1/sign-in?step_up=true"
    assert "insufficient_user_authentication" in answer.headers["www-authenticate"]
    assert await admin.fetchval("SELECT count(*) FROM break_glass_grants") == 0


async def test_case_when_known_by_name_and_birthday_alone_then_it_is_opened_for_exactly_one_living_person(
    north: Team, south: Team, admin: asyncpg.Connection
) -> None:
    opener = north["personal_adviser"]
    await admin.execute("UPDATE young_people SET full_name = 'Zoë  Example' WHERE person_id = $1", south.person)
    by_name = {"person_id": None, "full_name": " zoë example ", "born_on": "2009-02-28"}
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"full_name": "Zoe Example"}, 404),
        ({"full_name": "Zoë"}, 404),
        ({"full_name": "%"}, 404),
        ({"born_on": "2009-03-01"}, 404),
        ({"born_on": "2009-02-29"}, 400),
        ({"born_on": None}, 422),
        ({"full_name": None}, 422),
        ({"person_id": str(south.person)}, 422),
    ]
    for changes, status in wrong:
        assert (await opener.post("/break-glass", asked(south.person, **by_name | changes))).status_code == status
    late = await north.without_step_up("personal_adviser")
    assert (await late.post("/break-glass", asked(south.person, **by_name))).status_code == 403
    assert (await opener.post("/break-glass", asked(south.person, **by_name))).status_code == 201
    assert await sees(opener, south.person)
    twin = await south.add_person()
    await admin.execute("UPDATE young_people SET full_name = 'Zoë Example' WHERE person_id = $1", twin)
    assert (await opener.post("/break-glass", asked(south.person, **by_name))).status_code == 404
    await admin.execute("UPDATE young_people SET died_on = '2026-01-01' WHERE person_id = $1", twin)
    assert (await opener.post("/break-glass", asked(south.person, **by_name))).status_code == 201


async def test_case_when_there_is_no_such_person_then_nothing_is_found(north: Team) -> None:
    assert (await north["personal_adviser"].post("/break-glass", asked(uuid4()))).status_code == 404


async def test_case_when_the_alert_cannot_be_stored_then_it_stays_closed(
    north: Team, south: Team, admin: asyncpg.Connection
) -> None:
    await admin.execute(
        "REVOKE INSERT (kind, serial_key, payload, priority, run_at) ON jobs FROM fifteenplus_signed_in"
    )
    assert (await north["personal_adviser"].post("/break-glass", asked(south.person))).status_code == 404
    assert await admin.fetchval("SELECT count(*) FROM break_glass_grants") == 0


async def test_case_when_opened_past_the_service_then_the_database_refuses_what_it_would(
    database: TestDatabase, north: Team, south: Team
) -> None:
    insert = (
        "INSERT INTO break_glass_grants (person_id, staff_id, reason, ends_at)"
        " VALUES ($1, $2, $3, now() + $4::interval)"
    )
    opener, other = north["personal_adviser"], north["duty_worker"]
    late = await north.without_step_up("personal_adviser")
    connections = Database(database.signed_in_url, size=1)
    for member, name, reason, span, error in (
        (opener, other, REASON, timedelta(hours=1), asyncpg.InsufficientPrivilegeError),
        (late, opener, REASON, timedelta(hours=1), asyncpg.InsufficientPrivilegeError),
        (opener, opener, REASON, timedelta(hours=5), asyncpg.CheckViolationError),
        (opener, opener, " " * 40, timedelta(hours=1), asyncpg.CheckViolationError),
    ):
        async with connections.acting_with(member.token) as connection:
            with pytest.raises(error):
                await connection.execute(insert, south.person, name.staff_id, reason, span)
    await connections.close()


async def test_opened_case_when_looked_at_then_by_either_team_s_manager_or_the_lead_once_and_not_by_oneself(
    north: Team, south: Team, admin: asyncpg.Connection
) -> None:
    west = Team(admin, north.http, await admin.fetchval("INSERT INTO teams (name) VALUES ('west') RETURNING team_id"))
    stranger = await west.add("manager of west", "manager")
    for reviewer in (north["manager"], south["manager"], north["data_protection_lead"]):
        opener = north["personal_adviser"]
        opened = (await opener.post("/break-glass", asked(south.person))).json()["id"]
        review = f"/break-glass/{opened}/review"
        found = {"finding": "needed", "note": "Rang her back, all as said."}
        assert (await opener.post(review, found, if_match='"1"')).status_code == 403
        assert (await stranger.post(review, found, if_match='"1"')).status_code == 404
        assert (await reviewer.post(review, found)).status_code == 428
        assert (await reviewer.post(review, found, if_match='"7"')).status_code == 412
        assert opened in [
            one["break_glass_id"] for one in (await reviewer.get("/break-glass", waiting=True)).json()["items"]
        ]
        reviewed = await reviewer.post(review, found, if_match='"1"')
        assert (reviewed.status_code, reviewed.headers["etag"]) == (200, '"2"')
        assert (await reviewer.post(review, found, if_match='"2"')).status_code == 409
        assert (await reviewer.get("/break-glass", waiting=True)).json()["items"] == []
    own = (await south["manager"].post("/break-glass", asked(north.person))).json()["id"]
    found = {"finding": "needed"}
    assert (await south["manager"].post(f"/break-glass/{own}/review", found, if_match='"1"')).status_code == 404
    assert await admin.fetchval("SELECT count(*) FROM record_history WHERE table_name = 'break_glass_grants'") == 3


async def test_opened_cases_when_listed_then_page_by_page_the_latest_first_and_only_one_s_own_or_to_look_at(
    north: Team, south: Team
) -> None:
    opened = [
        (await north["personal_adviser"].post("/break-glass", asked(south.person))).json()["id"] for _ in range(5)
    ]
    listed, cursor = [], None
    while True:
        page = (await north["manager"].get("/break-glass", limit=2, **({"cursor": cursor} if cursor else {}))).json()
        listed += [one["break_glass_id"] for one in page["items"]]
        if (cursor := page.get("next_cursor")) is None:
            break
    assert listed == opened[::-1]
    assert len((await north["personal_adviser"].get("/break-glass")).json()["items"]) == 5
    assert (await north["duty_worker"].get("/break-glass")).json()["items"] == []
    assert (await south["personal_adviser"].get("/break-glass")).json()["items"] == []
