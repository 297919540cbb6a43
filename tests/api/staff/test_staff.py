"""Administrators keep the list of staff, after a step-up and never about themselves; access ends at once."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.api.team import Member, Team
from tests.factories import next_number


@pytest.fixture
def administrator(north: Team) -> Member:
    return north["administrator"]


def somebody(team: Team, **changes: Any) -> dict[str, Any]:
    return {
        "team_id": str(team.team_id),
        "role": "personal_adviser",
        "full_name": " Noor  Example ",
        "shown_name": "Noor",
        "phone": next_number(),
    } | changes


async def create(administrator: Member, team: Team, **changes: Any) -> str:
    created = await administrator.post("/staff", somebody(team, **changes))
    assert created.status_code == 201, created.text
    return str(created.json()["id"])


async def test_member_when_created_changed_and_linked_then_the_list_says_so_and_the_audit_knows(
    north: Team, administrator: Member, admin: asyncpg.Connection
) -> None:
    staff_id = await create(administrator, north)
    shown = await administrator.get(f"/staff/{staff_id}")
    assert (shown.headers["etag"], shown.json()["full_name"], shown.json()["link"]) == ('"1"', "Noor Example", None)
    changed = await administrator.patch(f"/staff/{staff_id}", {"role": "manager", "phone": None})
    assert changed.status_code == 200
    linked = await administrator.post(f"/staff/{staff_id}/identities", {"subject": "6f1f-noor"})
    assert linked.status_code == 201
    shown = await administrator.get(f"/staff/{staff_id}")
    assert shown.headers["etag"] == changed.headers["etag"]
    member = shown.json()
    assert (member["role"], member["phone_e164"], member["link"]["subject"]) == ("manager", None, "6f1f-noor")
    assert await admin.fetchval("SELECT issuer FROM staff_identities") == "http://127.0.0.1:1"
    noted = await admin.fetch(
        "SELECT verb, table_name FROM audit_entries WHERE actor_id = $1 ORDER BY entry_id", administrator.staff_id
    )
    assert noted == [("added", "staff"), ("changed", "staff"), ("changed", "staff"), ("added", "staff_identities")]
    before = await admin.fetchval(
        "SELECT row_before ->> 'role' FROM record_history WHERE record_id = $1 AND version = 1", staff_id
    )
    assert before == "personal_adviser"


async def test_list_when_read_by_a_colleague_then_it_shows_no_phone_and_no_link(
    north: Team, administrator: Member
) -> None:
    staff_id = await create(administrator, north)
    await administrator.post(f"/staff/{staff_id}/identities", {"subject": "subject"})
    for reader, shows in ((administrator, True), (north["manager"], False), (north["personal_adviser"], False)):
        member = (await reader.get(f"/staff/{staff_id}")).json()
        assert (member["phone_e164"] is not None, member["link"] is not None) == (shows, shows)


async def test_list_when_read_page_by_page_then_everybody_is_there_once(north: Team, south: Team) -> None:
    names, cursor = [], None
    while True:
        page = (await north["manager"].get("/staff", limit=5, **({"cursor": cursor} if cursor else {}))).json()
        names += [one["staff_id"] for one in page["items"]]
        if (cursor := page.get("next_cursor")) is None:
            break
    assert len(names) == len(set(names)) == 12


@pytest.mark.parametrize("change", [{"is_disabled": True}, {"left_on": "2026-01-01"}])
async def test_member_when_disabled_or_gone_then_they_are_out_at_once(
    north: Team, administrator: Member, change: dict[str, Any]
) -> None:
    adviser = north["personal_adviser"]
    assert (await adviser.get("/session")).status_code == 200
    assert (await administrator.patch(f"/staff/{adviser.staff_id}", change, version=1)).status_code == 200
    assert (await adviser.get("/session")).status_code == 401
    back = await administrator.patch(f"/staff/{adviser.staff_id}", {"is_disabled": False, "left_on": None}, version=2)
    assert back.status_code == 200
    assert (await adviser.get("/session")).status_code == 200


async def test_member_when_their_role_changes_then_what_they_may_do_changes_at_once(
    north: Team, administrator: Member
) -> None:
    adviser = north["personal_adviser"]
    assert (await adviser.get("/audit")).status_code == 403
    await administrator.patch(f"/staff/{adviser.staff_id}", {"role": "data_protection_lead"}, version=1)
    assert (await adviser.get("/audit")).status_code == 200
    assert (await adviser.get(f"/young-people/{north.person}/record-views")).status_code == 403


async def test_administrator_when_it_is_about_themselves_then_it_is_refused(administrator: Member) -> None:
    own = f"/staff/{administrator.staff_id}"
    assert (await administrator.patch(own, {"role": "manager"}, version=1)).status_code == 403
    assert (await administrator.post(f"{own}/identities", {"subject": "x"})).status_code == 403


async def test_list_when_changed_without_the_role_or_a_step_up_then_it_is_refused(north: Team) -> None:
    late = await north.without_step_up("administrator")
    answer = await late.post("/staff", somebody(north))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:fifteenplus:problem:step-up-needed")
    for role in ("manager", "data_protection_lead", "personal_adviser"):
        member = north[role]
        assert (await member.post("/staff", somebody(north))).status_code == 403
        target = f"/staff/{north['duty_worker'].staff_id}"
        assert (await member.patch(target, {"role": "manager"}, version=1)).status_code == 403
        assert (await member.post(f"{target}/identities", {"subject": "x"})).status_code == 403
        assert (await member.post("/teams", {"name": "east"})).status_code == 403


@pytest.mark.parametrize(
    ("changes", "status", "path"),
    [
        ({"role": "king"}, 400, "role"),
        ({"team_id": str(uuid4())}, 422, "team_id"),
        ({"full_name": "  "}, 400, "full_name"),
        ({"full_name": "x" * 201}, 400, "full_name"),
        ({"shown_name": "a\0"}, 400, "shown_name"),
        ({"phone": "not a number"}, 422, "phone"),
        ({"staff_id": str(uuid4())}, 400, ""),
    ],
)
async def test_member_when_a_field_is_wrong_then_nobody_is_created_and_the_field_is_told(
    north: Team, administrator: Member, admin: asyncpg.Connection, changes: dict[str, Any], status: int, path: str
) -> None:
    before = await admin.fetchval("SELECT count(*) FROM staff")
    answer = await administrator.post("/staff", somebody(north, **changes))
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (status, path)
    assert await admin.fetchval("SELECT count(*) FROM staff") == before


async def test_member_when_changed_on_another_version_then_it_is_stale(north: Team, administrator: Member) -> None:
    target = f"/staff/{north['duty_worker'].staff_id}"
    assert (await administrator.patch(target, {"role": "manager"}, version=2)).status_code == 412
    assert (await administrator.patch(target, {"role": "manager"}, version=None)).status_code == 428
    assert (await administrator.patch(f"/staff/{uuid4()}", {"role": "manager"})).status_code == 404


async def test_link_when_either_is_linked_already_then_it_conflicts_until_the_first_has_ended(
    north: Team, administrator: Member
) -> None:
    first, second = (f"/staff/{north[role].staff_id}/identities" for role in ("manager", "duty_worker"))
    link_id = (await administrator.post(first, {"subject": "a"})).json()["id"]
    assert (await administrator.post(first, {"subject": "b"})).status_code == 409
    assert (await administrator.post(second, {"subject": "a"})).status_code == 409
    ended = await administrator.patch(f"/staff-identities/{link_id}", {"has_ended": True})
    assert (ended.status_code, ended.headers["etag"]) == (200, '"2"')
    assert (
        await administrator.patch(f"/staff-identities/{link_id}", {"has_ended": True}, version=1)
    ).status_code == 404
    assert (await administrator.post(second, {"subject": "a"})).status_code == 201
    assert (await administrator.post(f"/staff/{uuid4()}/identities", {"subject": "c"})).status_code == 404


@pytest.mark.parametrize("body", [{"subject": ""}, {"subject": "a b"}, {"subject": "x" * 256}, {}, {"subject": None}])
async def test_link_when_the_subject_cannot_be_one_then_it_is_refused(
    north: Team, administrator: Member, body: dict[str, Any]
) -> None:
    answer = await administrator.post(f"/staff/{north['manager'].staff_id}/identities", body)
    assert answer.status_code == 400


async def test_team_when_created_twice_then_it_conflicts(administrator: Member) -> None:
    assert (await administrator.post("/teams", {"name": "east"})).status_code == 201
    assert (await administrator.post("/teams", {"name": " east "})).status_code == 409
    names = [team["name"] for team in (await administrator.get("/teams")).json()["items"]]
    assert names == ["east", "north", "south"]
