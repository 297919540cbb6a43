"""What whoever is signed in reads and writes: a connection that acts for them, and for nobody else.

A read takes two round trips: one signs the connection on and says for whom, one reads and notes in the audit
that it was read. A write is one transaction in which the same request is carried out once.
"""

import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec
from litestar import Request, Response

from api.kit.access import READ, Who, allowance_of, check_who
from api.kit.bodies import read_json
from api.kit.db import Connection
from api.kit.errors import BadRequest, Conflict, FieldError, Refused, Stale, Unversioned

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]

_KEY = re.compile(r"[\x21-\x7e]{8,64}")
_ETAG = re.compile(r'"([0-9]{1,9})"')

CLAIM_KEY = """
    INSERT INTO idempotency_keys (actor_id, idempotency_key, request_hash)
    SELECT coalesce(w.staff_id, w.person_id), $1, $2 FROM sec.who() AS w
    ON CONFLICT DO NOTHING RETURNING true
"""
GET_ANSWER = """
    SELECT k.request_hash = $2, k.answer FROM idempotency_keys AS k
    WHERE k.idempotency_key = $1 AND k.actor_id = (SELECT coalesce(w.staff_id, w.person_id) FROM sec.who() AS w)
"""
KEEP_ANSWER = """
    UPDATE idempotency_keys AS k SET answer = $2
    WHERE k.idempotency_key = $1 AND k.actor_id = (SELECT coalesce(w.staff_id, w.person_id) FROM sec.who() AS w)
"""
FORGET_KEYS = "DELETE FROM idempotency_keys WHERE created_at < clock_timestamp() - interval '1 day'"


class Written(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a write answers: which record it made or changed, and its version now. Never what it says."""

    id: UUID
    version: int
    location: str | None = None


class Write(msgspec.Struct, frozen=True):
    """What a write is carried out with: who writes, and the version they have read, if they said one."""

    connection: Connection
    who: Who
    version_read: int | None

    def version(self) -> int:
        """The version that is being changed. Raises Unversioned when If-Match says none."""
        if self.version_read is None:
            raise Unversioned
        return self.version_read

    def check_version(self, version: int) -> None:
        """Raises Stale when a version was given and is not this one."""
        if self.version_read is not None and self.version_read != version:
            raise Stale


@asynccontextmanager
async def reading(request: AnyRequest) -> AsyncIterator[tuple[Connection, Who]]:
    """A connection acting for whoever sent a request, and who that is. Raises as `check_who` does."""
    signed_in, allowance = request.app.state.signed_in, allowance_of(request.route_handler, READ)
    async with signed_in.signed_on(request.state.token, allowance=allowance) as (connection, row):
        yield connection, check_who(request, row)


async def write(
    request: AnyRequest, kind: type[T], carry_out: Callable[[Write, T], Awaitable[Written]], *, status: int = 200
) -> Response[Written]:
    """Carries out a write once, in one transaction, and answers with the record's version as its ETag.

    Sent again with the same Idempotency-Key it changes nothing and is answered alike. Raises BadRequest without
    a key, Refused when the key came with another request, Conflict while the first is still being carried out.
    """
    key, version_read = _read_key(request), _read_version(request)
    body = await read_json(request, kind)
    asked = _hash(request, version_read, await request.body())
    try:
        async with request.app.state.signed_in.transaction_with(request.state.token) as connection:
            written = await _kept_answer(connection, key, asked)
            is_again = written is not None
            if written is None:
                written = await carry_out(Write(connection, request.state.who, version_read), body)
                await connection.execute(KEEP_ANSWER, key, msgspec.to_builtins(written))
    except asyncpg.LockNotAvailableError:
        raise Conflict("The same request, or another change of this, is being carried out. Try again.") from None
    except asyncpg.ExclusionViolationError:
        raise Conflict("Somebody recorded the same days meanwhile. Read them again.") from None
    return _answer(written, status, is_again=is_again)


async def _kept_answer(connection: Connection, key: str, asked: bytes) -> Written | None:
    if await connection.fetchval(CLAIM_KEY, key, asked):
        return None
    row = await connection.fetchrow(GET_ANSWER, key, asked)
    if row is None or not row[0]:
        raise Refused("This Idempotency-Key was used for another request.")
    return msgspec.convert(row[1], Written)


def _answer(written: Written, status: int, *, is_again: bool) -> Response[Written]:
    headers = {"ETag": f'"{written.version}"'}
    if written.location is not None and status == 201:
        headers["Location"] = written.location
    if is_again:
        headers["Idempotency-Replayed"] = "true"
    return Response(written, status_code=status, headers=headers)


def _read_key(request: AnyRequest) -> str:
    key: str = request.headers.get("idempotency-key", "")
    if not _KEY.fullmatch(key):
        raise BadRequest(errors=[FieldError("Idempotency-Key", "It is needed: 8 to 64 letters, digits or signs.")])
    return key


def _read_version(request: AnyRequest) -> int | None:
    given = request.headers.get("if-match")
    if given is None:
        return None
    found = _ETAG.fullmatch(given.strip())
    if found is None:
        raise BadRequest(errors=[FieldError("If-Match", "It has to be the ETag that you read, in its quotes.")])
    return int(found[1])


def _hash(request: AnyRequest, version_read: int | None, body: bytes) -> bytes:
    """With a key of ours: from a plain hash, whoever has the database finds out a postcode or a phone number."""
    path = request.scope["path"]
    asked = b"\0".join((request.method.encode(), path.encode(), repr(version_read).encode(), body))
    return hmac.digest(request.app.state.settings.session_secret.encode(), b"idempotency:" + asked, "sha256")


async def forget_old_keys(connection: Connection) -> None:
    """Deletes the keys of writes that nobody repeats any more."""
    await connection.execute(FORGET_KEYS)
