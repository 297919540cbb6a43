"""Homes: a move ends one and begins another, starts its clocks, and places nobody where the law lets nobody be."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from tests.api.casework import Desk, Team, days_ago, errors, today
from tests.factories import create_session

ADDRESS = "12 Made-up Street, Nottingham, NG1 1AA"
# Born on 28 February 2009, so 17 at the time of these tests and 16 from 28 February 2025 on.
MOVE: dict[str, Any] = {
    "moved_on": "2026-05-01",
    "display_name": "Elm House",
    "accommodation": "D",
    "tenancy": "licence",
    "place": "K3",
    "place_provider": "PR4",
    "address": ADDRESS,
}
FACTORS = (
    "facilities_and_services", "repair", "safety", "location", "support", "tenancy_status", "costs_and_affordability",
    "young_persons_views", "rights_and_responsibilities", "funding_arrangements",
)  # fmt: skip
SUITABLE: dict[str, Any] = {
    "assessed_on": "2026-05-03",
    "is_suitable": True,
    "landlord_checked_on": "2026-05-02",
    **dict.fromkeys(FACTORS, "Looked at together."),
}


async def add_provider(team: Team, *, kind: str = "supported_accommodation_shared", **days: str) -> str:
    """A provider who is registered, from 2024 on unless told otherwise."""
    added = await team.manager.post("/admin/v1/providers", {"name": f"Homes {kind} {days}"})
    assert added.status_code == 201, added.text
    registration = {"urn": "1234567", "kind": kind, "registered_from": "2024-01-01"} | days
    path = f"{added.headers['location']}/registrations"
    answer = await team.manager.post(path, registration)
    assert answer.status_code == 201, answer.text
    return str(added.json()["id"])


async def moved(team: Team, **changes: Any) -> dict[str, Any]:
    """Somebody moved."""
    provider_id = await add_provider(team)
    answer = await team.adviser.post(f"{team.path}/homes", MOVE | {"provider_id": provider_id} | changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()) | {"provider_id": provider_id}


async def stored(team: Team) -> list[int]:
    """How much there is of everything that a move writes."""
    tables = ("placements", "accommodation_spells", "duty_triggers", "duty_dates")
    return [await team.admin.fetchval(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608


async def test_move_when_it_is_the_first_then_the_home_is_there_and_its_clocks_run(team: Team) -> None:
    await team.adviser.post(f"{team.path}/care-periods", {"started_on": "2020-05-01", "ended_on": "2026-05-01"})
    await _episode(team)
    await moved(team)
    (home,) = (await team.adviser.get(f"{team.path}/homes")).json()["items"]
    assert (home["display_name"], home["started_on"], home["ended_on"]) == ("Elm House", "2026-05-01", None)
    assert (home["has_address"], home["is_suitable"], home["version"]) == (True, None, 1)
    assert ADDRESS not in str(home)
    triggers = await team.admin.fetch("SELECT code, happened_on FROM duty_triggers")
    assert [tuple(row) for row in triggers] == [("moved", date(2026, 5, 1))]
    due = {duty["code"]: duty["due_on"] for duty in (await team.adviser.get(team.path)).json()["duties"]}
    assert due["visit_after_move"] == "2026-05-08"
    assert due["visit_two_monthly"] == "2026-07-01"


async def _episode(team: Team) -> None:
    period = await team.admin.fetchval("SELECT care_period_id FROM care_periods")
    episode = {
        "care_period_id": str(period), "started_on": "2020-05-01", "reason_new": "S", "legal_status": "C2",
        "category_of_need": "N1", "place": "U4", "place_provider": "PR1", "urn": "SC123456",
        "ended_on": "2026-05-01", "reason_ended": "E5",
    }  # fmt: skip
    answer = await team.adviser.post(f"{team.path}/episodes", episode)
    assert answer.status_code == 201, answer.text


async def test_move_when_there_was_a_home_then_that_ends_on_the_day_and_what_it_said_stays(team: Team) -> None:
    first = await moved(team)
    second = MOVE | {"moved_on": "2026-09-01", "accommodation": "B", "place": None, "place_provider": None}
    path = f"{team.path}/homes"
    assert (await team.adviser.post(path, second)).status_code == 428
    assert (await team.adviser.post(path, second, version=2)).status_code == 412
    assert (await team.adviser.post(path, second, version=1)).status_code == 201
    homes = (await team.adviser.get(path)).json()["items"]
    assert [(home["started_on"], home["ended_on"]) for home in homes] == [
        ("2026-09-01", None),
        ("2026-05-01", "2026-09-01"),
    ]
    (before,) = (await team.adviser.get(f"{team.path}/history", record_id=first["id"])).json()["items"]
    assert (before["row_before"]["ended_on"], before["changed_by_id"]) == (None, str(team.adviser_id))
    assert [home["started_on"] for home in await _pages(team, path)] == ["2026-09-01", "2026-05-01"]


async def _pages(team: Team, path: str) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        page = (await team.adviser.get(path, count=1, **({"cursor": cursor} if cursor else {}))).json()
        found += page["items"]
        cursor = page.get("next_cursor")
        if cursor is None:
            return found


TOMORROW = (today() + timedelta(days=1)).isoformat()
# A change of the move, the status, the path that is told, and a part of what is said to be allowed.
WRONG_MOVES = [
    ({"moved_on": "2026-02-30"}, 400, "moved_on", ""),
    ({"moved_on": TOMORROW}, 422, "moved_on", "28 February 2009"),
    ({"moved_on": "2001-01-01"}, 422, "moved_on", "28 February 2009"),
    ({"moved_on": "2025-02-27"}, 422, "place", "from 28 February 2025"),
    ({"accommodation": "Q"}, 422, "accommodation", "D"),
    ({"accommodation": "D1"}, 422, "accommodation", "D"),
    ({"accommodation": "T"}, 422, "accommodation", "D"),
    ({"accommodation": "Z"}, 422, "accommodation", "D"),
    ({"tenancy": "squat"}, 400, "tenancy", ""),
    ({"place": "H5"}, 422, "place", "K3"),
    ({"place": "P2"}, 422, "place", "K3"),
    ({"place_provider": "PR7"}, 422, "place_provider", "PR4"),
    ({"place_provider": None}, 422, "place_provider", ""),
    ({"place": None}, 422, "place_provider", "none"),
    ({"provider_id": None}, 422, "provider_id", "a provider registered on that day"),
    ({"provider_id": None, "place": None, "place_provider": None}, 422, "provider_id", "a provider registered"),
    ({"provider_id": "00000000-0000-4000-8000-000000000000"}, 422, "provider_id", "/admin/v1/providers"),
    ({"ofsted_urn": "7654321"}, 422, "provider_id", "1234567: 1 January 2024 to now"),
    ({"rent_pence_a_week": -1}, 400, "rent_pence_a_week", ""),
    ({"rent_pence_a_week": 100.5}, 400, "rent_pence_a_week", ""),
    ({"display_name": ""}, 400, "display_name", ""),
    ({"address": "x" * 501}, 400, "address", ""),
]


@pytest.mark.parametrize(("change", "status", "path", "allowed"), WRONG_MOVES)
async def test_move_when_it_cannot_be_then_it_says_why_and_what_is_allowed_and_nothing_is_written(
    team: Team, change: dict[str, Any], status: int, path: str, allowed: str
) -> None:
    provider_id = await add_provider(team)
    answer = await team.adviser.post(f"{team.path}/homes", MOVE | {"provider_id": provider_id} | change)
    assert (answer.status_code, errors(answer)[0][0]) == (status, path), answer.text
    assert any(allowed in one for one in errors(answer)[0][1]) or not allowed
    assert ADDRESS not in answer.text
    assert await stored(team) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("kind", "days", "is_taken"),
    [
        ("supported_accommodation_private_home", {}, True),
        ("childrens_home", {}, False),
        ("supported_accommodation_shared", {"registered_until": "2026-05-01"}, False),
        ("supported_accommodation_shared", {"registered_until": "2026-05-02"}, True),
        ("supported_accommodation_shared", {"registered_from": "2026-05-02"}, False),
        ("supported_accommodation_shared", {"registered_from": "2026-05-01"}, True),
    ],
)
async def test_placement_when_the_provider_is_not_registered_on_that_day_then_it_is_refused(
    team: Team, kind: str, days: dict[str, str], is_taken: bool
) -> None:
    provider_id = await add_provider(team, kind=kind, **days)
    answer = await team.adviser.post(f"{team.path}/homes", MOVE | {"provider_id": provider_id})
    assert answer.status_code == (201 if is_taken else 422), answer.text
    if not is_taken:
        assert (errors(answer)[0][0], await stored(team)) == ("provider_id", [0, 0, 0, 0])


async def test_placement_when_they_are_eighteen_then_nobody_asks_for_a_registration(team: Team) -> None:
    person_id = await team.another(born_on=date(2007, 1, 1))
    move = MOVE | {"place": None, "place_provider": None, "accommodation": "U", "tenancy": "own"}
    assert (await team.adviser.post(f"/admin/v1/young-people/{person_id}/homes", move)).status_code == 201
    codes = [row[0] for row in await team.admin.fetch("SELECT code FROM duty_triggers")]
    assert codes == ["moved"]


async def test_move_when_to_a_place_nobody_regulates_in_an_emergency_then_that_is_noted(team: Team) -> None:
    move = MOVE | {"place": None, "place_provider": None, "accommodation": "W", "was_emergency": True}
    assert (await team.adviser.post(f"{team.path}/homes", move)).status_code == 201
    codes = {row[0] for row in await team.admin.fetch("SELECT code FROM duty_triggers")}
    assert codes == {"moved", "moved_in_an_emergency", "moved_to_unregulated"}


async def test_move_when_it_is_before_or_on_the_day_of_a_later_one_then_it_is_refused(team: Team) -> None:
    first = await moved(team)
    before = await stored(team)
    for day, version, allowed in (("2026-05-01", 1, "a day after 1 May"), ("2026-04-01", None, "a day after 1 May")):
        again = MOVE | {"moved_on": day, "provider_id": first["provider_id"]}
        answer = await team.adviser.post(f"{team.path}/homes", again, version=version)
        assert (answer.status_code, errors(answer)[0][0]) == (409, "moved_on"), answer.text
        assert allowed in errors(answer)[0][1][0]
    assert await stored(team) == before


async def test_moves_when_two_come_at_once_then_one_is_kept(team: Team) -> None:
    first = await moved(team)
    second = MOVE | {"moved_on": days_ago(2), "provider_id": first["provider_id"]}
    answers = await asyncio.gather(
        *(team.adviser.post(f"{team.path}/homes", second | {"moved_on": days_ago(n)}, version=1) for n in (2, 3, 4))
    )
    assert sorted(answer.status_code for answer in answers)[0] == 201
    assert {answer.status_code for answer in answers[1:]} | {answers[0].status_code} <= {201, 409, 412, 428}
    homes = (await team.adviser.get(f"{team.path}/homes")).json()["items"]
    assert [answer.status_code for answer in answers].count(201) == 1
    assert [home["ended_on"] for home in homes] == [None, homes[0]["started_on"]]


async def test_home_when_put_right_then_it_changes_and_may_not_overlap(team: Team) -> None:
    first = await moved(team)
    await team.adviser.post(
        f"{team.path}/homes", MOVE | {"moved_on": "2026-09-01", "provider_id": first["provider_id"]}, version=1
    )
    path = f"{team.path}/homes/{first['id']}"
    details = {
        "display_name": "Elm Lodge", "accommodation": "D", "tenancy": "licence", "started_on": "2026-05-02",
        "ended_on": "2026-09-01",
    }  # fmt: skip
    assert (await team.adviser.put(path, details)).status_code == 412
    assert (await team.adviser.put(path, details, version=2)).status_code == 200
    for change in ({"ended_on": "2026-09-02"}, {"ended_on": None}):
        answer = await team.adviser.put(path, details | change, version=3)
        assert (answer.status_code, errors(answer)[0][0]) == (409, "started_on")
    homes = (await team.adviser.get(f"{team.path}/homes")).json()["items"]
    assert [(home["display_name"], home["started_on"]) for home in homes] == [
        ("Elm House", "2026-09-01"),
        ("Elm Lodge", "2026-05-02"),
    ]


async def test_address_when_read_then_by_its_own_route_alone_and_that_is_in_the_audit(team: Team) -> None:
    await moved(team)
    assert ADDRESS.encode() not in await team.admin.fetchval("SELECT address_enc FROM placements")
    assert ADDRESS not in (await team.adviser.get(team.path)).text + (await team.adviser.get(f"{team.path}/homes")).text
    await team.admin.execute("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_stay; DELETE FROM audit_entries")
    shown = await team.adviser.get(f"{team.path}/home/address")
    assert (shown.status_code, shown.json()["address"]) == (200, ADDRESS)
    (noted,) = await team.admin.fetch("SELECT verb, table_name, person_id, actor_id FROM audit_entries")
    assert tuple(noted) == ("viewed", "placements", team.person_id, team.adviser_id)
    assert (await team.stranger.get(f"{team.path}/home/address")).status_code == 404


async def test_address_when_whoever_asks_has_not_stepped_up_then_it_is_not_told(team: Team) -> None:
    await moved(team)
    desk = Desk(team.http, await create_session(team.admin, staff=team.adviser_id))
    assert (await desk.get(f"{team.path}/homes")).status_code == 200
    refused = await desk.get(f"{team.path}/home/address")
    assert refused.status_code in {401, 403}
    assert ADDRESS not in refused.text


async def test_address_when_changed_then_the_new_one_is_read_and_history_holds_no_words(team: Team) -> None:
    await moved(team)
    placement_id = (await team.adviser.get(f"{team.path}/home/address")).json()["placement_id"]
    path = f"{team.path}/placements/{placement_id}/address"
    assert (await team.adviser.put(path, {"address": "1 New Road"}, version=2)).status_code == 412
    assert (await team.stranger.put(path, {"address": "1 New Road"})).status_code == 404
    assert (await team.adviser.put(path, {"address": "1 New Road"})).status_code == 200
    shown = await team.adviser.get(f"{team.path}/home/address")
    assert (shown.json()["address"], shown.headers["etag"]) == ("1 New Road", '"2"')
    assert "address_enc" not in (await team.adviser.get(f"{team.path}/history")).text


async def test_address_when_nobody_wrote_down_a_home_then_there_is_none(team: Team) -> None:
    assert (await team.adviser.get(f"{team.path}/home/address")).status_code == 404


async def test_suitability_when_all_was_looked_at_then_it_is_kept(team: Team) -> None:
    home = await moved(team)
    answer = await team.adviser.post(f"{team.path}/homes/{home['id']}/suitability", SUITABLE)
    assert answer.status_code == 201, answer.text
    (shown,) = (await team.adviser.get(f"{team.path}/homes")).json()["items"]
    assert (shown["is_suitable"], shown["assessed_on"]) == (True, "2026-05-03")


@pytest.mark.parametrize("factor", FACTORS)
async def test_suitability_when_a_factor_was_not_looked_at_then_it_is_refused(team: Team, factor: str) -> None:
    home = await moved(team)
    for value in ("", "  ", None):
        body = {name: said for name, said in (SUITABLE | {factor: value}).items() if said is not None}
        answer = await team.adviser.post(f"{team.path}/homes/{home['id']}/suitability", body)
        assert (answer.status_code, errors(answer)[0][0]) == (422, factor), answer.text
    assert await team.admin.fetchval("SELECT count(*) FROM suitability_assessments") == 0


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"landlord_checked_on": None}, "landlord_checked_on"),
        ({"landlord_checked_on": "2026-05-04"}, "landlord_checked_on"),
        ({"assessed_on": TOMORROW}, "assessed_on"),
    ],
)
async def test_suitability_when_it_cannot_be_then_it_is_refused(team: Team, change: dict[str, Any], path: str) -> None:
    home = await moved(team)
    answer = await team.adviser.post(f"{team.path}/homes/{home['id']}/suitability", SUITABLE | change)
    assert (answer.status_code, errors(answer)[0][0]) == (422, path), answer.text
    assert (await team.adviser.post(f"{team.path}/homes/{team.person_id}/suitability", SUITABLE)).status_code == 404
    assert await team.admin.fetchval("SELECT count(*) FROM suitability_assessments") == 0


async def test_suitability_when_a_factor_is_too_long_then_it_is_refused(team: Team) -> None:
    home = await moved(team)
    answer = await team.adviser.post(f"{team.path}/homes/{home['id']}/suitability", SUITABLE | {"safety": "x" * 4001})
    assert (answer.status_code, errors(answer)[0][0]) == (400, "safety"), answer.text
    assert await team.admin.fetchval("SELECT count(*) FROM suitability_assessments") == 0


async def test_own_home_when_the_device_sees_everything_then_it_is_told_without_the_address(team: Team) -> None:
    device = await team.young_person()
    empty = (await device.get("/client/v1/home")).json()
    assert empty == {"text": "We have not written down where you live. Ask the team to add it."}
    await moved(team)
    answer = await device.get("/client/v1/home")
    assert answer.json() == {
        "text": "Your home is Elm House. You have lived there since 1 May 2026.",
        "home_name": "Elm House",
        "since": "2026-05-01",
    }
    assert ADDRESS not in answer.text


async def test_own_home_and_team_when_the_device_signed_in_by_a_text_then_they_are_not_told(team: Team) -> None:
    await moved(team)
    device = await team.young_person("limited")
    for path in ("/client/v1/home", "/client/v1/team"):
        assert (await device.get(path)).status_code == 403
        assert (await team.adviser.get(path)).status_code == 401


async def test_own_team_when_asked_then_it_says_who_when_and_until_when_they_are_away(team: Team) -> None:
    device = await team.young_person()
    said = (await device.get("/client/v1/team")).json()
    assert said["text"] == "Your adviser is Sam. They work Monday to Friday 9am to 5pm."
    back_on = today() + timedelta(days=3)
    absence = {"staff_id": str(team.adviser_id), "started_on": days_ago(1), "ended_on": back_on.isoformat()}
    assert (await team.manager.post("/admin/v1/absences", absence)).status_code == 201
    said = (await device.get("/client/v1/team")).json()
    assert said["text"].endswith(f"They are away now and will be back on {back_on.day} {back_on:%B %Y}.")
    assert (said["adviser_name"], said["back_on"]) == ("Sam", back_on.isoformat())
    await team.admin.execute("UPDATE allocations SET ended_on = '2026-01-02'")
    said = (await device.get("/client/v1/team")).json()
    assert said["text"] == "You do not have an adviser just now. The team will help you."


@pytest.mark.parametrize("name", ["Flat 3, NG7 2RD", "ng72rd", "Elm House NG7-2RD"])
async def test_home_when_its_name_holds_a_postcode_then_it_is_refused_and_the_name_is_not_repeated(
    team: Team, name: str
) -> None:
    refused = await team.adviser.post(f"{team.path}/homes", MOVE | {"display_name": name})
    assert (refused.status_code, errors(refused)[0][0]) == (422, "display_name")
    assert "2rd" not in refused.text.lower()
    assert await stored(team) == [0, 0, 0, 0]
    home = await moved(team)
    details = {"display_name": name, "accommodation": "D", "tenancy": "licence", "started_on": "2026-05-01"}
    refused = await team.adviser.put(f"{team.path}/homes/{home['id']}", details)
    assert (refused.status_code, errors(refused)[0][0]) == (422, "display_name")
    assert await team.admin.fetchval("SELECT display_name FROM placements") == "Elm House"


async def test_assessment_when_a_factor_holds_a_postcode_then_it_is_refused(team: Team) -> None:
    home = await moved(team)
    said = SUITABLE | {"location": "Near the park, NG7 2RD."}
    refused = await team.adviser.post(f"{team.path}/homes/{home['id']}/suitability", said, version=1)
    assert (refused.status_code, errors(refused)[0][0]) == (422, "location")
    assert await team.admin.fetchval("SELECT count(*) FROM suitability_assessments") == 0
