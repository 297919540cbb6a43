"""Allowances kept in PostgreSQL, so that every process counts alike: one statement takes from one."""

from dataclasses import dataclass

from api.kit.db import Connection
from api.kit.errors import TooMany

TAKE = """
    WITH taken AS (
        INSERT INTO rate_limits AS r (bucket, tokens) VALUES ($1, $2 - 1)
        ON CONFLICT (bucket) DO UPDATE SET
            tokens = least($2, r.tokens + extract(epoch FROM clock_timestamp() - r.filled_at) * $3) - 1,
            filled_at = clock_timestamp()
        WHERE least($2, r.tokens + extract(epoch FROM clock_timestamp() - r.filled_at) * $3) >= 1
        RETURNING tokens
    )
    SELECT CASE WHEN EXISTS (SELECT FROM taken) THEN 0 ELSE coalesce((
        SELECT greatest(1, ceil((1 - r.tokens) / $3 - extract(epoch FROM clock_timestamp() - r.filled_at)))::integer
        FROM rate_limits AS r WHERE r.bucket = $1
    ), 1) END
"""
FORGET_FULL = "DELETE FROM rate_limits WHERE filled_at < clock_timestamp() - interval '1 day'"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at once, and as many again spread over `per_s`; each limit has a name of its own."""

    name: str
    count: int
    per_s: float


async def take(connection: Connection, limit: Limit, subject: str) -> None:
    """Takes one of a subject's allowance. Raises TooMany, which says when there will be one, when none is left."""
    bucket = f"{limit.name}:{subject}"
    if wait_s := await connection.fetchval(TAKE, bucket, float(limit.count), limit.count / limit.per_s):
        raise TooMany(wait_s=wait_s)


async def forget_full_limits(connection: Connection) -> None:
    """Deletes allowances that are surely full again."""
    await connection.execute(FORGET_FULL)
