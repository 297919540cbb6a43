"""Records who saw what, tells a young person who looked, and finds out whether the record is untouched."""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from datetime import time as wall
from statistics import median
from uuid import UUID

from api.audit import queries
from api.audit.anchor import Anchors
from api.audit.models import (
    Block,
    Entry,
    Fault,
    Findings,
    Look,
    Looks,
    OwnLook,
    Sign,
    Sought,
    Verb,
    View,
    Week,
)
from api.kit import clock
from api.kit.db import Connection
from api.kit.errors import FieldError, NotFound, Refused
from api.kit.words import Words

# What the weekly look measures by: London wall time, Monday to Friday.
DAY_STARTS_AT_WALL, DAY_ENDS_AT_WALL = wall(7), wall(20)
MANY_AFTER_HOURS = 3
FEWEST_FOR_MANY = 20
LONGEST_SPAN = timedelta(days=366)
# Who looks besides staff, each with words of its own.
LOOKERS = frozenset({"conversation", "young_person"})

ANCHORED_WITHIN_S = 300.0
SEALED_WITHIN_S = 3600.0


async def record(
    connection: Connection,
    verb: Verb,
    table_name: str,
    record_ids: Iterable[object] = (),
    *,
    person_id: UUID | None = None,
    reason: str | None = None,
    request_id: UUID | None = None,
) -> None:
    """Records in the caller's transaction what was done to whom; without a person, to the one acted for.

    Who did it is what the database knows of the connection. A look that found nothing is recorded as well.
    """
    ids = [str(record_id) for record_id in record_ids]
    await queries.insert_entries(connection, verb, person_id, table_name, ids or [None], reason, request_id)


async def list_for_person(connection: Connection, person_id: UUID | None = None, *, count: int = 50) -> list[View]:
    """Who looked at a person, at what and when, the latest first; without one, at whom the connection acts for.

    Nothing is listed of a person whose record the connection may not see.
    """
    return await queries.list_views(connection, person_id, count)


async def list_looks(
    connection: Connection, person_id: UUID, after: tuple[datetime, int] | None, *, count: int
) -> list[tuple[Look, int]]:
    """Who looked at a person whom the connection may see, the latest first, each with its number. Raises NotFound."""
    if await queries.note_look(connection, person_id) is None:
        raise NotFound
    return await queries.list_looks(connection, person_id, after, count)


async def list_own_looks(
    connection: Connection, words: Words, after: tuple[datetime, int] | None, *, count: int
) -> list[tuple[OwnLook, int]]:
    """Who looked at the record of whoever the connection acts for, in words for them. Raises NotFound."""
    person_id = await queries.note_look(connection, None)
    if person_id is None:
        raise NotFound
    looks = await queries.list_looks(connection, person_id, after, count)
    return [(_in_words(look, words), entry_id) for look, entry_id in looks]


def _in_words(look: Look, words: Words) -> OwnLook:
    who = look.shown_name or words.say(f"utter_looked_by_{look.by}" if look.by in LOOKERS else "utter_looked_by_other")
    what = f"utter_looked_at_{look.table_name}"
    return OwnLook(look.looked_at, who, words.say(what if what in words.names() else "utter_looked_at_other"))


async def list_entries(
    connection: Connection, sought: Sought, after: tuple[datetime, int] | None, *, count: int
) -> list[Entry]:
    """Entries of the audit, the latest first, as far as the connection may read them. Raises Refused."""
    if not timedelta(0) < sought.until - sought.since <= LONGEST_SPAN:
        raise Refused(errors=[FieldError("until", f"After `since`, by {LONGEST_SPAN.days} days at most.")])
    return await queries.list_entries(connection, sought, after, count)


async def look_at_week(connection: Connection, until: datetime) -> Week:
    """Whose looks of the seven days before an instant have to be asked about, for the data protection lead alone."""
    since = until - timedelta(days=7)
    everybody = await queries.list_looks_of_staff(connection, since, until, DAY_STARTS_AT_WALL, DAY_ENDS_AT_WALL)
    signs = [Sign(looks, reasons) for looks in everybody if (reasons := _reasons(looks, everybody))]
    return Week(since, until, DAY_STARTS_AT_WALL, DAY_ENDS_AT_WALL, len(everybody), signs)


