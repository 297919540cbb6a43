"""Sessions, tokens and codes in the database."""

from uuid import UUID

from api.identity.models import (
    ABSOLUTE_S,
    ACCESS_S,
    CODE_S,
    CODES_PER_15_MINUTES,
    CODES_PER_DAY,
    ENROLMENT_CODE_S,
    GRACE_S,
    IDLE_S,
    TRIES_PER_CODE,
    AskedNumber,
    Challenge,
    RefreshToken,
)
from api.kit.db import Connection

INSERT_SESSION = """
    INSERT INTO sessions (person_id, level, expires_at)
    VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3)) RETURNING session_id
"""


async def insert_session(connection: Connection, person_id: UUID, level: str) -> UUID:
    """Signs a device in."""
    session_id: UUID = await connection.fetchval(INSERT_SESSION, person_id, level, ABSOLUTE_S)
    return session_id


INSERT_TOKENS = """
    INSERT INTO session_tokens (token_hash, session_id, kind, salt, expires_at)
    SELECT t.token_hash, s.session_id, t.kind, t.salt,
        least(s.expires_at, clock_timestamp() + make_interval(secs => t.lives_s))
    FROM sessions AS s, (VALUES ($2::bytea, 'access', NULL::bytea, $5::float8), ($3, 'refresh', $4, $6))
        AS t (token_hash, kind, salt, lives_s)
    WHERE s.session_id = $1
"""


async def insert_tokens(
    connection: Connection, session_id: UUID, access_hash: bytes, refresh_hash: bytes, salt: bytes
) -> None:
    """Keeps a pair of tokens; neither outlives its session."""
    await connection.execute(INSERT_TOKENS, session_id, access_hash, refresh_hash, salt, ACCESS_S, IDLE_S)


# In a statement of its own: what is read next must see what whoever held the lock before has written.
LOCK_RENEWING_SESSION = """
    SELECT s.session_id FROM sessions AS s
    WHERE s.session_id = (SELECT t.session_id FROM session_tokens AS t WHERE t.token_hash = $1 AND t.kind = 'refresh')
    FOR UPDATE
"""
GET_RENEWING = """
    SELECT s.session_id, s.level, t.salt,
        s.revoked_at IS NULL AND least(s.expires_at, t.expires_at) > clock_timestamp(),
        t.rotated_at IS NOT NULL,
        coalesce(t.rotated_at > clock_timestamp() - make_interval(secs => $2), false),
        n.rotated_at IS NOT NULL
    FROM session_tokens AS t
    JOIN sessions AS s USING (session_id)
    LEFT JOIN session_tokens AS n ON n.token_hash = t.successor_hash
    WHERE t.token_hash = $1 AND t.kind = 'refresh'
"""


async def lock_refresh_token(connection: Connection, token_hash: bytes) -> RefreshToken | None:
    """A refresh token as it stands, its session locked until the transaction ends."""
    if await connection.fetchval(LOCK_RENEWING_SESSION, token_hash) is None:
        return None
    row = await connection.fetchrow(GET_RENEWING, token_hash, GRACE_S)
    return None if row is None else RefreshToken(*row)


MARK_ROTATED = """
    UPDATE session_tokens SET rotated_at = clock_timestamp(), successor_hash = $2 WHERE token_hash = $1
"""


async def mark_rotated(connection: Connection, token_hash: bytes, successor_hash: bytes) -> None:
    """Notes that a refresh token was used, and for what."""
    await connection.execute(MARK_ROTATED, token_hash, successor_hash)


SECONDS_LEFT = """
    SELECT greatest(0, floor(extract(epoch FROM expires_at - clock_timestamp())))::integer
    FROM session_tokens WHERE token_hash = $1
"""


async def seconds_left(connection: Connection, token_hash: bytes) -> int:
    """For how long a token still lives."""
    return int(await connection.fetchval(SECONDS_LEFT, token_hash) or 0)


REVOKE = """
    UPDATE sessions SET revoked_at = clock_timestamp(), revoked_because = $2
    WHERE session_id = $1 AND revoked_at IS NULL
"""


async def revoke(connection: Connection, session_id: UUID, because: str) -> None:
    """Ends a session with every token it was ever given."""
    await connection.execute(REVOKE, session_id, because)


REVOKE_ALL = """
    UPDATE sessions SET revoked_at = clock_timestamp(), revoked_because = 'signed_out'
    WHERE person_id = $1 AND revoked_at IS NULL
"""


async def revoke_all(connection: Connection, person_id: UUID) -> int:
    """Ends a person's sessions everywhere; returns how many lived."""
    status: str = await connection.execute(REVOKE_ALL, person_id)
    return int(status.rpartition(" ")[2])


LOCK_NUMBER = "SELECT pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 15))"
INSERT_CHALLENGE = """
    INSERT INTO sign_in_challenges (phone_digest, phone_e164)
    SELECT $1, $2
    WHERE (
        SELECT count(*) FROM sign_in_challenges AS c
        WHERE c.phone_digest = $1 AND c.created_at > clock_timestamp() - interval '15 minutes'
    ) < $3 AND (
        SELECT count(*) FROM sign_in_challenges AS c
        WHERE c.phone_digest = $1 AND c.created_at > clock_timestamp() - interval '1 day'
    ) < $4
    RETURNING challenge_id
"""


async def insert_challenge(connection: Connection, digest: bytes, phone_e164: str) -> UUID | None:
    """Notes that a code was asked for; None when this number has had too many. Known or not makes no difference."""
    await connection.execute(LOCK_NUMBER, digest)
    challenge_id: UUID | None = await connection.fetchval(
        INSERT_CHALLENGE, digest, phone_e164, CODES_PER_15_MINUTES, CODES_PER_DAY
    )
    return challenge_id


