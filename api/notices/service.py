"""Telling the adviser: asked for in the transaction that gave reason to, done by the worker."""

from uuid import UUID

from api.kit import jobs
from api.kit.db import Connection

TELL_ADVISER = "tell_adviser"


async def tell_own_adviser(connection: Connection, person_id: UUID) -> None:
    """Has the adviser of the young person the connection acts for told that something waits for them."""
    payload = jobs.payload_of(person_id=person_id)
    await jobs.enqueue(connection, TELL_ADVISER, payload, serial_key=f"{TELL_ADVISER}:{person_id}")