def _reasons(looks: Looks, everybody: Sequence[Looks]) -> list[str]:
    """What has to be asked about: nothing of it is wrong by itself."""
    found = []
    if looks.without_relation_count:
        found.append("looked at people who were neither theirs nor their team's")
    if looks.after_hours_count >= MANY_AFTER_HOURS:
        found.append("looked outside working hours without being on duty")
    if looks.opened_count:
        found.append("opened a case by break-glass")
    others = [one.person_count for one in everybody if one.role == looks.role and one.staff_id != looks.staff_id]
    if _is_many(looks.person_count, others):
        found.append("looked at far more people than others of the same role")
    return found


def _is_many(count: int, others: Sequence[int]) -> bool:
    """Far above the middle of the others; by medians, which nobody stretches by looking at everybody."""
    if not others or count < FEWEST_FOR_MANY:
        return False
    middle = median(others)
    spread = median(abs(one - middle) for one in others)
    return count > middle + 5 * max(spread, 1)


async def seal_all(connection: Connection) -> int:
    """Seals everything that is finished; returns how many blocks that made."""
    count = 0
    while await queries.seal(connection) is not None:
        count += 1
    return count


async def last_block_no(connection: Connection) -> int:
    """The number of the newest block; 0 when there is none."""
    return await queries.last_block_no(connection)


async def list_blocks(connection: Connection, after: int) -> list[Block]:
    """All blocks after one, in order."""
    blocks: list[Block] = []
    while more := await queries.list_blocks_after(connection, blocks[-1].block_no if blocks else after):
        blocks += more
    return blocks


async def check(connection: Connection, anchors: Anchors) -> Findings:
    """Looks at every row and every block, and compares the blocks with what was anchored before this began."""
    started_s = time.monotonic()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        blocks = await list_blocks(connection, 0)
        faults = [*_faults_of_chain(blocks), *_faults_of_anchors(blocks, anchors)]
        for block in blocks:
            faults += await queries.list_faults_in_block(connection, block.block_no)
        unsealed = await queries.list_unsealed(connection)
    return Findings(
        faults=faults + _faults_of_unsealed(unsealed),
        sealed_count=sum(block.entry_count for block in blocks),
        unsealed_count=len(unsealed),
        block_count=len(blocks),
        seconds=time.monotonic() - started_s,
    )


def _faults_of_chain(blocks: Sequence[Block]) -> list[Fault]:
    broken = [Fault("was changed", block.block_no) for block in blocks if not block.is_whole]
    return broken + [Fault("does not follow the block before it", b.block_no) for b in blocks if not b.follows]


def _faults_of_anchors(blocks: Sequence[Block], anchors: Anchors) -> list[Fault]:
    faults = [Fault(what) for what in anchors.faults]
    kept = {block.block_no: block for block in blocks}
    for block_no, hashes in sorted(anchors.hashes.items()):
        if block_no not in kept:
            faults.append(Fault("was anchored and is gone", block_no))
        elif hashes != {kept[block_no].hash_hex}:
            faults.append(Fault("is not the one that was anchored", block_no))
    late = [b for b in blocks if (clock.now() - b.sealed_at).total_seconds() > ANCHORED_WITHIN_S]
    return faults + [Fault("was never anchored", b.block_no) for b in late if b.block_no not in anchors.hashes]


def _faults_of_unsealed(unsealed: Iterable[tuple[int, bool, bool, float]]) -> list[Fault]:
    faults = []
    for entry_id, is_whole, is_late, age_s in unsealed:
        if not is_whole:
            faults.append(Fault("was changed", entry_id=entry_id))
        elif is_late:
            faults.append(Fault("is older than the last block and in none", entry_id=entry_id))
        elif age_s > SEALED_WITHIN_S:
            faults.append(Fault("has not been sealed for an hour", entry_id=entry_id))
    return faults
