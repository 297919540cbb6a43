"""Our client through Twilio's real library, against the simulator."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl

import pytest

from api.clients.twilio import (
    TextRefused,
    TextThrottled,
    TwilioClient,
)
from tests.api.clients.sending import (
    OTHER_PHONE,
    PHONE,
    answer_with,
    make_client,
    send,
)
from tests.twilio_simulator.receiver import Receiver, answer_bytes
from tests.twilio_simulator.testing import Simulator


async def test_sends_a_text_byte_for_byte(twilio: TwilioClient, simulator: Simulator) -> None:
    body = "Siân’s £5 & 50% + 👩‍👩‍👧‍👦 = اجتماع\r\n#?"
    sent = await send(twilio, body=body)
    assert sent.status == "queued"
    stored = (await simulator.sent())[0]
    assert (stored["sid"], stored["to"], stored["body"]) == (sent.sid, PHONE, body)


async def test_two_hundred_at_once_get_their_own_answers(simulator: Simulator) -> None:
    client = make_client(simulator, connect_timeout_s=10.0)
    bodies = [f"text {number}" for number in range(200)]
    sent = await asyncio.gather(*[send(client, body=body) for body in bodies])
    stored = {text["sid"]: text["body"] for text in await simulator.sent()}
    assert [stored[s.sid] for s in sent] == bodies
    fetched = await asyncio.gather(*[client.fetch_text(s.sid) for s in sent])
    assert [(text.sid, text.body) for text in fetched] == [(s.sid, b) for s, b in zip(sent, bodies, strict=True)]
    await client.aclose()


async def test_finds_all_pages_of_one_number_and_nothing_else(twilio: TwilioClient, simulator: Simulator) -> None:
    started = datetime.now(UTC)
    for batch in range(5):
        await asyncio.gather(*[send(twilio, body=f"{batch}-{n}") for n in range(45)])
    await send(twilio, OTHER_PHONE)
    await simulator.text(PHONE, "from them", webhook=False)
    found = await twilio.find_texts(to_e164=PHONE, sent_after=started)
    assert len({text.sid for text in found}) == len(found) == 225
    assert len(await simulator.requests("list")) == 3
    assert all(text.created_at.tzinfo is not None for text in found)


async def test_asks_for_our_own_texts_to_that_number_only(astray: TwilioClient, receiver: Receiver) -> None:
    answer_with(receiver, answer_bytes(200, b'{"messages": [], "next_page_uri": null}'))
    assert await astray.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC)) == []
    query = dict(parse_qsl(receiver.received[0].target.partition("?")[2]))
    assert query == {"To": PHONE, "From": "+447700900000", "PageSize": "100"}


async def test_finds_nothing_older(twilio: TwilioClient) -> None:
    await send(twilio)
    assert await twilio.find_texts(to_e164=PHONE, sent_after=datetime.now(UTC) + timedelta(seconds=2)) == []


async def test_finds_a_text_still_queued_and_one_that_failed(twilio: TwilioClient, simulator: Simulator) -> None:
    await simulator.plan(fate="queued")
    await simulator.plan(fate="undelivered", error_code=30003)
    started = datetime.now(UTC)
    queued = await send(twilio)
    failed = await send(twilio)
    await simulator.wait_for_sent(PHONE, status="undelivered")
    found = {text.sid: text for text in await twilio.find_texts(to_e164=PHONE, sent_after=started)}
    assert (found[queued.sid].status, found[queued.sid].error_code) == ("queued", None)
    assert (found[failed.sid].status, found[failed.sid].error_code) == ("undelivered", 30003)


async def test_a_text_is_not_found_before_the_list_shows_it(twilio: TwilioClient, simulator: Simulator) -> None:
    await simulator.behave(list_lag_s=30.0)
    started = datetime.now(UTC)
    sent = await send(twilio)
    assert await twilio.find_texts(to_e164=PHONE, sent_after=started) == []
    assert (await twilio.fetch_text(sent.sid)).sid == sent.sid


async def test_deletes_and_is_content_when_it_is_gone(twilio: TwilioClient, simulator: Simulator) -> None:
    sent = await send(twilio)
    await twilio.delete_text(sent.sid)
    assert await simulator.sent() == []
    await twilio.delete_text(sent.sid)
    with pytest.raises(TextRefused) as caught:
        await twilio.fetch_text(sent.sid)
    assert caught.value.code == 20404


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


async def test_an_opted_out_phone_is_refused_until_it_opts_in(twilio: TwilioClient, simulator: Simulator) -> None:
    await simulator.text(PHONE, "Stop", webhook=False)
    with pytest.raises(TextRefused) as caught:
        await send(twilio)
    assert (caught.value.code, caught.value.is_permanent) == (21610, True)
    await simulator.text(PHONE, "START", webhook=False)
    await send(twilio)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code": "x"}', b'{"message": "no"}', b"\xff"])
async def test_a_refusal_without_a_code_has_the_http_status(
    astray: TwilioClient, receiver: Receiver, body: bytes
) -> None:
    answer_with(receiver, answer_bytes(413, body))
    with pytest.raises(TextRefused) as caught:
        await send(astray)
    assert caught.value.code == 413


@pytest.mark.parametrize(("written", "read_s"), [(7, 7.0), (0, 0.0), (None, None)])
async def test_a_throttled_text_was_never_taken(
    twilio: TwilioClient, simulator: Simulator, written: float | None, read_s: float | None
) -> None:
    await simulator.plan(answer="error", status=429, retry_after_s=written)
    with pytest.raises(TextThrottled) as caught:
        await send(twilio)
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
    ids=["in an hour", "an hour ago", "without a zone"],
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


async def test_the_librarys_environment_does_not_move_us(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TWILIO_EDGE", "TWILIO_REGION", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.setenv(name, "elsewhere")
    client = make_client(simulator)
    assert (await send(client)).status == "queued"
    await client.aclose()
