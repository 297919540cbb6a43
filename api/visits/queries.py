"""Visits and contacts in the database."""

from datetime import datetime
from uuid import UUID

import msgspec

from api.kit.db import Connection
from api.visits.models import Contact, ContactRecord

LIST_CONTACTS = """
    WITH seen AS MATERIALIZED (SELECT s FROM sec.visible_people() AS s WHERE s = $1)
    SELECT CASE WHEN EXISTS (SELECT FROM seen) THEN (
        SELECT coalesce(json_agg(json_build_object(
            'contact_id', v.contact_id, 'staff_id', v.staff_id, 'staff', f.shown_name, 'happened_at', v.happened_at,
            'kind', v.kind, 'purpose', v.purpose, 'was_reached', v.was_reached, 'was_seen', v.was_seen,
            'was_seen_alone', v.was_seen_alone, 'at_accommodation', v.at_accommodation, 'note', v.note,
            'recorded_at', v.recorded_at, 'version', v.version
        ) ORDER BY v.happened_at DESC, v.contact_id DESC), '[]')
        FROM (
            SELECT * FROM visits_and_contacts
            WHERE person_id = $1 AND ($2::timestamptz IS NULL OR (happened_at, contact_id) < ($2, $3))
            ORDER BY happened_at DESC, contact_id DESC LIMIT $4
        ) AS v LEFT JOIN staff AS f ON f.staff_id = v.staff_id
    ) END::text, audit_notes_views(ARRAY(SELECT s FROM seen), 'visits_and_contacts')
"""


async def list_contacts(
    connection: Connection, person_id: UUID, before: tuple[datetime, UUID] | None, count: int
) -> list[Contact] | None:
    """A person's visits and contacts, the latest first; None when the connection may not see them."""
    happened_at, contact_id = before or (None, None)
    text: str | None = await connection.fetchval(LIST_CONTACTS, person_id, happened_at, contact_id, count)
    return None if text is None else msgspec.json.decode(text, type=list[Contact])


INSERT_CONTACT = """
    INSERT INTO visits_and_contacts (person_id, staff_id, happened_at, kind, purpose, was_reached, was_seen,
        was_seen_alone, at_accommodation, note, recorded_by_staff_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING contact_id
"""


async def insert_contact(
    connection: Connection, person_id: UUID, record: ContactRecord, happened_at: datetime, staff_id: UUID | None
) -> UUID:
    """Stores what happened, in the name of whoever writes it down."""
    contact_id: UUID = await connection.fetchval(INSERT_CONTACT, person_id, *_values(record, happened_at), staff_id)
    return contact_id


def _values(record: ContactRecord, happened_at: datetime) -> tuple[object, ...]:
    return (
        record.staff_id, happened_at, record.kind, record.purpose, record.was_reached, record.was_seen,
        record.was_seen_alone, record.at_accommodation, record.note,
    )  # fmt: skip


LOCK_CONTACT = "SELECT person_id, version FROM visits_and_contacts WHERE contact_id = $1 FOR UPDATE"


async def lock_contact(connection: Connection, contact_id: UUID) -> tuple[UUID, int] | None:
    """Whose visit or contact it is, and its version; it is locked until the end."""
    row = await connection.fetchrow(LOCK_CONTACT, contact_id)
    return None if row is None else (row[0], row[1])


UPDATE_CONTACT = """
    UPDATE visits_and_contacts SET staff_id = $2, happened_at = $3, kind = $4, purpose = $5, was_reached = $6,
        was_seen = $7, was_seen_alone = $8, at_accommodation = $9, note = $10
    WHERE contact_id = $1 RETURNING version
"""


async def update_contact(connection: Connection, contact_id: UUID, record: ContactRecord, happened_at: datetime) -> int:
    """Corrects what was written down; what it said before is kept."""
    version: int = await connection.fetchval(UPDATE_CONTACT, contact_id, *_values(record, happened_at))
    return version
