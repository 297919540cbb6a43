"""A turn end to end: the signed webhook of a text in, the reply stored, the reply with Twilio."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack

from tests.benchmarks.configured import configured
from tests.benchmarks.http import HttpConnection, UnexpectedAnswer, http_connections
from tests.benchmarks.measuring import Figures, MarkedWork, Times, in_turns, side_by_side_until
from tests.benchmarks.people import Sender
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Row, Section
from tests.benchmarks.turn_floor import BareTurns, bare_turns
from tests.benchmarks.watching import WITHIN_S, Watch, watched_replies
from tests.benchmarks.webhooks import TextWebhooks

SENDERS = (1, 8)

StoredAndHanded = tuple[Times, Times]


async def measure(stage: Stage) -> Section:
    """Each sender texts again as soon as Twilio has the reply to the text before."""
    rows = [row for count in SENDERS for row in await _measure(stage, count)]
    return Section(
        "A turn: signed webhook in, then the reply stored, then the reply with Twilio (its simulator)",
        "the same SQL through bare asyncpg, the same text to Rasa, the same text to the simulator, one after another",
        rows,
        (
            f"Measured with ANSWER_WINDOW_S=0. Its configured value, {configured('answer_window_s'):g} s, waits for "
            "further parts of a text and is added to every turn on purpose.",
            f"Answered by the menu because Rasa gave no answer in time: {await _answered_by_menu(stage)} turns.",
        ),
    )


async def _measure(stage: Stage, count: int) -> list[Row]:
    async with AsyncExitStack() as stack:
        watch = await stack.enter_async_context(watched_replies(stage.admin, stage.ring))
        http = await stack.enter_async_context(http_connections(stage.service.api_url, count))
        bare = await stack.enter_async_context(bare_turns(stage, count))
        ours, floor = await in_turns(
            stage.effort.rounds,
            lambda: _through_the_service(stage, watch, http),
            lambda: _bare(stage, bare),
        )
    (stored, handed), (floor_stored, floor_handed) = map(_figures, (ours, floor))
    return [Row("reply stored", count, stored, floor_stored), Row("reply with Twilio", count, handed, floor_handed)]


async def _through_the_service(stage: Stage, watch: Watch, connections: list[HttpConnection]) -> StoredAndHanded:
    webhooks = TextWebhooks(stage)

    def turn_of(connection: HttpConnection, sender: Sender) -> MarkedWork:
        async def turn() -> float:
            stored, handed = (watch.expect(event, sender.phone_e164) for event in ("stored", "handed"))
            request = webhooks.new(sender)
            started_at_s = time.perf_counter()
            await connection.exchange(request)
            await _in_time(handed)
            return await stored - started_at_s

        return turn

    pairs = zip(connections, stage.senders, strict=False)
    return await side_by_side_until([turn_of(connection, sender) for connection, sender in pairs], stage.effort.turns)


async def _answered_by_menu(stage: Stage) -> int:
    sql = "SELECT count(*) FROM attention_flags WHERE reason = 'bot_unavailable'"
    return int(await stage.admin.fetchval(sql))


async def _in_time(moment: Awaitable[float]) -> None:
    try:
        async with asyncio.timeout(WITHIN_S):
            await moment
    except TimeoutError:
        raise UnexpectedAnswer(f"a text had no reply in {WITHIN_S:.0f} s") from None


async def _bare(stage: Stage, turns: list[BareTurns]) -> StoredAndHanded:
    return await side_by_side_until([turn.run for turn in turns], stage.effort.turns)


def _figures(rounds: list[StoredAndHanded]) -> tuple[Figures, Figures]:
    return Figures([stored for stored, _ in rounds]), Figures([handed for _, handed in rounds])
