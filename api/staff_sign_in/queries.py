"""Sign-ins on their way and staff's sessions in the database."""

from uuid import UUID

from api.kit.db import Connection
from api.staff_sign_in.models import ABSOLUTE_S, AT_PROVIDER_S, SignIn

INSERT_SIGN_IN = """
    INSERT INTO staff_sign_ins (state_hash, browser_hash, return_to, is_step_up, for_staff_id)
    VALUES ($1, $2, $3, $4, $5)
"""


async def insert_sign_in(
    connection: Connection,
    state_hash: bytes,
    browser_hash: bytes,
    return_to: str,
    for_staff_id: UUID | None,
    *,
    is_step_up: bool,
) -> None:
    """Notes that a browser went to the provider."""
    await connection.execute(INSERT_SIGN_IN, state_hash, browser_hash, return_to, is_step_up, for_staff_id)


# Whoever comes back is gone from here at once, whatever becomes of it: a state is good for one try.
TAKE_SIGN_IN = """
    WITH taken AS (
        DELETE FROM staff_sign_ins WHERE state_hash = $1
        RETURNING return_to, is_step_up, for_staff_id, created_at, browser_hash
    )
    SELECT t.return_to, t.is_step_up, t.for_staff_id, t.created_at FROM taken AS t
    WHERE t.browser_hash = $2 AND t.created_at > clock_timestamp() - make_interval(secs => $3)
"""


async def take_sign_in(connection: Connection, state_hash: bytes, browser_hash: bytes) -> SignIn | None:
    """The sign-in that this browser started minutes ago; None when there is none, and never twice."""
    row = await connection.fetchrow(TAKE_SIGN_IN, state_hash, browser_hash, AT_PROVIDER_S)
    return None if row is None else SignIn(*row)


GET_STAFF_OF_IDENTITY = "SELECT sec.staff_of_identity($1, $2, $3)"


async def get_staff_of_identity(
    connection: Connection, issuer: str, tenant_id: str | None, subject: str
) -> UUID | None:
    """The member of staff whom the provider means, while they work here and are not disabled."""
    staff_id: UUID | None = await connection.fetchval(GET_STAFF_OF_IDENTITY, issuer, tenant_id, subject)
    return staff_id


END_FORMER_SESSION = """
    UPDATE sessions SET revoked_at = clock_timestamp(), revoked_because = 'signed_in_again'
    WHERE session_id = (SELECT t.session_id FROM session_tokens AS t WHERE t.token_hash = $1)
        AND staff_id IS NOT NULL AND revoked_at IS NULL
"""


async def end_former_session(connection: Connection, token_hash: bytes) -> None:
    """Ends the session that a browser had before it signed in again."""
    await connection.execute(END_FORMER_SESSION, token_hash)


INSERT_SESSION = """
    WITH made AS (
        INSERT INTO sessions (staff_id, level, expires_at, stepped_up_at)
        VALUES (
            $1, 'full', clock_timestamp() + make_interval(secs => $4), CASE WHEN $3 THEN clock_timestamp() END
        )
        RETURNING session_id, expires_at
    )
    INSERT INTO session_tokens (token_hash, session_id, kind, expires_at)
    SELECT $2, m.session_id, 'access', m.expires_at FROM made AS m
    RETURNING session_id
"""


async def insert_session(connection: Connection, staff_id: UUID, token_hash: bytes, *, is_step_up: bool) -> UUID:
    """Signs a member of staff in, for eight hours at most."""
    session_id: UUID = await connection.fetchval(INSERT_SESSION, staff_id, token_hash, is_step_up, ABSOLUTE_S)
    return session_id


GET_SHOWN_NAME = "SELECT shown_name FROM staff WHERE staff_id = $1"


async def get_shown_name(connection: Connection, staff_id: UUID) -> str:
    """What colleagues call somebody."""
    name: str = await connection.fetchval(GET_SHOWN_NAME, staff_id)
    return name


END_SESSION = """
    UPDATE sessions SET revoked_at = clock_timestamp(), revoked_because = 'signed_out'
    WHERE session_id = $1 AND revoked_at IS NULL
"""


async def end_session(connection: Connection, session_id: UUID) -> None:
    """Ends one session of one's own."""
    await connection.execute(END_SESSION, session_id)


END_OWN_SESSIONS = """
    UPDATE sessions SET revoked_at = clock_timestamp(), revoked_because = 'signed_out'
    WHERE staff_id = $1 AND revoked_at IS NULL
"""


async def end_own_sessions(connection: Connection, staff_id: UUID) -> None:
    """Ends one's sessions in every browser."""
    await connection.execute(END_OWN_SESSIONS, staff_id)


FORGET_SIGN_INS = "DELETE FROM staff_sign_ins WHERE created_at < clock_timestamp() - interval '1 hour'"


async def forget_sign_ins(connection: Connection) -> None:
    """Deletes sign-ins that nobody came back for."""
    await connection.execute(FORGET_SIGN_INS)
