"""Nothing that people wrote is kept in the tracker row or printed, and each role reaches only its own."""

from __future__ import annotations

import asyncio
import zlib
from pathlib import Path

import asyncpg
import pytest

from tests.bot.fake_actions import FakeActions
from tests.bot.process import Bot, Person
from tests.stack.postgres import EmbeddedPostgres

CANARY = "zebra-7731 tulip"


async def as_role(postgres: EmbeddedPostgres, role: str, statement: str) -> str:
    connection = await asyncpg.connect(postgres.url(user=role))
    try:
        return str(await connection.execute(statement))
    finally:
        await connection.close()


def ask(postgres: EmbeddedPostgres, role: str, statement: str) -> str:
    return asyncio.run(as_role(postgres, role, statement))


def state_of(postgres: EmbeddedPostgres, person: Person) -> str:
    async def read() -> bytes:
        connection = await asyncpg.connect(postgres.admin_url)
        try:
            found = await connection.fetchval("SELECT state FROM bot.trackers WHERE conversation_id = $1", person.id)
            assert isinstance(found, bytes)
            return found
        finally:
            await connection.close()

    return zlib.decompress(asyncio.run(read())).decode()


def test_no_word_of_a_text_is_kept(person: Person, postgres: EmbeddedPostgres) -> None:
    for text in [CANARY, f"hi {CANARY}", "2", f"1 {CANARY}", f"ring me {CANARY}", f"/{CANARY}"]:
        person.says(text)
        kept = state_of(postgres, person)
        assert "zebra" not in kept
        assert "tulip" not in kept


def test_no_text_is_printed_whatever_goes_wrong(
    environment: dict[str, str], model: Path, actions: FakeActions, tmp_path: Path
) -> None:
    bot = Bot(tmp_path / "log", **environment)
    bot.start()
    person = Person(bot)
    person.says(CANARY)
    person.says("2")
    for fault in [(500, {"x": CANARY}), (400, {"error": CANARY, "action_name": CANARY}), (200, {"events": [CANARY]})]:
        actions.faults["action_pass_on_message"] = lambda _, fault=fault: fault
        assert bot.post(person.id, CANARY)[0] == 502
    actions.faults["action_pass_on_message"] = lambda _: (200, {"responses": [{"response": CANARY, "text": ""}]})
    bot.post(person.id, CANARY)
    bot.request("POST", "/webhooks/rest/webhook", CANARY.encode())
    bot.post(person.id, f"/{CANARY}{{")
    bot.post(person.id, f"\x1c/greet{{'a': '{CANARY}'")
    bot.kill()
    printed = bot.printed()
    assert "action_pass_on_message failed" in printed
    assert "zebra" not in printed
    assert "tulip" not in printed
    assert person.id not in printed


@pytest.mark.parametrize("role", ["fifteenplus_api", "fifteenplus_worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT state FROM bot.trackers",
        "SELECT conversation_id FROM bot.trackers",
        "UPDATE bot.trackers SET updated_at = now()",
        "INSERT INTO bot.trackers (conversation_id, state) VALUES (gen_random_uuid(), '')",
    ],
)
def test_other_roles_cannot_read_or_change(postgres: EmbeddedPostgres, role: str, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        ask(postgres, role, statement)


def test_the_bot_can_neither_delete_nor_create(postgres: EmbeddedPostgres) -> None:
    for statement in ["DELETE FROM bot.trackers", "CREATE TABLE bot.more (x int)", "TRUNCATE bot.trackers"]:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            ask(postgres, "fifteenplus_bot", statement)


def test_the_worker_deletes_old_rows_and_only_those(person: Person, postgres: EmbeddedPostgres) -> None:
    other = Person(person.bot)
    person.says("hi")
    other.says("hi")
    ask(
        postgres,
        "postgres",
        f"UPDATE bot.trackers SET updated_at = now() - interval '31 days' WHERE conversation_id = '{person.id}'",  # noqa: S608
    )
    assert ask(postgres, "fifteenplus_worker", "DELETE FROM bot.trackers WHERE updated_at < now()") == "DELETE 1"
    assert ask(postgres, "fifteenplus_worker", "DELETE FROM bot.trackers") == "DELETE 0"
    assert state_of(postgres, other)
