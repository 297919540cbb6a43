"""Our client through Twilio's real library, against the simulator and against worse servers."""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from api.clients.twilio import (
    SentText,
    TextOutcomeUnknown,
    TextRefused,
    TextThrottled,
    TwilioClient,
    TwilioError,
    TwilioUnreachable,
)
from tests.stack.ports import free_port
from tests.twilio_simulator.receiver import Received, Receiver, answer_bytes
from tests.twilio_simulator.testing import Simulator

PHONE = "+447700900101"
OTHER_PHONE = "+447700900102"
BODY = "Your next appointment is on Tuesday."
CALLBACK = "http://127.0.0.1:1/status"


def make_client(simulator: Simulator, **changes: Any) -> TwilioClient:
    settings = {
        "account_sid": simulator.account_sid,
        "api_key_sid": simulator.api_key_sid,
        "api_key_secret": simulator.api_key_secret,
        "api_base": simulator.base_url,
        "from_e164": simulator.from_e164,
    }
    return TwilioClient(**settings | changes)


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[TwilioClient]:
    client = make_client(simulator, read_timeout_s=1.0)
    yield client
    await client.aclose()


@pytest.fixture
async def astray(simulator: Simulator, receiver: Receiver) -> AsyncIterator[TwilioClient]:
    """A client whose Twilio is a server that answers what the test says."""
    client = make_client(simulator, api_base=receiver.base_url, read_timeout_s=0.3)
    yield client
    await client.aclose()


async def send(client: TwilioClient, to: str = PHONE, body: str = BODY) -> SentText:
    return await client.send_text(to_e164=to, body=body, status_callback_url=CALLBACK)


async def test_sends_a_text_byte_for_byte(client: TwilioClient, simulator: Simulator) -> None:
    body = "Siân’s £5 & 50% + 👩‍👩‍👧‍👦 = اجتماع\r\n#?"
    sent = await send(client, body=body)
    assert sent.status == "queued"
    stored = (await simulator.sent())[0]
    assert (stored["sid"], stored["to"], stored["body"]) == (sent.sid, PHONE, body)


UNKNOWN: list[dict[str, Any]] = [
    {"answer": "error", "status": 500},
    {"answer": "error", "status": 503, "retry_after_s": 1},
    {"answer": "error", "status": 500, "accepted": True},
    {"answer": "error", "status": 408},
    {"answer": "error", "status": 302},
    {"answer": "drop"},
    {"answer": "drop", "accepted": True},
    {"answer": "garbage"},
    {"answer": "garbage", "accepted": True},
    {"answer": "off_spec"},
    {"after_s": 3.0},
]


@pytest.mark.parametrize("fault", UNKNOWN, ids=str)
async def test_a_lost_answer_is_told_as_such_and_never_asked_again(
    client: TwilioClient, simulator: Simulator, fault: dict[str, Any]
) -> None:
    await simulator.plan(**fault, times=5)
    with pytest.raises(TextOutcomeUnknown):
        await send(client)
    assert len(await simulator.requests("create")) == 1
    is_accepted = fault.get("accepted", "answer" not in fault or fault["answer"] == "off_spec")
    assert len(await simulator.sent()) == is_accepted
    await simulator.clear_faults()
    found = await client.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC) - timedelta(minutes=1))
    assert [text.body for text in found] == [BODY] * is_accepted


@pytest.mark.parametrize(("written", "read_s"), [(7, 7.0), (0, 0.0), (None, None)])
async def test_a_throttled_text_was_never_taken(
    client: TwilioClient, simulator: Simulator, written: float | None, read_s: float | None
) -> None:
    await simulator.plan(answer="error", status=429, retry_after_s=written)
    with pytest.raises(TextThrottled) as caught:
        await send(client)
    assert caught.value.retry_after_s == read_s
    assert await simulator.sent() == []
    assert len(await simulator.requests("create")) == 1


