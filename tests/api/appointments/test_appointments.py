"""Appointments are booked, moved, answered, cancelled and had; nobody is booked twice, whatever comes at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
import time_machine

from api.kit.db import Database, conversation_actor
from tests.api.casework import Desk, Team, errors
from tests.api.identity.staff import create_member
from tests.api.plans.planning import in_days
from tests.conftest import TestDatabase
from tests.factories import create_conversation, create_session

OWN = "/client/v1/appointments"


def booking(team: Team, **changes: Any) -> dict[str, Any]:
    """An hour with the adviser, in three days at ten."""
    return {
        "staff_id": str(team.adviser_id),
        "on_date": in_days(3),
        "at": "10:00",
        "minutes": 60,
        "kind": "health",
        "place_shown": "Our office",
    } | changes


async def book(team: Team, person_id: UUID | None = None, desk: Desk | None = None, **changes: Any) -> httpx.Response:
    """Books as the adviser."""
    where = f"/admin/v1/young-people/{person_id or team.person_id}/appointments"
    return await (desk or team.adviser).post(where, booking(team, **changes))


async def booked(team: Team, **changes: Any) -> str:
    """An appointment; returns its path."""
    answer = await book(team, **changes)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def read(team: Team, path: str) -> dict[str, Any]:
    """An appointment as staff see it."""
    found: dict[str, Any] = (await team.adviser.get(path)).json()
    return found


async def began(team: Team, path: str) -> None:
    """The appointment began a day ago."""
    await team.admin.execute(
        "UPDATE appointments SET starts_at = now() - interval '1 day', ends_at = now() - interval '23 hours'"
        " WHERE appointment_id = $1",
        UUID(path.rpartition("/")[2]),
    )


async def test_appointment_when_it_is_booked_then_it_is_there_for_staff_and_the_young_person(team: Team) -> None:
    path = await booked(team)
    found = await read(team, path)
    assert (found["status"], found["kind"], found["staff"], found["version"]) == ("booked", "health", "Sam", 1)
    [listed] = (await team.adviser.get(f"{team.path}/appointments")).json()["items"]
    [mine] = (await team.adviser.get("/admin/v1/appointments")).json()["items"]
    assert found == listed == mine
    [own] = (await (await team.young_person()).get(OWN)).json()["items"]
    assert (own["about"], own["where"], own["with_whom"]) == ("Your health", "Our office", "Sam")
    assert own["when"].endswith("at 10am")


async def test_appointment_when_the_device_had_only_a_texts_code_then_only_the_time_is_told(team: Team) -> None:
    await booked(team)
    [own] = (await (await team.young_person("limited")).get(OWN)).json()["items"]
    assert own.keys() == {
        "appointment_id", "starts_at", "ends_at", "when", "status", "answer", "version", "about", "where", "with_whom",
    }  # fmt: skip
    assert (own["about"], own["where"], own["with_whom"]) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"on_date": "2020-01-01"}, "on_date"),
        ({"on_date": "2999-01-01"}, "on_date"),
        ({"on_date": in_days(0), "at": "00:00"}, "at"),
        ({"staff_id": "00000000-0000-4000-8000-000000000000"}, "staff_id"),
    ],
)
async def test_booking_when_it_cannot_be_then_its_field_and_what_is_allowed_are_told(
    team: Team, changes: dict[str, Any], path: str
) -> None:
    answer = await book(team, **changes)
    assert (answer.status_code, [p for p, allowed in errors(answer) if allowed]) == (422, [path])
    assert await team.admin.fetchval("SELECT count(*) FROM appointments") == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"on_date": "2027-02-29"},
        {"at": "25:00"},
        {"at": "9am"},
        {"minutes": 0},
        {"minutes": 721},
        {"minutes": "60"},
        {"kind": "party"},
        {"place_shown": ""},
        {"place_shown": "a\0"},
        {"extra": 1},
    ],
)
async def test_booking_when_it_cannot_be_read_then_it_is_refused_and_nothing_is_booked(
    team: Team, changes: dict[str, Any]
) -> None:
    assert (await book(team, **changes)).status_code == 400
    assert await team.admin.fetchval("SELECT count(*) FROM appointments") == 0


@pytest.mark.parametrize("left_on", [0, 3])
async def test_booking_when_the_adviser_has_left_by_then_then_it_is_refused(team: Team, left_on: int) -> None:
    leaver = await create_member(team.admin, team.team_id)
    await team.admin.execute(
        "UPDATE staff SET left_on = london_today() + $2::integer WHERE staff_id = $1", leaver, left_on
    )
    answer = await book(team, staff_id=str(leaver))
    assert (answer.status_code, errors(answer)[0][0]) == (422, "staff_id")


async def test_booking_when_the_young_person_has_died_then_it_is_refused(team: Team) -> None:
    await team.admin.execute("UPDATE young_people SET died_on = london_today() WHERE person_id = $1", team.person_id)
    assert (await book(team)).status_code == 422


@pytest.mark.parametrize(
    ("at", "minutes", "status"),
    [
        ("10:59", 60, 409),
        ("09:01", 60, 409),
        ("10:15", 15, 409),
        ("09:00", 180, 409),
        ("11:00", 60, 201),
        ("09:00", 60, 201),
    ],
)
async def test_booking_when_it_touches_another_of_the_adviser_then_only_what_overlaps_is_refused(
    team: Team, at: str, minutes: int, status: int
) -> None:
    await booked(team)
    answer = await book(team, await team.another(), at=at, minutes=minutes)
    assert answer.status_code == status
    if status == 409:
        assert errors(answer) == [("at", ("another time", "another member of staff"))]


async def test_booking_when_the_young_person_is_booked_with_somebody_else_then_it_is_refused(team: Team) -> None:
    await booked(team)
    answer = await book(team, staff_id=str(team.manager_id))
    assert (answer.status_code, errors(answer)) == (409, [("at", ("another time",))])


async def test_bookings_when_many_come_at_once_for_one_adviser_then_one_succeeds_and_the_others_are_told(
    team: Team,
) -> None:
    people = [await team.another() for _ in range(4)]
    desks = [team.adviser, team.manager] * 2
    answers = await asyncio.gather(*(book(team, p, desk) for p, desk in zip(people, desks, strict=True)))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    assert await team.admin.fetchval("SELECT count(*) FROM appointments") == 1


async def test_bookings_when_two_come_at_once_for_one_young_person_then_one_succeeds(team: Team) -> None:
    answers = await asyncio.gather(book(team), book(team, desk=team.manager, staff_id=str(team.manager_id)))
    assert sorted(a.status_code for a in answers) == [201, 409]


async def test_bookings_when_the_service_would_forget_to_look_then_the_database_still_refuses_both(
    team: Team, database: TestDatabase
) -> None:
    insert = (
        "INSERT INTO appointments (person_id, staff_id, starts_at, ends_at)"
        " VALUES ($1, $2, $3, $3::timestamptz + interval '1 hour')"
    )
    starts_at = datetime.now(UTC) + timedelta(days=1)
    other = await team.another()
    connections = [await asyncpg.connect(database.admin_url) for _ in range(2)]
    results = await asyncio.gather(
        *(
            connection.execute(insert, person, team.adviser_id, starts_at)
            for connection, person in zip(connections, (team.person_id, other), strict=True)
        ),
        return_exceptions=True,
    )
    for connection in connections:
        await connection.close()
    assert sum(isinstance(result, str) for result in results) == 1


async def test_booking_when_the_one_that_was_there_was_cancelled_then_the_time_is_free(team: Team) -> None:
    path = await booked(team)
    assert (await team.adviser.post(f"{path}/cancel", {"reason": "Ill."}, version=1)).status_code == 200
    assert (await book(team)).status_code == 201


async def test_appointment_when_it_is_moved_then_the_young_person_is_asked_anew_and_the_old_time_is_kept(
    team: Team,
) -> None:
    path = await booked(team)
    device = await team.young_person()
    own = f"{OWN}/{path.rpartition('/')[2]}"
    assert (await device.post(f"{own}/confirm", {}, version=1)).status_code == 200
    assert (await read(team, path))["answer"] == "confirmed"
    wanted = {"on_date": in_days(4), "at": "11:00", "minutes": 30, "staff_id": str(team.manager_id)}
    assert (await team.adviser.post(f"{path}/move", wanted, version=2)).status_code == 200
    before, after = (await read(team, path))["moved_from_starts_at"], await read(team, path)
    assert before[:10] == in_days(3)
    assert (after["answer"], after["staff_id"], after["place_shown"]) == (None, str(team.manager_id), "Our office")
    rows = await team.admin.fetch(
        "SELECT row_before ->> 'young_person_answer', changed_by_kind FROM record_history"
        " WHERE table_name = 'appointments' ORDER BY version"
    )
    assert [tuple(row) for row in rows] == [(None, "young_person"), ("confirmed", "staff")]


async def test_appointment_when_it_is_moved_to_a_time_that_is_taken_then_it_stays_where_it_was(team: Team) -> None:
    await booked(team)
    path = await booked(team, at="14:00")
    before = await read(team, path)
    wanted = {"on_date": in_days(3), "at": "10:30", "minutes": 60}
    assert (await team.adviser.post(f"{path}/move", wanted, version=1)).status_code == 409
    assert await read(team, path) == before


async def test_appointment_when_it_is_moved_a_little_then_it_does_not_clash_with_itself(team: Team) -> None:
    path = await booked(team)
    wanted = {"on_date": in_days(3), "at": "10:30", "minutes": 60}
    assert (await team.adviser.post(f"{path}/move", wanted, version=1)).status_code == 200


async def test_appointment_when_two_move_it_on_the_same_version_then_one_is_told_to_read_again(team: Team) -> None:
    path = await booked(team)
    wanted = {"on_date": in_days(3), "at": "12:00", "minutes": 60}
    answers = await asyncio.gather(
        *(desk.post(f"{path}/move", wanted, version=1) for desk in (team.adviser, team.manager))
    )
    assert sorted(a.status_code for a in answers) == [200, 412]


async def test_appointment_when_staff_cancel_without_a_reason_then_it_is_refused(team: Team) -> None:
    path = await booked(team)
    assert (await team.adviser.post(f"{path}/cancel", {}, version=1)).status_code == 400
    assert (await team.adviser.post(f"{path}/cancel", {"reason": ""}, version=1)).status_code == 400
    assert (await team.adviser.post(f"{path}/cancel", {"reason": "Ill."})).status_code == 428


async def test_appointment_when_it_is_over_or_cancelled_then_it_is_not_moved_or_cancelled_again(team: Team) -> None:
    wanted = {"on_date": in_days(5), "at": "12:00", "minutes": 60}
    cancelled = await booked(team)
    await team.adviser.post(f"{cancelled}/cancel", {"reason": "Ill."}, version=1)
    attended = await booked(team)
    await began(team, attended)
    version = (await read(team, attended))["version"]
    assert (await team.adviser.post(f"{attended}/outcome", {"status": "attended"}, version=version)).status_code == 200
    for path in (cancelled, attended):
        version = (await read(team, path))["version"]
        before = await read(team, path)
        answers = [
            await team.adviser.post(f"{path}/move", wanted, version=version),
            await team.adviser.post(f"{path}/cancel", {"reason": "Again."}, version=version),
        ]
        assert [a.status_code for a in answers] == [409, 409]
        assert await read(team, path) == before
    version = (await read(team, cancelled))["version"]
    late = await team.adviser.post(f"{cancelled}/outcome", {"status": "attended"}, version=version)
    assert late.status_code == 409


async def test_outcome_when_it_has_not_begun_then_it_is_refused_and_a_mistake_can_be_mended_after(team: Team) -> None:
    path = await booked(team)
    assert (await team.adviser.post(f"{path}/outcome", {"status": "missed"}, version=1)).status_code == 409
    await began(team, path)
    version = (await read(team, path))["version"]
    for status in ("missed", "attended"):
        answer = await team.adviser.post(f"{path}/outcome", {"status": status, "note": "x"}, version=version)
        assert answer.status_code == 200
        version = answer.json()["version"]
    assert (await read(team, path))["status"] == "attended"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE appointments SET status = 'booked' WHERE status = 'cancelled'",
        "UPDATE appointments SET starts_at = starts_at + interval '1 hour', ends_at = ends_at + interval '1 hour'"
        " WHERE status = 'cancelled'",
        "UPDATE appointments SET status = 'attended' WHERE status = 'booked'",
        "UPDATE appointments SET status = 'cancelled' WHERE status = 'booked'",
        "UPDATE appointments SET status = 'cancelled', cancelled_at = now(), cancelled_by = 'staff'"
        " WHERE status = 'booked'",
    ],
)
async def test_appointment_when_it_moves_as_it_must_not_then_the_database_refuses_it(team: Team, change: str) -> None:
    path = await booked(team)
    await team.adviser.post(f"{path}/cancel", {"reason": "Ill."}, version=1)
    await booked(team)
    with pytest.raises(asyncpg.CheckViolationError):
        await team.admin.execute(change)


async def test_own_appointment_when_the_young_person_asks_to_change_then_it_stays_and_the_adviser_is_told(
    team: Team,
) -> None:
    path = await booked(team)
    device = await team.young_person("limited")
    own = f"{OWN}/{path.rpartition('/')[2]}/ask-to-change"
    assert (await device.post(own, {}, version=1)).status_code == 200
    found = await read(team, path)
    assert (found["status"], found["answer"]) == ("booked", "asks_to_change")
    [waiting] = (await team.adviser.get("/admin/v1/appointments", asks_to_change=True)).json()["items"]
    assert waiting == found
    assert await team.admin.fetchval("SELECT count(*) FROM jobs WHERE kind = 'tell_adviser'") == 1


async def test_own_appointment_when_the_young_person_cancels_then_no_reason_is_asked_and_the_adviser_is_told(
    team: Team,
) -> None:
    path = await booked(team)
    own = f"{OWN}/{path.rpartition('/')[2]}/cancel"
    assert (await (await team.young_person("limited")).post(own, {}, version=1)).status_code == 403
    device = await team.young_person()
    assert (await device.post(own, {"reason": "x"}, version=1)).status_code == 400
    assert (await device.post(own, {}, version=1)).status_code == 200
    found = await read(team, path)
    assert (found["status"], found["cancelled_by"], found["cancel_reason"]) == ("cancelled", "young_person", None)
    assert await team.admin.fetchval("SELECT count(*) FROM jobs WHERE kind = 'tell_adviser'") == 1


async def test_own_appointment_when_it_is_anothers_begun_or_over_then_it_is_not_answered(team: Team) -> None:
    path = await booked(team)
    own = f"{OWN}/{path.rpartition('/')[2]}"
    other_id = await team.another()
    other = Desk(team.http, await create_session(team.admin, person=other_id), is_staff=False)
    assert (await other.post(f"{own}/confirm", {}, version=1)).status_code == 404
    await began(team, path)
    device = await team.young_person()
    version = (await read(team, path))["version"]
    assert (await device.post(f"{own}/confirm", {}, version=version)).status_code == 409
    assert (await device.post(f"{own}/cancel", {}, version=version)).status_code == 409


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE appointments SET starts_at = starts_at + interval '1 day', ends_at = ends_at + interval '1 day'",
        "UPDATE appointments SET place_shown = 'somewhere else'",
        "UPDATE appointments SET status = 'attended'",
        "UPDATE appointments SET status = 'cancelled', cancelled_at = now(), cancelled_by = 'staff',"
        " cancel_reason = 'x'",
    ],
)
async def test_young_person_when_their_connection_changes_more_than_an_answer_then_the_database_refuses_it(
    team: Team, database: TestDatabase, change: str
) -> None:
    await booked(team)
    device = await team.young_person()
    signed_in = Database(database.signed_in_url, size=1)
    try:
        async with signed_in.acting_with(device.token) as connection:
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.CheckViolationError)):
                await connection.execute(change)
    finally:
        await signed_in.close()


async def test_thread_when_it_answers_for_its_young_person_then_only_the_answer_changes(
    team: Team, database: TestDatabase
) -> None:
    path = await booked(team)
    conversation_id, _ = await create_conversation(team.admin, team.person_id)
    threads = Database(database.api_url, size=1)
    try:
        async with threads.acting_as(conversation_actor(conversation_id)) as connection:
            await connection.execute(
                "UPDATE appointments SET young_person_answer = 'confirmed', answered_at = clock_timestamp()"
            )
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("UPDATE appointments SET starts_at = starts_at + interval '1 day'")
    finally:
        await threads.close()
    assert (await read(team, path))["answer"] == "confirmed"


@pytest.mark.parametrize(
    ("on_date", "at", "is_second", "instant"),
    [
        ("2027-03-28", "00:30", None, "2027-03-28T00:30:00Z"),
        ("2027-03-28", "02:00", None, "2027-03-28T01:00:00Z"),
        ("2027-10-31", "00:30", None, "2027-10-30T23:30:00Z"),
        ("2027-10-31", "01:30", False, "2027-10-31T00:30:00Z"),
        ("2027-10-31", "01:30", True, "2027-10-31T01:30:00Z"),
        ("2027-10-31", "02:00", None, "2027-10-31T02:00:00Z"),
    ],
)
async def test_booking_when_the_clocks_change_then_the_instant_is_the_one_londons_clocks_show(
    team: Team, on_date: str, at: str, is_second: bool | None, instant: str
) -> None:
    path = await booked(team, on_date=on_date, at=at, is_second=is_second)
    assert msgspec.convert((await read(team, path))["starts_at"], datetime) == msgspec.convert(instant, datetime)


async def test_booking_when_no_clock_shows_that_time_or_it_comes_twice_then_it_is_told(team: Team) -> None:
    gap = await book(team, on_date="2027-03-28", at="01:30")
    twice = await book(team, on_date="2027-10-31", at="01:30")
    assert (gap.status_code, errors(gap)) == (422, [("at", ("an hour earlier", "an hour later"))])
    assert (twice.status_code, errors(twice)) == (422, [("is_second", ("false: the first", "true: the second"))])


async def test_bookings_when_they_are_in_the_two_hours_of_one_name_then_they_do_not_clash(team: Team) -> None:
    for is_second in (False, True):
        answer = await book(team, on_date="2027-10-31", at="01:00", is_second=is_second)
        assert answer.status_code == 201


async def test_appointments_when_they_are_of_another_team_then_they_are_not_there(team: Team) -> None:
    path = await booked(team)
    wanted = {"on_date": in_days(5), "at": "12:00", "minutes": 60}
    answers = [
        await team.stranger.get(path),
        await team.stranger.get(f"{team.path}/appointments"),
        await team.stranger.post(f"{team.path}/appointments", booking(team)),
        await team.stranger.post(f"{path}/move", wanted, version=1),
        await team.stranger.post(f"{path}/cancel", {"reason": "x"}, version=1),
    ]
    assert [a.status_code for a in answers] == [404] * 5


async def test_appointments_when_they_are_listed_then_page_by_page_none_is_skipped_or_told_twice(team: Team) -> None:
    for hour in range(9, 14):
        await booked(team, at=f"{hour:02}:00")
    device = await team.young_person()
    for desk, where in (
        (team.adviser, f"{team.path}/appointments"),
        (team.adviser, "/admin/v1/appointments"),
        (device, OWN),
    ):
        seen: list[str] = []
        query: dict[str, Any] = {"count": 2}
        while True:
            page = (await desk.get(where, **query)).json()
            seen += [one["appointment_id"] for one in page["items"]]
            if "next_cursor" not in page:
                break
            query["cursor"] = page["next_cursor"]
        assert len(seen) == len(set(seen)) == 5


async def test_appointment_when_it_is_sent_again_then_it_is_booked_once(team: Team) -> None:
    headers = team.adviser.headers(idempotency_key="the-same-key")
    where = f"{team.path}/appointments"
    answers = [await team.http.post(where, json=booking(team), headers=headers) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


async def test_booking_when_it_is_for_today_in_london_but_tomorrow_elsewhere_then_it_is_the_london_day(
    team: Team,
) -> None:
    summer_night = datetime(2027, 7, 1, 23, 30, tzinfo=UTC)
    with time_machine.travel(summer_night, tick=False):
        answer = await book(team, on_date="2027-07-01", at="23:59")
    assert errors(answer)[0][0] == "on_date"
