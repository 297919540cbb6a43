"""Changing the key that wraps the keys: everything stays readable, and the old key can be thrown away."""

import asyncio
import base64
import sys
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from api.keys import queries, service
from api.kit.crypto import KeyRing, Unreadable
from api.kit.field_keys import FieldKeys
from tests import fields
from tests.api.keys.older import migrate_environment
from tests.api.service_at_work import service_at_work
from tests.conftest import TestDatabase
from tests.factories import create_person, create_staff, next_number
from tests.rules.source import ROOT

NEWER_KEY = bytes(range(64, 96))
BOTH = KeyRing({1: fields.WRAPPING_KEY, 2: NEWER_KEY}, fields.PHONE_KEY)
ONLY_NEWER = KeyRing({2: NEWER_KEY}, fields.PHONE_KEY)


@pytest.fixture
async def texted(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[str]:
    """The number of somebody whose text was answered; there are keys of a person, a thread and the service."""
    phone = next_number()
    await create_person(admin, phone=phone, adviser=await create_staff(admin, phone=next_number()))
    async with service_at_work(database, admin) as at_work:
        await at_work.say("22 Acacia Avenue", sender=phone)
        await at_work.say("hi", sender=next_number())
    yield phone


async def test_keys_when_rotated_then_all_is_read_with_the_newer_key_alone_and_nothing_with_the_older(
    texted: str, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    before = await fields.read_messages_by_id(admin, "true")
    count = await admin.fetchval("SELECT count(*) FROM data_keys")
    done = await service.rotate(admin, FieldKeys(BOTH))
    assert (done.key_count, done.anew_count, done.unreadable_count) == (count, count, 0)
    assert count >= 3
    assert await fields.read_messages_by_id(admin, "true", ring=ONLY_NEWER) == before
    assert (texted, "22 Acacia Avenue") in before.values()
    with pytest.raises(Unreadable):
        await fields.read_messages(admin)
    again = await service.rotate(admin, FieldKeys(BOTH))
    assert (again.key_count, again.anew_count) == (count, 0)


async def test_keys_when_one_was_destroyed_or_changed_meanwhile_then_it_stays_so(
    texted: str, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    person_id = await admin.fetchval("SELECT person_id FROM young_people")
    replace = queries.replace_wrapped

    async def outrun(connection: asyncpg.Connection, anew: list[object]) -> int:
        destroy = "UPDATE data_keys SET wrapped_key = NULL, destroyed_at = now() WHERE subject_id = $1"
        await admin.execute(destroy, person_id)
        return await replace(connection, anew)  # type: ignore[arg-type]

    monkeypatch.setattr(queries, "replace_wrapped", outrun)
    await service.rotate(admin, FieldKeys(BOTH))
    assert await admin.fetchval("SELECT wrapped_key FROM data_keys WHERE subject_id = $1", person_id) is None


async def test_keys_when_the_settings_lack_one_then_the_others_are_rotated_and_that_is_told(
    texted: str, database: TestDatabase, admin: asyncpg.Connection
) -> None:
    other = KeyRing({7: bytes(32)}, fields.PHONE_KEY)
    await FieldKeys(other).cipher_for(admin, uuid4())
    environment = migrate_environment(database)
    environment["FIELD_KEYS"] += f",8:{base64.b64encode(NEWER_KEY).decode()}"
    code, said = await run(environment)
    assert code == 1
    assert "1 keys are wrapped by a key that FIELD_KEYS lacks" in said
    await admin.execute("UPDATE data_keys SET wrapped_key = NULL, destroyed_at = now() WHERE wrapped_key < '\\x0008'")
    code, said = await run(environment)
    assert (code, "0 of them since now" in said) == (0, True)


@pytest.mark.parametrize(
    ("field_keys", "phone_index_key"),
    [("1:short", ""), ("x:y", ""), ("", ""), ("1:" + "A" * 44, ""), (None, "short"), ("0:" + "A" * 43 + "=", "")],
)
async def test_command_when_the_keys_cannot_be_used_then_it_says_so_without_them(
    database: TestDatabase, field_keys: str | None, phone_index_key: str
) -> None:
    environment = migrate_environment(database)
    environment |= {"FIELD_KEYS": environment["FIELD_KEYS"] if field_keys is None else field_keys}
    environment |= {"PHONE_INDEX_KEY": phone_index_key or environment["PHONE_INDEX_KEY"]}
    code, said = await run(environment)
    assert code == 2
    assert "FIELD_KEYS" in said
    assert "Traceback" not in said
    assert not field_keys or field_keys not in said


async def run(environment: dict[str, str]) -> tuple[int, str]:
    """Rotates as the command does; its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", "keys", "rotate", cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()
