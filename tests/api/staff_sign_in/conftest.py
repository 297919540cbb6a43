"""An office for every test."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.api.staff_sign_in.browser import Office
from tests.api.staff_sign_in.browser import office as open_office
from tests.conftest import TestDatabase


@pytest.fixture
async def office(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[Office]:
    async with open_office(database, admin) as opened:
        yield opened