GET_CODE_WAIT = """
    SELECT ceil(extract(epoch FROM greatest(
        CASE WHEN count(*) FILTER (WHERE c.created_at > clock_timestamp() - interval '15 minutes') >= $2
        THEN min(c.created_at) FILTER (WHERE c.created_at > clock_timestamp() - interval '15 minutes')
            + interval '15 minutes' END,
        CASE WHEN count(*) >= $3 THEN min(c.created_at) + interval '1 day' END,
        clock_timestamp()
    ) - clock_timestamp()) / 60)::integer * 60
    FROM sign_in_challenges AS c WHERE c.phone_digest = $1 AND c.created_at > clock_timestamp() - interval '1 day'
"""


async def get_code_wait_s(connection: Connection, digest: bytes) -> int:
    """In how many seconds, up to a whole minute, a number that has had too many codes may ask for the next."""
    wait_s: int = await connection.fetchval(GET_CODE_WAIT, digest, CODES_PER_15_MINUTES, CODES_PER_DAY)
    return max(wait_s, 60)


TAKE_TRY = """
    UPDATE sign_in_challenges SET tries = tries + 1
    WHERE challenge_id = $1 AND tries < $2 AND used_at IS NULL
        AND created_at > clock_timestamp() - make_interval(secs => $3)
    RETURNING code_hash, person_id
"""


async def take_try(connection: Connection, challenge_id: UUID) -> Challenge | None:
    """Counts a try before it is looked at; None when none is left or the time is over."""
    row = await connection.fetchrow(TAKE_TRY, challenge_id, TRIES_PER_CODE, CODE_S)
    return None if row is None else Challenge(*row)


USE_CHALLENGE = """
    UPDATE sign_in_challenges SET used_at = clock_timestamp()
    WHERE challenge_id = $1 AND used_at IS NULL RETURNING challenge_id
"""


async def use_challenge(connection: Connection, challenge_id: UUID) -> bool:
    """Uses a code up; False when another was quicker."""
    return await connection.fetchval(USE_CHALLENGE, challenge_id) is not None


GET_ASKED_NUMBER = """
    SELECT phone_e164, message_id FROM sign_in_challenges
    WHERE challenge_id = $1 AND phone_e164 IS NOT NULL
        AND created_at > clock_timestamp() - make_interval(secs => $2)
"""


async def get_asked_number(connection: Connection, challenge_id: UUID) -> AskedNumber | None:
    """The number a code is to be sent to; None when that is over."""
    row = await connection.fetchrow(GET_ASKED_NUMBER, challenge_id, CODE_S)
    return None if row is None else AskedNumber(*row)


SET_CODE = """
    UPDATE sign_in_challenges SET person_id = $2, code_hash = $3, message_id = $4
    WHERE challenge_id = $1 AND phone_e164 IS NOT NULL AND message_id IS NULL RETURNING challenge_id
"""


async def set_code(
    connection: Connection, challenge_id: UUID, person_id: UUID, code_hash: str, message_id: UUID
) -> bool:
    """Keeps the hash of a code that is about to be sent; False when one is already on its way."""
    return await connection.fetchval(SET_CODE, challenge_id, person_id, code_hash, message_id) is not None


TAKE_CODE_BACK = """
    UPDATE sign_in_challenges SET person_id = NULL, code_hash = NULL, message_id = NULL
    WHERE challenge_id = $1 AND used_at IS NULL
"""


async def take_code_back(connection: Connection, challenge_id: UUID) -> None:
    """Forgets a code that surely did not go out, so that another may."""
    await connection.execute(TAKE_CODE_BACK, challenge_id)


FORGET_NUMBER = "UPDATE sign_in_challenges SET phone_e164 = NULL WHERE challenge_id = $1"


async def forget_number(connection: Connection, challenge_id: UUID) -> None:
    """Forgets the number: a code went out, may have gone out, or is never going to."""
    await connection.execute(FORGET_NUMBER, challenge_id)


USE_ENROLMENT_CODE = """
    UPDATE enrolment_codes SET used_at = clock_timestamp(), used_by_session_id = $3
    WHERE code_hash = $1 AND person_id = $2 AND used_at IS NULL
        AND created_at > clock_timestamp() - make_interval(secs => $4)
    RETURNING code_hash
"""
RAISE_LEVEL = "UPDATE sessions SET level = 'full' WHERE session_id = $1 AND revoked_at IS NULL"


async def use_enrolment_code(connection: Connection, code_hash: bytes, person_id: UUID, session_id: UUID) -> bool:
    """Lets a session see everything of its person, once for each code; False when the code does not fit."""
    used = await connection.fetchval(USE_ENROLMENT_CODE, code_hash, person_id, session_id, ENROLMENT_CODE_S)
    if used is not None:
        await connection.execute(RAISE_LEVEL, session_id)
    return used is not None


FORGET_TOKENS = "DELETE FROM session_tokens WHERE kind = 'access' AND expires_at < clock_timestamp() - interval '1 day'"
FORGET_SESSIONS = "DELETE FROM sessions WHERE least(expires_at, revoked_at) < clock_timestamp() - interval '30 days'"
FORGET_CHALLENGES = "DELETE FROM sign_in_challenges WHERE created_at < clock_timestamp() - interval '25 hours'"


async def forget_old(connection: Connection) -> None:
    """Deletes what no longer decides anything: ended sessions, expired tokens, yesterday's codes."""
    for statement in (FORGET_TOKENS, FORGET_SESSIONS, FORGET_CHALLENGES):
        await connection.execute(statement)
