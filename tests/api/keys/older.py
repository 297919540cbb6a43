"""A database as it was before fields were encrypted, with rows of every kind, and what it holds read afterwards."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg

from api.kit.crypto import Place
from api.kit.field_keys import SERVICE_SUBJECT
from api.kit.migrations import administrator, apply_before
from api.settings import MigrateSettings, Secret
from tests import fields
from tests.conftest import TestDatabase
from tests.fields import Message
from tests.stack.postgres import EmbeddedPostgres


@dataclass
class Older:
    """What was stored in plain."""

    messages: dict[UUID, Message] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)
    unknown: str = "+447700900555"
    staff: str = "+447700900666"
    asked: str = "+447700900777"
    opted_out: str = "+447700900888"

    def canaries(self) -> list[str]:
        """Everything that must be gone: bodies, and numbers without what may stand before them."""
        numbers = [*self.people, self.unknown, self.staff, self.asked, self.opted_out]
        return [*(message.body for message in self.messages.values()), *(number[3:] for number in numbers)]


def migrate_settings(database: TestDatabase) -> MigrateSettings:
    """What `python -m api migrate` is given."""
    return MigrateSettings(migration_database_url=Secret(database.admin_url), **fields.SETTINGS)


def migrate_environment(database: TestDatabase) -> dict[str, str]:
    """The same as a process gets it."""
    given = {name.upper(): str(value) for name, value in fields.SETTINGS.items()}
    return {**os.environ, **given, "MIGRATION_DATABASE_URL": database.admin_url}


@asynccontextmanager
async def older_database(postgres: EmbeddedPostgres) -> AsyncIterator[tuple[TestDatabase, asyncpg.Connection]]:
    """A database on which the migrations before 0011 have run, and an administrator's connection to it."""
    database = TestDatabase(postgres, f"fifteenplus_older_{uuid4().hex[:8]}")
    async with administrator(postgres.admin_url) as server:
        await server.execute(f"CREATE DATABASE {database.name}")
        try:
            await apply_before(database.admin_url, "0011")
            async with administrator(database.admin_url) as admin:
                yield database, admin
        finally:
            await server.execute(f"DROP DATABASE {database.name} WITH (FORCE)")


async def fill_older(admin: asyncpg.Connection, people: int = 3, texts: int = 4) -> Older:
    """Rows as the service of then stored them."""
    older = Older()
    team = await admin.fetchval("INSERT INTO teams (name) VALUES ('t') RETURNING team_id")
    await admin.execute(
        "INSERT INTO staff (team_id, role, full_name, shown_name, phone_e164) VALUES ($1, 'manager', 'M', 'M', $2)",
        team,
        older.staff,
    )
    for number in range(people):
        phone = f"+44770090{1010 + number}"
        person_id = older.people[phone] = await admin.fetchval(
            "INSERT INTO young_people (full_name, preferred_name, born_on) VALUES ('A', 'A', '2009-02-28')"
            " RETURNING person_id"
        )
        await admin.execute("INSERT INTO contact_points (person_id, phone_e164) VALUES ($1, $2)", person_id, phone)
        thread = await admin.fetchval(
            "INSERT INTO conversations (person_id) VALUES ($1) RETURNING conversation_id", person_id
        )
        for n in range(texts):
            await add_text(admin, older, thread, Message(phone, f"plain canary {number} {n} \U0001f622"))
    thread = await admin.fetchval(
        "INSERT INTO conversations (phone_e164) VALUES ($1) RETURNING conversation_id", older.unknown
    )
    await add_text(admin, older, thread, Message(older.unknown, "plain canary of nobody's"))
    await _add_rest(admin, older)
    return older


async def add_text(admin: asyncpg.Connection, older: Older, thread: UUID, message: Message) -> None:
    """A text that came in the old way."""
    message_id = await admin.fetchval(
        "INSERT INTO messages (conversation_id, direction, kind, phone_e164, body, provider_sid, status)"
        " VALUES ($1, 'inbound', 'text', $2, $3, $4, 'received') RETURNING message_id",
        thread,
        message.phone,
        message.body,
        f"SM{uuid4().hex}",
    )
    older.messages[message_id] = message


async def _add_rest(admin: asyncpg.Connection, older: Older) -> None:
    first = next(iter(older.people))
    for phone, kind, body in ((older.staff, "alert", "plain canary alert"), (first, "code", "plain canary code")):
        message_id = await admin.fetchval(
            "INSERT INTO messages (direction, kind, phone_e164, body, status)"
            " VALUES ('outbound', $1, $2, $3, 'stored') RETURNING message_id",
            kind,
            phone,
            body,
        )
        older.messages[message_id] = Message(phone, body)
    await admin.execute(
        "INSERT INTO opt_out_events (phone_e164, is_opted_out, source, detail) VALUES ($1, true, 'staff', 'asked')",
        older.opted_out,
    )
    await admin.execute(
        "INSERT INTO sign_in_challenges (phone_digest, phone_e164) VALUES (sha256(''), $1)", older.asked
    )
    for kind in ("alert", "deliver"):
        await admin.execute(
            "INSERT INTO jobs (kind, serial_key, payload) VALUES ($1, $1 || ':' || $2, '{}')", kind, older.staff
        )
    await admin.execute("INSERT INTO jobs (kind, serial_key, payload) VALUES ('answer', 'answer:x', '{}')")
    await admin.execute("ANALYZE")


async def assert_readable(admin: asyncpg.Connection, older: Older) -> None:
    """Everything is there, encrypted with the key of whom it belongs to, and found by its number's index."""
    assert await fields.read_messages_by_id(admin, "true") == older.messages
    subjects = dict(await admin.fetch("SELECT message_id, subject_id FROM messages"))
    for message_id, message in older.messages.items():
        assert subjects[message_id] == older.people.get(message.phone, subjects[message_id])
        assert (subjects[message_id] == SERVICE_SUBJECT) == (message.phone == older.staff)
    indexes = {row[0] for row in await admin.fetch("SELECT phone_index FROM messages")}
    assert indexes == {fields.index_of(message.phone) for message in older.messages.values()}
    for table, key, subject, phones in (
        ("contact_points", "contact_point_id", "person_id", set(older.people)),
        ("conversations", "conversation_id", "conversation_id", {older.unknown}),
        ("staff", "staff_id", None, {older.staff}),
        ("sign_in_challenges", "challenge_id", None, {older.asked}),
    ):
        rows = await admin.fetch(f"SELECT * FROM {table} WHERE phone_e164_enc IS NOT NULL")  # noqa: S608
        read = set()
        for row in rows:
            cipher = await fields.cipher_for(admin, SERVICE_SUBJECT if subject is None else row[subject])
            read.add(cipher.decrypt(row["phone_e164_enc"], Place(table, "phone_e164_enc", row[key])))
            assert row.get("phone_index") in {None, *map(fields.index_of, phones)}
        assert read == phones
    assert await admin.fetchval("SELECT phone_index FROM opt_out_events") == fields.index_of(older.opted_out)
    jobs = {row[0] for row in await admin.fetch("SELECT serial_key FROM jobs")}
    assert jobs == {"answer:x", *(f"{kind}:{fields.index_of(older.staff).hex()}" for kind in ("alert", "deliver"))}
