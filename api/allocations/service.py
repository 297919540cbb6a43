"""The rules of handing a young person over from one adviser to the next."""

from datetime import date, timedelta
from uuid import UUID

from asyncpg import ForeignKeyViolationError, InsufficientPrivilegeError

from api.allocations import queries
from api.allocations.models import Allocate, Allocation
from api.cases import service as cases
from api.kit import clock
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotFound, Refused
from api.kit.signed_in import Write
from api.staff import service as staff

# The database's no: not yours, or there is no such person, which is told alike.
REFUSED = (InsufficientPrivilegeError, ForeignKeyViolationError)


async def list_allocations(connection: Connection, person_id: UUID) -> list[Allocation]:
    """Every adviser a young person had, the latest first. Raises NotFound."""
    found = await queries.list_allocations(connection, person_id)
    if found is None:
        raise NotFound
    return found


async def allocate(asked: Write, person_id: UUID, wanted: Allocate) -> UUID:
    """Gives a young person an adviser; whoever was so before is so until the day before.

    Somebody who became it today stays it for today. Raises NotFound, Refused, Conflict, or Stale when the version
    that was read is not that of the allocation that ends.
    """
    today = clock.london_day(clock.now())
    starts_on = wanted.starts_on or today
    if not today <= starts_on <= today + timedelta(days=366):
        raise Refused(errors=[FieldError("starts_on", f"From {today} on, and within a year.")])
    if not await staff.is_on_cases(asked.connection, wanted.staff_id):
        raise Refused(errors=[FieldError("staff_id", "They do not work here on cases.")])
    before = await queries.lock_open(asked.connection, person_id)
    if before is not None:
        asked.check_version(before.version)
        await _end_before(asked.connection, before, wanted, starts_on - timedelta(days=1))
    try:
        allocation_id = await queries.insert_allocation(asked.connection, person_id, wanted.staff_id, starts_on)
    except REFUSED:
        raise NotFound from None
    await cases.recompute(asked.connection, person_id)
    return allocation_id


async def _end_before(connection: Connection, before: Allocation, wanted: Allocate, last_day: date) -> None:
    if before.staff_id == wanted.staff_id:
        raise Conflict(f"{before.shown_name} is their adviser already.")
    if before.starts_on > last_day + timedelta(days=1):
        raise Conflict(f"{before.shown_name} becomes their adviser on {before.starts_on}: end that first.")
    await queries.end_allocation(connection, before.allocation_id, max(before.starts_on, last_day))


async def end(asked: Write, allocation_id: UUID, ended_on: date) -> int:
    """Ends an allocation with nobody after it; returns the new version.

    Raises NotFound, Refused, Conflict, Stale or Unversioned.
    """
    found = await queries.lock_allocation(asked.connection, allocation_id)
    if found is None:
        raise NotFound
    person_id, starts_on, was_ended_on, version = found
    asked.version()
    asked.check_version(version)
    if was_ended_on is not None:
        raise Conflict(f"It has an end already: {was_ended_on}.")
    earliest = max(starts_on, clock.london_day(clock.now()))
    if ended_on < earliest:
        raise Refused(errors=[FieldError("ended_on", f"{earliest} at the earliest.")])
    await queries.end_allocation(asked.connection, allocation_id, ended_on)
    await cases.recompute(asked.connection, person_id)
    return version + 1
