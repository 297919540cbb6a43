"""A database with appointments that overlap is brought up to date, and keeps them all."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from api.kit import migrations
from tests.conftest import TestDatabase
from tests.factories import create_appointment, create_person, create_staff
from tests.stack.postgres import EmbeddedPostgres

FILE = "0019_appointments.sql"


@pytest.fixture
async def older(
    postgres: EmbeddedPostgres, template: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """A database as it was before appointments could not overlap."""
    for file in migrations.MIGRATIONS_FOLDER.glob("*.sql"):
        if file.name < FILE:
            shutil.copy(file, tmp_path)
    admin = await asyncpg.connect(postgres.admin_url)
    await admin.execute("CREATE DATABASE fifteenplus_older")
    url = postgres.url("fifteenplus_older")
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS_FOLDER", tmp_path)
        await migrations.apply_migrations(url)
    yield url
    await admin.execute("DROP DATABASE fifteenplus_older WITH (FORCE)")
    await admin.close()


async def test_appointments_when_two_overlapped_before_then_both_are_kept_and_no_further_one_may(older: str) -> None:
    connection = await asyncpg.connect(older)
    starts_at = datetime.now(UTC) + timedelta(days=2)
    staff_id, person_id = await create_staff(connection), await create_person(connection)
    twice = [await create_appointment(connection, person_id, staff_id, starts_at=starts_at) for _ in range(2)]
    alone = await create_appointment(connection, person_id, staff_id, starts_at=starts_at + timedelta(days=1))
    await migrations.apply_migrations(older)
    marked = await connection.fetch("SELECT appointment_id FROM appointments WHERE was_booked_twice")
    assert {row[0] for row in marked} == set(twice)
    assert await connection.fetchval("SELECT relforcerowsecurity FROM pg_class WHERE oid = 'appointments'::regclass")
    with pytest.raises(asyncpg.ExclusionViolationError):
        await create_appointment(connection, person_id, staff_id, starts_at=starts_at + timedelta(days=1))
    assert await connection.fetchval("SELECT version FROM appointments WHERE appointment_id = $1", alone) == 1
    await connection.close()
