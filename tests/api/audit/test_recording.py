"""Who saw or changed what is recorded with it, as the database knows who it was."""

import contextlib
import uuid
from typing import Any

import asyncpg
import pytest

from api.appointments import service as appointments
from api.audit import service
from api.audit.models import Verb
from api.conversations.service import run_action
from api.kit.db import WORKER, Actor, Connection, Database, conversation_actor
from bot import actions
from bot.actions.adviser import NothingToPassOn
from tests.api.service_at_work import service_at_work
from tests.conftest import TestDatabase
from tests.factories import (
    create_appointment,
    create_conversation,
    create_person,
    create_session,
    create_staff,
    next_number,
)

# Without what the test itself stored, past every policy.
ENTRIES = "SELECT * FROM audit_entries WHERE actor_kind <> 'administrator' ORDER BY entry_id"


async def test_bot_action_when_it_reads_then_one_entry_says_whose_conversation_saw_which_record(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    staff_id = await create_staff(admin)
    conversation_id, person_id = await create_conversation(admin, await create_person(admin, adviser=staff_id))
    appointment_id = await create_appointment(admin, person_id, staff_id)
    api = Database(database.api_url, size=1)
    await run_action(api, conversation_id, "action_next_appointments", {})
    await run_action(api, conversation_id, "action_my_adviser", {})
    await api.close()
    entries = await admin.fetch(ENTRIES)
    assert [(e["verb"], e["table_name"], e["record_id"]) for e in entries] == [
        ("viewed", "appointments", str(appointment_id)),
        ("viewed", "staff", str(staff_id)),
    ]
    assert {(e["actor_kind"], e["actor_id"], e["person_id"], e["login"]) for e in entries} == {
        ("conversation", conversation_id, person_id, "fifteenplus_api")
    }


@pytest.mark.parametrize("name", sorted(actions.ACTIONS))
async def test_action_when_it_changes_something_then_its_commit_waits_for_the_disk(
    database: TestDatabase, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    conversation_id, _ = await create_conversation(admin, await create_person(admin))
    seen: dict[str, set[str]] = {}

    async def watch(_: str, connection: Connection, slots: dict[str, Any]) -> actions.ActionResult:
        with contextlib.suppress(NothingToPassOn):
            await run(name, connection, slots)
        seen["waits"] = {await connection.fetchval("SHOW synchronous_commit")}
        written = await connection.fetch("SELECT relname FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd > 0")
        seen["written"] = {row[0] for row in written}
        return actions.ActionResult([])

    run = actions.run
    monkeypatch.setattr(actions, "run", watch)
    api = Database(database.api_url, size=1)
    await admin.execute(
        "INSERT INTO messages (conversation_id, direction, kind, phone_e164, body, provider_sid, status, turn_id)"
        " VALUES ($1, 'inbound', 'text', '+447700900101', 'hi', 'SM1', 'received', gen_random_uuid())",
        conversation_id,
    )
    await run_action(api, conversation_id, name, {})
    await api.close()
    assert (seen["waits"] == {"off"}) == (seen["written"] <= {"audit_entries"})


async def test_read_when_its_transaction_fails_then_neither_data_nor_entry_leaves(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    conversation_id, _ = await create_conversation(admin, await create_person(admin))
    api = Database(database.api_url, size=1)
    with pytest.raises(RuntimeError):
        async with api.transaction(conversation_actor(conversation_id)) as connection:
            assert await appointments.list_own_next(connection, 1) == []
            raise RuntimeError
    async with api.transaction(conversation_actor(conversation_id)) as connection:
        await appointments.list_own_next(connection, 1)
    await api.close()
    assert [(e["table_name"], e["record_id"]) for e in await admin.fetch(ENTRIES)] == [("appointments", None)]


async def test_worrying_text_when_answered_then_answer_concern_and_alerts_are_recorded_for_its_person(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    person_id = await create_person(admin, phone=phone, adviser=await create_staff(admin, phone=next_number()))
    async with service_at_work(database, admin) as at_work:
        await at_work.say("i want to kill myself", sender=phone)
    entries = await admin.fetch(ENTRIES)
    assert {"answered", "raised", "alerted"} == {e["verb"] for e in entries}
    assert {(e["actor_kind"], e["person_id"]) for e in entries} == {("worker", person_id)}
    turns = {e["request_id"] for e in entries}
    assert turns == {row[0] for row in await admin.fetch("SELECT turn_id FROM messages WHERE kind = 'text'")}
    concern_id = await admin.fetchval("SELECT concern_id FROM concerns")
    assert [e["record_id"] for e in entries if e["verb"] == "raised"] == [str(concern_id)]


@pytest.mark.parametrize(("word", "verb"), [("STOP", "opted_out"), ("START", "opted_in")])
async def test_opt_out_when_it_changes_then_it_is_recorded(
    database: TestDatabase, admin: asyncpg.Connection, word: str, verb: str
) -> None:
    phone = next_number()
    person_id = await create_person(admin, phone=phone)
    async with service_at_work(database, admin) as at_work:
        await at_work.say(word, sender=phone)
    entry = await admin.fetchrow("SELECT * FROM audit_entries WHERE table_name = 'opt_out_events'")
    assert entry is not None
    assert (entry["verb"], entry["person_id"], entry["reason"]) == (verb, person_id, "keyword")


async def test_actor_when_a_caller_gives_another_then_the_entry_is_refused(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    conversation_id, _ = await create_conversation(admin, await create_person(admin))
    api = Database(database.api_url, size=1)
    async with api.acting_as(conversation_actor(conversation_id)) as connection:
        for column in ("actor_kind", "actor_id", "session_id", "login", "recorded_at", "row_hash", "xact_id"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(
                    f"INSERT INTO audit_entries (verb, table_name, {column}) VALUES ('viewed', 'staff', NULL)"  # noqa: S608
                )
    await api.close()


@pytest.mark.parametrize("actor", ["", "twilio", "worker", "conversation:{other}"])
async def test_api_when_it_does_not_act_for_this_person_then_it_records_nothing_about_them(
    database: TestDatabase, admin: asyncpg.Connection, actor: str
) -> None:
    person_id = await create_person(admin)
    other, _ = await create_conversation(admin, await create_person(admin))
    api = Database(database.api_url, size=1)
    async with api.acting_as(Actor(actor.format(other=other))) as connection:
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.NotNullViolationError)):
            await service.record(connection, Verb.VIEWED, "staff", person_id=person_id)
    await api.close()


async def test_staff_when_signed_in_then_their_own_token_is_who_did_it(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    staff_id, person_id = await create_staff(admin), await create_person(admin)
    token, request_id = await create_session(admin, staff=staff_id), uuid.uuid4()
    signed_in = Database(database.signed_in_url, size=1)
    async with signed_in.transaction_with(token) as connection:
        await service.record(
            connection, Verb.VIEWED, "young_people", [person_id], person_id=person_id, request_id=request_id
        )
    await signed_in.close()
    entry = await admin.fetchrow(ENTRIES)
    session_id = await admin.fetchval("SELECT session_id FROM sessions")
    assert (entry["actor_kind"], entry["actor_id"], entry["session_id"]) == ("staff", staff_id, session_id)
    assert entry["request_id"] == request_id


@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize(("table", "column"), [("audit_entries", "verb"), ("audit_blocks", "block_no")])
async def test_audit_when_its_owner_or_an_administrator_changes_it_then_it_refuses(
    database: TestDatabase, admin: asyncpg.Connection, statement: str, table: str, column: str
) -> None:
    worker = Database(database.worker_url, size=1)
    async with worker.acting_as(WORKER) as connection:
        await service.record(connection, Verb.VIEWED, "staff")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement.format(table, column, column))
    await worker.close()
    for role in ("postgres", "fifteenplus_owner"):
        await admin.execute(f"SET ROLE {role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await admin.execute(statement.format(table, column, column))
        await admin.execute("RESET ROLE")
