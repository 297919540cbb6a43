"""A review is called for, arranged and held; a young person's ask is never refused and never lost."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from api.kit.db import Database, conversation_actor
from api.reviews import service
from tests.api.casework import Desk, Team, errors, today
from tests.api.identity.staff import create_member
from tests.api.plans.planning import in_days, signed_plan
from tests.conftest import TestDatabase
from tests.factories import create_conversation, create_session

ASK = "/client/v1/plan/reviews"


def meeting(**changes: Any) -> dict[str, Any]:
    """In ten days at half past two."""
    return {"on_date": in_days(10), "at": "14:30", "place_shown": "Our office"} | changes


def held(**changes: Any) -> dict[str, Any]:
    """Held today, with the young person there."""
    return {"held_on": in_days(0), "participation": "PN1", "outcome": "The plan goes on."} | changes


async def reviews(team: Team, desk: Desk | None = None) -> list[dict[str, Any]]:
    """The young person's reviews as staff see them."""
    answer = await (desk or team.adviser).get(f"{team.path}/reviews")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def call_for(team: Team, **new: Any) -> httpx.Response:
    """Staff call for a review."""
    return await team.adviser.post(f"{team.path}/reviews", {"trigger": "asked_by_adviser"} | new)


async def test_review_when_a_young_person_asks_then_it_is_there_and_asking_again_makes_no_other(team: Team) -> None:
    device = await team.young_person()
    first, second = await device.post(ASK, {}), await device.post(ASK, {})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    [review] = await reviews(team)
    assert (review["trigger"], review["state"], review["due_rule"]) == (
        "asked_by_young_person",
        "due",
        "review_asked_for",
    )
    assert review["due_on"] == in_days(28)


async def test_review_when_it_is_asked_for_many_times_at_once_then_there_is_one_and_nobody_is_refused(
    team: Team,
) -> None:
    devices = [await team.young_person() for _ in range(4)]
    answers = await asyncio.gather(*(device.post(ASK, {}) for device in devices))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["id"] for a in answers}) == 1


async def test_review_when_it_was_asked_for_then_the_adviser_is_told_once_and_the_worker_works_out_what_is_due(
    team: Team,
) -> None:
    device = await team.young_person()
    await device.post(ASK, {})
    await device.post(ASK, {})
    told = await team.admin.fetch("SELECT payload ->> 'person_id' FROM jobs WHERE kind = 'tell_adviser'")
    assert [row[0] for row in told] == [str(team.person_id)]
    asked = await team.admin.fetch("SELECT person_id FROM duty_recomputes")
    assert [row[0] for row in asked] == [team.person_id]


async def test_review_when_it_is_asked_for_over_a_thread_then_it_is_there_as_well(
    team: Team, database: TestDatabase
) -> None:
    conversation_id, _ = await create_conversation(team.admin, team.person_id)
    for url in (database.api_url, database.worker_url):
        threads = Database(url, size=1)
        async with threads.transaction(conversation_actor(conversation_id)) as connection:
            written = await service.ask(connection)
        await threads.close()
    assert [UUID(review["review_id"]) for review in await reviews(team)] == [written.id]


async def test_review_when_the_device_had_only_a_texts_code_then_it_is_not_asked_for(team: Team) -> None:
    assert (await (await team.young_person("limited")).post(ASK, {})).status_code == 403


async def test_review_when_the_young_person_told_their_adviser_then_the_adviser_writes_it_down_once(team: Team) -> None:
    first = await call_for(team, trigger="asked_by_young_person")
    again = await (await team.young_person()).post(ASK, {})
    assert first.json()["id"] == again.json()["id"]
    assert len(await reviews(team)) == 1


