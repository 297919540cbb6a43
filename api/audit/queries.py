"""The audit in the database.

A check computes every hash from PostgreSQL's own functions: one of ours could have been replaced with the rows.
"""

from collections.abc import Sequence
from datetime import datetime, time
from itertools import starmap
from uuid import UUID

from api.audit.models import Block, Entry, Fault, Look, Looks, Sought, View
from api.kit.db import Connection

RECORD = """
    INSERT INTO audit_entries (verb, person_id, table_name, record_id, reason, request_id)
    SELECT $1, coalesce($2, sec.acting_person_id()), $3, r.record_id, $5, $6
    FROM unnest($4::text[]) AS r (record_id)
"""


async def insert_entries(
    connection: Connection,
    verb: str,
    person_id: UUID | None,
    table_name: str,
    record_ids: Sequence[str | None],
    reason: str | None,
    request_id: UUID | None,
) -> None:
    """Adds an entry for each record; whoever acts is filled in by the database."""
    await connection.execute(RECORD, verb, person_id, table_name, record_ids, reason, request_id)


LIST_VIEWS = """
    WITH viewed AS (SELECT coalesce($1, sec.acting_person_id()) AS person_id)
    SELECT e.recorded_at, e.table_name, e.actor_kind, w.shown_name
    FROM audit_entries AS e
    LEFT JOIN sec.who_viewed((SELECT v.person_id FROM viewed AS v)) AS w ON w.staff_id = e.actor_id
    WHERE e.verb IN ('viewed', 'opened') AND e.person_id = (SELECT v.person_id FROM viewed AS v)
    ORDER BY e.recorded_at DESC, e.entry_id DESC
    LIMIT $2
"""


async def list_views(connection: Connection, person_id: UUID | None, count: int) -> list[View]:
    """Who looked at a person, or at the one the connection acts for, the latest first."""
    return list(starmap(View, await connection.fetch(LIST_VIEWS, person_id, count)))


LIST_LOOKS = """
    SELECT e.recorded_at, e.actor_kind, w.staff_id, w.shown_name, e.verb, e.table_name, e.entry_id
    FROM audit_entries AS e
    LEFT JOIN sec.who_viewed($1) AS w ON w.staff_id = e.actor_id
    WHERE e.verb IN ('viewed', 'opened') AND e.person_id = $1
        AND (e.recorded_at, e.entry_id) < (
            coalesce($2::timestamptz, 'infinity'), coalesce($3::bigint, 9223372036854775807)
        )
    ORDER BY e.recorded_at DESC, e.entry_id DESC
    LIMIT $4
"""
NOTE_LOOK = """
    SELECT p.person_id, audit_notes_views(ARRAY[p.person_id], 'audit_entries') FROM young_people AS p
    WHERE p.person_id = coalesce($1::uuid, sec.acting_person_id())
"""


async def note_look(connection: Connection, person_id: UUID | None) -> UUID | None:
    """Notes a look at who looked; without a person, at whom the connection acts for. None for a stranger."""
    found: UUID | None = await connection.fetchval(NOTE_LOOK, person_id)
    return found


async def list_looks(
    connection: Connection, person_id: UUID, after: tuple[datetime, int] | None, count: int
) -> list[tuple[Look, int]]:
    """Looks at a person, the latest first, each with its number."""
    recorded_at, entry_id = after or (None, None)
    rows = await connection.fetch(LIST_LOOKS, person_id, recorded_at, entry_id, count)
    return [(Look(*row[:-1]), row[-1]) for row in rows]


LIST_ENTRIES = """
    SELECT e.entry_id, e.recorded_at, e.actor_kind, e.actor_id, e.verb, e.person_id, e.table_name
    FROM audit_entries AS e
    WHERE e.recorded_at >= $3 AND e.recorded_at < $4
        AND ($1::uuid IS NULL OR e.person_id = $1)
        AND ($2::uuid IS NULL OR e.actor_kind = 'staff' AND e.actor_id = $2)
        AND (e.recorded_at, e.entry_id) < (
            coalesce($5::timestamptz, 'infinity'), coalesce($6::bigint, 9223372036854775807)
        )
    ORDER BY e.recorded_at DESC, e.entry_id DESC
    LIMIT $7
"""
NOTE_AUDIT_READ = "SELECT audit_notes_views(ARRAY[$1::uuid], 'audit_entries')"


async def list_entries(
    connection: Connection, sought: Sought, after: tuple[datetime, int] | None, count: int
) -> list[Entry]:
    """Entries, the latest first; that they were read is an entry too."""
    await connection.fetchval(NOTE_AUDIT_READ, sought.person_id)
    recorded_at, entry_id = after or (None, None)
    rows = await connection.fetch(
        LIST_ENTRIES, sought.person_id, sought.staff_id, sought.since, sought.until, recorded_at, entry_id, count
    )
    return list(starmap(Entry, rows))


LIST_LOOKS_OF_STAFF = """
    SELECT k.staff_id, k.shown_name, k.staff_role, k.look_count, k.person_count, k.without_relation_count,
        k.after_hours_count, k.opened_count
    FROM sec.looks_of_staff($1, $2, $3, $4) AS k ORDER BY k.shown_name, k.staff_id
"""


async def list_looks_of_staff(
    connection: Connection, since: datetime, until: datetime, day_starts_at: time, day_ends_at: time
) -> list[Looks]:
    """How much each of staff looked at, for the data protection lead alone."""
    await connection.fetchval(NOTE_AUDIT_READ, None)
    rows = await connection.fetch(LIST_LOOKS_OF_STAFF, since, until, day_starts_at, day_ends_at)
    return list(starmap(Looks, rows))


