"""Our client and our simulator, both judged by Twilio's own description of its API."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from api.clients import twilio
from api.clients.twilio import TextOutcomeUnknown, TextRefused, TextThrottled, TwilioClient, TwilioUnreachable
from tests.twilio_simulator.referee.judge import Referee, running_referee
from tests.twilio_simulator.testing import Simulator

pytestmark = pytest.mark.referee

PHONE = "+447700900101"
OTHER_PHONE = "+447700900102"
CALLBACK = "http://127.0.0.1:1/status"


@pytest.fixture(scope="module")
async def prism(simulator_process: Simulator, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Referee]:
    openapi, folder = Path(os.environ["TWILIO_OPENAPI"]), tmp_path_factory.mktemp("referee")
    async with running_referee(openapi, simulator_process.base_url, folder) as referee:
        yield referee


@pytest.fixture
async def client(simulator: Simulator, prism: Referee) -> AsyncIterator[TwilioClient]:
    client = TwilioClient(
        account_sid=simulator.account_sid,
        api_key_sid=simulator.api_key_sid,
        api_key_secret=simulator.api_key_secret,
        api_base=prism.base_url,
        from_e164=simulator.from_e164,
    )
    yield client
    await client.aclose()


async def test_create_fetch_list_and_delete_are_by_the_book(
    client: TwilioClient, simulator: Simulator, prism: Referee, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, started = await prism.violations(), datetime.now(UTC)
    monkeypatch.setattr(twilio, "PAGE_SIZE", 2)
    for fate in ("queued", "sent", "delivered", "undelivered", "failed"):
        await simulator.plan(fate=fate, error_code=30003)
        sent = await client.send_text(to_e164=PHONE, body=f"👍 {fate}", status_callback_url=CALLBACK)
        await simulator.wait_for_sent(PHONE, status=fate)
        assert (await client.fetch_text(sent.sid)).status == fate
    found = await client.find_texts(to_e164=PHONE, sent_after=started)
    assert len(found) == 5
    assert len(await simulator.requests("list")) == 3
    await client.delete_text(sent.sid)
    with pytest.raises(TextRefused, match="20404"):
        await client.fetch_text(sent.sid)
    assert await prism.violations() == before


async def test_refusals_and_inbound_texts_are_by_the_book(
    client: TwilioClient, simulator: Simulator, prism: Referee
) -> None:
    before = await prism.violations()
    outcome = await simulator.text(PHONE, "STOP", webhook=False)
    assert (await client.fetch_text(outcome["sid"])).status == "received"
    with pytest.raises(TextRefused, match="21610"):
        await client.send_text(to_e164=PHONE, body="hello", status_callback_url=CALLBACK)
    await simulator.plan(answer="error", status=429, retry_after_s=3)
    with pytest.raises(TextThrottled):
        await client.send_text(to_e164=OTHER_PHONE, body="hello", status_callback_url=CALLBACK)
    assert await prism.violations() == before


async def test_an_answer_twilio_could_not_give_is_caught(
    client: TwilioClient, simulator: Simulator, prism: Referee
) -> None:
    before = len(await prism.violations())
    await simulator.plan(answer="off_spec")
    with pytest.raises(TextOutcomeUnknown):
        await client.send_text(to_e164=PHONE, body="hello", status_callback_url=CALLBACK)
    sid = (await simulator.sent())[0]["sid"]
    await simulator.plan(answer="off_spec", on="fetch")
    with pytest.raises(TwilioUnreachable):
        await client.fetch_text(sid)
    assert len(await prism.violations()) == before + 2


@pytest.mark.parametrize(
    ("method", "wrong", "place"),
    [
        ("POST", {"Body": "hello"}, ["body"]),
        ("POST", {"To": PHONE, "MessagingServiceSid": "MG1"}, ["body", "MessagingServiceSid"]),
        ("GET", {"PageSize": "0"}, ["query", "pagesize"]),
    ],
)
async def test_a_request_twilio_would_not_take_is_caught(
    simulator: Simulator, prism: Referee, method: str, wrong: dict[str, str], place: list[str]
) -> None:
    url = f"{prism.base_url}/2010-04-01/Accounts/{simulator.account_sid}/Messages.json"
    fields = {"data": wrong} if method == "POST" else {"params": wrong}
    async with httpx.AsyncClient(auth=(simulator.api_key_sid, simulator.api_key_secret)) as http:
        answer = await http.request(method, url, **fields)  # type: ignore[arg-type]
    assert answer.status_code == 422
    assert place in [found["location"] for found in answer.json()["validation"]]
    assert await simulator.requests() == []
