"""The caseload: the most overdue first, page by page, and nothing of anybody else's."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.api.casework import Team, today

PATH = "/admin/v1/young-people"


async def due(team: Team, person_id: UUID, in_days: int, *, code: str = "visit_two_monthly", **more: Any) -> None:
    """Something is due for somebody in so many days."""
    day = today() + timedelta(days=in_days)
    row = {
        "person_id": person_id, "code": code, "due_on": day, "since_on": date(2026, 1, 1),
        "amber_on": day - timedelta(days=14), "red_on": day + timedelta(days=1), "rank": 6, "title": code,
        "why": "The law says so.", "source": "SI 2010/2571", "is_verified": True, "is_prospective": False,
        "rules_version": "test",
    } | more  # fmt: skip
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await team.admin.execute(
        f"INSERT INTO duty_dates ({', '.join(row)}) VALUES ({places})",  # noqa: S608
        *row.values(),
    )


async def worked_out(team: Team) -> None:
    """Everybody's duties are as they stand there."""
    await team.admin.execute("INSERT INTO duty_checks (person_id) SELECT person_id FROM young_people")


async def names(team: Team, **query: Any) -> list[tuple[str, str]]:
    """Who is in the caseload, with their colours, over all pages."""
    found, cursor = [], None
    while True:
        answer = await team.adviser.get(PATH, **query, **({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [(item["preferred_name"], item["colour"]) for item in page["items"]]
        cursor = page.get("next_cursor")
        if cursor is None:
            return found


@pytest.mark.parametrize("count", [1, 2, 3, 100])
async def test_caseload_when_read_page_by_page_then_the_most_overdue_come_first_and_nobody_twice(
    team: Team, count: int
) -> None:
    people = {name: await team.another(preferred_name=name) for name in ("late", "latest", "soon", "later", "free")}
    for name, in_days in {"late": -3, "latest": -40, "soon": 14, "later": 15}.items():
        await due(team, people[name], in_days)
    await due(team, people["late"], 90, code="review_six_months")
    await worked_out(team)
    expected = [("latest", "red"), ("late", "red"), ("soon", "amber"), ("later", "green")]
    found = await names(team, count=count)
    assert found[:4] == expected
    assert sorted(found[4:]) == [("Ash", "green"), ("free", "green")]


async def test_case_when_listed_then_it_says_what_is_next_and_why(team: Team) -> None:
    await due(team, team.person_id, -2, code="visit_after_move", rank=4)
    await due(team, team.person_id, -2)
    await due(team, team.person_id, 30, code="review_six_months")
    await due(team, team.person_id, -90, code="staying_close", is_prospective=True)
    await team.admin.execute(
        "INSERT INTO visits_and_contacts (person_id, staff_id, happened_at, kind, purpose, was_reached,"
        " recorded_by_staff_id) VALUES ($1, $2, '2026-11-01T10:00Z', 'call', 'other', true, $2),"
        " ($1, $2, '2026-11-20T10:00Z', 'call', 'other', false, $2)",
        team.person_id,
        team.adviser_id,
    )
    await worked_out(team)
    (item,) = (await team.adviser.get(PATH)).json()["items"]
    assert (item["next_duty"], item["colour"], item["colour_why"]) == (
        "visit_after_move",
        "red",
        "It is 2 days late.",
    )
    assert (item["why"], item["source"]) == ("The law says so.", "SI 2010/2571")
    assert item["next_review_on"] == (today() + timedelta(days=30)).isoformat()
    assert item["last_contact_at"].startswith("2026-11-01T10:00")
    assert (item["adviser_name"], item["is_restricted"], item["age"]) == ("Sam", False, today().year - 2009)


async def test_case_when_nobody_has_worked_out_what_is_due_then_it_is_red(team: Team) -> None:
    await team.another(preferred_name="known")
    await worked_out(team)
    await team.admin.execute("DELETE FROM duty_checks WHERE person_id = $1", team.person_id)
    assert await names(team) == [("Ash", "red"), ("known", "green")]


async def test_caseload_when_somebody_is_not_ones_own_then_they_are_not_in_it(team: Team) -> None:
    other = await team.another(preferred_name="restricted")
    await team.admin.execute("INSERT INTO restricted_cases (person_id) VALUES ($1)", other)
    await team.another(preferred_name="died", died_on=today())
    assert (await team.stranger.get(PATH)).json() == {"items": []}
    assert [name for name, _ in await names(team)] == ["Ash"]
    of_team = (await team.manager.get(PATH, adviser_id=str(team.adviser_id))).json()["items"]
    assert [item["preferred_name"] for item in of_team] == ["Ash"]
    assert (await team.manager.get(PATH, adviser_id=str(team.manager_id))).json() == {"items": []}


async def test_caseload_when_read_then_the_audit_has_who_was_seen_and_nobody_else(team: Team) -> None:
    second = await team.another(preferred_name="second")
    await worked_out(team)
    await team.adviser.get(PATH, count=1)
    seen = await team.admin.fetch("SELECT person_id, actor_id FROM audit_entries WHERE verb = 'viewed'")
    assert len(seen) == 1
    assert seen[0]["person_id"] in {team.person_id, second}
    assert seen[0]["actor_id"] == team.adviser_id


@pytest.mark.parametrize("query", [{"count": 0}, {"count": 101}, {"cursor": "x"}, {"adviser_id": "me"}])
async def test_caseload_when_asked_for_what_it_has_not_then_it_is_refused(team: Team, query: dict[str, Any]) -> None:
    assert (await team.adviser.get(PATH, **query)).status_code == 400


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("zoe", ["Zoë"]),
        ("ZOË", ["Zoë"]),
        ("o'n", ["Zoë"]),
        ("oneil zo", ["Zoë"]),
        ("łuk", ["Łukasz"]),
        ("lukasz", ["Łukasz"]),
        ("asz", []),
        ("%%", []),
        ("ex ash", ["Ash"]),
        ("zoe ash", []),
        ("other", []),
        ("secret", []),
    ],
)
async def test_search_when_asked_for_a_name_then_it_is_found_by_the_beginnings_of_its_words(
    team: Team, name: str, found: list[str]
) -> None:
    await team.another(full_name="Zoë O'Neil-Smith", preferred_name="Zoë")
    await team.another(full_name="Łukasz Öztürk", preferred_name="Łukasz")
    hidden = await team.another(full_name="Secret Person", preferred_name="Secret")
    await team.admin.execute("INSERT INTO restricted_cases (person_id) VALUES ($1)", hidden)
    await team.admin.execute(
        "INSERT INTO young_people (full_name, preferred_name, born_on) VALUES ('Other Zoe', 'Other', '2009-01-01')"
    )
    answer = await team.adviser.get(f"{PATH}/search", name=name)
    if name == "%%":
        assert answer.status_code == 400
        return
    assert answer.status_code == 200, answer.text
    assert [item["preferred_name"] for item in answer.json()["items"]] == found
    assert (await team.stranger.get(f"{PATH}/search", name=name)).json()["items"] == []


async def test_search_when_there_are_many_then_it_goes_page_by_page(team: Team) -> None:
    for number in range(5):
        await team.another(full_name=f"Page {number}", preferred_name=f"P{number}")
    found, cursor = [], None
    while True:
        page = await team.adviser.get(f"{PATH}/search", name="pag", count=2, **({"cursor": cursor} if cursor else {}))
        found += [item["preferred_name"] for item in page.json()["items"]]
        cursor = page.json().get("next_cursor")
        if cursor is None:
            break
    assert found == ["P0", "P1", "P2", "P3", "P4"]


async def test_search_when_the_name_is_too_short_then_nothing_is_looked_for(team: Team) -> None:
    assert (await team.adviser.get(f"{PATH}/search", name="a")).status_code == 400
    assert (await team.adviser.get(f"{PATH}/search", name=" a ")).status_code == 400
    assert (await team.adviser.get(f"{PATH}/search")).status_code == 400