# The oldest running transaction bounds a block, so a late commit is never below it.
SEAL = "INSERT INTO audit_blocks (block_no) VALUES (0) ON CONFLICT DO NOTHING RETURNING block_no"


async def seal(connection: Connection) -> int | None:
    """Seals the oldest entries that are not sealed yet as one block; None when there are none, or another seals."""
    block_no: int | None = await connection.fetchval(SEAL)
    return block_no


LAST_BLOCK_NO = "SELECT coalesce(max(block_no), 0) FROM audit_blocks"


async def last_block_no(connection: Connection) -> int:
    """The number of the newest block; 0 when there is none."""
    block_no: int = await connection.fetchval(LAST_BLOCK_NO)
    return block_no


LIST_BLOCKS_AFTER = """
    SELECT b.block_no, cardinality(b.entry_ids) AS entry_count, b.sealed_at, encode(b.block_hash, 'hex') AS hash_hex,
        b.block_hash = sha256(convert_to(jsonb_build_array(
            b.block_no, b.from_xact_id, b.to_xact_id, b.entry_ids,
            (SELECT encode(sha256(string_agg(h.hash, ''::bytea ORDER BY h.place)), 'hex')
             FROM unnest(b.row_hashes) WITH ORDINALITY AS h (hash, place)),
            encode(b.previous_hash, 'hex'), (extract(epoch FROM b.sealed_at) * 1000000)::bigint
        )::text, 'UTF8')) AS is_whole,
        b.block_no = coalesce(p.block_no, 0) + 1 AND b.from_xact_id = coalesce(p.to_xact_id, 0)
            AND b.previous_hash = coalesce(p.block_hash, ''::bytea) AS follows
    FROM audit_blocks AS b
    LEFT JOIN LATERAL (
        SELECT q.block_no, q.to_xact_id, q.block_hash FROM audit_blocks AS q
        WHERE q.block_no < b.block_no ORDER BY q.block_no DESC LIMIT 1
    ) AS p ON true
    WHERE b.block_no > $1
    ORDER BY b.block_no
    LIMIT 20
"""


async def list_blocks_after(connection: Connection, block_no: int) -> list[Block]:
    """The next twenty blocks, each with whether it is whole and follows the one before it."""
    return list(starmap(Block, await connection.fetch(LIST_BLOCKS_AFTER, block_no)))


LIST_FAULTS_IN_BLOCK = """
    WITH block AS (
        SELECT b.*, coalesce((
            SELECT p.sealed_at FROM audit_blocks AS p WHERE p.block_no < b.block_no ORDER BY p.block_no DESC LIMIT 1
        ), '-infinity') - interval '5 minutes' AS not_before
        FROM audit_blocks AS b WHERE b.block_no = $1
    ), sealed AS (
        SELECT s.entry_id, s.row_hash FROM block AS b, unnest(b.entry_ids, b.row_hashes) AS s (entry_id, row_hash)
    ), kept AS (
        SELECT e.entry_id, e.row_hash, e.recorded_at BETWEEN b.not_before AND b.sealed_at AS is_in_time,
            e.row_hash = sha256(convert_to(jsonb_build_array(
                e.entry_id, e.xact_id, (extract(epoch FROM e.recorded_at) * 1000000)::bigint,
                e.actor_kind, e.actor_id, e.session_id, e.login, e.verb, e.person_id,
                e.table_name, e.record_id, e.reason, e.request_id
            )::text, 'UTF8')) AS is_whole
        FROM block AS b JOIN audit_entries AS e ON e.xact_id >= b.from_xact_id AND e.xact_id < b.to_xact_id
    ), judged AS (
        SELECT entry_id,
            CASE
                WHEN k.row_hash IS NULL THEN 'was removed'
                WHEN NOT k.is_whole THEN 'was changed'
                WHEN s.row_hash IS NULL THEN 'was added after the block was sealed'
                WHEN s.row_hash <> k.row_hash THEN 'was changed, and its hash with it'
                WHEN NOT k.is_in_time THEN 'is not of the time of its block'
            END AS what
        FROM kept AS k FULL JOIN sealed AS s USING (entry_id)
    )
    SELECT what, $1::bigint AS block_no, entry_id FROM judged WHERE what IS NOT NULL ORDER BY entry_id
"""


async def list_faults_in_block(connection: Connection, block_no: int) -> list[Fault]:
    """The rows that are not as they were sealed."""
    return list(starmap(Fault, await connection.fetch(LIST_FAULTS_IN_BLOCK, block_no)))


LIST_FAULTS_UNSEALED = """
    WITH last AS (
        SELECT coalesce(max(to_xact_id), 0) AS to_xact_id, max(sealed_at) - interval '5 minutes' AS not_before
        FROM audit_blocks
    )
    SELECT e.entry_id, e.recorded_at < last.not_before AS is_late, clock_timestamp() - e.recorded_at AS age,
        e.row_hash = sha256(convert_to(jsonb_build_array(
            e.entry_id, e.xact_id, (extract(epoch FROM e.recorded_at) * 1000000)::bigint,
            e.actor_kind, e.actor_id, e.session_id, e.login, e.verb, e.person_id,
            e.table_name, e.record_id, e.reason, e.request_id
        )::text, 'UTF8')) AS is_whole
    FROM audit_entries AS e, last WHERE e.xact_id >= last.to_xact_id
    ORDER BY e.entry_id
"""


async def list_unsealed(connection: Connection) -> list[tuple[int, bool, bool, float]]:
    """Every entry that is in no block yet: its id, whether it is whole, whether it is too old for it, its age."""
    rows = await connection.fetch(LIST_FAULTS_UNSEALED)
    return [(row["entry_id"], row["is_whole"], bool(row["is_late"]), row["age"].total_seconds()) for row in rows]