async def test_review_when_its_meeting_is_cancelled_then_it_stays_due_on_the_same_day(team: Team) -> None:
    await (await team.young_person()).post(ASK, {})
    [review] = await reviews(team)
    where = f"/admin/v1/reviews/{review['review_id']}"
    assert (await team.adviser.put(f"{where}/meeting", meeting(), version=1)).status_code == 200
    assert (await reviews(team))[0]["state"] == "scheduled"
    cancelled = await team.adviser.post(f"{where}/meeting/cancel", {"reason": "The adviser is ill."}, version=2)
    assert cancelled.status_code == 200
    [after] = await reviews(team)
    assert (after["state"], after["due_on"], after["scheduled_at"]) == ("due", review["due_on"], None)
    assert after["cancel_reason"] == "The adviser is ill."
    again = await team.adviser.post(f"{where}/meeting/cancel", {"reason": "Again."}, version=3)
    assert again.status_code == 409
    before = await team.admin.fetch(
        "SELECT row_before ->> 'scheduled_at' IS NOT NULL, changed_by_id FROM record_history"
        " WHERE table_name = 'plan_reviews' ORDER BY version"
    )
    assert [tuple(row) for row in before] == [(False, team.adviser_id), (True, team.adviser_id)]


async def test_review_when_it_was_held_then_it_stays_and_the_next_may_be_asked_for(team: Team) -> None:
    device = await team.young_person()
    await device.post(ASK, {})
    [review] = await reviews(team)
    where = f"/admin/v1/reviews/{review['review_id']}"
    assert (await team.adviser.post(f"{where}/held", held(), version=1)).status_code == 200
    answers = [
        await team.adviser.post(f"{where}/held", held(), version=2),
        await team.adviser.put(f"{where}/meeting", meeting(), version=2),
        await team.adviser.post(f"{where}/meeting/cancel", {"reason": "No."}, version=2),
    ]
    assert [a.status_code for a in answers] == [409] * 3
    with pytest.raises(asyncpg.CheckViolationError):
        await team.admin.execute("UPDATE plan_reviews SET held_on = held_on - 1")
    assert (await device.post(ASK, {})).json()["id"] != review["review_id"]
    assert sorted(r["state"] for r in await reviews(team)) == ["due", "held"]


async def test_review_when_it_is_held_then_it_is_of_the_plan_that_counts_and_the_clock_starts_anew(
    team: Team,
) -> None:
    plan_id = (await signed_plan(team)).rpartition("/")[2]
    await call_for(team, trigger="six_months")
    [review] = await reviews(team)
    assert (review["plan_id"], review["due_rule"]) == (plan_id, "review_six_months")
    answer = await team.adviser.post(f"/admin/v1/reviews/{review['review_id']}/held", held(), version=1)
    assert answer.status_code == 200
    own = (await (await team.young_person()).get("/client/v1/plan")).json()["next_review"]
    assert today() + timedelta(days=180) < date.fromisoformat(own["due_on"]) < today() + timedelta(days=190)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"on_date": "2020-01-01"}, "on_date"),
        ({"on_date": "2999-01-01"}, "on_date"),
        ({"on_date": in_days(0), "at": "00:00"}, "at"),
    ],
)
async def test_meeting_when_it_would_be_in_the_past_or_too_far_then_it_is_refused(
    team: Team, changes: dict[str, Any], path: str
) -> None:
    await call_for(team)
    [review] = await reviews(team)
    answer = await team.adviser.put(f"/admin/v1/reviews/{review['review_id']}/meeting", meeting(**changes), version=1)
    assert (answer.status_code, [p for p, allowed in errors(answer) if allowed]) == (422, [path])
    assert await reviews(team) == [review]


@pytest.mark.parametrize(
    ("new", "path"),
    [
        ({"trigger": "six_months"}, "trigger"),
        ({"trigger": "event"}, "event"),
        ({"event": "missing"}, "event"),
        ({"trigger": "after_move"}, "counted_from"),
        ({"trigger": "three_months", "counted_from": "2999-01-01"}, "counted_from"),
        ({"counted_from": "2026-01-01"}, "counted_from"),
    ],
)
async def test_review_when_it_cannot_be_called_for_then_it_is_told_what_is_allowed(
    team: Team, new: dict[str, Any], path: str
) -> None:
    answer = await call_for(team, **new)
    assert (answer.status_code, [p for p, allowed in errors(answer) if allowed]) == (422, [path])
    assert await reviews(team) == []


async def test_review_when_somebody_moved_then_it_is_due_from_the_move(team: Team) -> None:
    await call_for(team, trigger="after_move", counted_from=in_days(-3))
    await call_for(team, trigger="event", event="missing")
    assert {r["trigger"]: (r["due_on"], r["due_rule"]) for r in await reviews(team)} == {
        "after_move": (in_days(25), "review_after_move"),
        "event": (in_days(28), "review_event"),
    }


