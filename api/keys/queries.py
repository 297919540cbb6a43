"""Data keys in the database. All of it is an administrator's: no login of the service may change or remove a key."""

from collections.abc import Sequence
from uuid import UUID

from api.keys.models import InUse, PlainRow, PlainTable, SealedRow
from api.kit.db import Connection
from api.kit.field_keys import SERVICE_SUBJECT

LIST_KEYS_AFTER = """
    SELECT subject_id, wrapped_key FROM data_keys
    WHERE subject_id > $1 AND wrapped_key IS NOT NULL ORDER BY subject_id LIMIT $2
"""


async def list_keys_after(connection: Connection, subject_id: UUID, count: int) -> list[tuple[UUID, bytes]]:
    """The next wrapped keys."""
    return [(row[0], row[1]) for row in await connection.fetch(LIST_KEYS_AFTER, subject_id, count)]


# One that was destroyed meanwhile, or wrapped anew by somebody else, stays as it is.
REPLACE_WRAPPED = """
    UPDATE data_keys AS k SET wrapped_key = n.wrapped_key
    FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n (subject_id, was, wrapped_key)
    WHERE k.subject_id = n.subject_id AND k.wrapped_key = n.was
"""


async def replace_wrapped(connection: Connection, keys: Sequence[tuple[UUID, bytes, bytes]]) -> int:
    """Replaces wrapped keys, given as subject, what it was and what it is to be; returns how many."""
    subjects, were, are = zip(*keys, strict=True)
    status: str = await connection.execute(REPLACE_WRAPPED, list(subjects), list(were), list(are))
    return int(status.rpartition(" ")[2])


# Nobody stores a message until the erasure is through: what comes then finds the key gone and takes another.
WAIT_SHORTLY = "SELECT set_config('lock_timeout', '2s', true)"
LOCK_MESSAGES = "LOCK TABLE messages IN SHARE ROW EXCLUSIVE MODE"


async def lock_messages(connection: Connection) -> None:
    """Makes every new message wait until the transaction ends, and waits for those that are being stored.

    Raises LockNotAvailableError after two seconds: while this waits, so does every text that comes in.
    """
    await connection.execute(WAIT_SHORTLY)
    await connection.execute(LOCK_MESSAGES)


GET_IN_USE = """
    WITH own AS (
        SELECT m.* FROM messages AS m
        WHERE m.subject_id = $1
            OR m.conversation_id IN (SELECT c.conversation_id FROM conversations AS c WHERE c.person_id = $1)
    )
    SELECT EXISTS (SELECT FROM young_people AS p WHERE p.person_id = $1),
        (SELECT count(*) FROM own),
        (SELECT count(*) FROM contact_points AS c WHERE c.person_id = $1),
        (SELECT count(*) FROM own WHERE direction = 'inbound' AND answered_at IS NULL),
        (SELECT count(*) FROM own WHERE status IN ('stored', 'sending', 'unknown')),
        (SELECT count(*) FROM attention_flags AS f JOIN own USING (message_id) WHERE f.seen_at IS NULL)
"""


async def get_in_use(connection: Connection, person_id: UUID) -> InUse:
    """What there is of a person."""
    row = await connection.fetchrow(GET_IN_USE, person_id)
    return InUse(*(row or ()))


SET_REASON = "SELECT set_config('app.reason', $1, true)"
# A person who has no key yet is given one first, so that none is ever made after.
HAVE_KEY = "INSERT INTO data_keys (subject_id, wrapped_key) VALUES ($1, '') ON CONFLICT (subject_id) DO NOTHING"
DESTROY_KEYS = """
    UPDATE data_keys SET wrapped_key = NULL, destroyed_at = clock_timestamp()
    WHERE destroyed_at IS NULL AND (subject_id = $1 OR subject_id IN (
        SELECT c.conversation_id FROM conversations AS c WHERE c.person_id = $1
    ))
"""


async def destroy_keys(connection: Connection, person_id: UUID, reason: str) -> None:
    """Destroys a person's key and their thread's, for good; the database notes it in the audit, with the reason."""
    await connection.execute(SET_REASON, reason)
    await connection.execute(HAVE_KEY, person_id)
    await connection.execute(DESTROY_KEYS, person_id)


# The ledger of opt-outs keeps its index: whoever asked for no texts must get none.
RETIRE_NUMBERS = """
    UPDATE contact_points
    SET retired_at = coalesce(retired_at, greatest(clock_timestamp(), created_at)),
        phone_index = sha256(uuid_send(contact_point_id))
    WHERE person_id = $1
"""
FORGET_INDEXES = """
    UPDATE messages SET phone_index = sha256(uuid_send(subject_id))
    WHERE subject_id = $1
        OR conversation_id IN (SELECT c.conversation_id FROM conversations AS c WHERE c.person_id = $1)
"""
END_SESSIONS = """
    UPDATE sessions SET revoked_at = clock_timestamp(), revoked_because = 'signed_out'
    WHERE person_id = $1 AND revoked_at IS NULL
"""


async def let_numbers_go(connection: Connection, person_id: UUID) -> None:
    """Makes a person's numbers nobody's, to be found by no index, and signs their devices out."""
    for statement in (RETIRE_NUMBERS, FORGET_INDEXES, END_SESSIONS):
        await connection.execute(statement, person_id)


