"""What the tests of our Twilio client share."""

import asyncio
from typing import Any

from api.clients.twilio import SentText, TwilioClient
from tests.twilio_simulator.receiver import Received, Receiver
from tests.twilio_simulator.testing import Simulator

PHONE = "+447700900101"
OTHER_PHONE = "+447700900102"
BODY = "Your next appointment is on Tuesday."
CALLBACK = "http://127.0.0.1:1/status"
GOOD = b'{"sid": "SM%s", "status": "queued", "date_created": "Tue, 24 Nov 2026 12:00:00 +0000"}' % (b"0" * 32)
# Bad days after which nobody can say whether the text was taken.
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
    {"after_s": 2.5},
]


def make_client(simulator: Simulator, **changes: Any) -> TwilioClient:
    settings = {
        "account_sid": simulator.account_sid,
        "api_key_sid": simulator.api_key_sid,
        "api_key_secret": simulator.api_key_secret,
        "api_base": simulator.base_url,
        "from_e164": simulator.from_e164,
    }
    return TwilioClient(**settings | changes)


async def send(client: TwilioClient, to: str = PHONE, body: str = BODY) -> SentText:
    return await client.send_text(to_e164=to, body=body, status_callback_url=CALLBACK)


def answer_with(receiver: Receiver, answer: bytes) -> None:
    """Makes the receiver answer just this."""

    async def answering(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    receiver.answering = answering
