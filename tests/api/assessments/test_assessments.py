"""A needs assessment is started, written, completed and given; only one is open at a time."""

from typing import Any

import asyncpg
import pytest

from tests.api.casework import Team, errors
from tests.api.plans.planning import in_days, patch

FACTORS = (
    "health_and_development", "education_training_employment", "asylum_or_trafficking", "support_from_family",
    "finances", "practical_skills", "continuing_care_and_accommodation", "wishes", "views_of_others",
)  # fmt: skip
ALL = {factor: f"About {factor}" for factor in FACTORS}


async def start(team: Team, **new: Any) -> str:
    """An open assessment; returns its path."""
    answer = await team.adviser.post(f"{team.path}/needs-assessments", {"started_on": in_days(-20)} | new)
    assert answer.status_code == 201, answer.text
    return f"/admin/v1/needs-assessments/{answer.json()['id']}"


async def assessments(team: Team) -> list[dict[str, Any]]:
    """The young person's assessments."""
    items: list[dict[str, Any]] = (await team.adviser.get(f"{team.path}/needs-assessments")).json()["items"]
    return items


async def test_assessment_when_everything_was_considered_then_it_is_completed_and_stays(team: Team) -> None:
    path = await start(team)
    said = {"considerations": ALL, "views": {"parents": ""}, "own_words": "I like cooking"}
    assert (await patch(team.adviser, path, said, 1)).status_code == 200
    done = await team.adviser.post(f"{path}/complete", {"completed_on": in_days(0)}, version=2)
    assert done.status_code == 200
    [found] = await assessments(team)
    assert (found["completed_on"], found["considerations"], found["views"]) == (in_days(0), ALL, {"parents": ""})
    assert (await patch(team.adviser, path, {"own_words": "x"}, 3)).status_code == 409
    again = await team.adviser.post(f"{path}/complete", {"completed_on": in_days(0)}, version=3)
    assert again.status_code == 409
    with pytest.raises(asyncpg.CheckViolationError):
        await team.admin.execute("UPDATE needs_assessments SET own_words = 'x'")
    assert (await team.adviser.post(f"{path}/copy", {"given_on": in_days(0)}, version=3)).status_code == 200
    assert (await assessments(team))[0]["copy_given_on"] == in_days(0)


async def test_assessment_when_something_was_not_considered_then_all_of_it_is_told(team: Team) -> None:
    path = await start(team, considerations={"health_and_development": "Well"})
    refused = await team.adviser.post(f"{path}/complete", {"completed_on": in_days(0)}, version=1)
    assert refused.status_code == 422
    assert [p for p, _ in errors(refused)] == [f"considerations.{factor}" for factor in FACTORS[1:]]
    assert (await assessments(team))[0]["completed_on"] is None


async def test_assessment_when_one_is_open_then_no_other_is_started(team: Team) -> None:
    await start(team)
    answer = await team.adviser.post(f"{team.path}/needs-assessments", {"started_on": in_days(0)})
    assert answer.status_code == 409
    assert len(await assessments(team)) == 1


@pytest.mark.parametrize(
    ("new", "status"),
    [
        ({"started_on": in_days(1)}, 422),
        ({"started_on": "1999-01-01"}, 422),
        ({"started_on": "2026-02-30"}, 400),
        ({"considerations": {"hair": "red"}}, 400),
        ({"considerations": {"finances": ""}}, 400),
        ({"views": {"neighbour": "x"}}, 400),
        ({"own_words": None}, 400),
    ],
)
async def test_assessment_when_it_cannot_be_then_it_is_refused_and_none_is_started(
    team: Team, new: dict[str, Any], status: int
) -> None:
    answer = await team.adviser.post(f"{team.path}/needs-assessments", {"started_on": in_days(-2)} | new)
    assert answer.status_code == status
    assert await assessments(team) == []


@pytest.mark.parametrize("completed_on", [in_days(-21), in_days(1)])
async def test_assessment_when_its_end_is_before_its_start_or_ahead_then_it_is_refused(
    team: Team, completed_on: str
) -> None:
    path = await start(team, considerations=ALL)
    answer = await team.adviser.post(f"{path}/complete", {"completed_on": completed_on}, version=1)
    assert (answer.status_code, [p for p, allowed in errors(answer) if allowed]) == (422, ["completed_on"])
    assert (await team.adviser.post(f"{path}/copy", {"given_on": in_days(0)}, version=1)).status_code == 409


async def test_assessment_when_it_is_of_another_team_then_it_is_not_there(team: Team) -> None:
    path = await start(team)
    answers = [
        await team.stranger.get(f"{team.path}/needs-assessments"),
        await team.stranger.post(f"{team.path}/needs-assessments", {"started_on": in_days(0)}),
        await patch(team.stranger, path, {"own_words": "x"}, 1),
        await team.stranger.post(f"{path}/complete", {"completed_on": in_days(0)}, version=1),
    ]
    assert [a.status_code for a in answers] == [404] * 4


@pytest.mark.parametrize(
    "fault",
    [
        'UPDATE needs_assessments SET considerations = \'{"hair": "red"}\'',
        "UPDATE needs_assessments SET considerations = '[]'",
        "UPDATE needs_assessments SET considerations = '{\"finances\": 5}'",
        "UPDATE needs_assessments SET views = '{\"parents\": null}'",
        "UPDATE needs_assessments SET completed_on = london_today()",
        "UPDATE needs_assessments SET copy_given_on = london_today()",
    ],
)
async def test_assessment_when_it_breaks_a_rule_past_the_service_then_the_database_refuses_it(
    team: Team, fault: str
) -> None:
    await start(team)
    with pytest.raises(asyncpg.CheckViolationError):
        await team.admin.execute(fault)