@pytest.mark.parametrize(
    ("header", "from_s", "to_s"),
    [
        (format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True), 3000, 3600),
        (format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True), 0, 0),
        ("Tue, 24 Nov 2026 12:00:00 -0000", 0, 10**9),
    ],
)
async def test_retry_after_may_be_a_moment(
    astray: TwilioClient, receiver: Receiver, header: str, from_s: float, to_s: float
) -> None:
    answer_with(receiver, answer_bytes(429, b"", Retry_After=header))
    with pytest.raises(TextThrottled) as caught:
        await send(astray)
    assert caught.value.retry_after_s is not None
    assert from_s <= caught.value.retry_after_s <= to_s


@pytest.mark.parametrize("header", ["soon", "-3", "nan", "1e9", "²", ""])
async def test_a_retry_after_that_says_nothing_is_none(astray: TwilioClient, receiver: Receiver, header: str) -> None:
    answer_with(receiver, answer_bytes(429, b"{}", Retry_After=header))
    with pytest.raises(TextThrottled) as caught:
        await send(astray)
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    ("to", "changes", "code", "is_permanent"),
    [
        ("banana", {}, 21211, True),
        (PHONE, {"from_e164": "+447700900999"}, 21606, False),
        (PHONE, {"api_key_secret": "wrong"}, 20003, False),
        ("", {}, 21604, True),
    ],
)
async def test_a_refusal_says_whether_it_can_pass(
    simulator: Simulator, to: str, changes: dict[str, str], code: int, is_permanent: bool
) -> None:
    client = make_client(simulator, **changes)
    with pytest.raises(TextRefused) as caught:
        await send(client, to=to)
    assert (caught.value.code, caught.value.is_permanent) == (code, is_permanent)
    await client.aclose()


async def test_an_opted_out_phone_is_refused_until_it_opts_in(client: TwilioClient, simulator: Simulator) -> None:
    await simulator.text(PHONE, "Stop", webhook=False)
    with pytest.raises(TextRefused) as caught:
        await send(client)
    assert (caught.value.code, caught.value.is_permanent) == (21610, True)
    await simulator.text(PHONE, "START", webhook=False)
    await send(client)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code": "x"}', b'{"message": "no"}', b"\xff"])
async def test_a_refusal_without_a_code_has_the_http_status(
    astray: TwilioClient, receiver: Receiver, body: bytes
) -> None:
    answer_with(receiver, answer_bytes(413, body))
    with pytest.raises(TextRefused) as caught:
        await send(astray)
    assert caught.value.code == 413


async def test_nobody_listening_means_nothing_was_sent(simulator: Simulator) -> None:
    client = make_client(simulator, api_base=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(TwilioUnreachable):
        await send(client)
    await client.aclose()


async def test_waiting_in_vain_for_a_connection_means_nothing_was_sent(simulator: Simulator) -> None:
    await simulator.plan(after_s=1.0, times=100)
    client = make_client(simulator, connect_timeout_s=0.5, read_timeout_s=5.0)
    outcomes = await asyncio.gather(*[send(client) for _ in range(60)], return_exceptions=True)
    refused = [o for o in outcomes if isinstance(o, TwilioUnreachable)]
    sent = [o for o in outcomes if isinstance(o, SentText)]
    assert (len(refused), len(sent)) == (10, 50)
    assert len(await simulator.requests("create")) == 50
    await client.aclose()


def all_request_errors(kind: type[Exception] = httpx.HTTPError) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from all_request_errors(child)


NEVER_WRITTEN = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}


@pytest.mark.parametrize("kind", sorted(set(all_request_errors()), key=str), ids=lambda kind: kind.__name__)
async def test_every_failure_httpx_knows_is_judged(
    client: TwilioClient, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    async def fail(*_: object) -> None:
        raise kind("x") if kind is not httpx.HTTPStatusError else httpx.ReadError("x")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", fail)
    with pytest.raises(TwilioUnreachable if kind.__name__ in NEVER_WRITTEN else TextOutcomeUnknown):
        await send(client)
    with pytest.raises(TwilioUnreachable):
        await client.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC))


