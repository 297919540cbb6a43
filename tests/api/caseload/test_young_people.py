"""Young people: taken in and changed; and what was said before stays."""

from typing import Any

import pytest

from tests.api.casework import Team, errors, today

PATH = "/admin/v1/young-people"
DETAILS: dict[str, Any] = {
    "full_name": "Zoë Example",
    "preferred_name": "Zo",
    "born_on": "2009-06-01",
    "pronouns": "they/them",
    "first_language": "ckb",
    "needs_interpreter": True,
    "sex": "F",
    "ethnic": "WBRI",
    "child_id_la": "NCC/1234",
    "safe_contact_note": "Ring after four. Never leave a voicemail.",
}


async def test_young_person_when_taken_in_then_the_record_is_whole_and_the_note_readable(team: Team) -> None:
    answer = await team.manager.post(PATH, DETAILS)
    assert answer.status_code == 201, answer.text
    whole = await team.manager.get(answer.headers["location"])
    assert whole.status_code == 200, whole.text
    said = whole.json()
    assert {name: said["details"][name] for name in DETAILS if name != "safe_contact_note"} == {
        name: value for name, value in DETAILS.items() if name != "safe_contact_note"
    }
    assert said["safe_contact_note"] == DETAILS["safe_contact_note"]
    assert whole.headers["etag"] == f'"{said["version"]}"' == answer.headers["etag"]
    assert [birth["born_on"] for birth in said["birth_dates"]] == ["2009-06-01"]
    stored = await team.admin.fetchval("SELECT safe_contact_note_enc FROM young_people WHERE full_name = 'Zoë Example'")
    assert b"voicemail" not in stored


async def test_young_person_when_changed_then_who_when_and_what_before_can_be_read(team: Team) -> None:
    changed = await team.adviser.put(team.path, DETAILS | {"born_on": "2009-02-27", "dob_status": "assessed"})
    assert changed.status_code == 200, changed.text
    history = (await team.adviser.get(f"{team.path}/history")).json()["items"]
    assert [(h["table_name"], h["version"], h["changed_by_id"]) for h in history] == [
        ("young_people", 1, str(team.adviser_id))
    ]
    assert history[0]["row_before"]["born_on"] == "2009-02-28"
    assert history[0]["changed_at"][:4] == str(today().year)
    assert not [name for name in history[0]["row_before"] if name.endswith("_enc")]
    births = (await team.adviser.get(team.path)).json()["birth_dates"]
    assert [(b["born_on"], b["status"]) for b in births] == [("2009-02-28", "verified"), ("2009-02-27", "assessed")]


async def test_young_person_when_changed_on_an_old_version_then_nothing_changes(team: Team) -> None:
    assert (await team.adviser.put(team.path, DETAILS, version=7)).status_code == 412
    assert (await team.adviser.put(team.path, DETAILS, version=None)).status_code == 428
    assert await team.admin.fetchval("SELECT count(*) FROM record_history WHERE person_id IS NOT NULL") == 0
    assert await team.admin.fetchval("SELECT full_name FROM young_people") == "Ash Example"


async def test_young_person_when_of_another_team_then_nobody_is_there(team: Team) -> None:
    assert (await team.stranger.get(team.path)).status_code == 404
    assert (await team.stranger.get(f"{team.path}/history")).status_code == 404
    assert (await team.stranger.put(team.path, DETAILS)).status_code == 404
    assert await team.admin.fetchval("SELECT count(*) FROM record_history WHERE person_id IS NOT NULL") == 0


WRONG = [
    ({"born_on": "2026-02-30"}, 400, "born_on"),
    ({"born_on": "1970-01-01"}, 422, "born_on"),
    ({"born_on": "2100-01-01"}, 422, "born_on"),
    ({"died_on": "2001-01-01"}, 422, "died_on"),
    ({"sex": "1"}, 422, "sex"),
    ({"ethnic": "XXXX"}, 422, "ethnic"),
    ({"upn": "123"}, 422, "upn"),
    ({"child_id_la": "a b"}, 422, "child_id_la"),
    ({"first_language": "English"}, 422, "first_language"),
    ({"uasc_until": "2020-01-01"}, 422, "uasc_until"),
    ({"uasc_from": "2000-01-01"}, 422, "uasc_from"),
    ({"uasc_from": "2020-01-01", "uasc_until": "2019-01-01"}, 422, "uasc_until"),
    ({"full_name": ""}, 400, "full_name"),
    ({"full_name": "a\0b"}, 400, "full_name"),
    ({"dob_status": "guessed"}, 400, "dob_status"),
    ({"nickname": "Z"}, 400, ""),
    ({"needs_interpreter": "yes"}, 400, "needs_interpreter"),
]


@pytest.mark.parametrize(("change", "status", "path"), WRONG)
async def test_young_person_when_a_field_is_wrong_then_it_is_told_and_nothing_is_written(
    team: Team, change: dict[str, Any], status: int, path: str
) -> None:
    for answer in (
        await team.manager.post(PATH, DETAILS | change),
        await team.adviser.put(team.path, DETAILS | change),
    ):
        assert answer.status_code == status, answer.text
        assert errors(answer)[0][0] == path
        assert answer.headers["content-type"] == "application/problem+json"
    assert await team.admin.fetchval("SELECT count(*) FROM young_people") == 1
    assert await team.admin.fetchval("SELECT count(*) FROM record_history WHERE person_id IS NOT NULL") == 0


async def test_young_person_when_the_child_id_is_taken_then_it_is_told_and_not_whose_it_is(team: Team) -> None:
    await team.manager.post(PATH, DETAILS)
    again = await team.stranger.post(PATH, DETAILS | {"full_name": "Other"})
    assert (again.status_code, errors(again)[0][0]) == (409, "child_id_la")
    assert "Zo" not in again.text


async def test_young_person_when_taken_in_by_an_adviser_then_it_is_refused(team: Team) -> None:
    assert (await team.adviser.post(PATH, DETAILS)).status_code == 403
