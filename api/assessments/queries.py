"""Needs assessments in the database."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from api.assessments.models import Assessment, AssessmentChange, NewAssessment
from api.kit.db import Connection

LIST_ASSESSMENTS = """
    WITH seen AS MATERIALIZED (SELECT s FROM sec.people_with_plan_seen() AS s WHERE s = $1)
    SELECT CASE WHEN EXISTS (SELECT FROM seen) THEN (
        SELECT coalesce(json_agg(json_build_object(
            'needs_assessment_id', n.needs_assessment_id, 'started_on', n.started_on, 'completed_on', n.completed_on,
            'considerations', n.considerations, 'own_words', n.own_words, 'views', n.views,
            'copy_given_on', n.copy_given_on, 'created_at', n.created_at, 'version', n.version
        ) ORDER BY n.needs_assessment_id DESC), '[]')
        FROM (
            SELECT * FROM needs_assessments
            WHERE person_id = $1 AND ($2::uuid IS NULL OR needs_assessment_id < $2)
            ORDER BY needs_assessment_id DESC LIMIT $3
        ) AS n
    ) END::text, audit_notes_views(ARRAY(SELECT s FROM seen), 'needs_assessments')
"""


async def list_assessments(
    connection: Connection, person_id: UUID, before: UUID | None, count: int
) -> list[Assessment] | None:
    """A person's assessments, the newest first; None when the connection may not see them."""
    text: str | None = await connection.fetchval(LIST_ASSESSMENTS, person_id, before, count)
    return None if text is None else msgspec.json.decode(text, type=list[Assessment])


INSERT_ASSESSMENT = """
    INSERT INTO needs_assessments (person_id, started_on, considerations, own_words, views, started_by_staff_id)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING needs_assessment_id
"""


async def insert_assessment(connection: Connection, person_id: UUID, new: NewAssessment, staff_id: UUID | None) -> UUID:
    """An open assessment."""
    assessment_id: UUID = await connection.fetchval(
        INSERT_ASSESSMENT, person_id, new.started_on, _jsonb(new.considerations), new.own_words, _jsonb(new.views),
        staff_id,
    )  # fmt: skip
    return assessment_id


def _jsonb(given: Any) -> Any:
    return None if given is msgspec.UNSET else msgspec.to_builtins(given)


LOCK_ASSESSMENT = """
    SELECT person_id, version, started_on, completed_on, considerations FROM needs_assessments
    WHERE needs_assessment_id = $1 FOR UPDATE
"""


async def lock_assessment(
    connection: Connection, assessment_id: UUID
) -> tuple[UUID, int, date, date | None, dict[str, str]] | None:
    """Whose assessment it is, its version and days, and what was considered; it is locked until the end."""
    row = await connection.fetchrow(LOCK_ASSESSMENT, assessment_id)
    return None if row is None else (row[0], row[1], row[2], row[3], row[4])


UPDATE_ASSESSMENT = """
    UPDATE needs_assessments SET considerations = coalesce($2, considerations), own_words = coalesce($3, own_words),
        views = coalesce($4, views)
    WHERE needs_assessment_id = $1 RETURNING version
"""


async def update_assessment(connection: Connection, assessment_id: UUID, change: AssessmentChange) -> int:
    """Writes what an assessment says."""
    own_words = None if change.own_words is msgspec.UNSET else change.own_words
    version: int = await connection.fetchval(
        UPDATE_ASSESSMENT, assessment_id, _jsonb(change.considerations), own_words, _jsonb(change.views)
    )
    return version


SET_DAYS = """
    UPDATE needs_assessments SET completed_on = coalesce($2, completed_on), copy_given_on = coalesce($3, copy_given_on)
    WHERE needs_assessment_id = $1 RETURNING version
"""


async def set_days(
    connection: Connection, assessment_id: UUID, *, completed_on: date | None = None, copy_given_on: date | None = None
) -> int:
    """Notes that an assessment was completed, or given to the young person."""
    version: int = await connection.fetchval(SET_DAYS, assessment_id, completed_on, copy_given_on)
    return version
