"""What the team reads of its young people, and how somebody is taken in and changed."""

import base64
from datetime import date
from uuid import UUID

import msgspec

from api.care import service as care
from api.caseload import queries
from api.caseload.models import Case, ContactPoint, Found, Past, YoungPerson
from api.cases import service as cases
from api.kit.crypto import Place
from api.kit.db import Connection
from api.kit.errors import BadRequest, FieldError, NotFound
from api.kit.field_keys import FieldKeys
from api.kit.pages import Page, read_cursor, write_cursor
from api.kit.signed_in import Write, Written
from api.people import service as people
from api.people.models import YoungPersonDetails

SHORTEST_NAME = 2


async def list_cases(
    connection: Connection, cursor: str | None, count: int, adviser_id: UUID | None = None
) -> Page[Case]:
    """The cases that whoever acts sees, the most overdue first; those of one adviser if one is named."""
    after = read_cursor(cursor, tuple[date, UUID])
    found, is_more = await queries.list_cases(connection, after, count, adviser_id)
    last = found[-1] if is_more else None
    return Page(found, None if last is None else write_cursor(last.sort_on, last.person_id))


async def search(connection: Connection, name: str, cursor: str | None, count: int) -> Page[Found]:
    """Those whom whoever acts sees and whose names have words that begin so. Raises BadRequest for too short a name."""
    if sum(letter.isalnum() for letter in name) < SHORTEST_NAME:
        raise BadRequest(errors=[FieldError("name", "Give the first letters of a name.", ("two letters or more",))])
    found, is_more = await queries.search(connection, name, read_cursor(cursor, tuple[str, UUID]), count)
    last = found[-1] if is_more else None
    return Page(found, None if last is None else write_cursor(last.name_folded, last.person_id))


async def get_whole(connection: Connection, keys: FieldKeys, person_id: UUID) -> YoungPerson:
    """One young person whole, but for the address. Raises NotFound."""
    found = await queries.get_whole(connection, person_id)
    if found is None:
        raise NotFound
    note = await people.read_safe_contact_note(connection, keys, person_id, found.note_enc)
    numbers = msgspec.json.decode(found.contact_points)
    contact_points = await _read_contact_points(connection, keys, person_id, numbers)
    whole = msgspec.json.decode(found.document, type=YoungPerson)
    districts = await care.show_postcodes(connection, keys, person_id, found.postcodes)
    episodes = [episode | districts.get(episode["episode_id"], care.NOWHERE) for episode in whole.episodes]
    return msgspec.structs.replace(whole, safe_contact_note=note, contact_points=contact_points, episodes=episodes)


async def _read_contact_points(
    connection: Connection, keys: FieldKeys, person_id: UUID, found: list[dict[str, str | None]]
) -> list[ContactPoint]:
    if not found:
        return []
    cipher = await keys.cipher_for(connection, person_id)
    read = []
    for number in found:
        phone_enc = number.pop("phone_enc")
        row_id = UUID(number["contact_point_id"])
        place = Place("contact_points", "phone_e164_enc", row_id)
        phone = None if phone_enc is None else cipher.decrypt(base64.b64decode(phone_enc), place)
        read.append(msgspec.convert(number | {"phone_e164": phone}, ContactPoint))
    return read


async def list_history(
    connection: Connection, person_id: UUID, cursor: str | None, count: int, record_id: UUID | None = None
) -> Page[Past]:
    """What somebody's records said before they were changed, the latest change first. Raises NotFound."""
    after = read_cursor(cursor, tuple[int])
    found = await queries.list_history(connection, person_id, after and after[0], record_id, count + 1)
    if found is None:
        raise NotFound
    return Page(found[:count], write_cursor(found[count - 1].history_id) if len(found) > count else None)


async def create(asked: Write, keys: FieldKeys, details: YoungPersonDetails) -> Written:
    """Takes a young person into the manager's team, and works out what is due."""
    written = await people.create(asked, keys, details)
    await cases.recompute(asked.connection, written.id)
    return written


async def change(asked: Write, keys: FieldKeys, person_id: UUID, details: YoungPersonDetails) -> Written:
    """Changes who somebody is; another date of birth or a death changes what is due."""
    written = await people.change(asked, keys, person_id, details)
    await cases.recompute(asked.connection, person_id)
    return written
