"""Tells the moment a reply is stored, and the moment Twilio is known to have it: each when its commit is through."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from api.kit.crypto import KeyRing

# The stored reply's own transaction notifies already (of its job), so this adds next to nothing to it.
WATCH = """
    CREATE FUNCTION tell_benchmark() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('benchmark', TG_ARGV[0] || ' ' || encode(NEW.phone_index, 'hex'));
        RETURN NULL;
    END
    $$;
    CREATE TRIGGER benchmark_stored AFTER INSERT ON messages FOR EACH ROW
    WHEN (NEW.kind IN ('reply', 'notice')) EXECUTE FUNCTION tell_benchmark('stored');
    CREATE TRIGGER benchmark_handed AFTER UPDATE ON messages FOR EACH ROW
    WHEN (OLD.provider_sid IS NULL AND NEW.provider_sid IS NOT NULL) EXECUTE FUNCTION tell_benchmark('handed')
"""
UNWATCH = """
    DROP TRIGGER benchmark_stored ON messages;
    DROP TRIGGER benchmark_handed ON messages;
    DROP FUNCTION tell_benchmark()
"""
WITHIN_S = 20.0


class Watch:
    """What has become of the replies to each number."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._moments: dict[str, asyncio.Future[float]] = {}

    def expect(self, event: str, phone_e164: str) -> asyncio.Future[float]:
        """When this happens next to a reply to this number (`stored`, `handed`), as time.perf_counter tells."""
        moment = asyncio.get_running_loop().create_future()
        self._moments[f"{event} {self._ring.phone_index(phone_e164).hex()}"] = moment
        return moment

    def note(self, *told: Any) -> None:
        """Takes a notification; the last of its arguments says what happened."""
        moment = self._moments.pop(told[-1], None)
        if moment is not None:
            moment.set_result(time.perf_counter())


@asynccontextmanager
async def watched_replies(admin: asyncpg.Connection, ring: KeyRing) -> AsyncIterator[Watch]:
    """Watches until left."""
    watch = Watch(ring)
    await admin.execute(WATCH)
    await admin.add_listener("benchmark", watch.note)
    yield watch
    await admin.remove_listener("benchmark", watch.note)
    await admin.execute(UNWATCH)
