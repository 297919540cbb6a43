"""The rules of the duty rota: a manager puts their own team's people on duty, a day at a time."""

from datetime import datetime, timedelta
from uuid import UUID

from api.kit import clock
from api.kit.access import Who
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotFound, Refused
from api.kit.signed_in import Write
from api.rota import queries
from api.rota.models import LONGEST_SHIFT_HOURS, AddShift, Shift
from api.staff import service as staff


async def list_shifts(
    connection: Connection, team_id: UUID | None, after: tuple[datetime, UUID] | None, *, count: int
) -> list[Shift]:
    """Who is on duty now and later, in their order."""
    return await queries.list_shifts(connection, clock.now(), team_id, after, count)


async def add_shift(connection: Connection, who: Who, asked: AddShift) -> UUID:
    """Puts somebody of one's own team on duty. Raises Refused or Conflict."""
    _check_span(asked.starts_at, asked.ends_at)
    if await staff.team_of(connection, asked.staff_id) != who.team_id:
        raise Refused(errors=[FieldError("staff_id", "Nobody of your team.")])
    if not await staff.is_on_cases(connection, asked.staff_id):
        raise Refused(errors=[FieldError("staff_id", "They do not work here on cases.")])
    await _check_free(connection, asked.staff_id, asked.starts_at, asked.ends_at)
    return await queries.insert_shift(connection, asked.staff_id, asked.starts_at, asked.ends_at)


def _check_span(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= clock.now():
        raise Refused(errors=[FieldError("ends_at", "It has to be later than now.")])
    if not timedelta(0) < ends_at - starts_at <= timedelta(hours=LONGEST_SHIFT_HOURS):
        raise Refused(errors=[FieldError("ends_at", "It has to be after the start, by 24 hours at most.")])


async def _check_free(
    connection: Connection, staff_id: UUID, starts_at: datetime, ends_at: datetime, *, but: UUID | None = None
) -> None:
    if await queries.is_on_duty(connection, staff_id, starts_at, ends_at, but=but):
        raise Conflict("They are on duty in that time already.")


async def end_shift(asked: Write, duty_id: UUID, ends_at: datetime) -> int:
    """Lets a shift that is not over end at another time. Raises NotFound, Refused, Conflict, Stale or Unversioned."""
    version, staff_id, starts_at, _ = await _lock(asked, duty_id)
    _check_span(starts_at, ends_at)
    await _check_free(asked.connection, staff_id, starts_at, ends_at, but=duty_id)
    await queries.end_shift(asked.connection, duty_id, ends_at)
    return version + 1


async def withdraw_shift(asked: Write, duty_id: UUID) -> None:
    """Lets a shift that has not begun not take place. Raises NotFound, Conflict, Stale or Unversioned."""
    _, _, starts_at, _ = await _lock(asked, duty_id)
    if starts_at <= clock.now():
        raise Conflict("It has begun: say when it ends instead.")
    await queries.withdraw_shift(asked.connection, duty_id)


async def _lock(asked: Write, duty_id: UUID) -> tuple[int, UUID, datetime, datetime]:
    """A shift that is not over, at the version that was read, until the transaction ends."""
    found = await queries.lock_shift(asked.connection, duty_id)
    if found is None:
        raise NotFound
    asked.version()
    asked.check_version(found[0])
    if found[3] <= clock.now():
        raise Conflict("This shift is over.")
    return found
