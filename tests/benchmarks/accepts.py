"""Texts accepted: the signed webhook of a text in, 200 out after the commit. Nobody answers meanwhile."""

from collections.abc import Awaitable, Callable

import asyncpg

from api.kit.db import TWILIO
from api.kit.field_keys import FieldKeys
from api.kit.ids import new_id
from api.kit.jobs import SOON
from api.messages.queries import RECORD_INBOUND, seal
from tests.benchmarks.http import HttpConnection, http_connections
from tests.benchmarks.measuring import Figures, Times, in_turns, side_by_side
from tests.benchmarks.people import Sender
from tests.benchmarks.stage import API, Stage, bare_connections
from tests.benchmarks.table import Row, Section
from tests.benchmarks.webhooks import SAY, TextWebhooks
from tests.twilio_simulator.texts import new_sid

CONNECTIONS = (1, 8, 32)


async def measure(stage: Stage) -> Section:
    """One API process, with so many texts arriving at any moment."""
    rows = [await _measure(stage, count) for count in CONNECTIONS]
    return Section(
        "A text accepted: signed webhook in, stored with its job, 200 out after COMMIT (one API process)",
        "the same encryption and SQL (RECORD_INBOUND) through bare asyncpg, as many connections, the actor set once",
        rows,
    )


async def _measure(stage: Stage, count: int) -> Row:
    async with (
        http_connections(stage.service.api_url, count) as http,
        bare_connections(stage.floor_url(API), TWILIO, count) as bare,
    ):
        ours, floor = await in_turns(
            stage.effort.rounds,
            lambda: _through_the_api(stage, http),
            lambda: _through_bare_asyncpg(stage, bare),
        )
    return Row("webhook answered", count, Figures(ours), Figures(floor))


async def _through_the_api(stage: Stage, connections: list[HttpConnection]) -> Times:
    webhooks = TextWebhooks(stage)
    times = stage.effort.accepts // len(connections)

    def poster(connection: HttpConnection, sender: Sender) -> Callable[[], Awaitable[object]]:
        ready_made = iter([webhooks.new(sender) for _ in range(times)])
        return lambda: connection.exchange(next(ready_made))

    works = [poster(connection, sender) for connection, sender in zip(connections, stage.senders, strict=False)]
    return await side_by_side(works, times * len(connections))


async def _through_bare_asyncpg(stage: Stage, connections: list[asyncpg.Connection]) -> Times:
    keys = FieldKeys(stage.ring)

    async def storer(connection: asyncpg.Connection, sender: Sender) -> Callable[[], Awaitable[object]]:
        cipher = await keys.cipher_for(connection, sender.person_id)
        index = keys.phone_index(sender.phone_e164)

        def store() -> Awaitable[object]:
            message_id = new_id()
            sealed = seal(cipher, message_id, sender.phone_e164, SAY)
            ids = (index, sender.conversation_id, sender.person_id, message_id)
            return connection.fetchval(RECORD_INBOUND, new_sid(), *ids, *sealed, 0, SOON)

        return store

    works = [
        await storer(connection, sender) for connection, sender in zip(connections, stage.floor_senders, strict=False)
    ]
    return await side_by_side(works, stage.effort.accepts)
