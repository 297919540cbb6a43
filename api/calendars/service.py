"""The rules of calendars: they tell that there is a meeting and when, and nothing else."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID, uuid4

import icalendar

from api.appointments import service as appointments
from api.calendars import queries
from api.calendars.models import Event, Feed, Feeds
from api.kit.db import SIGN_IN, Connection, Database
from api.kit.errors import Conflict, NotFound
from api.kit.limits import Limit, take
from api.kit.signed_in import Write, Written
from api.kit.words import Words

PATH = "/calendar/v1"
FEEDS = "/admin/v1/calendar-feeds"
READ_EVERY = timedelta(minutes=15)
# A calendar program reads some times an hour, and many may share an office's address.
READS_PER_ADDRESS = Limit("calendar", 300, 3600.0)
_SECRET = re.compile(r"[0-9a-f]{64}")


def _secret_of(session_secret: str, feed_id: UUID) -> str:
    """The secret of an address, computed so that it can be shown again without being kept."""
    return hmac.digest(session_secret.encode(), b"calendar:" + feed_id.bytes, "sha256").hex()


async def get_own_feed(connection: Connection, session_secret: str, base_url: str) -> Feeds:
    """The acting member of staff's own calendar address."""
    found = await queries.get_own_feed(connection)
    if found is None:
        return Feeds(None)
    feed_id, secret_hash, created_at, version = found
    secret = _secret_of(session_secret, feed_id)
    is_current = hmac.compare_digest(hashlib.sha256(secret.encode()).digest(), secret_hash)
    return Feeds(Feed(feed_id, f"{base_url}{PATH}/{secret}.ics" if is_current else None, created_at, version))


async def make_feed(asked: Write, session_secret: str) -> Written:
    """Makes a new calendar address; the one before reads nothing any more."""
    feed_id = uuid4()
    secret_hash = hashlib.sha256(_secret_of(session_secret, feed_id).encode()).digest()
    await queries.revoke_own_feeds(asked.connection)
    await queries.insert_feed(asked.connection, feed_id, asked.who.staff_id, secret_hash)
    return Written(feed_id, 1, FEEDS)


async def revoke(asked: Write, feed_id: UUID) -> Written:
    """Nobody reads the calendar by that address any more. Raises NotFound, Unversioned, Stale or Conflict."""
    found = await queries.lock_feed(asked.connection, feed_id)
    if found is None:
        raise NotFound
    version, is_revoked = found
    asked.version()
    asked.check_version(version)
    if is_revoked:
        raise Conflict("It was revoked already.")
    await queries.revoke_own_feeds(asked.connection)
    return Written(feed_id, version + 1, FEEDS)


async def read_feed(
    database: Database, signed_in: Database, file_name: str, *, address: str, base_url: str, words: Words
) -> bytes:
    """The calendar behind an address, as iCalendar. Raises NotFound or TooMany."""
    secret = file_name.removesuffix(".ics")
    if not _SECRET.fullmatch(secret):
        raise NotFound
    async with database.acting_as(SIGN_IN) as connection:
        await take(connection, READS_PER_ADDRESS, address)
    async with signed_in.acting_with(secret) as connection:
        events = await queries.read_calendar(connection)
    if events is None:
        raise NotFound
    return write_calendar(events, words, base_url)


async def read_own_event(connection: Connection, appointment_id: UUID, words: Words) -> bytes:
    """One of the young person's own appointments as iCalendar. Raises NotFound."""
    event = Event(*await appointments.get_own_event(connection, appointment_id))
    return write_calendar([event], words, "")


def write_calendar(events: Iterable[Event], words: Words, base_url: str) -> bytes:
    """Events as RFC 5545 has them, all with the same neutral words."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Fifteen Plus//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("refresh-interval", READ_EVERY, parameters={"VALUE": "DURATION"})
    for event in events:
        calendar.add_component(_component(event, words.say("shown_calendar_meeting"), base_url))
    return bytes(calendar.to_ical())


def _component(event: Event, summary: str, base_url: str) -> icalendar.Event:
    component = icalendar.Event()
    component.add("uid", f"{event.calendar_uid}@fifteen-plus")
    component.add("dtstamp", event.changed_at)
    component.add("last-modified", event.changed_at)
    component.add("sequence", event.version - 1)
    component.add("dtstart", event.starts_at)
    component.add("dtend", event.ends_at)
    component.add("summary", summary)
    component.add("status", "CANCELLED" if event.status == "cancelled" else "CONFIRMED")
    component.add("class", "PRIVATE")
    if event.appointment_id is not None:
        component.add("url", f"{base_url}/admin/v1/appointments/{event.appointment_id}")
    return component
