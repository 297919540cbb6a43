"""Fifty words and numbers, and homes, go into the whole service by every way in; without its keys none is found."""

import asyncio
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.kit.migrations import administrator
from tests.canaries import dump, found_in, found_in_files
from tests.fields import read_messages_by_id, ring_of
from tests.stack.service import LocalService
from tests.stack.settings import DATABASE, StackSettings
from tests.whole import homes

KNOWN = [f"+4477009001{n:02}" for n in (1, 2, 3, 5, 6, 7, 8, 10)]
UNKNOWN = [f"+4477009004{n:02}" for n in range(10)]
ASKING = [f"+4477009005{n:02}" for n in range(6)]
# What is texted: alone, in danger, as a message for the adviser, to the menu, as nonsense.
WAYS = (
    "{}",
    "i want to die {}",
    "please tell my adviser {}",
    "/{}",
    "who is {}",
    "STOP {}",
    "\U0001f622 {} \U0001f622",
)
PLACES = ("dump", "files of the database", "logs and anchors", "trackers", "texts sent", "problems")
WORDS = [
    "Zebulonqa", "Quillfeather", "Wolverstone", "Ottershaw", "Brambleknoll", "Fennimorex", "Thistlewick",
    "14 Acaciawood Close", "Flat 3b Millpondhay", "M13 9ZQX", "SW1A 8ZZX", "27 Larkspurway", "The Gablesworth",
    "nightbusstopq", "his name is Harrowgatex", "mum is Lavendersea", "07911 123990", "QQ 12 34 56 Q", "blueparrotz",
    "yellowdoorx", "greenbikeq", "redscarfz", "purplekeysq", "silvervanx", "goldringq", "oldmillz", "newschoolq",
]  # fmt: skip
TEXTED = [*WORDS, *(number[3:] for number in (*KNOWN, *UNKNOWN, *ASKING))]
CANARIES = [*TEXTED, *homes.CANARIES]


@dataclass
class Planted:
    """The service after all were sent, and what it answered to those who sent them wrongly."""

    service: LocalService
    problems: list[str] = field(default_factory=list)

    def simulator(self, method: str, path: str, **options: Any) -> Any:
        """A control call of the simulator."""
        answer = httpx.request(method, f"{self.service.simulator_url}/simulator/{path}", trust_env=False, **options)
        answer.raise_for_status()
        return answer.json()

    async def find(self) -> dict[str, set[str]]:
        """Where which canary is found without the keys."""
        async with administrator(self.service.postgres.url(DATABASE)) as admin:
            await admin.execute("CHECKPOINT")
            trackers = [zlib.decompress(row[0]) for row in await admin.fetch("SELECT state FROM bot.trackers")]
        data_dir = self.service.settings.data_dir
        sent = [text["body"].encode() for text in self.simulator("GET", "texts")]
        kept = data_dir / "postgres"
        found = (
            found_in(await dump(self.service.postgres.url(DATABASE)), CANARIES),
            found_in_files(kept.rglob("*"), CANARIES),
            found_in_files((file for file in data_dir.rglob("*") if kept not in file.parents), CANARIES),
            found_in(b"\n".join(trackers), CANARIES),
            found_in(b"\n".join(sent), CANARIES),
            found_in("\n".join(self.problems).encode(), CANARIES),
        )
        return dict(zip(PLACES, found, strict=True))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    with LocalService(StackSettings.for_tests(tmp_path_factory.mktemp("canaries"))) as running:
        planted = Planted(running)
        planted.problems += asyncio.run(homes.plant(running, tmp_path_factory.mktemp("returns")))
        _text_all(planted)
        _ask_for_codes(planted)
        _send_wrongly(planted)
        asyncio.run(_until_answered(running))
        yield planted


def _text_all(planted: Planted) -> None:
    senders = [*KNOWN, *UNKNOWN]
    texts = [(senders[n % len(senders)], WAYS[n % len(WAYS)].format(word)) for n, word in enumerate(WORDS)]
    for sender, body in [*texts, ("+447700900102", "who is my adviser"), ("+447700900102", WORDS[0])]:
        planted.simulator("POST", "texts", json={"from": sender, "body": body})


