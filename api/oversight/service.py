"""The rules of opening a case that is not one's own, and of cases that only some may see."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import structlog
from asyncpg import ForeignKeyViolationError, InsufficientPrivilegeError, UniqueViolationError

from api.audit import service as audit
from api.audit.models import Verb
from api.kit.access import Who
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotAllowed, NotFound, Refused
from api.kit.signed_in import Write
from api.messages import service as messages
from api.oversight import queries
from api.oversight.models import (
    LONGEST_BREAK_GLASS_MINUTES,
    SHORTEST_REASON_CHARS,
    SHORTEST_RESTRICTION_REASON_CHARS,
    BreakGlass,
    BreakGlassView,
    Restrict,
    Restriction,
    Review,
)

log = structlog.get_logger()

# The database's no: not yours, or there is no such person, which is told alike.
REFUSED = (InsufficientPrivilegeError, ForeignKeyViolationError)


async def break_glass(connection: Connection, who: Who, asked: BreakGlass, alert: str) -> UUID:
    """Opens a case to whoever asks, in their own name and for a while, and texts those who must know of it.

    Both in the caller's transaction, so both or neither. Raises Refused, NotAllowed or NotFound.
    """
    reason = _in_a_sentence(asked.reason, SHORTEST_REASON_CHARS)
    if not 0 < asked.minutes <= LONGEST_BREAK_GLASS_MINUTES:
        raise Refused(errors=[FieldError("minutes", "Four hours at most.")])
    if who.staff_id is None:
        raise NotAllowed
    person_id = await _whose(connection, asked)
    break_glass_id = uuid4()
    try:
        await queries.insert_break_glass(connection, break_glass_id, person_id, who.staff_id, reason, asked.minutes)
        numbers = await queries.list_break_glass_numbers(connection, person_id)
        for number in numbers:
            await messages.queue_notice(connection, number, alert)
    except REFUSED:
        raise NotFound from None
    log.warning("break_glass", count=len(numbers))
    return break_glass_id


async def _whose(connection: Connection, asked: BreakGlass) -> UUID:
    if asked.person_id is not None and asked.full_name is None and asked.born_on is None:
        return asked.person_id
    if asked.person_id is not None or asked.full_name is None or asked.born_on is None:
        raise Refused(errors=[FieldError("person_id", "Say either `person_id`, or `full_name` and `born_on`.")])
    person_id = await queries.get_person_to_open(connection, " ".join(asked.full_name.split()), asked.born_on)
    if person_id is None:
        log.warning("break_glass_nobody")
        raise NotFound("Nobody, or more than one, has that full name and birthday.")
    return person_id


def _in_a_sentence(reason: str, shortest_chars: int) -> str:
    """A reason without the space around and within it that makes it look longer. Raises Refused."""
    reason = " ".join(reason.split())
    if len(reason) < shortest_chars:
        raise Refused(errors=[FieldError("reason", f"Say it in a sentence: {shortest_chars} characters at least.")])
    return reason


async def list_break_glass(
    connection: Connection, after: tuple[datetime, UUID] | None, *, waiting_only: bool, count: int
) -> list[BreakGlassView]:
    """One's own, and those one has to look at, the latest first."""
    return await queries.list_break_glass(connection, after, waiting_only=waiting_only, count=count)


async def review(asked: Write, break_glass_id: UUID, found: Review) -> int:
    """Notes, once, what was found of a break-glass; never of one's own. Returns the new version.

    Raises NotFound, Stale, Unversioned, or Conflict when somebody looked at it before.
    """
    if asked.who.staff_id is None:
        raise NotAllowed
    kept = await queries.lock_break_glass(asked.connection, break_glass_id, asked.who.staff_id)
    if kept is None:
        raise NotFound
    version, reviewed_at = kept
    if reviewed_at is not None:
        raise Conflict("Somebody has looked at this already.")
    asked.version()
    asked.check_version(version)
    await queries.review_break_glass(asked.connection, break_glass_id, asked.who.staff_id, found.finding, found.note)
    return version + 1


async def restrict(connection: Connection, who: Who, person_id: UUID, asked: Restrict) -> None:
    """Lets only those who are named see a case, from now on. Raises Refused, NotFound or Conflict."""
    reason = _in_a_sentence(asked.reason, SHORTEST_RESTRICTION_REASON_CHARS)
    if who.staff_id is None:
        raise NotAllowed
    staff_ids = list(dict.fromkeys(asked.staff_ids))
    await _refuse_unfit(connection, staff_ids, "staff_ids")
    try:
        await queries.restrict(connection, person_id, reason, who.staff_id, staff_ids)
    except REFUSED:
        raise NotFound from None
    except UniqueViolationError:
        raise Conflict("This case is restricted already: name somebody, or lift it first.") from None


async def _refuse_unfit(connection: Connection, staff_ids: Sequence[UUID], path: str) -> None:
    if unfit := await queries.list_unfit(connection, staff_ids):
        raise Refused(
            errors=[FieldError(path, f"{staff_id} does not work here on cases.") for staff_id in unfit],
        )


async def get_restriction(connection: Connection, person_id: UUID) -> Restriction:
    """That a case is restricted and who may see it. Raises NotFound when it is not, or is not the caller's to know."""
    found = await queries.get_restriction(connection, person_id)
    if found is None:
        raise NotFound
    return found


async def add_name(connection: Connection, person_id: UUID, staff_id: UUID, reason: str) -> None:
    """Lets somebody see a restricted case. Raises Refused or NotFound."""
    reason = _in_a_sentence(reason, SHORTEST_RESTRICTION_REASON_CHARS)
    await get_restriction(connection, person_id)
    await _refuse_unfit(connection, [staff_id], "staff_id")
    try:
        await queries.add_name(connection, person_id, staff_id)
    except REFUSED:
        raise NotFound from None
    await _note(connection, person_id, reason)


async def remove_name(connection: Connection, person_id: UUID, staff_id: UUID, reason: str) -> None:
    """Lets somebody see a restricted case no longer; somebody has to be left. Raises Refused or NotFound."""
    reason = _in_a_sentence(reason, SHORTEST_RESTRICTION_REASON_CHARS)
    await queries.lock_restriction(connection, person_id)
    named = {one.staff_id for one in (await get_restriction(connection, person_id)).named}
    if staff_id not in named:
        raise NotFound
    if len(named) == 1:
        raise Refused("Somebody has to be left who may see this case: name another first, or lift the restriction.")
    # First: whoever removes their own name no longer sees the case, and could note nothing about it.
    await _note(connection, person_id, reason)
    if not await queries.remove_name(connection, person_id, staff_id):
        raise NotFound


async def lift(connection: Connection, person_id: UUID, reason: str) -> None:
    """Lets everybody see the case again whose it is. Raises Refused or NotFound."""
    reason = _in_a_sentence(reason, SHORTEST_RESTRICTION_REASON_CHARS)
    await _note(connection, person_id, reason)
    if not await queries.lift(connection, person_id):
        raise NotFound


async def _note(connection: Connection, person_id: UUID, reason: str) -> None:
    """Why it was changed, beside what the database notes of the change itself."""
    await audit.record(connection, Verb.CHANGED, "restricted_cases", [person_id], person_id=person_id, reason=reason)
