"""The least a turn can cost: its SQL through bare asyncpg, Rasa and the simulator, one after another."""

import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

import asyncpg

from api.concerns.screen import load_screen
from api.conversations import service as conversations
from api.kit import db, jobs
from api.kit.field_keys import FieldKeys
from api.messages import queries
from api.messages import service as messages
from api.messages.models import InboundText, KnownThread
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
    keys: FieldKeys
    thread: KnownThread
    api: asyncpg.Connection
    worker: asyncpg.Connection
    rasa: HttpConnection
    simulator: HttpConnection

    async def run(self) -> float:
        """One turn, until Twilio has the reply; returns the seconds until the reply was stored."""
        started_at_s = time.perf_counter()
        text = InboundText(provider_sid=new_sid(), from_e164=self.sender.phone_e164, body=SAY)
        cipher = self.keys.unwrap(self.thread.wrapped_key, self.thread.subject_id)
        await queries.insert_inbound(self.api, text, self.thread, cipher, jobs.SOON)
        reply_id = await self._answer()
        stored_s = time.perf_counter() - started_at_s
        await self._deliver(reply_id)
        return stored_s

    async def _answer(self) -> UUID:
        thread_id, phone = self.sender.conversation_id, self.sender.phone_e164
        job_id, attempt = await self._claim(f"answer:{thread_id}")
        turn = await conversations.load_turn(self.worker, self.keys, thread_id, load_screen())
        assert turn is not None
        reply = await ask(self.stage, self.rasa, self.asked_as)
        async with self.worker.transaction():
            await conversations.is_still_held(self.worker, turn.thread)
            await messages.mark_answered(self.worker, turn.texts)
            await messages.list_flags(self.worker, turn.texts)
            reply_id = await messages.queue_reply(
                self.worker, self.keys, thread_id, self.sender.person_id, phone, reply, is_personal=True
            )
            await self.worker.fetchval(jobs.COMPLETE, job_id, attempt)
        return reply_id

    async def _deliver(self, reply_id: UUID) -> None:
        job_id, attempt = await self._claim(f"deliver:{self.thread.phone_index.hex()}")
        text = await queries.get_outgoing(self.worker, self.keys, reply_id)
        assert text is not None
        await queries.claim_sending(self.worker, reply_id)
        await self.simulator.exchange(_message_request(self.stage, text.phone_e164, text.body))
        async with self.worker.transaction():
            await messages.move_forward(self.worker, reply_id, "accepted", sid=new_sid())
            await self.worker.fetchval(jobs.COMPLETE, job_id, attempt)

    async def _claim(self, serial_key: str) -> asyncpg.Record:
        [job] = await self.worker.fetch(CLAIM_OF_KEY, serial_key)
        return job


@asynccontextmanager
async def bare_turns(stage: Stage, count: int) -> AsyncIterator[list[BareTurns]]:
    """So many senders, each with connections of its own to everything."""
    async with (
        bare_connections(stage.floor_url(API), db.TWILIO, count) as api,
        bare_connections(stage.floor_url(WORKER), db.WORKER, count) as worker,
        http_connections(stage.service.rasa_url, count) as rasa,
        http_connections(stage.service.simulator_url, count) as simulator,
    ):
        keys = FieldKeys(stage.ring)
        people = zip(stage.senders[:count], stage.floor_senders[:count], strict=True)
        yield [
            BareTurns(
                stage, *both, keys, await _thread(keys, api[n], both[1]), api[n], worker[n], rasa[n], simulator[n]
            )
            for n, both in enumerate(people)
        ]


async def _thread(keys: FieldKeys, connection: asyncpg.Connection, sender: Sender) -> KnownThread:
    wrapped = await keys.wrapped_for(connection, sender.person_id)
    assert wrapped is not None
    return KnownThread(keys.phone_index(sender.phone_e164), sender.conversation_id, sender.person_id, wrapped)


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
