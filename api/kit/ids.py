"""Ids that are needed before the row is stored: an encrypted value is bound to its row's id."""

import secrets
import time
from uuid import UUID


def new_id() -> UUID:
    """A UUIDv7 as PostgreSQL's uuidv7() makes them (RFC 9562): what is made later sorts later."""
    milliseconds, rest_ns = divmod(time.time_ns(), 10**6)
    fraction = (rest_ns << 12) // 10**6
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62))
