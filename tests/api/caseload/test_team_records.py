"""Absences of the team, and how numbers may be used."""

from typing import Any

import pytest

from tests.api.casework import Team, errors, today
from tests.factories import create_person, next_number

ABSENCES = "/admin/v1/absences"


def away(team: Team, **changes: Any) -> dict[str, Any]:
    """An adviser's week away."""
    absence = {"staff_id": str(team.adviser_id), "started_on": "2027-01-04", "ended_on": "2027-01-11"}
    return absence | changes


async def test_absence_when_noted_by_oneself_or_ones_manager_then_it_is_kept_and_changed(team: Team) -> None:
    added = await team.adviser.post(ABSENCES, away(team, covered_by_staff_id=str(team.manager_id)))
    assert added.status_code == 201, added.text
    path = added.headers["location"]
    assert (await team.manager.put(path, away(team, ended_on="2027-01-12"))).status_code == 200
    assert (await team.manager.put(path, away(team))).status_code == 412
    assert (await team.manager.put(f"{ABSENCES}/{team.person_id}", away(team))).status_code == 404
    before = await team.admin.fetchval(
        "SELECT row_before ->> 'ended_on' FROM record_history WHERE table_name = 'staff_absences'"
    )
    assert before == "2027-01-11"


async def test_absence_when_of_somebody_of_another_team_then_it_is_refused(team: Team) -> None:
    added = await team.adviser.post(ABSENCES, away(team))
    assert (
        await team.stranger.post(ABSENCES, away(team, started_on="2027-02-01", ended_on="2027-02-02"))
    ).status_code == 403
    assert (await team.stranger.put(added.headers["location"], away(team))).status_code == 404
    assert (await team.adviser.post(ABSENCES, away(team, staff_id=str(team.manager_id)))).status_code == 403
    assert await team.admin.fetchval("SELECT count(*) FROM staff_absences") == 1


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"ended_on": "2027-01-04"}, 422, "ended_on"),
        ({"covered_by_staff_id": "self"}, 422, "covered_by_staff_id"),
        ({"covered_by_staff_id": "00000000-0000-4000-8000-000000000000"}, 422, "covered_by_staff_id"),
        ({"covered_by_staff_id": "left"}, 422, "covered_by_staff_id"),
        ({"started_on": "2027-01-10", "ended_on": "2027-01-20"}, 409, "started_on"),
    ],
)
async def test_absence_when_it_cannot_be_then_it_is_refused(
    team: Team, change: dict[str, Any], status: int, path: str
) -> None:
    await team.adviser.post(ABSENCES, away(team))
    await team.admin.execute("UPDATE staff SET left_on = $2 WHERE staff_id = $1", team.manager_id, today())
    ids = {"self": str(team.adviser_id), "left": str(team.manager_id)}
    change = {name: ids.get(value, value) for name, value in change.items()}
    body = away(team, started_on="2027-03-01", ended_on="2027-03-08") | change
    answer = await team.adviser.post(ABSENCES, body)
    assert (answer.status_code, errors(answer)[0][0]) == (status, path), answer.text
    assert await team.admin.fetchval("SELECT count(*) FROM staff_absences") == 1


async def test_number_when_it_is_not_safe_then_whoever_opens_the_record_reads_so(team: Team) -> None:
    person_id = await create_person(team.admin, phone=next_number(), adviser=team.adviser_id)
    contact_point_id = await team.admin.fetchval(
        "SELECT contact_point_id FROM contact_points WHERE person_id = $1", person_id
    )
    of_person = f"/admin/v1/young-people/{person_id}"
    path = f"{of_person}/contact-points/{contact_point_id}"
    use = {"is_safe_to_use": False, "is_shared": True, "safe_from_wall": "16:00:00", "safe_until_wall": "18:00:00"}
    assert (await team.stranger.put(path, use)).status_code == 404
    assert (await team.adviser.put(path, use, version=2)).status_code == 412
    assert (await team.adviser.put(path, use)).status_code == 200
    (shown,) = (await team.adviser.get(of_person)).json()["contact_points"]
    assert shown.items() >= (use | {"version": 2}).items()
    for change in ({"safe_until_wall": None}, {"safe_until_wall": "15:00:00"}):
        answer = await team.adviser.put(path, use | change, version=2)
        assert (answer.status_code, errors(answer)[0][0]) == (422, "safe_until_wall")
    assert (await team.adviser.put(f"{of_person}/contact-points/{team.person_id}", use)).status_code == 404
