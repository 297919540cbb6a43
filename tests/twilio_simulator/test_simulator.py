"""The simulator itself: what it promises about Twilio must hold, or the tests that trust it prove nothing."""

import asyncio
import sys
import time
from collections import Counter
from typing import Any

import httpx
import pytest
from twilio.request_validator import RequestValidator

from tests.twilio_simulator.receiver import Received, Receiver
from tests.twilio_simulator.testing import REPOSITORY, Simulator

PHONE = "+447700900101"
OTHER_PHONE = "+447700900102"


async def ask(simulator: Simulator, method: str = "POST", path: str = ".json", **options: Any) -> httpx.Response:
    """A request to the simulated REST API."""
    url = f"{simulator.base_url}/2010-04-01/Accounts/{simulator.account_sid}/Messages{path}"
    async with httpx.AsyncClient(trust_env=False) as http:
        auth = (simulator.api_key_sid, simulator.api_key_secret)
        return await http.request(method, url, **{"auth": auth, **options})


async def send(simulator: Simulator, **fields: str) -> httpx.Response:
    """The service sends a text."""
    return await ask(simulator, data={"To": PHONE, "From": simulator.from_e164, "Body": "hello", **fields})


def is_signed(received: Received, url: str, token: str) -> bool:
    return bool(RequestValidator(token).validate(url, dict(received.form), received.headers["x-twilio-signature"]))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": ""}, 21604),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"To": "banana"}, 21211),
        ({"To": "07700900101"}, 21211),
        ({"From": "+447700900999"}, 21606),
        ({"Body": "x" * 1601}, 21617),
        ({"StatusCallback": "nowhere"}, 21609),
    ],
)
async def test_refuses_as_twilio_does(simulator: Simulator, fields: dict[str, str], code: int) -> None:
    answer = await send(simulator, **fields)
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert set(answer.json()) == {"code", "message", "more_info", "status"}
    assert await simulator.sent() == []


async def test_lets_in_by_key_or_by_token_only(simulator: Simulator) -> None:
    by_token = (simulator.account_sid, simulator.auth_token)
    assert (await ask(simulator, "GET", auth=by_token)).status_code == 200
    refused = await ask(simulator, "GET", auth=(simulator.api_key_sid, "wrong"))
    assert (refused.status_code, refused.json()["code"]) == (401, 20003)


@pytest.mark.parametrize("word", ["STOP", "stop", " Cancel ", "END", "quit", "OptOut", "REVOKE"])
async def test_an_opt_out_word_blocks_until_an_opt_in_word(simulator: Simulator, word: str) -> None:
    await simulator.text(PHONE, word, webhook=False)
    assert (await send(simulator)).json()["code"] == 21610
    assert (await send(simulator, To=OTHER_PHONE)).status_code == 201
    await simulator.text(PHONE, "yes", webhook=False)
    assert (await send(simulator)).status_code == 201


@pytest.mark.parametrize("body", ["stop it", "please stop", "ending", "STOP!", ""])
async def test_other_words_block_nothing(simulator: Simulator, body: str) -> None:
    await simulator.text(PHONE, body, webhook=False)
    assert (await send(simulator)).status_code == 201


async def test_callbacks_come_signed_and_in_order(simulator: Simulator, receiver: Receiver) -> None:
    url = f"{receiver.base_url}/status?message=1"
    sent = (await send(simulator, StatusCallback=url)).json()
    await until(lambda: len(receiver.received) == 3)
    assert [dict(r.form)["MessageStatus"] for r in receiver.received] == ["queued", "sent", "delivered"]
    assert {dict(r.form)["MessageSid"] for r in receiver.received} == {sent["sid"]}
    assert all(is_signed(r, url, simulator.auth_token) for r in receiver.received)


@pytest.mark.parametrize(
    ("fate", "statuses"),
    [
        ("undelivered", ["queued", "sent", "undelivered"]),
        ("failed", ["queued", "failed"]),
        ("sent", ["queued", "sent"]),
    ],
)
async def test_a_text_can_have_another_fate(
    simulator: Simulator, receiver: Receiver, fate: str, statuses: list[str]
) -> None:
    await simulator.plan(fate=fate, error_code=30003, to=PHONE)
    await send(simulator, StatusCallback=receiver.base_url)
    await until(lambda: len(receiver.received) == len(statuses))
    assert [dict(r.form)["MessageStatus"] for r in receiver.received] == statuses
    code = dict(receiver.received[-1].form).get("ErrorCode")
    assert code == (None if fate == "sent" else "30003")


