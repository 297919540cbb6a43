"""The whole service on real parts, texted as the README says."""

import asyncio
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator

import asyncpg
import httpx
import pytest

from api.kit.words import load_words
from tests.fields import Message, read_messages_by_id, ring_of
from tests.rules.source import ROOT
from tests.stack.service import LocalService
from tests.stack.settings import StackSettings

WORDS = load_words()
LONDON_TIME = r"on [A-Z][a-z]+day \d{1,2} [A-Z][a-z]+ at (\d{1,2}(:\d\d)?[ap]m|midday|midnight)"

# What each line of the README's list answers, as a pattern.
README_ANSWERS = {
    ("+447700900101", "whens my next appointment"): rf"Your next appointment is {LONDON_TIME}.*{LONDON_TIME}",
    ("+447700900103", "whens my next appointment"): r"You have no appointments",
    ("+447700900104", "whens my next appointment"): re.escape(WORDS.say("utter_shared_phone")),
    ("+447700900101", "who is my adviser"): r"Your adviser is Sam\. They work Monday to Thursday 9am to 5pm, Friday",
    ("+447700900101", "i dont feel safe at home"): re.escape(WORDS.say("utter_alarm_high")),
    ("+447700900199", "hello"): re.escape(WORDS.say("utter_unknown_number")),
}

Text = Callable[[str, str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    with LocalService(StackSettings.for_tests(tmp_path_factory.mktemp("whole"))) as running:
        yield running


@pytest.fixture
def text(service: LocalService) -> Text:
    """Runs what `make text` runs."""

    def run(sender: str, say: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "FIFTEENPLUS_DATA": str(service.settings.data_dir), "FROM": sender, "SAY": say}
        command = [sys.executable, "-m", "tests.stack", "text"]
        return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)

    return run


def test_readme_when_it_shows_texts_then_each_of_them_is_tried_here() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r'^make text FROM=(\S+) SAY="(.*?)"', readme, re.MULTILINE)
    assert set(shown) == set(README_ANSWERS)


@pytest.mark.parametrize(("sender", "say"), README_ANSWERS)
def test_text_when_sent_as_the_readme_says_then_the_answer_is_right(text: Text, sender: str, say: str) -> None:
    run = text(sender, say)
    assert run.returncode == 0, run.stderr
    assert re.search(README_ANSWERS[sender, say], run.stdout, re.DOTALL), run.stdout


@pytest.mark.parametrize("sender", ["+447700900109", "+447700900112"])
def test_text_when_the_sender_opted_out_or_has_died_then_nothing_comes_back_and_that_is_said(
    text: Text, sender: str
) -> None:
    run = text(sender, "hi")
    assert run.returncode == 1
    assert "No answer came" in run.stderr
    assert "Traceback" not in run.stderr


def test_message_when_left_for_the_adviser_then_it_is_passed_on_word_for_word(
    text: Text, service: LocalService
) -> None:
    text("+447700900102", "who is my pa")
    run = text("+447700900102", "the boiler is broke agen \U0001f622")
    assert WORDS.say("utter_message_passed_on", {"adviser_name": "Sam"}) in run.stdout
    flagged = "message_id IN (SELECT f.message_id FROM attention_flags AS f WHERE f.reason = 'left_for_adviser')"
    assert [message.body for message in read(service, flagged)] == ["the boiler is broke agen \U0001f622"]


def test_receipts_when_the_texts_were_delivered_then_we_know(text: Text, service: LocalService) -> None:
    text("+447700900110", "hi")
    index = ring_of(service.env).phone_index("+447700900110")
    statuses = query(service, "SELECT status FROM messages WHERE phone_index = $1 AND direction = 'outbound'", index)
    assert {row["status"] for row in statuses} <= {"accepted", "queued", "sent", "delivered"}
    assert statuses


def test_parts_when_they_ran_then_no_log_holds_a_text_or_a_number(text: Text, service: LocalService) -> None:
    canary = "zebra crossing canary"
    text("+447700900113", canary)
    logs = {path.name: path.read_text(errors="replace") for path in service.logs_dir.glob("*.log")}
    assert {"api.log", "worker.log", "rasa.log"} <= logs.keys()
    assert [name for name, log in logs.items() if canary in log or "+447700900113" in log] == []


def test_tracker_when_somebody_wrote_then_rasa_keeps_no_word_of_it(text: Text, service: LocalService) -> None:
    text("+447700900113", "whens my next appointment xylophone")
    rows = query(service, "SELECT state FROM bot.trackers")
    assert rows
    for row in rows:
        assert b"xylophone" not in zlib.decompress(row["state"])


def test_health_when_all_is_well_then_it_says_so_and_nothing_more(service: LocalService) -> None:
    answer = httpx.get(f"{service.api_url}/health/ready", trust_env=False)
    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "worker": "ok", "bot": "ok", "screen": "ok"}


def query(service: LocalService, sql: str, *args: object) -> list[asyncpg.Record]:
    """Rows of the running service's database."""

    async def fetch() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(service.postgres.url("fifteenplus"))
        rows = await connection.fetch(sql, *args)
        await connection.close()
        return list(rows)

    return asyncio.run(fetch())


def read(service: LocalService, where: str) -> list[Message]:
    """Messages of the running service, with the keys that it has."""

    async def fetch() -> list[Message]:
        connection = await asyncpg.connect(service.postgres.url("fifteenplus"))
        found = await read_messages_by_id(connection, where, ring=ring_of(service.env))
        await connection.close()
        return list(found.values())

    return asyncio.run(fetch())
