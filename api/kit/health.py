"""Whether the service is well, for whoever runs it; it tells nothing about anybody."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response, get

from api.kit.access import open_to_all
from api.kit.db import DATABASE_AWAY, MONITOR, Database

WORKER_IS_WELL = """
    SELECT coalesce(max(beat_at) > clock_timestamp() - interval '5 seconds', false) FROM worker_beats
"""


class Health(msgspec.Struct):
    """Each part as `ok` or `down`; the screen as `ok` or `degraded`, for its rules read texts whatever else is lost."""

    database: str
    worker: str
    bot: str
    screen: str


@get("/health/live", guards=[open_to_all], sync_to_thread=False, cache_control=None)
def live() -> dict[str, str]:
    """The process runs."""
    return {"api": "ok"}


@get("/health/ready", guards=[open_to_all])
async def ready(request: Request[Any, Any, Any]) -> Response[Health]:
    """200 when texts are accepted; worker, bot and screen are told as well."""
    state = request.app.state
    database, worker = await _database_and_worker(state.database)
    bot = await state.rasa.is_ready()
    screen = "ok" if await asyncio.to_thread(state.screen_is_whole) else "degraded"
    health = Health(database=_say(database), worker=_say(worker), bot=_say(bot), screen=screen)
    return Response(health, status_code=200 if database else 503)


async def _database_and_worker(database: Database) -> tuple[bool, bool]:
    try:
        async with database.acting_as(MONITOR) as connection:
            return True, bool(await connection.fetchval(WORKER_IS_WELL))
    except DATABASE_AWAY:
        return False, False


def _say(is_well: bool) -> str:
    return "ok" if is_well else "down"