async def test_held_callbacks_come_twice_and_out_of_order(simulator: Simulator, receiver: Receiver) -> None:
    await simulator.behave(callbacks="hold")
    for _ in range(5):
        await send(simulator, StatusCallback=receiver.base_url)
    await simulator.wait_for_sent(PHONE, count=5, status="delivered")
    assert receiver.received == []
    released = await simulator.release_callbacks(copies=2, shuffled=True)
    order = [(dict(r.form)["MessageSid"], dict(r.form)["MessageStatus"]) for r in receiver.received]
    assert order == [(r["sid"], r["status"]) for r in released]
    assert set(Counter(order).values()) == {2}
    assert Counter(status for _, status in order) == {"queued": 10, "sent": 10, "delivered": 10}
    assert [status for _, status in order] != 10 * ["queued", "sent", "delivered"]


async def test_callbacks_can_stay_away(simulator: Simulator, receiver: Receiver) -> None:
    await simulator.behave(callbacks="never")
    await send(simulator, StatusCallback=receiver.base_url)
    await simulator.wait_for_sent(PHONE, status="delivered")
    assert await simulator.release_callbacks() == []
    assert receiver.received == []


async def test_an_inbound_text_is_posted_as_twilio_posts_it(simulator: Simulator, receiver: Receiver) -> None:
    url = f"{receiver.base_url}/sms"
    await simulator.behave(sms_webhook_url=f"{url}#rc=3")
    body = "when’s my\x00 next 👩‍👩‍👧‍👦 اجتماع &=+\r\n?"
    outcome = await simulator.text(PHONE, body, extra={"OptOutType": "STOP"})
    form = dict(receiver.received[0].form)
    assert outcome == {"sid": form["MessageSid"], "attempts": 1, "status": 200}
    assert form["SmsSid"] == form["SmsMessageSid"] == form["MessageSid"]
    assert (form["Body"], form["From"], form["To"]) == (body, PHONE, simulator.from_e164)
    assert (form["NumMedia"], form["FromCountry"], form["ApiVersion"]) == ("0", "GB", "2010-04-01")
    assert (form["AccountSid"], form["OptOutType"]) == (simulator.account_sid, "STOP")
    assert receiver.received[0].headers["i-twilio-idempotency-token"]
    assert is_signed(receiver.received[0], url, simulator.auth_token)


async def test_a_failing_webhook_is_tried_again_with_the_same_token(simulator: Simulator, receiver: Receiver) -> None:
    await simulator.behave(sms_webhook_url=receiver.base_url, retry_delays_s=[0.01, 0.02, 0.03])
    receiver.statuses = [500, 503, 200]
    outcome = await simulator.text(PHONE, "hello")
    assert (outcome["attempts"], outcome["status"]) == (3, 200)
    assert len({r.headers["i-twilio-idempotency-token"] for r in receiver.received}) == 1
    assert len({r.body for r in receiver.received}) == 1


async def test_a_refused_webhook_is_not_tried_again(simulator: Simulator, receiver: Receiver) -> None:
    await simulator.behave(sms_webhook_url=receiver.base_url)
    receiver.statuses = [403]
    outcome = await simulator.text(PHONE, "hello")
    assert (outcome["attempts"], outcome["status"]) == (1, 403)


