"""Rasa alone: texts posted straight to its REST channel, its actions run by the API as ever."""

import json
from collections.abc import Awaitable, Callable
from uuid import uuid4

from tests.benchmarks.http import HttpConnection, UnexpectedAnswer, http_connections, request_of
from tests.benchmarks.measuring import Figures, Times, in_turns, side_by_side
from tests.benchmarks.people import Sender
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Row, Section
from tests.benchmarks.webhooks import SAY

SENDERS = (1, 8)


async def measure(stage: Stage) -> Section:
    """The assistant's part of a turn, and of that what understanding a text takes."""
    rows = [await _measure(stage, count) for count in SENDERS]
    return Section(
        f'Rasa alone: "{SAY}" posted to its REST channel (understood, action run in the API, dialogue kept)',
        'understanding alone: GET /status, which parses "menu" each time',
        rows,
    )


async def _measure(stage: Stage, count: int) -> Row:
    async with http_connections(stage.service.rasa_url, count) as connections:
        ours, floor = await in_turns(
            stage.effort.rounds,
            lambda: _turns(stage, connections),
            lambda: _parses(stage, connections),
        )
    return Row("Rasa's turn", count, Figures(ours), Figures(floor))


async def _turns(stage: Stage, connections: list[HttpConnection]) -> Times:
    def asker(connection: HttpConnection, sender: Sender) -> Callable[[], Awaitable[object]]:
        return lambda: ask(stage, connection, sender)

    works = [asker(connection, sender) for connection, sender in zip(connections, stage.senders, strict=False)]
    return await side_by_side(works, stage.effort.texts_to_rasa)


async def _parses(stage: Stage, connections: list[HttpConnection]) -> Times:
    request = request_of("GET", f"{stage.service.rasa_url}/status", {})

    def parser(connection: HttpConnection) -> Callable[[], Awaitable[object]]:
        return lambda: connection.exchange(request)

    return await side_by_side([parser(connection) for connection in connections], stage.effort.texts_to_rasa)


async def ask(stage: Stage, connection: HttpConnection, sender: Sender) -> str:
    """Rasa's reply to one more text of this sender. Raises UnexpectedAnswer unless it tells of an appointment."""
    asked = {"sender": str(sender.conversation_id), "message": SAY, "metadata": {"turn_id": str(uuid4())}}
    headers = {
        "Authorization": f"Bearer {stage.service.env['RASA_SECRET']}",
        "Content-Type": "application/json",
    }
    url = f"{stage.service.rasa_url}/webhooks/rest/webhook"
    replies = json.loads(await connection.exchange(request_of("POST", url, headers, json.dumps(asked).encode())))
    if len(replies) != 1 or "appointment" not in replies[0]["text"]:
        raise UnexpectedAnswer("Rasa answered something else than the next appointment")
    return str(replies[0]["text"])
