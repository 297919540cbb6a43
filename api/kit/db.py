"""Connections to PostgreSQL, each handed out acting for somebody. The only way to the database.

A connection never goes out without an actor: the row-level security policies read it, and an unset
one sees nothing. An actor is a part of the service; whoever is signed in is known to the database by
their token alone, which it looks up by itself. The round trip that sets either takes the place of the
pool's reset query, and is left out when the connection last acted for the same actor.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NewType, TypeAlias, TypeVar

import asyncpg
import msgspec

from api.kit.errors import TooMany, Unavailable

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[Any]
else:
    Connection = asyncpg.Connection
Actor = NewType("Actor", str)

TWILIO = Actor("twilio")
WORKER = Actor("worker")
MONITOR = Actor("monitor")
SIGN_IN = Actor("sign-in")

SET_ACTOR = "SELECT set_config('app.actor', $1, false), set_config('app.token', '', false)"
SET_HOLDER = """
    SELECT set_config('app.actor', '', false), set_config('app.token', $1, false),
        set_config('synchronous_commit', 'on', false)
"""
SIGN_ON = """
    SELECT w.session_id, w.person_id, w.staff_id, w.team_id, w.staff_role, w.level, w.signed_in_at,
        w.stepped_up_at, sec.take_allowance($2) AS wait_s
    FROM sec.sign_on($1) AS w
