"""Calendars tell that there is a meeting and when: no name, no place, no reason, and nothing without the secret."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import icalendar
import pytest

from tests.api.appointments.test_appointments import OWN, began, booked
from tests.api.casework import Desk, Team
from tests.api.client import PUBLIC_BASE_URL
from tests.factories import create_session

FEEDS = "/admin/v1/calendar-feeds"


async def make(desk: Desk) -> str:
    """A new calendar address; returns its path."""
    assert (await desk.post(FEEDS, {})).status_code == 201
    feed = (await desk.get(FEEDS)).json()["feed"]
    assert feed["address"].startswith(PUBLIC_BASE_URL)
    return urlsplit(feed["address"]).path


async def events(team: Team, path: str) -> list[Any]:
    """What a calendar program reads."""
    answer = await team.http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    return list(icalendar.Calendar.from_ical(answer.content).walk("VEVENT"))


async def test_calendar_when_it_is_read_then_it_tells_the_time_and_nothing_else(team: Team) -> None:
    path = await booked(team)
    feed = await make(team.adviser)
    [event] = await events(team, feed)
    assert str(event["summary"]) == "Meeting"
    assert event["url"] == f"{PUBLIC_BASE_URL}{path}"
    assert event.start.isoformat()[:10] and (event.end - event.start).total_seconds() == 3600
    text = (await team.http.get(feed)).text
    for never in ("Ash", "Example", "Our office", "health", "Sam", str(team.person_id)):
        assert never not in text
    assert event.keys() == {
        "UID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY", "STATUS", "CLASS", "URL",
    }  # fmt: skip


async def test_calendar_when_an_appointment_is_moved_or_cancelled_then_the_same_event_says_so(team: Team) -> None:
    path = await booked(team)
    feed = await make(team.adviser)
    [first] = await events(team, feed)
    await team.adviser.post(f"{path}/cancel", {"reason": "Ill."}, version=1)
    [second] = await events(team, feed)
    assert (first["uid"], str(first["status"]), first["sequence"]) == (second["uid"], "CONFIRMED", 0)
    assert (str(second["status"]), second["sequence"]) == ("CANCELLED", 1)
    assert "Ill." not in (await team.http.get(feed)).text


async def test_calendar_when_nothing_changed_then_it_is_not_sent_again(team: Team) -> None:
    await booked(team)
    feed = await make(team.adviser)
    etag = (await team.http.get(feed)).headers["etag"]
    again = await team.http.get(feed, headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    await booked(team, at="15:00")
    assert (await team.http.get(feed, headers={"if-none-match": etag})).status_code == 200


async def test_calendar_when_there_is_nothing_in_it_then_it_is_an_empty_one(team: Team) -> None:
    feed = await make(team.adviser)
    await booked(team, staff_id=str(team.manager_id))
    assert await events(team, feed) == []


async def test_address_when_it_is_renewed_or_revoked_then_the_old_one_reads_nothing(team: Team) -> None:
    first = await make(team.adviser)
    second = await make(team.adviser)
    assert first != second
    assert (await team.http.get(first)).status_code == 404
    feed = (await team.adviser.get(FEEDS)).json()["feed"]
    where = f"{FEEDS}/{feed['calendar_feed_id']}/revoke"
    assert (await team.adviser.post(where, {})).status_code == 428
    assert (await team.manager.post(where, {}, version=1)).status_code == 404
    assert (await team.adviser.post(where, {}, version=feed["version"])).status_code == 200
    assert (await team.http.get(second)).status_code == 404
    assert (await team.adviser.get(FEEDS)).json() == {"feed": None}
    assert (await team.adviser.post(where, {}, version=2)).status_code == 409


async def test_address_when_its_adviser_has_left_then_it_reads_nothing(team: Team) -> None:
    feed = await make(team.adviser)
    await team.admin.execute("UPDATE staff SET left_on = london_today() WHERE staff_id = $1", team.adviser_id)
    assert (await team.http.get(feed)).status_code == 404


@pytest.mark.parametrize("name", ["x.ics", "0" * 64, "0" * 64 + ".ics", "0" * 63 + ".ics", "é" * 64])
async def test_address_when_nobody_made_it_then_nothing_is_found(team: Team, name: str) -> None:
    await make(team.adviser)
    assert (await team.http.get(f"/calendar/v1/{name}")).status_code == 404


async def test_address_when_it_holds_what_no_address_holds_then_it_is_not_read(team: Team) -> None:
    assert (await team.http.get("/calendar/v1/%00.ics")).status_code == 400


async def test_address_when_it_is_somebodys_access_token_then_nothing_is_found(team: Team) -> None:
    assert (await team.http.get(f"/calendar/v1/{team.adviser.token}.ics")).status_code == 404


async def test_secret_when_it_is_kept_then_only_as_a_hash(team: Team) -> None:
    secret = (await make(team.adviser)).rpartition("/")[2].removesuffix(".ics")
    kept = await team.admin.fetchval(
        "SELECT string_agg(f::text || k::text, '') FROM calendar_feeds f, idempotency_keys k"
    )
    assert secret not in kept
    headers = team.adviser.headers()
    headers["cookie"] = headers["cookie"].replace(team.adviser.token, secret)
    assert (await team.http.get(FEEDS, headers=headers)).status_code == 401


async def test_own_appointment_when_it_is_taken_into_a_phones_calendar_then_it_tells_the_time_alone(team: Team) -> None:
    path = await booked(team)
    device = await team.young_person("limited")
    where = f"{OWN}/{path.rpartition('/')[2]}/calendar.ics"
    answer = await device.get(where)
    [event] = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert (str(event["summary"]), "url" in event) == ("Meeting", False)
    other = Desk(team.http, await create_session(team.admin, person=await team.another()), is_staff=False)
    assert (await other.get(where)).status_code == 404
    assert (await team.http.get(where)).status_code == 401
    looks = await team.admin.fetchval(
        "SELECT count(*) FROM audit_entries WHERE verb = 'viewed' AND person_id = $1 AND actor_kind = 'young_person'",
        team.person_id,
    )
    assert looks == 1


async def test_calendar_when_an_appointment_is_long_over_then_it_is_not_in_it(team: Team) -> None:
    path = await booked(team)
    feed = await make(team.adviser)
    await began(team, path)
    assert len(await events(team, feed)) == 1
    await team.admin.execute(
        "UPDATE appointments SET starts_at = now() - interval '40 days', ends_at = now() - interval '40 days'"
        " + interval '1 hour' WHERE appointment_id = $1",
        UUID(path.rpartition("/")[2]),
    )
    assert await events(team, feed) == []
