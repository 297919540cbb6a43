"""Codes for devices, and whose they are, in the database."""

from datetime import datetime
from uuid import UUID

from api.kit.db import Connection

INSERT_ENROLMENT_CODE = """
    INSERT INTO enrolment_codes (enrolment_code_id, code_hash, person_id, made_by_staff_id) VALUES ($1, $2, $3, $4)
"""


async def insert_enrolment_code(
    connection: Connection, enrolment_code_id: UUID, code_hash: bytes, person_id: UUID, staff_id: UUID
) -> None:
    """Keeps a code for a young person whom the connection may see."""
    await connection.execute(INSERT_ENROLMENT_CODE, enrolment_code_id, code_hash, person_id, staff_id)


GET_ENROLMENT_CODE = """
    SELECT e.person_id, e.created_at + make_interval(secs => $2),
        audit_notes_views(ARRAY[e.person_id], 'enrolment_codes')
    FROM enrolment_codes AS e
    WHERE e.enrolment_code_id = $1 AND e.used_at IS NULL
        AND e.created_at > clock_timestamp() - make_interval(secs => $2)
"""


async def get_enrolment_code(
    connection: Connection, enrolment_code_id: UUID, lives_s: float
) -> tuple[UUID, datetime] | None:
    """Whose code of one's own it is and until when it is good; None when it is used, too old or another's."""
    row = await connection.fetchrow(GET_ENROLMENT_CODE, enrolment_code_id, lives_s)
    return None if row is None else (row[0], row[1])


IS_SEEN = "SELECT EXISTS (SELECT FROM young_people WHERE person_id = $1)"


async def is_seen(connection: Connection, person_id: UUID) -> bool:
    """Whether the connection may see this young person."""
    seen: bool = await connection.fetchval(IS_SEEN, person_id)
    return seen