def _ask_for_codes(planted: Planted) -> None:
    for number in (*ASKING, KNOWN[2]):
        url = f"{planted.service.api_url}/client/v1/sign-in/codes"
        assert httpx.post(url, json={"phone": number}, trust_env=False).status_code == 202


def _send_wrongly(planted: Planted) -> None:
    """Requests that are refused, with canaries wherever something could be repeated."""
    api, form = planted.service.api_url, {"From": UNKNOWN[0], "Body": WORDS[1], "MessageSid": WORDS[4]}
    sign_in = f"{api}/client/v1/sign-in"
    for answer in (
        httpx.post(f"{api}/webhooks/twilio/sms", data=form, trust_env=False),
        httpx.post(f"{api}/webhooks/twilio/sms?q={WORDS[2]}", json=form, trust_env=False),
        httpx.post(f"{api}/webhooks/twilio/status/{WORDS[4]}", data=form, trust_env=False),
        httpx.post(f"{sign_in}/codes", json={"phone": WORDS[3]}, trust_env=False),
        httpx.post(f"{sign_in}/codes", json={"phone": ASKING[0], WORDS[4]: WORDS[5]}, trust_env=False),
        httpx.post(f"{sign_in}/codes", content=f'{{"phone": "{ASKING[1]}\0{WORDS[6]}"}}', trust_env=False),
        httpx.post(f"{sign_in}/sessions", json={"challenge_id": WORDS[7], "code": WORDS[8]}, trust_env=False),
        httpx.post(f"{sign_in}/tokens", json={"refresh_token": WORDS[9]}, trust_env=False),
        httpx.get(f"{sign_in}/session", headers={"Authorization": f"Bearer {WORDS[10]}"}, trust_env=False),
        httpx.get(f"{api}/{WORDS[6]}", trust_env=False),
        httpx.post(f"{api}/bot/actions", json={"next_action": WORDS[4], "sender_id": WORDS[5]}, trust_env=False),
    ):
        assert 400 <= answer.status_code < 500
        assert "problem+json" in answer.headers["content-type"]
        planted.problems.append(f"{answer.headers}\n{answer.text}")


async def _until_answered(service: LocalService) -> None:
    """Waits until nothing is left to do."""
    async with administrator(service.postgres.url(DATABASE)) as admin, asyncio.timeout(60):
        while await admin.fetchval(
            "SELECT EXISTS (SELECT FROM jobs) OR EXISTS ("
            " SELECT FROM messages WHERE direction = 'inbound' AND answered_at IS NULL)"
        ):
            await asyncio.sleep(0.1)


async def test_canaries_when_sent_by_every_way_in_then_without_the_keys_none_is_found_anywhere(
    planted: Planted,
) -> None:
    assert len(set(CANARIES)) >= 50
    assert await planted.find() == {place: set() for place in PLACES}


async def test_canaries_when_looked_for_with_the_keys_then_every_one_was_kept(planted: Planted) -> None:
    ring = ring_of(planted.service.env)
    async with administrator(planted.service.postgres.url(DATABASE)) as admin:
        kept = await read_messages_by_id(admin, "true", ring=ring)
        asked = await admin.fetchval("SELECT count(*) FROM sign_in_challenges")
    read = "\n".join(f"{message.phone} {message.body}" for message in kept.values()).encode()
    texted = [c for c in TEXTED if c not in {number[3:] for number in ASKING}]
    assert found_in(read, texted) == set(texted)
    assert asked == len(ASKING) + 1


async def test_homes_when_looked_for_with_the_keys_then_every_one_was_kept_and_the_return_has_their_postcodes(
    planted: Planted, tmp_path: Path
) -> None:
    async with administrator(planted.service.postgres.url(DATABASE)) as admin:
        kept = await homes.read(admin, planted.service.env)
    now = "\n".join(texts[0] for texts in kept.values())
    before = "\n".join(text for texts in kept.values() for text in texts[1:])
    assert found_in(now.encode(), homes.CANARIES) == set(homes.KEPT)
    assert found_in(before.encode(), homes.KEPT_BEFORE) == set(homes.KEPT_BEFORE)
    filed = await asyncio.to_thread(homes.export, planted.service, tmp_path / "out")
    assert found_in(filed.encode(), homes.CANARIES) == {post for post in homes.KEPT if post.startswith("ZE")}


