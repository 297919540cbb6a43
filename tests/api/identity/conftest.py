"""The service with a phone before it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.api.identity.signing_in import SigningIn, signing_in
from tests.conftest import TestDatabase


@pytest.fixture
async def phone(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[SigningIn]:
    async with signing_in(database, admin) as service:
        yield service