async def test_two_hundred_at_once_get_their_own_answers(simulator: Simulator) -> None:
    client = make_client(simulator, connect_timeout_s=10.0)
    bodies = [f"text {number}" for number in range(200)]
    sent = await asyncio.gather(*[send(client, body=body) for body in bodies])
    stored = {text["sid"]: text["body"] for text in await simulator.sent()}
    assert [stored[s.sid] for s in sent] == bodies
    fetched = await asyncio.gather(*[client.fetch_text(s.sid) for s in sent])
    assert [(text.sid, text.body) for text in fetched] == [(s.sid, b) for s, b in zip(sent, bodies, strict=True)]
    await client.aclose()


async def test_finds_all_pages_of_one_number_and_nothing_else(client: TwilioClient, simulator: Simulator) -> None:
    started = datetime.now(UTC)
    for batch in range(5):
        await asyncio.gather(*[send(client, body=f"{batch}-{n}") for n in range(45)])
    await send(client, OTHER_PHONE)
    await simulator.text(PHONE, "from them", webhook=False)
    found = await client.find_texts(to_e164=PHONE, sent_after=started)
    assert len({text.sid for text in found}) == len(found) == 225
    assert len(await simulator.requests("list")) == 3
    assert all(text.created_at.tzinfo is not None for text in found)


async def test_asks_for_our_own_texts_to_that_number_only(astray: TwilioClient, receiver: Receiver) -> None:
    answer_with(receiver, answer_bytes(200, b'{"messages": [], "next_page_uri": null}'))
    assert await astray.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC)) == []
    query = dict(parse_qsl(receiver.received[0].target.partition("?")[2]))
    assert query == {"To": PHONE, "From": "+447700900000", "PageSize": "100"}


async def test_finds_nothing_older(client: TwilioClient) -> None:
    await send(client)
    assert await client.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC) + timedelta(seconds=2)) == []


async def test_finds_a_text_still_queued_and_one_that_failed(client: TwilioClient, simulator: Simulator) -> None:
    await simulator.plan(fate="queued")
    await simulator.plan(fate="undelivered", error_code=30003)
    started = datetime.now(UTC)
    queued = await send(client)
    failed = await send(client)
    await simulator.wait_for_sent(PHONE, status="undelivered")
    found = {text.sid: text for text in await client.find_texts(to_e164=PHONE, sent_after=started)}
    assert (found[queued.sid].status, found[queued.sid].error_code) == ("queued", None)
    assert (found[failed.sid].status, found[failed.sid].error_code) == ("undelivered", 30003)


async def test_a_text_is_not_found_before_the_list_shows_it(client: TwilioClient, simulator: Simulator) -> None:
    await simulator.behave(list_lag_s=30.0)
    started = datetime.now(UTC)
    sent = await send(client)
    assert await client.find_texts(to_e164=PHONE, sent_after=started) == []
    assert (await client.fetch_text(sent.sid)).sid == sent.sid


async def test_deletes_and_is_content_when_it_is_gone(client: TwilioClient, simulator: Simulator) -> None:
    sent = await send(client)
    await client.delete_text(sent.sid)
    assert await simulator.sent() == []
    await client.delete_text(sent.sid)
    with pytest.raises(TextRefused) as caught:
        await client.fetch_text(sent.sid)
    assert caught.value.code == 20404


@pytest.mark.parametrize("fault", [f for f in UNKNOWN if f.get("answer") != "off_spec"], ids=str)
async def test_asking_and_deleting_may_always_be_tried_again(
    client: TwilioClient, simulator: Simulator, fault: dict[str, Any]
) -> None:
    sent = await send(client)
    await simulator.plan(**fault, on="any", times=3)
    with pytest.raises(TwilioUnreachable):
        await client.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC))
    with pytest.raises(TwilioUnreachable):
        await client.fetch_text(sent.sid)
    if fault.get("answer") != "garbage":
        with pytest.raises(TwilioUnreachable):
            await client.delete_text(sent.sid)


