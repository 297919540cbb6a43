"""Tokens that are renewed, against a model: the same answer again for a lost one, and the end for a thief."""

import asyncio
import secrets
from typing import Any, ClassVar

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.identity import service, tokens
from api.identity.models import ABSOLUTE_S, ACCESS_S, GRACE_S, IDLE_S, Tokens
from api.kit.db import SIGN_IN, Database
from api.kit.errors import NotSignedIn
from tests.conftest import TestDatabase
from tests.factories import create_person

SECRET = "secret-that-tokens-are-renewed-with"
DAY_S = 24 * 3600
OLDER = """
    WITH s AS (UPDATE sessions SET created_at = created_at - $1::interval, expires_at = expires_at - $1::interval)
    UPDATE session_tokens SET expires_at = expires_at - $1::interval, rotated_at = rotated_at - $1::interval
"""


class Phone:
    """One signed-in device on a real database."""

    def __init__(self, database: TestDatabase) -> None:
        self.api = Database(database.api_url, size=4)
        self.signed_in = Database(database.signed_in_url, size=2)
        self.admin_url = database.admin_url

    async def start(self) -> Tokens:
        """Signs a new person's device in."""
        admin = await asyncpg.connect(self.admin_url)
        person = await create_person(admin)
        await admin.close()
        async with self.api.transaction(SIGN_IN) as connection:
            session_id = await service.queries.insert_session(connection, person, "limited")
            return await service._keep(connection, session_id, "limited", tokens.new_token(), tokens.new_token())

    async def renew(self, refresh_token: str) -> Tokens | None:
        """The next pair, or None when it is refused."""
        try:
            return await service.renew(self.api, SECRET, refresh_token, secrets.token_hex(4))
        except NotSignedIn:
            return None

    async def lives(self, access_token: str) -> bool:
        """Whether an access token is somebody's."""
        async with self.signed_in.acting_with(access_token) as connection:
            return await connection.fetchval("SELECT session_id FROM sec.who()") is not None

    async def older(self, seconds: float) -> None:
        """Lets time pass."""
        admin = await asyncpg.connect(self.admin_url)
        await admin.execute(OLDER.replace("$1", f"'{seconds} s'"))
        await admin.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self.api.close()
        await self.signed_in.close()


class Renewals(RuleBasedStateMachine):
    """What a device may do with its tokens, and what a thief may."""

    runner: ClassVar[asyncio.Runner]
    phone: ClassVar[Phone]

    @initialize()
    def sign_in(self) -> None:
        self.pairs = [self.run(self.phone.start())]
        self.issued_s = [0.0]
        self.now_s = 0.0
        self.is_alive = True

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def _age_s(self, index: int) -> float:
        return self.now_s - self.issued_s[index]

    def _may_be_used(self, index: int) -> bool:
        return self.is_alive and self._age_s(index) < IDLE_S and self.now_s < ABSOLUTE_S

    @rule()
    def renew(self) -> None:
        given = self.run(self.phone.renew(self.pairs[-1].refresh_token))
        if not self._may_be_used(len(self.pairs) - 1):
            assert given is None
            return
        assert given is not None
        known = {t for pair in self.pairs for t in (pair.access_token, pair.refresh_token)}
        assert not {given.access_token, given.refresh_token} & known
        self.pairs.append(given)
        self.issued_s.append(self.now_s)

    @precondition(lambda self: len(self.pairs) > 1)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.pairs) - 2))
        given = self.run(self.phone.renew(self.pairs[index].refresh_token))
        if not self._may_be_used(index):
            assert given is None
            return
        is_last = index == len(self.pairs) - 2
        if is_last and self._age_s(index + 1) < GRACE_S:
            assert given is not None
            successor = self.pairs[index + 1]
            assert (given.access_token, given.refresh_token) == (successor.access_token, successor.refresh_token)
            return
        assert given is None
        self.is_alive = False

    @rule(seconds=st.sampled_from([5, 5, 15, 25, 300, 650, 8 * DAY_S, 31 * DAY_S]))
    def wait(self, seconds: float) -> None:
        self.run(self.phone.older(seconds))
        self.now_s += seconds

    @rule()
    def give_what_is_no_refresh_token(self) -> None:
        for token in (secrets.token_hex(32), self.pairs[-1].access_token):
            assert self.run(self.phone.renew(token)) is None

    @invariant()
    def access_tokens_live_ten_minutes_and_not_longer_than_the_device(self) -> None:
        for index, pair in enumerate(self.pairs[-4:], start=max(len(self.pairs) - 4, 0)):
            lives = self.is_alive and self._age_s(index) < ACCESS_S and self.now_s < ABSOLUTE_S
            assert self.run(self.phone.lives(pair.access_token)) == lives


@pytest.fixture
async def url(database: TestDatabase) -> TestDatabase:
    return database


def test_tokens_when_used_and_replayed_in_any_order_then_they_do_as_the_model_says(url: TestDatabase) -> None:
    with asyncio.Runner() as runner:

        class Machine(Renewals):
            """The model on this test's database."""

        Machine.runner, Machine.phone = runner, Phone(url)
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            Machine,
            settings=settings(
                max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
        runner.run(Machine.phone.close())


@pytest.mark.parametrize("steps", range(1, 6))
@pytest.mark.parametrize("waited_s", [0, GRACE_S + 1])
async def test_token_when_replayed_at_every_step_then_only_the_last_one_in_its_grace_is_answered(
    database: TestDatabase, steps: int, waited_s: int
) -> None:
    phone = Phone(database)
    for replayed in range(steps):
        pairs = [await phone.start()]
        for _ in range(steps):
            renewed = await phone.renew(pairs[-1].refresh_token)
            assert renewed is not None
            pairs.append(renewed)
        await phone.older(waited_s)
        again = await phone.renew(pairs[replayed].refresh_token)
        if replayed == steps - 1 and not waited_s:
            assert again is not None
            assert again.refresh_token == pairs[-1].refresh_token
        else:
            assert again is None
        assert await phone.lives(pairs[-1].access_token) == (again is not None)
        assert (await phone.renew(pairs[-1].refresh_token) is not None) == (again is not None)
    await phone.close()


async def test_token_when_given_many_times_at_once_then_all_get_the_same_successor(database: TestDatabase) -> None:
    phone = Phone(database)
    first = await phone.start()
    given = await asyncio.gather(*(phone.renew(first.refresh_token) for _ in range(8)))
    assert len({pair.refresh_token for pair in given if pair}) == 1
    assert None not in given
    await phone.close()


async def test_successor_when_the_secret_or_the_salt_differs_then_it_is_another() -> None:
    token, salt = tokens.new_token(), tokens.new_salt()
    made = {
        tokens.successor(secret, with_salt, given, purpose)
        for secret in ("one", "two")
        for with_salt in (salt, tokens.new_salt())
        for given in (token, tokens.new_token())
        for purpose in ("access", "refresh")
    }
    assert len(made) == 16
