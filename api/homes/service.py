"""Moves, homes and whether they suit: a move ends one time, begins another and starts its clocks, all or nothing."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from uuid import UUID

import msgspec

from api.care.service import check_provider
from api.cases import service as cases
from api.duties import codes
from api.duties.dates import age_on, anniversary, covers
from api.duties.models import Breach
from api.duties.models import Registration as LawfulRegistration
from api.duties.records import placement_lawful, suitability_complete
from api.homes import queries
from api.homes.models import (
    Home,
    HomeAddress,
    HomeDetails,
    Move,
    NewAddress,
    OwnHome,
    Stay,
    Suitability,
)
from api.kit import postcode
from api.kit.clock import say_day
from api.kit.crypto import Place
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotFound, Refused
from api.kit.field_keys import FieldKeys
from api.kit.pages import Page, read_cursor, write_cursor
from api.kit.signed_in import Write, Written
from api.kit.words import Words
from api.people import service as people
from api.people.models import Held
from api.providers import service as providers
from api.providers.models import RegistrationView

# The kind of placement that accommodation with support is, by the law on registration, whatever it is called in OC3.
SUPPORTED = {"D": "K3"}
WITH_FORMER_CARER, FOYER, WITH_PARENTS, IN_CUSTODY = "Z", "T", "B", "X"
ADULT = 18
LONGEST_FACTOR_CHARS = 4000


async def move(asked: Write, keys: FieldKeys, person_id: UUID, asked_move: Move) -> Written:
    """Records that somebody moved: ends the home they had, begins the new one, starts its clocks.

    The version in If-Match is that of the home they had. Raises NotFound, Unversioned, Stale, Refused or Conflict.
    """
    held = await people.hold(asked.connection, person_id)
    before = await _check_move(asked, held, asked_move)
    registration = await _check_lawful(asked.connection, held, asked_move)
    if before is not None:
        await queries.end_stay(asked.connection, before.record_id, asked_move.moved_on)
    spell_id, version = await _begin(asked.connection, keys, person_id, asked_move)
    for code in _clocks(held, asked_move, registration):
        await queries.add_trigger(asked.connection, person_id, code, asked_move.moved_on, spell_id)
    await cases.recompute(asked.connection, person_id)
    return Written(spell_id, version, f"/admin/v1/young-people/{person_id}/homes")


async def _check_move(asked: Write, held: Held, asked_move: Move) -> Stay | None:
    """The home that the move ends, None for the first one."""
    _check_no_postcode({"display_name": asked_move.display_name})
    people.check_days(held, asked_move.moved_on, name="moved_on")
    _check_accommodation(held, asked_move.accommodation, asked_move.moved_on)
    stays = await queries.list_stays(asked.connection, held.person_id)
    before = next((stay for stay in stays if covers(stay.started_on, stay.ended_on, asked_move.moved_on)), None)
    if before is not None:
        asked.version()
        asked.check_version(before.version)
        if before.started_on == asked_move.moved_on:
            allowed = (f"a day after {say_day(before.started_on)}",)
            raise Conflict(errors=[FieldError("moved_on", "They moved on that day already.", allowed)])
    later = [stay for stay in stays if stay.started_on > asked_move.moved_on]
    if later or (before is not None and before.ended_on is not None):
        allowed = (f"a day after {say_day(stays[-1].started_on)}",)
        raise Conflict(errors=[FieldError("moved_on", "It is before a later home that is recorded.", allowed)])
    return before


def _check_no_postcode(said: Mapping[str, str]) -> None:
    """Raises Refused for words that would show in plain where somebody lives: that is what the address is for."""
    found = [name for name, words in said.items() if postcode.is_in(words)]
    if found:
        message, allowed = "It looks as if it holds a postcode.", ("words without one: the address has its own place",)
        raise Refused(errors=[FieldError(name, message, allowed) for name in found])


def _check_accommodation(held: Held, letter: str, on: date) -> None:
    year = codes.collection_year(on)
    known = codes.document("ssda903")
    listed = codes.allowed("ACCOM", min(max(year, known["first_year"]), known["last_year"]))
    letters = sorted({code[0] for code in listed if code != "0"})
    if letter not in letters:
        raise Refused(errors=[FieldError("accommodation", "It is not the letter of an ACCOM code.", tuple(letters))])
    age = age_on(held.born_on, on)
    if age < ADULT and letter in {WITH_FORMER_CARER, FOYER}:
        allowed = tuple(one for one in letters if one not in {WITH_FORMER_CARER, FOYER})
        raise Refused(errors=[FieldError("accommodation", f"{letter} is for 18 and over.", allowed)])


async def _check_lawful(connection: Connection, held: Held, asked_move: Move) -> RegistrationView | None:
    """The provider's registration on the day of the move. Raises Refused where the law lets nobody place them there."""
    _check_place(asked_move)
    registrations = await _registrations(connection, asked_move)
    place = asked_move.place or SUPPORTED.get(asked_move.accommodation)
    fitting = [found for found in registrations if _fits(found, place, asked_move.ofsted_urn)]
    on_that_day = [r for r in fitting if covers(r.registered_from, r.registered_until, asked_move.moved_on)]
    registration = next(iter(on_that_day or fitting), None)
    breaches = placement_lawful(held.born_on, place, _as_law(registration), asked_move.moved_on)
    if blocking := [breach for breach in breaches if breach.is_block]:
        raise Refused(errors=[_tell(breach, held, registrations) for breach in blocking])
    return registration if registration in on_that_day else None