@pytest.mark.parametrize("held_on", [in_days(1), in_days(-1), "2026-02-30"])
async def test_review_when_it_is_said_to_be_held_on_a_day_that_cannot_be_then_it_is_refused(
    team: Team, held_on: str
) -> None:
    await call_for(team)
    [review] = await reviews(team)
    answer = await team.adviser.post(f"/admin/v1/reviews/{review['review_id']}/held", held(held_on=held_on), version=1)
    assert answer.status_code in {400, 422}
    assert await reviews(team) == [review]


async def test_officer_when_a_review_is_given_to_them_then_they_see_the_plan_and_nothing_else(
    team: Team,
) -> None:
    plan = await signed_plan(team)
    await call_for(team)
    [review] = await reviews(team)
    officer_id = await create_member(team.admin, team.team_id, "reviewing_officer")
    officer = Desk(team.http, await create_session(team.admin, staff=officer_id))
    paths = [plan, f"{team.path}/plans", f"{team.path}/reviews", f"{team.path}/needs-assessments"]
    assert [(await officer.get(path)).status_code for path in paths] == [404] * 4
    where = f"/admin/v1/reviews/{review['review_id']}"
    given = await team.adviser.put(f"{where}/reviewing-officer", {"staff_id": str(officer_id)}, version=1)
    assert given.status_code == 200
    assert [(await officer.get(path)).status_code for path in paths] == [200] * 4
    never = [f"{team.path}/contacts", f"{team.path}/appointments", f"{team.path}/home/address"]
    assert {(await officer.get(path)).status_code for path in never} == {403}
    assert (await officer.post(f"{where}/held", held(), version=2)).status_code == 200
    assert (await officer.put(f"{where}/reviewing-officer", {"staff_id": None}, version=3)).status_code == 403


@pytest.mark.parametrize("role", ["personal_adviser", "manager", "administrator"])
async def test_officer_when_they_are_none_then_a_review_is_not_given_to_them(team: Team, role: str) -> None:
    await call_for(team)
    [review] = await reviews(team)
    staff_id = await create_member(team.admin, team.team_id, role)
    answer = await team.adviser.put(
        f"/admin/v1/reviews/{review['review_id']}/reviewing-officer", {"staff_id": str(staff_id)}, version=1
    )
    assert (answer.status_code, errors(answer)) == (422, [("staff_id", ("a reviewing officer who is here",))])


async def test_officer_when_they_have_left_then_a_review_is_not_given_to_them(team: Team) -> None:
    await call_for(team)
    [review] = await reviews(team)
    staff_id = await create_member(team.admin, team.team_id, "reviewing_officer")
    await team.admin.execute("UPDATE staff SET left_on = london_today() WHERE staff_id = $1", staff_id)
    where = f"/admin/v1/reviews/{review['review_id']}/reviewing-officer"
    assert (await team.adviser.put(where, {"staff_id": str(staff_id)}, version=1)).status_code == 422


async def test_reviews_when_they_are_of_another_team_then_they_are_not_there(team: Team) -> None:
    await call_for(team)
    [review] = await reviews(team)
    where = f"/admin/v1/reviews/{review['review_id']}"
    answers = [
        await team.stranger.get(f"{team.path}/reviews"),
        await team.stranger.post(f"{team.path}/reviews", {"trigger": "asked_by_adviser"}),
        await team.stranger.put(f"{where}/meeting", meeting(), version=1),
        await team.stranger.post(f"{where}/held", held(), version=1),
    ]
    assert [a.status_code for a in answers] == [404] * 4


async def test_reviews_when_they_are_listed_then_page_by_page_none_is_skipped_or_told_twice(team: Team) -> None:
    for _ in range(5):
        await call_for(team)
    seen: list[str] = []
    query: dict[str, Any] = {"count": 2}
    while True:
        page = (await team.adviser.get(f"{team.path}/reviews", **query)).json()
        seen += [review["review_id"] for review in page["items"]]
        if "next_cursor" not in page:
            break
        query["cursor"] = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 5
