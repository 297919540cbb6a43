"""People and threads for tests: plain functions with sensible defaults."""

import hashlib
import itertools
import secrets
import uuid
from datetime import UTC, date, datetime, timedelta

import asyncpg

from api.kit.crypto import KeyRing, Place
from api.kit.field_keys import SERVICE_SUBJECT, FieldKeys
from tests.fields import RING

_numbers = itertools.count()
_hours = itertools.count()


def next_number() -> str:
    """A drama number that none of the five hundred before it is; those that tests write out are others."""
    return f"+447700900{400 + next(_numbers) % 500:03}"


async def create_staff(
    connection: asyncpg.Connection,
    *,
    role: str = "personal_adviser",
    shown_name: str = "Sam",
    phone: str | None = None,
    ring: KeyRing = RING,
) -> uuid.UUID:
    """A member of staff in a team of their own, at work on weekdays from nine to five."""
    team_id = await connection.fetchval("INSERT INTO teams (name) VALUES ($1) RETURNING team_id", str(uuid.uuid4()))
    staff_id: uuid.UUID = await connection.fetchval(
        "INSERT INTO staff (team_id, role, full_name, shown_name) VALUES ($1, $2, $3, $3) RETURNING staff_id",
        team_id,
        role,
        shown_name,
    )
    if phone is not None:
        kept = await FieldKeys(ring).cipher_for(connection, SERVICE_SUBJECT)
        await connection.execute(
            "UPDATE staff SET phone_e164_enc = $2 WHERE staff_id = $1",
            staff_id,
            kept.encrypt(phone, Place("staff", "phone_e164_enc", staff_id)),
        )
    await connection.executemany(
        "INSERT INTO working_hours VALUES ($1, $2, '09:00', '17:00')", [(staff_id, day) for day in range(1, 6)]
    )
    return staff_id


async def create_person(
    connection: asyncpg.Connection,
    *,
    phone: str | None = None,
    adviser: uuid.UUID | None = None,
    died_on: date | None = None,
    ring: KeyRing = RING,
) -> uuid.UUID:
    """A young person, with a phone and an adviser if they are given."""
    person_id: uuid.UUID = await connection.fetchval(
        "INSERT INTO young_people (full_name, preferred_name, born_on, died_on)"
        " VALUES ('Ash Example', 'Ash', '2009-02-28', $1) RETURNING person_id",
        died_on,
    )
    if phone is not None:
        await create_contact_point(connection, person_id, phone, ring=ring)
    if adviser is not None:
        await connection.execute(
            "INSERT INTO allocations (person_id, staff_id, starts_on) VALUES ($1, $2, '2026-01-01')",
            person_id,
            adviser,
        )
    return person_id


async def create_contact_point(
    connection: asyncpg.Connection, person_id: uuid.UUID, phone: str, *, ring: KeyRing = RING
) -> None:
    """A number that a person uses."""
    contact_point_id = uuid.uuid4()
    cipher = await FieldKeys(ring).cipher_for(connection, person_id)
    await connection.execute(
        "INSERT INTO contact_points (contact_point_id, person_id, phone_e164_enc, phone_index) VALUES ($1, $2, $3, $4)",
        contact_point_id,
        person_id,
        cipher.encrypt(phone, Place("contact_points", "phone_e164_enc", contact_point_id)),
        ring.phone_index(phone),
    )


async def create_conversation(connection: asyncpg.Connection, person_id: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    """The thread of a person; returns its id and the person's."""
    conversation_id: uuid.UUID = await connection.fetchval(
        "INSERT INTO conversations (person_id) VALUES ($1) RETURNING conversation_id", person_id
    )
    return conversation_id, person_id


async def create_thread_of_number(connection: asyncpg.Connection, phone: str) -> uuid.UUID:
    """The thread of a number that is nobody's."""
    conversation_id = uuid.uuid4()
    cipher = await FieldKeys(RING).cipher_for(connection, conversation_id)
    await connection.execute(
        "INSERT INTO conversations (conversation_id, phone_e164_enc, phone_index) VALUES ($1, $2, $3)",
        conversation_id,
        cipher.encrypt(phone, Place("conversations", "phone_e164_enc", conversation_id)),
        RING.phone_index(phone),
    )
    return conversation_id


async def create_appointment(
    connection: asyncpg.Connection,
    person_id: uuid.UUID,
    staff_id: uuid.UUID,
    *,
    starts_at: datetime | None = None,
    length: timedelta = timedelta(hours=1),
    status: str = "booked",
) -> uuid.UUID:
    """An appointment, from tomorrow on an hour after the last one unless a time is given."""
    starts_at = starts_at or datetime.now(UTC) + timedelta(days=1, hours=next(_hours))
    appointment_id: uuid.UUID = await connection.fetchval(
        "INSERT INTO appointments (person_id, staff_id, starts_at, ends_at, status)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING appointment_id",
        person_id,
        staff_id,
        starts_at,
        starts_at + length,
        status,
    )
    return appointment_id


async def create_session(
    connection: asyncpg.Connection,
    *,
    person: uuid.UUID | None = None,
    staff: uuid.UUID | None = None,
    level: str = "full",
    is_stepped_up: bool = False,
) -> str:
    """A device or a browser that is signed in; returns its access token."""
    token = secrets.token_hex(32)
    await connection.execute(
        "WITH session AS ("
        " INSERT INTO sessions (person_id, staff_id, level, expires_at, stepped_up_at)"
        " VALUES ($1, $2, $3, clock_timestamp() + interval '90 days', CASE WHEN $5 THEN clock_timestamp() END)"
        " RETURNING session_id"
        ") INSERT INTO session_tokens (token_hash, session_id, kind, expires_at)"
        " SELECT $4, session_id, 'access', clock_timestamp() + interval '10 minutes' FROM session",
        person,
        staff,
        level,
        hashlib.sha256(token.encode()).digest(),
        is_stepped_up,
    )
    return token