async def test_a_slow_webhook_is_given_up_and_the_fallback_is_told(simulator: Simulator, receiver: Receiver) -> None:
    async def answer_fallback_only(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.target == "/slow":
            await asyncio.sleep(2.0)
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    receiver.answering = answer_fallback_only
    await simulator.behave(
        sms_webhook_url=f"{receiver.base_url}/slow",
        fallback_url=f"{receiver.base_url}/fallback",
        retry_delays_s=[0.01],
        read_timeout_s=0.4,
    )
    outcome = await simulator.text(PHONE, "hello")
    assert (outcome["attempts"], outcome["status"]) == (3, 204)
    assert dict(receiver.received[-1].form)["ErrorCode"] == "11200"


async def test_an_inbound_text_is_listed_though_nobody_took_its_webhook(simulator: Simulator) -> None:
    await simulator.behave(retry_delays_s=[])
    outcome = await simulator.text(PHONE, "hello")
    assert (outcome["attempts"], outcome["status"]) == (1, None)
    listed = (await ask(simulator, "GET", params={"To": simulator.from_e164})).json()["messages"]
    assert [(m["sid"], m["direction"], m["status"]) for m in listed] == [(outcome["sid"], "inbound", "received")]


async def test_the_same_sid_again_is_the_same_webhook_again(simulator: Simulator, receiver: Receiver) -> None:
    await simulator.behave(sms_webhook_url=receiver.base_url)
    first = await simulator.text(PHONE, "hello")
    await simulator.text(PHONE, "something else", sid=first["sid"])
    assert receiver.received[0].body == receiver.received[1].body
    assert len((await ask(simulator, "GET")).json()["messages"]) == 1


async def test_a_webhook_can_come_a_hundred_times_at_once(simulator: Simulator, receiver: Receiver) -> None:
    arrived, all_here = [], asyncio.Event()

    async def wait_for_the_others(request: Received, writer: asyncio.StreamWriter) -> None:
        arrived.append(request.body)
        if len(arrived) == 100:
            all_here.set()
        await all_here.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    receiver.answering = wait_for_the_others
    await simulator.behave(sms_webhook_url=receiver.base_url, retry_delays_s=[])
    outcome = await simulator.text(PHONE, "hello", copies=100)
    assert (outcome["attempts"], outcome["status"]) == (1, 200)
    assert len(arrived) == 100
    assert len(set(arrived)) == 1


async def test_the_list_lags_behind(simulator: Simulator) -> None:
    await simulator.behave(list_lag_s=0.5)
    started = time.monotonic()
    sent = (await send(simulator)).json()
    assert (await ask(simulator, "GET", f"/{sent['sid']}.json")).status_code == 200
    assert (await ask(simulator, "GET")).json()["messages"] == []
    while not (await ask(simulator, "GET")).json()["messages"]:
        await asyncio.sleep(0.05)
    assert time.monotonic() - started >= 0.45


async def test_the_list_filters_by_day_and_by_moment(simulator: Simulator) -> None:
    await send(simulator)
    text = (await simulator.wait_for_sent(PHONE, status="delivered"))[0]
    moment, day = text["created_at"][:19] + "Z", text["created_at"][:10]

    async def count(**filters: str) -> int:
        names = {"before": "DateSent<", "after": "DateSent>", "on": "DateSent"}
        query = {names[name]: value for name, value in filters.items()}
        return len((await ask(simulator, "GET", params=query)).json()["messages"])

    assert await count(after=moment) == await count(on=day) == await count(before=day) == 1
    assert await count(after="2999-01-01") == await count(before="2000-01-01T00:00:00Z") == 0


async def test_pages_follow_one_another_though_texts_arrive(simulator: Simulator) -> None:
    for number in range(7):
        await send(simulator, Body=f"text {number}")
    seen, target = [], "?PageSize=3"
    while target:
        page = (await ask(simulator, "GET", f".json{target}")).json()
        seen += [m["body"] for m in page["messages"]]
        target = "?" + page["next_page_uri"].partition("?")[2] if page["next_page_uri"] else ""
        await send(simulator, Body="late")
    assert [body for body in seen if body != "late"] == [f"text {n}" for n in range(6, -1, -1)]


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_dropped_connection_gives_no_answer_at_all(simulator: Simulator, accepted: bool) -> None:
    await simulator.plan(answer="drop", accepted=accepted)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await send(simulator)
    assert len(await simulator.sent()) == accepted
    assert (await send(simulator)).status_code == 201


async def test_a_fault_meets_only_whom_it_is_meant_for(simulator: Simulator) -> None:
    await simulator.plan(answer="error", status=503, to=OTHER_PHONE, times=2)
    statuses = [(await send(simulator, To=to)).status_code for to in (PHONE, OTHER_PHONE, OTHER_PHONE, OTHER_PHONE)]
    assert statuses == [201, 503, 503, 201]


async def test_texts_after_one_are_told_apart_from_texts_before(simulator: Simulator) -> None:
    sids = [(await send(simulator)).json()["sid"] for _ in range(3)]
    times = [text["created_at"] for text in await simulator.sent(PHONE)]
    assert [t["sid"] for t in await simulator.sent(PHONE, after=sids[0])] == sids[1:]
    assert [t["sid"] for t in await simulator.sent(PHONE, after=times[1])] == sids[2:]


async def test_a_missing_setting_stops_the_start() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.twilio_simulator", cwd=REPOSITORY, env={}, stderr=asyncio.subprocess.PIPE
    )
    _, told = await process.communicate()
    assert process.returncode == 2
    assert b"TWILIO_ACCOUNT_SID" in told


async def until(condition: Any, within_s: float = 5.0) -> None:
    """Waits for it, or fails."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)
