"""The worker's whole way in the test's own process: real database and jobs, stand-ins for Rasa and Twilio."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg

from api.app import job_kinds
from api.clients.rasa import RasaClient
from api.clients.twilio import TwilioClient
from api.kit.db import Database
from api.kit.jobs import Worker
from api.messages import service
from api.messages.models import InboundText
from api.settings import Secret, WorkSettings
from tests import fields
from tests.api.fakes import FakeRasa, FakeTwilio
from tests.conftest import TestDatabase


def work_settings(database: TestDatabase, **changes: Any) -> WorkSettings:
    """Settings of a worker on the test's database."""
    values: dict[str, Any] = {
        "worker_database_url": Secret(database.worker_url),
        **fields.SETTINGS,
        "public_base_url": "https://texts.example.org",
        "twilio_account_sid": "AC" + "0" * 32,
        "twilio_api_key_sid": Secret("SK" + "0" * 32),
        "twilio_api_key_secret": Secret("secret"),
        "twilio_from_e164": "+447700900999",
        "rasa_url": "http://127.0.0.1:1",
        "rasa_secret": Secret("secret-between-us"),
        "answer_window_s": 0.0,
        "reconcile_after_s": 0.0,
        "duty_phone_e164": "+447700900998",
    }
    return WorkSettings(**(values | changes))


class ServiceAtWork:
    """Texts come in, `settle` runs all that is due, and what left is in `twilio.texts`."""

    def __init__(self, database: TestDatabase, admin: asyncpg.Connection, **changes: Any) -> None:
        self.admin = admin
        self.rasa = FakeRasa()
        self.twilio = FakeTwilio()
        settings = work_settings(database, **changes)
        self._api = Database(database.api_url, size=4)
        self.database = Database(database.worker_url, size=10)
        kinds = job_kinds(settings, self.database, cast(RasaClient, self.rasa), cast(TwilioClient, self.twilio))
        self.worker = Worker(self.database, database.worker_url, kinds, lease_s=20.0)
        self._count = 0

    async def receive(self, body: str, *, sender: str, sid: str | None = None, media: int = 0) -> None:
        """A text arrives."""
        self._count += 1
        text = InboundText(provider_sid=sid or f"SM{self._count}", from_e164=sender, body=body, media_count=media)
        await service.record_inbound(self._api, text)

    async def settle(self) -> None:
        """Runs what is due, and what that makes due, until nothing is; waiting retries are made due."""
        await self.worker.run_due()

    async def retry_now(self) -> None:
        """Makes what waits for another try due, and runs it."""
        await self.admin.execute("UPDATE jobs SET run_at = clock_timestamp() WHERE parked_at IS NULL")
        await self.worker.run_due()

    async def say(self, body: str, *, sender: str) -> list[str]:
        """A text arrives and is answered; returns what that number was sent for it."""
        before = len(self.twilio.texts)
        await self.receive(body, sender=sender)
        await self.settle()
        return [text for to, text, _ in self.twilio.texts[before:] if to == sender]

    async def flags(self) -> set[str]:
        """Why texts are marked for the team."""
        return {row[0] for row in await self.admin.fetch("SELECT reason FROM attention_flags")}

    async def close(self) -> None:
        """Closes the connections."""
        await self._api.close()
        await self.database.close()


@asynccontextmanager
async def service_at_work(
    database: TestDatabase, admin: asyncpg.Connection, **changes: Any
) -> AsyncIterator[ServiceAtWork]:
    """A worker at work on the test's database."""
    at_work = ServiceAtWork(database, admin, **changes)
    yield at_work
    await at_work.close()
