"""What an adviser does for a young person's devices."""

from uuid import UUID, uuid4

import segno
from asyncpg import ForeignKeyViolationError, InsufficientPrivilegeError

from api.audit import service as audit
from api.audit.models import Verb
from api.devices import queries
from api.devices.models import EnrolmentCode
from api.identity import service as identity
from api.identity import tokens
from api.identity.models import ENROLMENT_CODE_S
from api.kit.access import Who
from api.kit.db import Connection
from api.kit.errors import NotAllowed, NotFound

# The database's no: not yours, or there is no such person, which is told alike.
REFUSED = (InsufficientPrivilegeError, ForeignKeyViolationError)


async def make_enrolment_code(connection: Connection, secret: str, who: Who, person_id: UUID) -> UUID:
    """Makes a code for a young person of the caller's, in their transaction; returns its id. Raises NotFound."""
    if who.staff_id is None:
        raise NotAllowed
    code_id = uuid4()
    code_hash = tokens.enrolment_hash(secret, tokens.enrolment_code_of(secret, code_id))
    try:
        await queries.insert_enrolment_code(connection, code_id, code_hash, person_id, who.staff_id)
    except REFUSED:
        raise NotFound from None
    return code_id


async def show_enrolment_code(connection: Connection, secret: str, enrolment_code_id: UUID) -> EnrolmentCode:
    """The code again, to its maker alone and until it is used or an hour old. Raises NotFound."""
    found = await queries.get_enrolment_code(connection, enrolment_code_id, ENROLMENT_CODE_S)
    if found is None:
        raise NotFound
    person_id, expires_at = found
    code = tokens.enrolment_code_of(secret, enrolment_code_id)
    image = segno.make_qr(code).svg_data_uri(scale=8)
    return EnrolmentCode(enrolment_code_id, person_id, code, image, expires_at)


async def sign_out_everywhere(connection: Connection, person_id: UUID) -> None:
    """Signs a young person of the caller's out of every device, in their transaction. Raises NotFound."""
    if not await queries.is_seen(connection, person_id):
        raise NotFound
    await audit.record(connection, Verb.SIGNED_OUT, "sessions", person_id=person_id)
    await identity.sign_out_everywhere(connection, person_id)
