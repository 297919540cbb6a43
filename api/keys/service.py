"""What is done to data keys: everybody's is wrapped anew, one person's is destroyed, all that was plain gets one."""

from uuid import UUID

from asyncpg import LockNotAvailableError

from api.keys import queries
from api.keys.models import InUse, PlainRow, PlainTable, Rotated, SealedRow
from api.kit.crypto import Place, Unreadable
from api.kit.db import Connection
from api.kit.field_keys import FieldKeys

BATCH = 500
FIRST = UUID(int=0)
SHORTEST_REASON_CHARS = 20


class NotErased(Exception):
    """A person's record cannot be erased; the text says why, without a word about the person."""


async def rotate(connection: Connection, keys: FieldKeys) -> Rotated:
    """Wraps every data key with the newest key of the settings. Harmless to stop and to repeat."""
    after, key_count, anew_count, unreadable_count = FIRST, 0, 0, 0
    while batch := await queries.list_keys_after(connection, after, BATCH):
        after, key_count = batch[-1][0], key_count + len(batch)
        anew = []
        for subject_id, wrapped in batch:
            try:
                again = keys.wrap_anew(wrapped, subject_id)
            except Unreadable:
                unreadable_count += 1
                continue
            if again is not None:
                anew.append((subject_id, wrapped, again))
        if anew:
            anew_count += await queries.replace_wrapped(connection, anew)
    return Rotated(key_count - unreadable_count, anew_count, unreadable_count)


async def get_in_use(connection: Connection, person_id: UUID) -> InUse:
    """What an erasure would make unreadable, and what of it still waits for somebody."""
    return await queries.get_in_use(connection, person_id)


async def erase(connection: Connection, person_id: UUID, reason: str) -> InUse:
    """Makes every encrypted field of a person unreadable for good; the audit keeps that it happened, and why.

    Their numbers become nobody's and their devices are signed out. Returns what there was. Raises NotErased while
    a text of theirs waits for an answer or for somebody to look at it: nothing that nobody has read is erased.
    """
    reason = " ".join(reason.split())
    if len(reason) < SHORTEST_REASON_CHARS:
        raise NotErased("A reason in a sentence is needed.")
    try:
        async with connection.transaction():
            await queries.lock_messages(connection)
            there = await _check_that_nothing_waits(connection, person_id)
            await queries.destroy_keys(connection, person_id, reason)
            await queries.let_numbers_go(connection, person_id)
    except LockNotAvailableError:
        raise NotErased("The database is busy with the messages. Nothing was erased: try again.") from None
    return there


async def _check_that_nothing_waits(connection: Connection, person_id: UUID) -> InUse:
    there = await queries.get_in_use(connection, person_id)
    if not there.is_known:
        raise NotErased("There is no such person.")
    if there.unanswered_count or there.unsent_count or there.unseen_count:
        raise NotErased(_say_what_waits(there))
    return there


def _say_what_waits(there: InUse) -> str:
    return (
        f"Texts wait: {there.unanswered_count} for an answer, {there.unsent_count} to be sent, "
        f"{there.unseen_count} for somebody to look at. Nothing was erased."
    )


async def encrypt_plain(connection: Connection, keys: FieldKeys) -> int:
    """Encrypts what is plain, so much at a time, beside what is plain. Harmless to stop and to repeat.

    Returns how many rows that were.
    """
    count = 0
    for table in queries.PLAIN_TABLES:
        after = FIRST
        while rows := await _encrypt_batch(connection, keys, table, after):
            after, count = rows[-1].row_id, count + len(rows)
    while more := await _index_opt_outs(connection, keys) + await _rename_jobs(connection, keys):
        count += more
    return count


async def _encrypt_batch(connection: Connection, keys: FieldKeys, table: PlainTable, after: UUID) -> list[PlainRow]:
    async with connection.transaction():
        rows = await queries.list_plain(connection, table, after, BATCH)
        if rows:
            sealed = [await _seal(connection, keys, table, row) for row in rows]
            await queries.store_sealed(connection, table, sealed)
    return rows


async def _seal(connection: Connection, keys: FieldKeys, table: PlainTable, row: PlainRow) -> SealedRow:
    cipher = await keys.cipher_for(connection, row.subject_id)
    values = tuple(
        cipher.encrypt(value, Place(table.name, f"{name}_enc", row.row_id))
        for name, value in zip(table.plain, row.values, strict=True)
    )
    return SealedRow(row.row_id, row.subject_id, keys.phone_index(row.values[0]), values)


async def _index_opt_outs(connection: Connection, keys: FieldKeys) -> int:
    async with connection.transaction():
        found = await queries.list_plain_opt_outs(connection, BATCH)
        await queries.index_opt_outs(connection, [(event_id, keys.phone_index(phone)) for event_id, phone in found])
    return len(found)


async def _rename_jobs(connection: Connection, keys: FieldKeys) -> int:
    async with connection.transaction():
        found = await queries.list_plain_jobs(connection, BATCH)
        await queries.rename_jobs(
            connection,
            [
                (job_id, f"{kind}:{keys.phone_index(serial_key.removeprefix(f'{kind}:')).hex()}")
                for job_id, kind, serial_key in found
            ],
        )
    return len(found)


async def forget_statistics(connection: Connection) -> None:
    """Removes what the planner had sampled of columns that are gone."""
    await queries.forget_statistics(connection)