"""
DO_NOT_WAIT = "SET LOCAL synchronous_commit = off"

# What a connection raises when its server went away; the work may be tried again if repeating it is harmless.
CONNECTION_LOST: tuple[type[Exception], ...] = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    OSError,
)

# What a server raises that is there but can not do it now: a table locked by a migration, a full disk, a standby.
DATABASE_UNABLE: tuple[type[Exception], ...] = (
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TransactionRollbackError,
)

T = TypeVar("T")


def conversation_actor(conversation_id: object) -> Actor:
    """Acts as the young person of that conversation: the database finds out who that is."""
    return Actor(f"conversation:{conversation_id}")


class DatabaseBusy(Unavailable):
    """The service is busy. Try again in a moment."""


# The database gives nothing now: gone, starting, unable, or no connection free in time.
DATABASE_AWAY: tuple[type[Exception], ...] = (*CONNECTION_LOST, *DATABASE_UNABLE, DatabaseBusy, TimeoutError)


class _Held:
    """A connection and whom it last acted for; None while that is not known for certain."""

    __slots__ = ("actor", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.actor: Actor | None = None


class Database:
    """A bounded number of connections, the last used handed out first."""

    def __init__(self, url: str, *, size: int, wait_s: float = 2.0, statement_timeout_s: float = 5.0) -> None:
        self._url = url
        self._size = size
        self._wait_s = wait_s
        self._statement_timeout_s = statement_timeout_s
        self._idle: list[_Held] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._open = 0
        self._closed = False

    @contextlib.asynccontextmanager
    async def acting_as(self, actor: Actor) -> AsyncIterator[Connection]:
        """A connection that acts for `actor`, without a transaction. Raises DatabaseBusy when none is free in time."""
        async with self._lent() as held:
            if held.actor != actor:
                held.actor = None
                await held.connection.fetchval(SET_ACTOR, actor)
                held.actor = actor
            yield held.connection

    @contextlib.asynccontextmanager
    async def acting_with(self, token: str) -> AsyncIterator[Connection]:
        """A connection that acts for whoever holds `token`, without a transaction; for nobody when it is not alive."""
        async with self._lent() as held:
            # Never left out: what the last caller's statements may have set by themselves is not trusted.
            held.actor = None
            await held.connection.fetchval(SET_HOLDER, token)
            yield held.connection

    @contextlib.asynccontextmanager
    async def signed_on(
        self, token: str, *, allowance: str | None = None
    ) -> AsyncIterator[tuple[Connection, Sequence[Any]]]:
        """A connection for reading that acts for `token`'s holder, and who that is, in one round trip.

        The row holds None alone when the token is not alive. What is noted of a read does not wait for the disk.
        Takes one of the holder's `allowance` of that class. Raises TooMany when none is left.
        """
        async with self._lent() as held:
            held.actor = None
            row = await held.connection.fetchrow(SIGN_ON, token, allowance)
            if row is None:
                raise DatabaseBusy
            *who, wait_s = row
            if wait_s:
                raise TooMany(wait_s=wait_s, session_id=str(who[0]))
            yield held.connection, who

    @contextlib.asynccontextmanager
    async def _lent(self) -> AsyncIterator[_Held]:
        """A connection until the block ends; one that was cut off in the middle of something is not used again."""
        held = await self._take()
        try:
            yield held
        except (asyncio.CancelledError, TimeoutError):
            held.connection.terminate()
            raise
        finally:
            self._give_back(held)

    @contextlib.asynccontextmanager
    async def transaction_with(self, token: str) -> AsyncIterator[Connection]:
        """A connection acting for a token's holder, in a transaction as `transaction` has it."""
        async with self.acting_with(token) as connection, connection.transaction():
            yield connection

    @contextlib.asynccontextmanager
    async def transaction(self, actor: Actor, *, only_looks: bool = False) -> AsyncIterator[Connection]:
        """A connection in a transaction that commits at the end, or rolls back when the block raises.

        Where it `only_looks`, all it stores is who looked, and it does not wait for the disk.
        """
        async with self.acting_as(actor) as connection, connection.transaction():
            if only_looks:
                await connection.execute(DO_NOT_WAIT)
            yield connection

    async def close(self) -> None:
        """Closes what is idle now and the rest as it comes back."""
        self._closed = True
        for held in self._idle:
            held.connection.terminate()
        self._open -= len(self._idle)
        self._idle.clear()

    async def _take(self) -> _Held:
        try:
            async with asyncio.timeout(self._wait_s):
                while True:
                    if held := self._take_idle():
                        return held
                    if self._open < self._size:
                        return await self._connect()
                    await self._wait()
        except TimeoutError:
            raise DatabaseBusy from None

    def _take_idle(self) -> _Held | None:
        while self._idle:
            held = self._idle.pop()
            if not held.connection.is_closed():
                return held
            self._open -= 1
        return None

    async def _connect(self) -> _Held:
        self._open += 1
        try:
            return _Held(await connect(self._url, statement_timeout_s=self._statement_timeout_s))
        except BaseException:
            self._open -= 1
            self._wake_one()
            raise

    async def _wait(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._wake_one()
            raise

    def _give_back(self, held: _Held) -> None:
        connection = held.connection
        if not connection.is_closed() and (self._closed or connection.is_in_transaction()):
            connection.terminate()
        if connection.is_closed():
            self._open -= 1
        else:
            self._idle.append(held)
        self._wake_one()

    def _wake_one(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return


async def connect(url: str, *, statement_timeout_s: float = 5.0) -> Connection:
    """One connection with our time limits and JSON codec; it acts for nobody yet."""
    milliseconds = str(int(statement_timeout_s * 1000))
    connection: Connection = await asyncpg.connect(
        url,
        timeout=2,
        command_timeout=statement_timeout_s + 1,
        server_settings={
            "application_name": "fifteenplus",
            "statement_timeout": milliseconds,
            "lock_timeout": "2000",
            "idle_in_transaction_session_timeout": "10000",
            "timezone": "UTC",
        },
    )
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda data: msgspec.json.decode(data[1:]),
        format="binary",
    )
    return connection


async def repeat_while_lost(work: Callable[[], Awaitable[T]], *, for_s: float, pause_s: float = 0.2) -> T:
    """Repeats work that is harmless to repeat until the database answers; raises Unavailable after `for_s`."""
    try:
        async with asyncio.timeout(for_s):
            while True:
                with contextlib.suppress(*DATABASE_AWAY):
                    return await work()
                await asyncio.sleep(pause_s)
    except TimeoutError:
        raise Unavailable from None