def _check_place(asked_move: Move) -> None:
    people.check_code("PLACE", asked_move.place, asked_move.moved_on, "place")
    people.check_code("PLACE_PROVIDER", asked_move.place_provider, asked_move.moved_on, "place_provider")
    if asked_move.place is not None:
        check_provider(asked_move.place, asked_move.place_provider)
    elif asked_move.place_provider is not None:
        raise Refused(errors=[FieldError("place_provider", "It goes with a place.", ("none without a place",))])


async def _registrations(connection: Connection, asked_move: Move) -> list[RegistrationView]:
    if asked_move.provider_id is None:
        return []
    try:
        return await providers.list_registrations(connection, asked_move.provider_id)
    except NotFound:
        allowed = ("one of /admin/v1/providers",)
        raise Refused(errors=[FieldError("provider_id", "There is no such provider.", allowed)]) from None


def _fits(registration: RegistrationView, place: str | None, urn: str | None) -> bool:
    is_supported = registration.kind.startswith("supported_accommodation")
    is_kind = is_supported is codes.is_in("supported_accommodation", place)
    return is_kind and urn in {None, registration.urn}


def _as_law(registration: RegistrationView | None) -> LawfulRegistration | None:
    if registration is None:
        return None
    until = registration.registered_until
    return LawfulRegistration(
        urn=registration.urn,
        registered_from=registration.registered_from,
        registered_to=None if until is None else until - timedelta(days=1),
    )


def _tell(breach: Breach, held: Held, registrations: Iterable[RegistrationView]) -> FieldError:
    message = f"{breach.sentence} ({breach.source})"
    if breach.code == "too_young":
        return FieldError("place", message, (f"from {say_day(anniversary(held.born_on, 16))}, or another placement",))
    if breach.code == "unregulated":
        return FieldError("place", message, ("a placement with a registered provider",))
    known = tuple(
        f"{r.urn}: {say_day(r.registered_from)} to "
        + (f"before {say_day(r.registered_until)}" if r.registered_until else "now")
        for r in registrations
    )
    return FieldError("provider_id", message, known or ("a provider registered on that day for this kind of home",))


def _clocks(held: Held, asked_move: Move, registration: RegistrationView | None) -> Iterable[str]:
    yield "moved"
    if asked_move.was_emergency:
        yield "moved_in_an_emergency"
    is_regulated = registration is not None or asked_move.accommodation in {WITH_PARENTS, IN_CUSTODY}
    is_exempt = asked_move.place is not None and not codes.is_in("needs_registration", asked_move.place)
    if age_on(held.born_on, asked_move.moved_on) < ADULT and not is_regulated and not is_exempt:
        yield "moved_to_unregulated"


async def _begin(connection: Connection, keys: FieldKeys, person_id: UUID, asked_move: Move) -> tuple[UUID, int]:
    placement_id = await queries.new_id(connection)
    address_enc = None
    if asked_move.address is not None:
        address_enc = await _encrypt(connection, keys, person_id, placement_id, asked_move.address)
    await queries.add_placement(
        connection, placement_id, person_id, asked_move.display_name, address_enc, asked_move.provider_id,
        asked_move.ofsted_urn, asked_move.place, asked_move.place_provider,
    )  # fmt: skip
    return await queries.add_stay(
        connection, person_id, placement_id, asked_move.accommodation, asked_move.tenancy,
        asked_move.rent_pence_a_week, asked_move.is_staying_put, asked_move.is_staying_close, asked_move.moved_on,
    )  # fmt: skip


async def _encrypt(connection: Connection, keys: FieldKeys, person_id: UUID, placement_id: UUID, address: str) -> bytes:
    cipher = await keys.cipher_for(connection, person_id)
    return cipher.encrypt(address, Place("placements", "address_enc", placement_id))


