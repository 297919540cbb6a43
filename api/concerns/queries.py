"""Concerns in the database."""

from uuid import UUID

from api.concerns.models import Verdict
from api.kit.db import Connection

INSERT_CONCERN = """
    INSERT INTO concerns (conversation_id, message_id, risk, kinds, rules_hit, screen_version)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (message_id) DO NOTHING RETURNING concern_id
"""


async def insert_concern(
    connection: Connection, conversation_id: UUID, message_id: UUID, verdict: Verdict
) -> UUID | None:
    """Stores what the screen found in a text; None when it was stored before."""
    concern_id: UUID | None = await connection.fetchval(
        INSERT_CONCERN,
        conversation_id,
        message_id,
        verdict.risk.name.lower(),
        list(verdict.kinds),
        verdict.reasons,
        verdict.version,
    )
    return concern_id
