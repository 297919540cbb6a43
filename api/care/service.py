"""Records of somebody's care, added and changed one at a time; what they said before is kept."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from uuid import UUID

import asyncpg

from api.care import queries
from api.care.models import (
    Activity,
    CarePeriod,
    CareRecord,
    EducationProgramme,
    Episode,
    FamilyPlacement,
    InTouch,
    SealedEpisode,
    Spell,
)
from api.cases import service as cases
from api.duties import codes
from api.duties.clocks import birthday_window
from api.duties.dates import age_on, anniversary
from api.duties.records import placement_lawful
from api.kit import postcode
from api.kit.clock import say_day
from api.kit.crypto import FieldCipher, Place
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotFound, Refused
from api.kit.field_keys import FieldKeys
from api.kit.ids import new_id
from api.kit.signed_in import Write, Written
from api.people import service as people
from api.people.models import Held

# The columns of an episode that only the service can read.
HOME_POST, PL_POST = "home_post_enc", "pl_post_enc"
# What is shown of an episode that has no postcode.
NOWHERE: dict[str, str | None] = {"home_post_outward": None, "pl_post_outward": None}
# Ages at which the return asks whether the team was in touch.
BIRTHDAYS_ASKED = range(17, 26)


async def add(asked: Write, keys: FieldKeys, person_id: UUID, record: CareRecord) -> Written:
    """Adds a record and works out anew what is due. Raises NotFound, Stale, Refused or Conflict."""
    held = await people.hold(asked.connection, person_id)
    asked.check_version(held.version)
    there = await queries.list_spells(asked.connection, type(record), person_id)
    await _check(asked, held, record, there)
    with _links():
        stored = await _add(asked.connection, keys, person_id, record)
    await cases.recompute(asked.connection, person_id)
    return Written(stored.record_id, stored.version, f"/admin/v1/young-people/{person_id}")


async def change(asked: Write, keys: FieldKeys, person_id: UUID, record_id: UUID, record: CareRecord) -> Written:
    """Changes a record and works out anew what is due. Raises NotFound, Stale, Refused or Conflict."""
    held = await people.hold(asked.connection, person_id)
    there = await queries.list_spells(asked.connection, type(record), person_id)
    before = next((spell for spell in there if spell.record_id == record_id), None)
    if before is None:
        raise NotFound
    asked.version()
    asked.check_version(before.version)
    await _check(asked, held, record, there, but=record_id)
    with _links():
        stored = await _change(asked.connection, keys, person_id, record_id, record)
    if stored is None:
        raise Refused("A record stays with its care period, or its birthday. Add another one.")
    await cases.recompute(asked.connection, person_id)
    return Written(stored.record_id, stored.version)


async def _add(connection: Connection, keys: FieldKeys, person_id: UUID, record: CareRecord) -> queries.Stored:
    if not isinstance(record, Episode):
        return await queries.add(connection, person_id, record)
    return await queries.add_episode(connection, person_id, await _seal(connection, keys, person_id, new_id(), record))


async def _change(
    connection: Connection, keys: FieldKeys, person_id: UUID, record_id: UUID, record: CareRecord
) -> queries.Stored | None:
    if not isinstance(record, Episode):
        return await queries.change(connection, record_id, record)
    return await queries.change_episode(connection, await _seal(connection, keys, person_id, record_id, record))


async def _seal(
    connection: Connection, keys: FieldKeys, person_id: UUID, episode_id: UUID, said: Episode
) -> SealedEpisode:
    cipher = await keys.cipher_for(connection, person_id) if said.home_post or said.pl_post else None
    sealed = (
        cipher.encrypt(text, postcode_place(column, episode_id)) if cipher and text else None
        for column, text in ((HOME_POST, said.home_post), (PL_POST, said.pl_post))
    )
    return SealedEpisode(episode_id, said, *sealed)


def postcode_place(column: str, episode_id: UUID) -> Place:
    """Where a postcode of an episode stands: `HOME_POST` or `PL_POST`."""
    return Place("episodes", column, episode_id)


async def show_postcodes(
    connection: Connection, keys: FieldKeys, person_id: UUID, sealed: Mapping[UUID, tuple[bytes | None, bytes | None]]
) -> dict[str, dict[str, str | None]]:
    """What is shown of the encrypted postcodes of somebody's episodes: the district, by the episode's id."""
    if not sealed:
        return {}
    cipher = await keys.cipher_for(connection, person_id)
    return {
        str(episode_id): {
            "home_post_outward": _outward(cipher, HOME_POST, episode_id, home_post_enc),
            "pl_post_outward": _outward(cipher, PL_POST, episode_id, pl_post_enc),
        }
        for episode_id, (home_post_enc, pl_post_enc) in sealed.items()
    }


def _outward(cipher: FieldCipher, column: str, episode_id: UUID, kept: bytes | None) -> str | None:
    if kept is None:
        return None
    text = cipher.decrypt(kept, postcode_place(column, episode_id))
    return text if cipher.is_erased else postcode.outward(text)


@contextmanager
def _links() -> Iterator[None]:
    """Turns a broken reference to another record into a problem that its caller can read."""
    try:
        yield
    except asyncpg.ForeignKeyViolationError as error:
        path = "placement_id" if "placement" in (error.constraint_name or "") else "care_period_id"
        raise Refused(errors=[FieldError(path, "This young person has no such record.")]) from None


async def _check(asked: Write, held: Held, record: CareRecord, there: list[Spell], but: UUID | None = None) -> None:
    if isinstance(record, InTouch):
        _check_in_touch(held, record, there, but)
        return
    may_be_ahead = isinstance(record, EducationProgramme)
    people.check_days(held, record.started_on, record.ended_on, may_be_ahead=may_be_ahead)
    if isinstance(record, EducationProgramme):
        people.check_days(held, record.informed_on, name="informed_on")
        return
    people.check_apart(
        [(s.record_id, s.started_on, s.ended_on) for s in there], record.started_on, record.ended_on, but
    )
    if isinstance(record, CarePeriod):
        await _check_period(asked, record, but)
    elif isinstance(record, Episode):
        await _check_episode(asked, held, record)
    elif isinstance(record, FamilyPlacement):
        _check_family_placement(record)
    elif isinstance(record, Activity):
        people.check_code("ACTIV", record.activity, record.started_on, "activity")


def _check_in_touch(held: Held, record: InTouch, there: list[Spell], but: UUID | None) -> None:
    birthdays = [anniversary(held.born_on, age) for age in BIRTHDAYS_ASKED]
    if record.birthday_on not in birthdays:
        allowed = tuple(day.isoformat() for day in birthdays)
        raise Refused(errors=[FieldError("birthday_on", "It is not a birthday from 17 to 25.", allowed)])
    if any(spell.started_on == record.birthday_on and spell.record_id != but for spell in there):
        raise Conflict(errors=[FieldError("birthday_on", "It is recorded already. Change that record.")])
    people.check_code("IN_TOUCH", record.status, record.birthday_on, "status")
    if record.contact_on is None:
        if record.status == "YES":
            raise Refused(errors=[FieldError("contact_on", "Say on which day you were in touch.")])
        return
    people.check_days(held, record.contact_on, name="contact_on")
    window = birthday_window(held.born_on, age_on(held.born_on, record.birthday_on))
    if not window.starts_on <= record.contact_on <= window.ends_on:
        allowed = (f"{say_day(window.starts_on)} to {say_day(window.ends_on)}",)
        raise Refused(errors=[FieldError("contact_on", "Contact counts only around the birthday.", allowed)])


async def _check_period(asked: Write, record: CarePeriod, but: UUID | None) -> None:
    if but is None:
        return
    outside = await queries.list_episodes_outside(asked.connection, but, record.started_on, record.ended_on)
    if outside:
        days = say_day(outside[0].started_on)
        raise Conflict(errors=[FieldError("ended_on", f"The episode of {days} would lie outside. Change it first.")])


def _check_family_placement(record: FamilyPlacement) -> None:
    broke_down_on = record.broke_down_on
    if broke_down_on is None:
        return
    if record.ended_on is None or not record.started_on <= broke_down_on <= record.ended_on:
        allowed = (f"{say_day(record.started_on)} to its end; say ended_on as well",)
        raise Refused(errors=[FieldError("broke_down_on", "It is not within these days.", allowed)])


async def _check_episode(asked: Write, held: Held, record: Episode) -> None:
    await _check_within_period(asked, held, record)
    _check_codes(record)
    _check_place(held, record)
    if (record.ended_on is None) != (record.reason_ended is None):
        raise Refused(errors=[FieldError("reason_ended", "An episode that ended has a day and a reason.", ("both",))])
    if record.reason_place_change is not None and record.ended_on is None:
        message = "It goes on the episode that ends."
        raise Refused(errors=[FieldError("reason_place_change", message, ("none while the episode is open",))])


async def _check_within_period(asked: Write, held: Held, record: Episode) -> None:
    periods = await queries.list_spells(asked.connection, CarePeriod, held.person_id)
    period = next((p for p in periods if p.record_id == record.care_period_id), None)
    if period is None:
        allowed = tuple(str(p.record_id) for p in periods)
        raise Refused(errors=[FieldError("care_period_id", "This young person has no such period of care.", allowed)])
    ends_late = period.ended_on is not None and (record.ended_on is None or record.ended_on > period.ended_on)
    if record.started_on < period.started_on or ends_late:
        until = "now" if period.ended_on is None else say_day(period.ended_on)
        allowed = (f"{say_day(period.started_on)} to {until}",)
        raise Refused(errors=[FieldError("started_on", "It is outside its period of care.", allowed)])


def _check_codes(record: Episode) -> None:
    at_start: tuple[tuple[str, str | None, str], ...] = (
        ("RNE", record.reason_new, "reason_new"),
        ("LS", record.legal_status, "legal_status"),
        ("CIN", record.category_of_need, "category_of_need"),
        ("PLACE", record.place, "place"),
        ("PLACE_PROVIDER", record.place_provider, "place_provider"),
    )
    for list_name, code, path in at_start:
        people.check_code(list_name, code, record.started_on, path)
    if record.ended_on is not None:
        people.check_code("REC", record.reason_ended, record.ended_on, "reason_ended")
        people.check_code("REASON_PLACE_CHANGE", record.reason_place_change, record.ended_on, "reason_place_change")


def _check_place(held: Held, record: Episode) -> None:
    check_provider(record.place, record.place_provider)
    needs_urn = not codes.is_in("no_urn", record.place)
    if needs_urn is (record.urn is None):
        message = "This placement needs the URN of its provider." if needs_urn else "This placement has no URN."
        raise Refused(
            errors=[FieldError("urn", message, ("SC and 6 digits, 7 digits, or XXXXXXX",) if needs_urn else ())]
        )
    check_age(held, record.place, record.started_on)


def check_provider(place: str, place_provider: str | None) -> None:
    """Raises Refused unless a kind of placement says who provides it, and only if somebody does."""
    if codes.is_in("no_provider", place):
        if place_provider is not None:
            raise Refused(errors=[FieldError("place_provider", f"A placement of {place} has no provider.", ("none",))])
    elif place_provider is None:
        raise Refused(errors=[FieldError("place_provider", f"A placement of {place} has a provider.")])
    elif codes.is_in("parents", place) is not (place_provider == "PR0"):
        raise Refused(errors=[FieldError("place_provider", "PR0 is for living with parents (P1), and only that.")])


def check_age(held: Held, place: str, on: date) -> None:
    """Raises Refused where somebody is too young to be placed there on a day."""
    breaches = [b for b in placement_lawful(held.born_on, place, None, on) if b.code == "too_young"]
    if breaches:
        sixteen_on = anniversary(held.born_on, 16)
        allowed = (f"{place} from {say_day(sixteen_on)}, or another placement",)
        raise Refused(errors=[FieldError("place", f"{breaches[0].sentence} ({breaches[0].source})", allowed)])
