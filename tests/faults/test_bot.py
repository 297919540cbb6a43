"""The bot answering what cannot be used: the menu answers within four seconds and the team is told."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.faults.asking import ask
from tests.faults.people import MENU
from tests.faults.stack import Stack
from tests.stack.ports import LOOPBACK
from tests.twilio_simulator.receiver import Answering, Received, Receiver, answer_bytes

USABLE = "Your bot is well."


def _always(content: bytes, status: int = 200) -> Answering:
    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(answer_bytes(status, content, Content_Type="application/json"))

    return answer


def _replies(*texts: str, to: str | None = None, status: int = 200, padding_bytes: int = 0) -> Answering:
    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        sender = to or msgspec.json.decode(request.body)["sender"]
        content = msgspec.json.encode([{"recipient_id": sender, "text": text} for text in texts])
        padded = content + b" " * padding_bytes
        writer.write(answer_bytes(status, padded, Content_Type="application/json"))

    return answer


async def _hangs_up(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _drips(_: Received, writer: asyncio.StreamWriter) -> None:
    """Alive all the time, and never done."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _drop in range(100):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def _goes_on_for_ever(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[")
    while True:
        writer.write(b" " * 65536)
        await writer.drain()


UNUSABLE: dict[str, Answering] = {
    "no replies": _always(b"[]"),
    "rubbish": _always(b"\xff\xfe not JSON {"),
    "another shape": _always(b'{"recipient_id": "x", "text": "hi"}'),
    "deep nesting": _always(b"[" * 30_000),
    "a reply without words": _replies("  "),
    "one reply without words": _replies("hi", ""),
    "too many replies": _replies(*["hi"] * 50),
    "an endless reply": _replies("x" * 5_000),
    "ten megabytes": _replies("hi", padding_bytes=10_000_000),
    "a wrong recipient": _replies("hi", to="00000000-0000-0000-0000-000000000000"),
    "a failure": _replies("hi", status=500),
    "nothing to say": _always(b"", status=204),
    "another address": _always(b"", status=302),
    "a closed connection": _hangs_up,
    "drop by drop": _drips,
    "without end": _goes_on_for_ever,
}


@pytest.fixture(scope="module")
async def bot(whole_stack: Stack) -> AsyncIterator[Receiver]:
    """Stands in for Rasa on Rasa's own port, and makes room for it again."""
    await whole_stack.kill("rasa")
    stand_in = Receiver()
    server = await asyncio.start_server(stand_in.serve, LOOPBACK, whole_stack.service.settings.bot_port)
    yield stand_in
    server.close()
    await whole_stack.bring_back("rasa")
    await whole_stack.bring_back("worker")


@pytest.mark.parametrize("name", UNUSABLE)
async def test_a_bot_whose_answer_cannot_be_used_then_the_menu_answers(stack: Stack, bot: Receiver, name: str) -> None:
    """The text after it is the bot's again: so few failures open no circuit, and every one of these is asked."""
    asked_before = len(bot.received)
    bot.answering = UNUSABLE[name]
    assert await ask(stack) == (MENU, {"bot_unavailable"})
    bot.answering = _replies(USABLE)
    assert await ask(stack) == (USABLE, set())
    assert len(bot.received) == asked_before + 2
