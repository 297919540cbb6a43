"""Calendar addresses, known by the hash of their secret alone."""

from datetime import datetime
from uuid import UUID

from api.calendars.models import Event
from api.kit.db import Connection

GET_OWN_FEED = """
    SELECT f.calendar_feed_id, f.secret_hash, f.created_at, f.version FROM calendar_feeds AS f
    WHERE f.staff_id = (SELECT w.staff_id FROM sec.who() AS w) AND f.revoked_at IS NULL
"""


async def get_own_feed(connection: Connection) -> tuple[UUID, bytes, datetime, int] | None:
    """The acting member of staff's feed that was not revoked."""
    row = await connection.fetchrow(GET_OWN_FEED)
    return None if row is None else (row[0], row[1], row[2], row[3])


INSERT_FEED = "INSERT INTO calendar_feeds (calendar_feed_id, staff_id, secret_hash) VALUES ($1, $2, $3)"


async def insert_feed(connection: Connection, feed_id: UUID, staff_id: UUID | None, secret_hash: bytes) -> None:
    """A calendar address."""
    await connection.execute(INSERT_FEED, feed_id, staff_id, secret_hash)


REVOKE_OWN_FEEDS = """
    UPDATE calendar_feeds SET revoked_at = clock_timestamp()
    WHERE staff_id = (SELECT w.staff_id FROM sec.who() AS w) AND revoked_at IS NULL
"""


async def revoke_own_feeds(connection: Connection) -> None:
    """Nobody reads the acting member of staff's calendar by an address that was given until now."""
    await connection.execute(REVOKE_OWN_FEEDS)


LOCK_FEED = "SELECT version, revoked_at IS NOT NULL FROM calendar_feeds WHERE calendar_feed_id = $1 FOR UPDATE"


async def lock_feed(connection: Connection, feed_id: UUID) -> tuple[int, bool] | None:
    """A feed's version, and whether it was revoked; it is locked until the end."""
    row = await connection.fetchrow(LOCK_FEED, feed_id)
    return None if row is None else (row[0], row[1])


READ_CALENDAR = """
    SELECT c.calendar_uid, c.starts_at, c.ends_at, c.status, c.changed_at, c.version, c.appointment_id
    FROM sec.calendar_of_secret() AS c
"""


async def read_calendar(connection: Connection) -> list[Event] | None:
    """What the calendar shows whose secret the connection was given; None when it is nobody's."""
    rows = await connection.fetch(READ_CALENDAR)
    return [Event(*row) for row in rows if row[0] is not None] if rows else None