async def correct(asked: Write, person_id: UUID, spell_id: UUID, details: HomeDetails) -> Written:
    """Puts right what was recorded of a time at a home. Raises NotFound, Stale, Refused or Conflict."""
    held = await people.hold(asked.connection, person_id)
    stays = await queries.list_stays(asked.connection, person_id)
    stay = next((one for one in stays if one.record_id == spell_id), None)
    if stay is None:
        raise NotFound
    asked.version()
    asked.check_version(stay.version)
    _check_no_postcode({"display_name": details.display_name})
    people.check_days(held, details.started_on, details.ended_on)
    _check_accommodation(held, details.accommodation, details.started_on)
    people.check_apart(
        [(s.record_id, s.started_on, s.ended_on) for s in stays], details.started_on, details.ended_on, but=spell_id
    )
    await queries.rename_placement(asked.connection, stay.placement_id, details.display_name)
    version = await queries.change_stay(
        asked.connection, spell_id, details.accommodation, details.tenancy, details.started_on, details.ended_on,
        details.rent_pence_a_week, details.is_staying_put, details.is_staying_close,
    )  # fmt: skip
    await cases.recompute(asked.connection, person_id)
    return Written(spell_id, version)


async def list_homes(connection: Connection, person_id: UUID, cursor: str | None, count: int) -> Page[Home]:
    """Where somebody lives and lived, the latest first, without addresses. Raises NotFound."""
    place = read_cursor(cursor, tuple[date])
    found = await queries.list_homes(connection, person_id, place and place[0], count + 1)
    if found is None:
        raise NotFound
    return Page(found[:count], write_cursor(found[count - 1].started_on) if len(found) > count else None)


async def read_address(connection: Connection, keys: FieldKeys, person_id: UUID) -> HomeAddress:
    """Where somebody lives now; that it was read is in the audit by itself. Raises NotFound without a home."""
    found = await queries.get_address(connection, person_id)
    if found is None:
        raise NotFound
    placement_id, display_name, address_enc, version = found
    address = None
    if address_enc is not None:
        cipher = await keys.cipher_for(connection, person_id)
        address = cipher.decrypt(address_enc, Place("placements", "address_enc", placement_id))
    return HomeAddress(placement_id, display_name, address, version)


async def keep_address(asked: Write, keys: FieldKeys, person_id: UUID, placement_id: UUID, new: NewAddress) -> Written:
    """Keeps where a home is. Raises NotFound or Stale."""
    await people.hold(asked.connection, person_id)
    version = await queries.get_placement_version(asked.connection, placement_id, person_id)
    if version is None:
        raise NotFound
    asked.version()
    asked.check_version(version)
    address_enc = await _encrypt(asked.connection, keys, person_id, placement_id, new.address)
    return Written(placement_id, await queries.keep_address(asked.connection, placement_id, address_enc))


async def assess(asked: Write, person_id: UUID, spell_id: UUID, assessment: Suitability) -> Written:
    """Keeps an assessment of a home: all ten factors have words, and who lets it was checked, or it is refused."""
    held = await people.hold(asked.connection, person_id)
    stays = await queries.list_stays(asked.connection, person_id)
    stay = next((one for one in stays if one.record_id == spell_id), None)
    if stay is None:
        raise NotFound
    asked.check_version(stay.version)
    _check_assessment(held, stay, assessment)
    values = msgspec.structs.astuple(assessment)
    assessment_id, version = await queries.add_suitability(asked.connection, person_id, spell_id, *values)
    await cases.recompute(asked.connection, person_id)
    return Written(assessment_id, version, f"/admin/v1/young-people/{person_id}/homes")


def _check_assessment(held: Held, stay: Stay, assessment: Suitability) -> None:
    people.check_days(held, assessment.assessed_on, name="assessed_on")
    if stay.ended_on is not None and assessment.assessed_on >= stay.ended_on:
        allowed = (f"before {say_day(stay.ended_on)}",)
        raise Refused(errors=[FieldError("assessed_on", "They did not live there any more.", allowed)])
    if assessment.landlord_checked_on is not None and assessment.landlord_checked_on > assessment.assessed_on:
        message = "It is after the assessment."
        raise Refused(errors=[FieldError("landlord_checked_on", message, (f"to {say_day(assessment.assessed_on)}",))])
    words = {name: value for name, value in msgspec.structs.asdict(assessment).items() if isinstance(value, str)}
    missing = suitability_complete(words, landlord_checked=assessment.landlord_checked_on is not None)
    if missing:
        path = {"landlord_or_provider": "landlord_checked_on"}
        raise Refused(errors=[FieldError(path.get(m.where, m.where), f"{m.what} ({m.source})") for m in missing])
    _check_no_postcode(words)
    for name, value in words.items():
        if len(value) > LONGEST_FACTOR_CHARS:
            raise Refused(errors=[FieldError(name, "It is too long.", (f"up to {LONGEST_FACTOR_CHARS} letters",))])


async def get_own_home(connection: Connection, words: Words) -> OwnHome:
    """Where the young person the connection acts for lives, in plain words and without the address."""
    found = await queries.get_own_home(connection)
    if found is None:
        return OwnHome(words.say("shown_home_nobody"))
    home_name, since = found
    return OwnHome(words.say("shown_home", {"home_name": home_name, "day": say_day(since)}), home_name, since)
