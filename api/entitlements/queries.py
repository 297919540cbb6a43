"""Courses that carry money, and claims."""

from datetime import date
from itertools import starmap
from typing import Any
from uuid import UUID

from api.duties.models import Study
from api.entitlements.models import Claimed
from api.kit.db import Connection

LIST_STUDIES = """
    SELECT kind, started_on, ended_on, audit_notes_views(ARRAY[$1]::uuid[], 'education_programmes')
    FROM education_programmes WHERE person_id = $1 AND kind <> 'other' ORDER BY started_on
"""


async def list_studies(connection: Connection, person_id: UUID) -> list[Study]:
    """The courses of somebody that carry money."""
    rows = await connection.fetch(LIST_STUDIES, person_id)
    return [Study(kind=row[0], started_on=row[1], ended_on=row[2]) for row in rows]


LIST_CLAIMS = """
    SELECT entitlement_claim_id, code, amount_pence, source, claimed_on, paid_on, version
    FROM entitlement_claims WHERE person_id = $1 ORDER BY claimed_on DESC, entitlement_claim_id
"""


async def list_claims(connection: Connection, person_id: UUID) -> list[Claimed]:
    """What somebody has claimed, the latest first."""
    return list(starmap(Claimed, await connection.fetch(LIST_CLAIMS, person_id)))


ADD_CLAIM = """
    INSERT INTO entitlement_claims (person_id, code, amount_pence, source, claimed_on, paid_on)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING entitlement_claim_id, version
"""


async def add_claim(connection: Connection, *values: object) -> tuple[UUID, int]:
    """Adds a claim; returns its id and version."""
    row: Any = await connection.fetchrow(ADD_CLAIM, *values)
    return row[0], row[1]


PAY = "UPDATE entitlement_claims SET paid_on = $2 WHERE entitlement_claim_id = $1 RETURNING version"


async def pay(connection: Connection, claim_id: UUID, paid_on: date) -> int:
    """Notes when a claim was paid; returns the version that makes."""
    version: int = await connection.fetchval(PAY, claim_id, paid_on)
    return version
