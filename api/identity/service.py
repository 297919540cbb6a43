"""Who is signed in: codes by text, tokens that are renewed, and ways out."""

from uuid import UUID

import structlog

from api.identity import queries, tokens
from api.identity.models import RefreshToken, Tokens
from api.kit import jobs, limits
from api.kit.access import Who
from api.kit.db import SIGN_IN, Connection, Database
from api.kit.errors import FieldError, NotSignedIn, Refused, TooMany
from api.kit.limits import Limit
from api.kit.phone import as_e164
from api.messages import service as messages
from api.people import service as people

log = structlog.get_logger()

CODES_PER_ADDRESS = Limit("code-address", count=20, per_s=3600)
TRIES_PER_ADDRESS = Limit("try-address", count=100, per_s=3600)
RENEWALS_PER_ADDRESS = Limit("renew-address", count=600, per_s=3600)
ENROLMENTS_PER_SESSION = Limit("enrol-session", count=5, per_s=900)
CODES_OF_ALL = Limit("code-all", count=300, per_s=3600)


class CodeNotRight(NotSignedIn):
    """That code is not right, or it is too old."""


async def ask_for_code(database: Database, secret: str, phone: str, address: str) -> UUID:
    """Has a code sent if this is exactly one living person's number; does the same work if it is not."""
    phone_e164 = as_e164(phone, drama_numbers=True)
    if phone_e164 is None:
        raise Refused(errors=[FieldError("phone", "That is not a phone number.")])
    async with database.acting_as(SIGN_IN) as connection:
        await limits.take(connection, CODES_PER_ADDRESS, address)
        async with connection.transaction():
            digest = tokens.phone_digest(secret, phone_e164)
            challenge_id = await queries.insert_challenge(connection, digest, phone_e164)
            if challenge_id is not None:
                payload = jobs.payload_of(challenge_id=challenge_id)
                await jobs.enqueue(connection, "send_code", payload, priority=jobs.URGENT)
        if challenge_id is None:
            raise TooMany(wait_s=await queries.get_code_wait_s(connection, digest))
    return challenge_id


async def whose_code(connection: Connection, phone_e164: str) -> UUID | None:
    """The one living person who signs in with this number and takes texts; None for everybody else."""
    known = await people.list_people_of_number(connection, phone_e164)
    if len(known) != 1 or known[0][1] or await messages.is_opted_out(connection, phone_e164):
        return None
    return known[0][0]


async def sign_in(database: Database, challenge_id: UUID, code: str, address: str) -> Tokens:
    """Tokens for the code from the text, of level "limited". Raises CodeNotRight, always after the same time."""
    async with database.acting_as(SIGN_IN) as connection:
        await limits.take(connection, TRIES_PER_ADDRESS, address)
        challenge = await queries.take_try(connection, challenge_id)
    is_right = await tokens.is_code(code, challenge.code_hash if challenge else None)
    if not is_right or challenge is None or challenge.person_id is None:
        raise CodeNotRight
    async with database.transaction(SIGN_IN) as connection:
        if not await queries.use_challenge(connection, challenge_id):
            raise CodeNotRight
        session_id = await queries.insert_session(connection, challenge.person_id, "limited")
        return await _keep(connection, session_id, "limited", tokens.new_token(), tokens.new_token())


async def _keep(connection: Connection, session_id: UUID, level: str, access: str, refresh: str) -> Tokens:
    access_hash = tokens.token_hash(access)
    await queries.insert_tokens(connection, session_id, access_hash, tokens.token_hash(refresh), tokens.new_salt())
    return Tokens(access, refresh, await queries.seconds_left(connection, access_hash), level)


async def renew(database: Database, secret: str, refresh_token: str, address: str) -> Tokens:
    """The next pair of tokens; the same pair again if the answer was lost. Raises NotSignedIn."""
    async with database.acting_as(SIGN_IN) as connection:
        await limits.take(connection, RENEWALS_PER_ADDRESS, address)
        async with connection.transaction():
            token = await queries.lock_refresh_token(connection, tokens.token_hash(refresh_token))
            renewed = await _renew(connection, secret, refresh_token, token) if token else None
    if renewed is None:
        raise NotSignedIn
    return renewed


async def _renew(connection: Connection, secret: str, refresh_token: str, token: RefreshToken) -> Tokens | None:
    if not token.is_alive:
        return None
    access = tokens.successor(secret, token.salt, refresh_token, "access")
    refresh = tokens.successor(secret, token.salt, refresh_token, "refresh")
    if not token.is_rotated:
        await queries.mark_rotated(connection, tokens.token_hash(refresh_token), tokens.token_hash(refresh))
        return await _keep(connection, token.session_id, token.level, access, refresh)
    if token.is_in_grace and not token.successor_is_used:
        seconds = await queries.seconds_left(connection, tokens.token_hash(access))
        return Tokens(access, refresh, seconds, token.level)
    # Two hold this device's tokens and one of them is a thief: neither keeps them.
    await queries.revoke(connection, token.session_id, "token_reused")
    log.warning("token_reused")
    return None


async def enrol(database: Database, secret: str, who: Who, code: str) -> None:
    """Raises a session to "full" by the code its person's adviser handed over. Raises CodeNotRight."""
    if who.person_id is None:
        raise CodeNotRight
    async with database.acting_as(SIGN_IN) as connection:
        await limits.take(connection, ENROLMENTS_PER_SESSION, str(who.session_id))
        async with connection.transaction():
            code_hash = tokens.enrolment_hash(secret, code)
            fits = await queries.use_enrolment_code(connection, code_hash, who.person_id, who.session_id)
    if not fits:
        raise CodeNotRight


async def sign_out(connection: Connection, session_id: UUID) -> None:
    """Signs this device out."""
    await queries.revoke(connection, session_id, "signed_out")


async def sign_out_everywhere(connection: Connection, person_id: UUID) -> int:
    """Signs every device of a person out, as far as whoever asks may; returns how many were signed in."""
    return await queries.revoke_all(connection, person_id)


async def forget_old(connection: Connection) -> None:
    """Forgets sessions, tokens and codes that are over."""
    await queries.forget_old(connection)
