"""An office for every test, and somebody who works there."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from tests.api.staff_sign_in.browser import Office
from tests.api.staff_sign_in.browser import office as open_office
from tests.conftest import TestDatabase
from tests.factories import create_staff


@pytest.fixture
async def office(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[Office]:
    async with open_office(database, admin) as opened:
        yield opened


@pytest.fixture
async def sam(office: Office, admin: asyncpg.Connection) -> UUID:
    """A member of staff whom the provider knows as "sam"."""
    staff_id = await create_staff(admin, shown_name="Sam")
    await office.link(staff_id, "sam")
    return staff_id
