"""The rules of the list of staff: who may be what, and how the sign-in provider's users become them."""

from uuid import UUID

import msgspec
from asyncpg import InsufficientPrivilegeError, UniqueViolationError

from api.kit import clock
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotAllowed, NotFound, Refused
from api.kit.phone import as_e164
from api.kit.signed_in import Write
from api.staff import queries
from api.staff.models import ChangeMember, CreateMember, Kept, Member, Team

FIRST_TEAM = "Administration"


async def list_teams(connection: Connection) -> list[Team]:
    """Every team."""
    return await queries.list_teams(connection)


async def create_team(connection: Connection, name: str) -> UUID:
    """A new team. Raises Conflict when there is one of that name."""
    try:
        return await queries.insert_team(connection, " ".join(name.split()))
    except UniqueViolationError:
        raise Conflict("There is a team of that name.") from None


async def list_members(connection: Connection, after: tuple[str, UUID] | None, *, count: int) -> list[Member]:
    """Staff by name, those who left as well."""
    return await queries.list_members(connection, after, count=count)


async def get_member(connection: Connection, staff_id: UUID) -> Member:
    """One of staff. Raises NotFound."""
    found = await queries.list_members(connection, None, count=1, staff_id=staff_id)
    if not found:
        raise NotFound
    return found[0]


async def create_member(connection: Connection, asked: CreateMember) -> UUID:
    """Somebody new, who cannot sign in before they are linked. Raises Refused."""
    await _check_team(connection, asked.team_id)
    phone_e164 = None if asked.phone is None else _number(asked.phone)
    return await queries.insert_member(
        connection, asked.team_id, asked.role, _tidy(asked.full_name), _tidy(asked.shown_name), phone_e164
    )


async def change_member(asked: Write, staff_id: UUID, change: ChangeMember) -> int:
    """Somebody else than oneself as they are from now on; returns the new version.

    Raises NotFound, NotAllowed for oneself, Stale, Unversioned or Refused.
    """
    if staff_id == asked.who.staff_id:
        raise NotAllowed("Nobody changes their own record: ask another administrator.")
    kept = await queries.lock_member(asked.connection, staff_id)
    if kept is None:
        raise NotFound
    asked.version()
    asked.check_version(kept.version)
    if change.team_id is not msgspec.UNSET:
        await _check_team(asked.connection, change.team_id)
    phone = None if change.phone is None or change.phone is msgspec.UNSET else _number(change.phone)
    changed = _changed(kept, change)
    if changed != kept:
        await queries.update_member(asked.connection, staff_id, changed)
    if change.phone is not msgspec.UNSET:
        await queries.update_number(asked.connection, staff_id, phone)
    return await queries.get_version(asked.connection, staff_id)


def _changed(kept: Kept, change: ChangeMember) -> Kept:
    given = {
        name: value
        for name in ("team_id", "role", "full_name", "shown_name", "left_on")
        if (value := getattr(change, name)) is not msgspec.UNSET
    }
    for name in ("full_name", "shown_name"):
        if name in given:
            given[name] = _tidy(given[name])
    if change.is_disabled is not msgspec.UNSET and change.is_disabled != (kept.disabled_at is not None):
        given["disabled_at"] = clock.now() if change.is_disabled else None
    return msgspec.structs.replace(kept, **given)


async def _check_team(connection: Connection, team_id: UUID) -> None:
    if not await queries.has_team(connection, team_id):
        raise Refused(errors=[FieldError("team_id", "There is no such team.")])


def _number(phone: str) -> str:
    phone_e164 = as_e164(phone, drama_numbers=True)
    if phone_e164 is None:
        raise Refused(errors=[FieldError("phone", "That is not a phone number.")])
    return phone_e164


def _tidy(name: str) -> str:
    return " ".join(name.split())


async def link(asked: Write, staff_id: UUID, issuer: str, tenant_id: str | None, subject: str) -> UUID:
    """Says that this is whom the provider means by a subject; the provider is the one of the settings.

    Raises NotAllowed for oneself, NotFound, or Conflict when either is linked already.
    """
    if asked.who.staff_id is None or staff_id == asked.who.staff_id:
        raise NotAllowed("Nobody links themselves: ask another administrator.")
    await get_member(asked.connection, staff_id)
    try:
        return await queries.insert_link(asked.connection, staff_id, issuer, tenant_id, subject, asked.who.staff_id)
    except UniqueViolationError:
        raise Conflict("One of the two is linked already: end that link first.") from None
    except InsufficientPrivilegeError:
        raise NotAllowed from None


async def end_link(asked: Write, staff_identity_id: UUID) -> int:
    """Whoever the provider means is nobody here from now on. Raises NotFound, Stale or Unversioned."""
    version = await queries.lock_link(asked.connection, staff_identity_id)
    if version is None:
        raise NotFound
    asked.version()
    asked.check_version(version)
    await queries.end_link(asked.connection, staff_identity_id)
    return version + 1


async def add_first_administrator(
    connection: Connection, name: str, issuer: str, tenant_id: str | None, subject: str
) -> bool:
    """Adds and links an administrator, in the caller's transaction; False when one can sign in already.

    For an administrator of the database: over HTTP nobody could add the first.
    """
    if await queries.has_administrator(connection):
        return False
    try:
        await queries.insert_first(connection, FIRST_TEAM, _tidy(name), issuer, tenant_id, subject)
    except UniqueViolationError:
        raise Conflict("That subject is linked to somebody already.") from None
    return True


async def is_on_cases(connection: Connection, staff_id: UUID) -> bool:
    """Whether somebody works here today, on cases, and may sign in."""
    found = await queries.get_colleague(connection, staff_id)
    if found is None:
        return False
    role, _, left_on, is_disabled = found
    has_left = left_on is not None and left_on <= clock.london_day(clock.now())
    return role in {"personal_adviser", "duty_worker", "manager"} and not has_left and not is_disabled


async def team_of(connection: Connection, staff_id: UUID) -> UUID | None:
    """The team somebody is in."""
    found = await queries.get_colleague(connection, staff_id)
    return None if found is None else found[1]
