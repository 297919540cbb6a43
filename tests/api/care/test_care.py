"""Records of care: what cannot be is refused with what is allowed, and what was said before stays."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from api.kit.crypto import Place
from tests.api.casework import Team, days_ago, errors, today
from tests.fields import cipher_for

# Born on 28 February 2009: 16 on 28 February 2025.
EPISODE: dict[str, Any] = {
    "started_on": "2024-05-01",
    "reason_new": "S",
    "legal_status": "C2",
    "category_of_need": "N1",
    "place": "U4",
    "place_provider": "PR1",
    "urn": "SC123456",
}
GOOD: dict[str, dict[str, Any]] = {
    "care-periods": {"started_on": "2024-05-01"},
    "family-placements": {"with_whom": "parent", "started_on": "2025-05-01", "ended_on": "2025-06-01"},
    "detentions": {"kind": "hospital", "started_on": "2025-02-01", "ended_on": "2025-03-15"},
    "special-guardianships": {"was_looked_after_before": True, "started_on": "2023-01-01", "ended_on": "2024-01-01"},
    "activities": {"activity": "F2", "started_on": "2025-09-01"},
    "education-programmes": {"kind": "other", "informed_on": "2026-05-01", "started_on": "2027-09-01"},
    "in-touch-records": {"birthday_on": "2026-02-28", "status": "YES", "contact_on": "2026-02-20"},
}
TABLES = {
    "care-periods": "care_periods", "episodes": "episodes", "family-placements": "family_placements",
    "detentions": "detentions", "special-guardianships": "special_guardianships", "activities": "activity_spells",
    "education-programmes": "education_programmes", "in-touch-records": "in_touch_records",
}  # fmt: skip


async def add_period(team: Team, **days: Any) -> str:
    """A period of care."""
    answer = await team.adviser.post(f"{team.path}/care-periods", {"started_on": "2024-05-01"} | days)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("name", GOOD)
async def test_record_when_added_and_changed_then_both_are_there_and_what_it_said_before(team: Team, name: str) -> None:
    path = f"{team.path}/{name}"
    added = await team.adviser.post(path, GOOD[name])
    assert added.status_code == 201, added.text
    record_id = added.json()["id"]
    changed = await team.manager.put(f"{path}/{record_id}", GOOD[name])
    assert (changed.status_code, changed.json()["version"]) == (200, 2), changed.text
    assert (await team.manager.put(f"{path}/{record_id}", GOOD[name])).status_code == 412
    assert (await team.manager.put(f"{path}/{record_id}", GOOD[name], version=None)).status_code == 428
    assert (await team.manager.put(f"{path}/{team.person_id}", GOOD[name])).status_code == 404
    assert (await team.stranger.put(f"{path}/{record_id}", GOOD[name], version=2)).status_code == 404
    assert (await team.stranger.post(path, GOOD[name])).status_code == 404
    (before,) = (await team.adviser.get(f"{team.path}/history", record_id=record_id)).json()["items"]
    assert (before["table_name"], before["version"], before["changed_by_id"]) == (
        TABLES[name],
        1,
        str(team.manager_id),
    )
    assert before["row_before"]["person_id"] == str(team.person_id)
    whole = (await team.adviser.get(team.path)).json()
    (shown,) = whole[name.replace("-", "_")]
    assert shown.items() >= (GOOD[name] | {"version": 2}).items()
    noted = await team.admin.fetch(
        "SELECT verb, actor_id FROM audit_entries WHERE record_id = $1 ORDER BY 1", record_id
    )
    assert [tuple(row) for row in noted] == [("added", team.adviser_id), ("changed", team.manager_id)]


async def test_episode_when_it_is_right_then_it_is_kept_and_can_be_ended(team: Team) -> None:
    period = await add_period(team)
    added = await team.adviser.post(f"{team.path}/episodes", EPISODE | {"care_period_id": period})
    assert added.status_code == 201, added.text
    ended = EPISODE | {"care_period_id": period, "ended_on": "2025-05-01", "reason_ended": "X1"}
    changed = await team.adviser.put(f"{team.path}/episodes/{added.json()['id']}", ended)
    assert changed.status_code == 200, changed.text
    history = (await team.adviser.get(f"{team.path}/history")).json()["items"]
    assert (history[0]["table_name"], history[0]["row_before"]["ended_on"]) == ("episodes", None)


POSTCODES = {"home_post": "NG1 5DT", "pl_post": "NG72RD"}
POSTCODES_KEPT = "SELECT episode_id, home_post_enc, pl_post_enc FROM episodes"


async def read_postcodes(team: Team) -> tuple[str | None, str | None]:
    """The postcodes of the one episode there is, as only the service reads them."""
    episode_id, home_post, pl_post = await team.admin.fetchrow(POSTCODES_KEPT)
    cipher = await cipher_for(team.admin, team.person_id)
    home, placed = (
        None if kept is None else cipher.decrypt(kept, Place("episodes", column, episode_id))
        for column, kept in (("home_post_enc", home_post), ("pl_post_enc", pl_post))
    )
    return home, placed


async def test_postcodes_when_recorded_then_only_the_service_reads_them_and_staff_see_the_districts(team: Team) -> None:
    period = await add_period(team)
    bare = EPISODE | {"care_period_id": period}
    added = await team.adviser.post(f"{team.path}/episodes", bare | POSTCODES)
    assert added.status_code == 201, added.text
    assert await read_postcodes(team) == ("NG1 5DT", "NG72RD")
    shown = await team.manager.get(team.path)
    (episode,) = shown.json()["episodes"]
    assert (episode["home_post_outward"], episode["pl_post_outward"]) == ("NG1", "NG7")
    assert not {"home_post", "pl_post", "home_post_enc", "pl_post_enc"} & episode.keys()
    assert "5DT" not in shown.text
    assert "2RD" not in shown.text


async def test_postcode_when_a_change_does_not_say_it_then_it_stays_and_null_takes_it_away(team: Team) -> None:
    bare = EPISODE | {"care_period_id": await add_period(team)}
    path = f"{team.path}/episodes/{(await team.adviser.post(f'{team.path}/episodes', bare | POSTCODES)).json()['id']}"
    assert (await team.adviser.put(path, bare)).status_code == 200
    assert await read_postcodes(team) == ("NG1 5DT", "NG72RD")
    assert (await team.adviser.put(path, bare | {"pl_post": "LE1 1AA"}, version=2)).status_code == 200
    assert await read_postcodes(team) == ("NG1 5DT", "LE1 1AA")
    assert (await team.adviser.put(path, bare | {"home_post": None}, version=3)).status_code == 200
    assert await read_postcodes(team) == (None, "LE1 1AA")
    history = await team.adviser.get(f"{team.path}/history")
    assert [past["table_name"] for past in history.json()["items"]] == ["episodes"] * 3
    assert "_post" not in history.text


async def test_postcodes_when_there_are_none_then_none_is_shown_and_no_key_is_made(team: Team) -> None:
    bare = EPISODE | {"care_period_id": await add_period(team)}
    assert (await team.adviser.post(f"{team.path}/episodes", bare)).status_code == 201
    (episode,) = (await team.adviser.get(team.path)).json()["episodes"]
    assert (episode["home_post_outward"], episode["pl_post_outward"]) == (None, None)
    own_keys = "SELECT count(*) FROM data_keys WHERE subject_id = $1"
    assert await team.admin.fetchval(own_keys, team.person_id) == 0


async def test_postcodes_when_the_record_was_erased_then_they_say_so_and_none_can_be_written(team: Team) -> None:
    bare = EPISODE | {"care_period_id": await add_period(team)}
    path = f"{team.path}/episodes/{(await team.adviser.post(f'{team.path}/episodes', bare)).json()['id']}"
    await team.admin.execute("UPDATE episodes SET home_post_enc = 'x', pl_post_enc = 'x'")
    await team.admin.execute("INSERT INTO data_keys (subject_id, destroyed_at) VALUES ($1, now())", team.person_id)
    (episode,) = (await team.adviser.get(team.path)).json()["episodes"]
    assert (episode["home_post_outward"], episode["pl_post_outward"]) == ("erased", "erased")
    assert (await team.adviser.put(path, bare | POSTCODES, version=2)).status_code == 410


@pytest.mark.parametrize("wrong", ["NG7", "ng7 2rd", "NG7  2RD", "NG7 2RD, Flat 3", "", 7])
async def test_postcode_when_it_is_none_then_it_is_refused_and_not_repeated(team: Team, wrong: object) -> None:
    bare = EPISODE | {"care_period_id": await add_period(team)}
    answer = await team.adviser.post(f"{team.path}/episodes", bare | {"pl_post": wrong})
    assert (answer.status_code, errors(answer)[0][0]) == (400, "pl_post")
    assert not wrong or f'"{wrong}"' not in answer.text
    assert await team.admin.fetchval("SELECT count(*) FROM episodes") == 0


# A change of the episode, the path that is told, and one of the values said to be allowed (if any are).
WRONG_EPISODES = [
    ({"started_on": "2024-04-30"}, "started_on", "1 May 2024 to now"),
    ({"started_on": "2001-01-01"}, "started_on", None),
    ({"started_on": (today() + timedelta(days=1)).isoformat()}, "started_on", None),
    ({"ended_on": "2024-05-01", "reason_ended": "X1"}, "ended_on", "after 1 May 2024"),
    ({"ended_on": "2025-05-01"}, "reason_ended", None),
    ({"reason_ended": "X1"}, "reason_ended", None),
    ({"reason_place_change": "CARPL"}, "reason_place_change", None),
    ({"reason_new": "X"}, "reason_new", "S"),
    ({"legal_status": "C9"}, "legal_status", "C2"),
    ({"category_of_need": "N9"}, "category_of_need", "N1"),
    ({"place": "H5", "started_on": "2025-06-01"}, "place", "K3"),
    ({"place": "Z1", "started_on": "2025-06-01", "place_provider": None, "urn": None}, "place", "Z11"),
    ({"place_provider": "PR9"}, "place_provider", "PR1"),
    ({"place_provider": None}, "place_provider", None),
    ({"place_provider": "PR0"}, "place_provider", None),
    ({"place": "T0"}, "place_provider", "none"),
    ({"place": "P1", "place_provider": "PR0"}, "urn", None),
    ({"urn": None}, "urn", "SC and 6 digits, 7 digits, or XXXXXXX"),
    ({"place": "K3"}, "place", "K3 from 28 February 2025, or another placement"),
    ({"ended_on": "2025-05-01", "reason_ended": "E99"}, "reason_ended", "X1"),
    ({"ended_on": "2025-05-01", "reason_ended": "X1", "reason_place_change": "NONE"}, "reason_place_change", "CARPL"),
    ({"care_period_id": "00000000-0000-4000-8000-000000000000"}, "care_period_id", None),
    ({"placement_id": "00000000-0000-4000-8000-000000000000"}, "placement_id", None),
]


@pytest.mark.parametrize(("change", "path", "allowed"), WRONG_EPISODES)
async def test_episode_when_it_cannot_be_then_it_says_what_is_wrong_and_allowed_and_nothing_is_written(
    team: Team, change: dict[str, Any], path: str, allowed: str | None
) -> None:
    period = await add_period(team)
    answer = await team.adviser.post(f"{team.path}/episodes", EPISODE | {"care_period_id": period} | change)
    assert answer.status_code == 422, answer.text
    told = errors(answer)
    assert path in [one for one, _ in told]
    assert allowed is None or allowed in next(values for one, values in told if one == path)
    assert await team.admin.fetchval("SELECT count(*) FROM episodes") == 0
    assert await team.admin.fetchval("SELECT count(*) FROM idempotency_keys") == 1


async def test_supported_accommodation_when_the_young_person_is_sixteen_then_it_may_be(team: Team) -> None:
    period = await add_period(team)
    episode = EPISODE | {"care_period_id": period, "place": "K3"}
    early = await team.adviser.post(f"{team.path}/episodes", episode | {"started_on": "2025-02-27"})
    assert (early.status_code, errors(early)[0][0]) == (422, "place")
    assert (await team.adviser.post(f"{team.path}/episodes", episode | {"started_on": "2025-02-28"})).status_code == 201


async def test_care_period_when_its_episodes_would_lie_outside_then_it_is_refused(team: Team) -> None:
    period = await add_period(team)
    await team.adviser.post(f"{team.path}/episodes", EPISODE | {"care_period_id": period, "started_on": "2024-06-01"})
    path = f"{team.path}/care-periods/{period}"
    for days in ({"started_on": "2024-06-02"}, {"started_on": "2024-05-01", "ended_on": "2025-01-01"}):
        answer = await team.adviser.put(path, days)
        assert (answer.status_code, errors(answer)[0][0]) == (409, "ended_on"), answer.text
    assert (await team.adviser.put(path, {"started_on": "2024-06-01"})).status_code == 200


WRONG = [
    ("care-periods", {"started_on": "2009-02-27"}, 422, "started_on"),
    ("care-periods", {"ended_on": "2024-05-01"}, 422, "ended_on"),
    ("care-periods", {"authority_code": "Leeds"}, 400, "authority_code"),
    ("care-periods", {"started_on": "2024-13-01"}, 400, "started_on"),
    ("care-periods", {"started_on": 20240501}, 400, "started_on"),
    ("care-periods", {"since": "2024-05-01"}, 400, ""),
    ("family-placements", {"with_whom": "aunt"}, 400, "with_whom"),
    ("family-placements", {"broke_down_on": "2025-04-01"}, 422, "broke_down_on"),
    ("family-placements", {"broke_down_on": "2025-05-15", "ended_on": None}, 422, "broke_down_on"),
    ("detentions", {"kind": "jail"}, 400, "kind"),
    ("detentions", {"ended_on": (today() + timedelta(days=9)).isoformat()}, 422, "ended_on"),
    ("activities", {"activity": "F3"}, 422, "activity"),
    ("education-programmes", {"informed_on": (today() + timedelta(days=1)).isoformat()}, 422, "informed_on"),
    ("in-touch-records", {"birthday_on": "2026-03-01"}, 422, "birthday_on"),
    ("in-touch-records", {"birthday_on": "2025-02-28"}, 422, "birthday_on"),
    ("in-touch-records", {"contact_on": None}, 422, "contact_on"),
    ("in-touch-records", {"contact_on": "2025-11-27"}, 422, "contact_on"),
    ("in-touch-records", {"contact_on": "2026-03-29"}, 422, "contact_on"),
    ("in-touch-records", {"status": "MAYBE"}, 422, "status"),
]


@pytest.mark.parametrize(("name", "change", "status", "path"), WRONG)
async def test_record_when_it_cannot_be_then_it_is_refused_and_nothing_is_written(
    team: Team, name: str, change: dict[str, Any], status: int, path: str
) -> None:
    answer = await team.adviser.post(f"{team.path}/{name}", GOOD[name] | change)
    assert (answer.status_code, errors(answer)[0][0]) == (status, path), answer.text
    assert await team.admin.fetchval(f"SELECT count(*) FROM {TABLES[name]}") == 0  # noqa: S608
    assert await team.admin.fetchval("SELECT count(*) FROM idempotency_keys") == 0


SPELLS = ["care-periods", "family-placements", "detentions", "special-guardianships", "activities"]


@pytest.mark.parametrize("name", SPELLS)
async def test_spell_when_it_overlaps_then_it_is_refused_and_when_it_follows_on_then_it_is_not(
    team: Team, name: str
) -> None:
    path, spell = f"{team.path}/{name}", GOOD[name] | {"started_on": "2024-05-01", "ended_on": "2025-01-01"}
    assert (await team.adviser.post(path, spell)).status_code == 201
    for started_on, ended_on in (("2024-05-01", None), ("2024-12-31", "2025-02-01"), ("2024-01-01", "2024-05-02")):
        answer = await team.adviser.post(path, spell | {"started_on": started_on, "ended_on": ended_on})
        assert (answer.status_code, errors(answer)[0]) == (
            409,
            ("started_on", ("days before 1 May 2024, or from 1 January 2025",)),
        ), answer.text
    assert (await team.adviser.post(path, spell | {"started_on": "2025-01-01", "ended_on": None})).status_code == 201
    assert (
        await team.adviser.post(path, spell | {"started_on": "2024-04-01", "ended_on": "2024-05-01"})
    ).status_code == 201


@pytest.mark.parametrize("name", SPELLS)
async def test_spells_when_two_that_overlap_come_at_once_then_one_is_kept(team: Team, name: str) -> None:
    spell = GOOD[name] | {"started_on": days_ago(30), "ended_on": None}
    answers = await asyncio.gather(
        *(team.adviser.post(f"{team.path}/{name}", spell | {"started_on": days_ago(n)}) for n in (30, 20, 10))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert await team.admin.fetchval(f"SELECT count(*) FROM {TABLES[name]}") == 1  # noqa: S608


async def test_record_when_the_young_person_asks_then_their_device_has_no_such_route(team: Team) -> None:
    device = await team.young_person()
    assert (await device.post(f"{team.path}/detentions", GOOD["detentions"])).status_code == 401
    assert (await device.get(team.path)).status_code == 401
