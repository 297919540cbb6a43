"""Every way a request can be lost is told apart, and none is asked twice."""

import asyncio
import logging
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.clients.twilio import (
    SentText,
    TextOutcomeUnknown,
    TwilioClient,
    TwilioError,
    TwilioUnreachable,
)
from tests.api.clients.sending import (
    BODY,
    CALLBACK,
    GOOD,
    PHONE,
    UNKNOWN,
    answer_with,
    make_client,
    send,
)
from tests.stack.ports import free_port
from tests.twilio_simulator.receiver import Received, Receiver, answer_bytes
from tests.twilio_simulator.testing import Simulator


@pytest.mark.parametrize("fault", UNKNOWN, ids=str)
async def test_a_lost_answer_is_told_as_such_and_never_asked_again(
    twilio: TwilioClient, simulator: Simulator, fault: dict[str, Any]
) -> None:
    await simulator.plan(**fault, times=5)
    with pytest.raises(TextOutcomeUnknown):
        await send(twilio)
    assert len(await simulator.requests("create")) == 1
    is_accepted = fault.get("accepted", "answer" not in fault or fault["answer"] == "off_spec")
    assert len(await simulator.sent()) == is_accepted
    await simulator.clear_faults()
    found = await twilio.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC) - timedelta(minutes=1))
    assert [text.body for text in found] == [BODY] * is_accepted


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
    assert len(refused) + len(sent) == 60
    assert len(refused) >= 10
    assert len(await simulator.requests("create")) == len(sent) > 0
    await client.aclose()


def all_request_errors(kind: type[Exception] = httpx.HTTPError) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from all_request_errors(child)


NEVER_WRITTEN = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}


@pytest.mark.parametrize("kind", sorted(set(all_request_errors()), key=str), ids=lambda kind: kind.__name__)
async def test_every_failure_httpx_knows_is_judged(
    twilio: TwilioClient, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    async def fail(*_: object) -> None:
        raise kind("x") if kind is not httpx.HTTPStatusError else httpx.ReadError("x")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", fail)
    with pytest.raises(TwilioUnreachable if kind.__name__ in NEVER_WRITTEN else TextOutcomeUnknown):
        await send(twilio)
    with pytest.raises(TwilioUnreachable):
        await twilio.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC))


@pytest.mark.parametrize("fault", [f for f in UNKNOWN if f.get("answer") != "off_spec"], ids=str)
async def test_asking_and_deleting_may_always_be_tried_again(
    twilio: TwilioClient, simulator: Simulator, fault: dict[str, Any]
) -> None:
    sent = await send(twilio)
    await simulator.plan(**fault, on="any", times=3)
    with pytest.raises(TwilioUnreachable):
        await twilio.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC))
    with pytest.raises(TwilioUnreachable):
        await twilio.fetch_text(sent.sid)
    if fault.get("answer") != "garbage":
        with pytest.raises(TwilioUnreachable):
            await twilio.delete_text(sent.sid)


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


@pytest.mark.parametrize("fault", [{}, {"answer": "error", "status": 429}, *UNKNOWN], ids=str)
async def test_no_log_and_no_error_tells_whom_or_what(
    twilio: TwilioClient, simulator: Simulator, caplog: pytest.LogCaptureFixture, fault: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "twilio", "api.clients.twilio"):
        caplog.set_level(logging.DEBUG, logger=name)
    await simulator.plan(**fault, on="any", times=2)
    told = []
    for call in (send(twilio), twilio.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC))):
        try:
            await call
        except TwilioError as error:
            told += [*traceback.format_exception(error), repr(error), repr(error.__context__)]
    everything = "".join(told) + "".join(r.getMessage() for r in caplog.records if r.name != "asyncio")
    for secret in (PHONE, PHONE.removeprefix("+"), BODY, simulator.api_key_secret, CALLBACK):
        assert secret not in everything
