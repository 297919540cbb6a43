"""The least a turn can cost: its SQL through bare asyncpg, Rasa and the simulator, one after another."""

import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import asyncpg

from api.conversations.queries import GET_THREAD, LOCK_IF_STILL_HELD
from api.kit import db, jobs
from api.messages import queries as messages
from api.messages.models import STATUS_ORDER
from api.people.queries import LIST_PEOPLE_OF_NUMBER
from tests.benchmarks.assistant import ask
from tests.benchmarks.http import HttpConnection, http_connections, request_of
from tests.benchmarks.people import Sender
from tests.benchmarks.stage import API, WORKER, Stage, bare_connections
from tests.benchmarks.webhooks import SAY
from tests.twilio_simulator.texts import API_VERSION, new_sid

CLAIM_OF_KEY = """
    UPDATE jobs SET leased_until = clock_timestamp() + interval '30 s', attempt = attempt + 1
    WHERE serial_key = $1 RETURNING job_id, attempt
"""


@dataclass(frozen=True)
class BareTurns:
    """One sender's turns. Rasa knows the person by the service's thread, the rest stands in the floors' tables."""

    stage: Stage
    asked_as: Sender
    sender: Sender
    api: asyncpg.Connection
    worker: asyncpg.Connection
    rasa: HttpConnection
    simulator: HttpConnection

    async def run(self) -> float:
        """One turn, until Twilio has the reply; returns the seconds until the reply was stored."""
        started_at_s = time.perf_counter()
        await self.api.fetchval(messages.RECORD_INBOUND, new_sid(), self.sender.phone_e164, SAY, 0, jobs.SOON)
        reply_id = await self._answer()
        stored_s = time.perf_counter() - started_at_s
        await self._deliver(reply_id)
        return stored_s

    async def _answer(self) -> Any:
        thread_id, phone = self.sender.conversation_id, self.sender.phone_e164
        [job] = await self.worker.fetch(CLAIM_OF_KEY, f"answer:{thread_id}")
        [thread] = await self.worker.fetch(GET_THREAD, thread_id)
        texts = await self.worker.fetch(messages.LIST_UNANSWERED, thread_id)
        await self.worker.fetch(LIST_PEOPLE_OF_NUMBER, phone)
        await self.worker.fetchval(messages.IS_OPTED_OUT, phone)
        reply = await ask(self.stage, self.rasa, self.asked_as)
        async with self.worker.transaction():
            await self.worker.fetchrow(LOCK_IF_STILL_HELD, thread_id, thread["owner"], thread["owner_epoch"])
            await self.worker.execute(messages.MARK_ANSWERED, [text["message_id"] for text in texts])
            reply_id = await self.worker.fetchval(messages.INSERT_OUTBOUND, thread_id, "reply", phone, reply)
            await jobs.enqueue(
                self.worker, "deliver", jobs.payload_of(message_id=reply_id), serial_key=f"deliver:{phone}"
            )
            await self.worker.fetchval(jobs.COMPLETE, job["job_id"], job["attempt"])
        return reply_id

    async def _deliver(self, reply_id: Any) -> None:
        [job] = await self.worker.fetch(CLAIM_OF_KEY, f"deliver:{self.sender.phone_e164}")
        [text] = await self.worker.fetch(messages.GET_OUTGOING, reply_id)
        await self.worker.fetchval(messages.CLAIM_SENDING, reply_id)
        await self.simulator.exchange(_message_request(self.stage, text["phone_e164"], text["body"]))
        async with self.worker.transaction():
            await self.worker.fetchval(
                messages.KEEP_FURTHEST, reply_id, "accepted", new_sid(), None, list(STATUS_ORDER)
            )
            await self.worker.fetchval(jobs.COMPLETE, job["job_id"], job["attempt"])


@asynccontextmanager
async def bare_turns(stage: Stage, count: int) -> AsyncIterator[list[BareTurns]]:
    """So many senders, each with connections of its own to everything."""
    async with (
        bare_connections(stage.floor_url(API), db.TWILIO, count) as api,
        bare_connections(stage.floor_url(WORKER), db.WORKER, count) as worker,
        http_connections(stage.service.rasa_url, count) as rasa,
        http_connections(stage.service.simulator_url, count) as simulator,
    ):
        people = zip(stage.senders[:count], stage.floor_senders[:count], strict=True)
        yield [BareTurns(stage, *both, api[n], worker[n], rasa[n], simulator[n]) for n, both in enumerate(people)]


def _message_request(stage: Stage, to: str, body: str) -> bytes:
    env = stage.service.env
    key = f"{env['TWILIO_API_KEY_SID']}:{env['TWILIO_API_KEY_SECRET']}"
    headers = {
        "Authorization": f"Basic {base64.b64encode(key.encode()).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    url = f"{stage.service.simulator_url}/{API_VERSION}/Accounts/{env['TWILIO_ACCOUNT_SID']}/Messages.json"
    form = {"To": to, "From": env["TWILIO_FROM_E164"], "Body": body}
    return request_of("POST", url, headers, urlencode(form).encode())
