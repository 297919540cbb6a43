"""A team at work for every test here."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.api.casework import Team, team_at_work
from tests.conftest import TestDatabase


@pytest.fixture
async def team(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[Team]:
    """A team that uses the API."""
    async with team_at_work(database, admin) as team:
        yield team