@pytest.mark.parametrize(("table", "column"), [("episodes", "pl_post_enc"), ("placements", "address_enc")])
async def test_home_when_it_is_left_plain_then_it_is_found(planted: Planted, table: str, column: str) -> None:
    async with administrator(planted.service.postgres.url(DATABASE)) as admin:
        kept = {row_id: texts[0] for (*of, row_id), texts in (await homes.read(admin, planted.service.env)).items()
                if of == [table, column]}  # fmt: skip
        await admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER; ALTER TABLE {table} ADD COLUMN plain text")
        try:
            for row_id, text in kept.items():
                key = f"{table[:-1]}_id"
                await admin.execute(f"UPDATE {table} SET plain = $2 WHERE {key} = $1", row_id, text)  # noqa: S608
            found = await planted.find()
        finally:
            await admin.execute(f"ALTER TABLE {table} DROP COLUMN plain; ALTER TABLE {table} ENABLE TRIGGER USER")
            await admin.execute(f"VACUUM (FULL) {table}")
    planted_here = found_in("\n".join(kept.values()).encode(), CANARIES)
    assert planted_here
    # What was plain once stays in the write-ahead log of this database.
    assert found["dump"] == planted_here <= found["files of the database"]


async def test_history_when_what_it_keeps_is_plain_then_it_is_found(planted: Planted) -> None:
    async with administrator(planted.service.postgres.url(DATABASE)) as admin:
        kept = "SELECT history_id, row_before FROM record_history WHERE table_name = 'episodes' LIMIT 1"
        history_id, before = await admin.fetchrow(kept)
        change = "UPDATE record_history SET row_before = row_before || $2::jsonb WHERE history_id = $1"
        await admin.execute(change, history_id, f'{{"pl_post": "{homes.KEPT_BEFORE[0]}"}}')
        try:
            found = await planted.find()
        finally:
            await admin.execute("UPDATE record_history SET row_before = $2 WHERE history_id = $1", history_id, before)
            await admin.execute("VACUUM (FULL) record_history")
    assert found["dump"] == {homes.KEPT_BEFORE[0]}


@pytest.mark.parametrize("kind", ["text", "bytea"])
async def test_column_when_it_is_left_plain_then_what_stands_in_it_is_found(planted: Planted, kind: str) -> None:
    async with administrator(planted.service.postgres.url(DATABASE)) as admin:
        kept = await read_messages_by_id(admin, "true", ring=ring_of(planted.service.env))
        await admin.execute(f"ALTER TABLE messages ADD COLUMN body {kind}")
        try:
            for message_id, message in kept.items():
                body = message.body if kind == "text" else message.body.encode()
                await admin.execute("UPDATE messages SET body = $2 WHERE message_id = $1", message_id, body)
            found = await planted.find()
        finally:
            await admin.execute("ALTER TABLE messages DROP COLUMN body")
            await admin.execute("VACUUM (FULL) messages")
    assert found["dump"] == set(WORDS) <= found["files of the database"]


async def test_log_and_tracker_and_text_when_a_canary_gets_there_then_it_is_found(planted: Planted) -> None:
    log = planted.service.log_file("worker")
    before = log.read_bytes()
    planted.problems.append(WORDS[0])
    log.write_bytes(before + f"{{'event': 'x', 'body': '{WORDS[0]}'}}\n".encode())
    async with administrator(planted.service.postgres.url(DATABASE)) as admin:
        await admin.execute(
            "INSERT INTO bot.trackers (conversation_id, state) VALUES (gen_random_uuid(), $1)",
            zlib.compress(WORDS[0].encode()),
        )
        try:
            found = await planted.find()
        finally:
            await admin.execute("DELETE FROM bot.trackers WHERE last_turn_id IS NULL")
            log.write_bytes(before)
            planted.problems.pop()
    assert [found[place] for place in ("logs and anchors", "trackers", "problems")] == [{WORDS[0]}] * 3
