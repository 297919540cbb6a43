"""Two teams for every test."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.api.team import Team, open_teams
from tests.conftest import TestDatabase


@pytest.fixture
async def teams(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[tuple[Team, Team]]:
    async with open_teams(database, admin) as opened:
        yield opened


@pytest.fixture
def north(teams: tuple[Team, Team]) -> Team:
    return teams[0]


@pytest.fixture
def south(teams: tuple[Team, Team]) -> Team:
    return teams[1]
