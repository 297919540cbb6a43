"""The rules of visits and contacts: an attempt is no visit, and only who is at home is seen at home."""

from datetime import datetime, timedelta
from uuid import UUID

from api.cases import service as cases
from api.kit import clock
from api.kit.clock import say_day
from api.kit.constraints import told_as
from api.kit.db import Connection
from api.kit.errors import FieldError, NotFound, Refused
from api.kit.pages import Page, read_cursor, write_cursor
from api.kit.signed_in import Write, Written
from api.kit.wall_times import instant_of
from api.people import service as people
from api.visits import queries
from api.visits.models import Contact, ContactRecord, Kind

EARLIEST = timedelta(days=10 * 366)
CONSTRAINTS = {
    "visits_and_contacts_staff_id_fkey": Refused(
        errors=[FieldError("staff_id", "There is nobody of that id.", ("one of the team",))]
    )
}


async def list_contacts(connection: Connection, person_id: UUID, cursor: str | None, count: int) -> Page[Contact]:
    """Somebody's visits and contacts, the latest first. Raises NotFound or BadRequest."""
    found = await queries.list_contacts(connection, person_id, read_cursor(cursor, tuple[datetime, UUID]), count + 1)
    if found is None:
        raise NotFound
    last = found[count - 1] if len(found) > count else None
    return Page(found[:count], None if last is None else write_cursor(last.happened_at, last.contact_id))


async def record(asked: Write, person_id: UUID, new: ContactRecord) -> Written:
    """Writes down a visit, a contact or an attempt. Raises NotFound or Refused."""
    await people.hold(asked.connection, person_id)
    happened_at = _check(new)
    with told_as(CONSTRAINTS):
        contact_id = await queries.insert_contact(asked.connection, person_id, new, happened_at, asked.who.staff_id)
    await cases.recompute(asked.connection, person_id)
    return Written(contact_id, 1, _location(person_id))


def _location(person_id: UUID) -> str:
    return f"/admin/v1/young-people/{person_id}/contacts"


async def correct(asked: Write, contact_id: UUID, new: ContactRecord) -> Written:
    """Corrects what was written down. Raises NotFound, Stale or Refused."""
    found = await queries.lock_contact(asked.connection, contact_id)
    if found is None:
        raise NotFound
    person_id, version = found
    asked.version()
    asked.check_version(version)
    happened_at = _check(new)
    with told_as(CONSTRAINTS):
        now = await queries.update_contact(asked.connection, contact_id, new, happened_at)
    await cases.recompute(asked.connection, person_id)
    return Written(contact_id, now, _location(person_id))


def _check(new: ContactRecord) -> datetime:
    """The instant at which it happened. Raises Refused."""
    errors = []
    if new.was_seen and not (new.was_reached and new.kind is Kind.VISIT):
        allowed = ("kind: visit with was_reached: true",)
        errors.append(FieldError("was_seen", "Only who was reached on a visit was seen.", allowed))
    if new.was_seen_alone and not new.was_seen:
        errors.append(FieldError("was_seen_alone", "Only who was seen was seen alone.", ("was_seen: true",)))
    if new.at_accommodation and new.kind is not Kind.VISIT:
        errors.append(FieldError("at_accommodation", "Only a visit is at the accommodation.", ("kind: visit",)))
    today = clock.london_day(clock.now())
    if not today - EARLIEST <= new.on_date <= today:
        errors.append(FieldError("on_date", "It is not a day up to today.", (f"to {say_day(today)}",)))
    if errors:
        raise Refused(errors=errors)
    happened_at = instant_of(new.on_date, new.at, is_second=new.is_second)
    if happened_at > clock.now():
        raise Refused(errors=[FieldError("at", "It is still to come.", ("a time up to now",))])
    return happened_at