_SERVICE = f"'{SERVICE_SUBJECT}'::uuid"
# A message is its person's, else its thread's; a code is whose number it went to; every other is the service's.
_SUBJECT_OF_MESSAGE = f"""coalesce(
    (SELECT c.person_id FROM conversations AS c WHERE c.conversation_id = t.conversation_id), t.conversation_id,
    (SELECT min(p.person_id::text)::uuid FROM contact_points AS p
     WHERE t.kind = 'code' AND p.phone_e164 = t.phone_e164 HAVING count(DISTINCT p.person_id) = 1),
    {_SERVICE}
)"""  # noqa: S608 - a constant of ours

PHONE, BODY = "phone_e164", "body"
PLAIN_TABLES = (
    PlainTable(name="contact_points", key="contact_point_id", subject="t.person_id", plain=(PHONE,)),
    PlainTable(name="conversations", key="conversation_id", subject="t.conversation_id", plain=(PHONE,)),
    PlainTable(name="messages", key="message_id", subject=_SUBJECT_OF_MESSAGE, plain=(PHONE, BODY), has_subject=True),
    PlainTable(name="sign_in_challenges", key="challenge_id", subject=_SERVICE, plain=(PHONE,), has_index=False),
    PlainTable(name="staff", key="staff_id", subject=_SERVICE, plain=(PHONE,), has_index=False),
)


async def list_plain(connection: Connection, table: PlainTable, after: UUID, count: int) -> list[PlainRow]:
    """The next rows of a table from before fields were encrypted that still are plain, locked."""
    still_plain = f"t.{table.plain[0]} IS NOT NULL AND t.{table.plain[0]}_enc IS NULL"
    rows = await connection.fetch(
        f"SELECT t.{table.key}, {table.subject}, {', '.join(table.plain)} FROM {table.name} AS t"  # noqa: S608 - names of ours
        f" WHERE t.{table.key} > $1 AND {still_plain} ORDER BY t.{table.key} LIMIT $2 FOR UPDATE OF t",
        after,
        count,
    )
    return [PlainRow(row[0], row[1], tuple(row)[2:]) for row in rows]


async def store_sealed(connection: Connection, table: PlainTable, rows: Sequence[SealedRow]) -> None:
    """Stores the encrypted values of rows beside the plain ones."""
    columns: dict[str, list[object]] = {f"{table.key}": [row.row_id for row in rows]}
    if table.has_subject:
        columns["subject_id"] = [row.subject_id for row in rows]
    if table.has_index:
        columns["phone_index"] = [row.phone_index for row in rows]
    for place, name in enumerate(table.plain):
        columns[f"{name}_enc"] = [row.values[place] for row in rows]
    kinds = ["uuid[]" if name.endswith("_id") else "bytea[]" for name in columns]
    arrays = ", ".join(f"${n}::{kind}" for n, kind in enumerate(kinds, start=1))
    changes = ", ".join(f"{name} = n.{name}" for name in columns if name != table.key)
    await connection.execute(
        f"UPDATE {table.name} AS t SET {changes} FROM unnest({arrays}) AS n ({', '.join(columns)})"  # noqa: S608 - names of ours
        f" WHERE t.{table.key} = n.{table.key}",
        *columns.values(),
    )


async def list_plain_opt_outs(connection: Connection, count: int) -> list[tuple[int, str]]:
    """Opt-outs that are not found by their number's index yet."""
    rows = await connection.fetch(
        "SELECT opt_out_event_id, phone_e164 FROM opt_out_events WHERE phone_index IS NULL"
        " ORDER BY opt_out_event_id LIMIT $1 FOR UPDATE",
        count,
    )
    return [(row[0], row[1]) for row in rows]


async def index_opt_outs(connection: Connection, indexes: Sequence[tuple[int, bytes]]) -> None:
    """Stores the index of opt-outs' numbers."""
    await connection.executemany(
        "UPDATE opt_out_events SET phone_index = $2 WHERE opt_out_event_id = $1", list(indexes)
    )


LIST_PLAIN_JOBS = """
    SELECT job_id, kind, serial_key FROM jobs
    WHERE kind IN ('deliver', 'alert') AND serial_key !~ ':[0-9a-f]{64}$' ORDER BY job_id LIMIT $1 FOR UPDATE
"""


async def list_plain_jobs(connection: Connection, count: int) -> list[tuple[int, str, str]]:
    """Jobs that are known by a plain number: their id, their kind, and what they are known by."""
    return [(row[0], row[1], row[2]) for row in await connection.fetch(LIST_PLAIN_JOBS, count)]


RENAME_JOBS = "UPDATE jobs SET serial_key = $2 WHERE job_id = $1"


async def rename_jobs(connection: Connection, serial_keys: Sequence[tuple[int, str]]) -> None:
    """Makes jobs known by something else."""
    await connection.executemany(RENAME_JOBS, list(serial_keys))


# An ANALYZE would leave the samples of a table that happens to be empty now.
CLEAR_SAMPLES_OF_JOBS = "SELECT pg_clear_attribute_stats('public', 'jobs', 'serial_key', false)"
WRITE_SAMPLES_ANEW = "VACUUM (FULL) pg_catalog.pg_statistic"


async def forget_statistics(connection: Connection) -> None:
    """Writes the planner's samples anew: their file still holds those of columns that are gone, or were changed."""
    await connection.execute(CLEAR_SAMPLES_OF_JOBS)
    await connection.execute(WRITE_SAMPLES_ANEW)