GOOD = b'{"sid": "SM%s", "status": "queued", "date_created": "Tue, 24 Nov 2026 12:00:00 +0000"}' % (b"0" * 32)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 201 Created\r\n",
        b"rubbish\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{",
        answer_bytes(201, b""),
        answer_bytes(201, b"null"),
        answer_bytes(201, b"[]"),
        answer_bytes(201, b'{"sid": 5}'),
        answer_bytes(201, b'{"sid": "SM123"}'),
        answer_bytes(201, GOOD.replace(b'"Tue', b'7, "x": "Tue')),
        answer_bytes(201, GOOD, Content_Encoding="gzip"),
        answer_bytes(200, b"\xff\xfe"),
        answer_bytes(301, b"", Location="/elsewhere"),
        answer_bytes(307, b"", Location="/elsewhere"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_unknown(
    astray: TwilioClient, receiver: Receiver, answer: bytes
) -> None:
    answer_with(receiver, answer)
    with pytest.raises(TextOutcomeUnknown):
        await send(astray)
    assert len(receiver.received) == 1


async def test_the_good_answer_beside_them_can_be_read(astray: TwilioClient, receiver: Receiver) -> None:
    answer_with(receiver, answer_bytes(201, GOOD))
    assert await send(astray) == SentText("SM" + "0" * 32, "queued")


async def test_an_answer_that_drips_is_given_up(astray: TwilioClient, receiver: Receiver) -> None:
    async def drip(_: Received, writer: asyncio.StreamWriter) -> None:
        for byte in answer_bytes(201, GOOD):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.1)

    receiver.answering = drip
    started = time.monotonic()
    with pytest.raises(TextOutcomeUnknown):
        await send(astray)
    assert time.monotonic() - started < 5.0


async def test_our_key_goes_to_no_other_host(astray: TwilioClient, receiver: Receiver) -> None:
    page = b'{"meta": {"key": "messages", "next_page_url": "%s/stolen"}, "messages": [%s]}'
    answer_with(receiver, answer_bytes(200, page % (receiver.base_url.encode(), GOOD)))
    with pytest.raises(TwilioUnreachable, match="another host"):
        await astray.find_texts(to_e164=PHONE, sent_after=datetime(2020, 1, 1, tzinfo=UTC))
    assert ["stolen" in r.target for r in receiver.received] == [False]


async def test_the_librarys_environment_does_not_move_us(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TWILIO_EDGE", "TWILIO_REGION", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.setenv(name, "elsewhere")
    client = make_client(simulator)
    assert (await send(client)).status == "queued"
    await client.aclose()


@pytest.mark.parametrize("fault", [{}, {"answer": "error", "status": 429}, *UNKNOWN], ids=str)
async def test_no_log_and_no_error_tells_whom_or_what(
    client: TwilioClient, simulator: Simulator, caplog: pytest.LogCaptureFixture, fault: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "twilio", "api.clients.twilio"):
        caplog.set_level(logging.DEBUG, logger=name)
    await simulator.plan(**fault, on="any", times=2)
    told = []
    for call in (send(client), client.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC))):
        try:
            await call
        except TwilioError as error:
            told += [*traceback.format_exception(error), repr(error), repr(error.__context__)]
    everything = "".join(told) + "".join(r.getMessage() for r in caplog.records if r.name != "asyncio")
    for secret in (PHONE, PHONE.removeprefix("+"), BODY, simulator.api_key_secret, CALLBACK):
        assert secret not in everything


def answer_with(receiver: Receiver, answer: bytes) -> None:
    """Makes the receiver answer just this."""

    async def answering(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    receiver.answering = answering
