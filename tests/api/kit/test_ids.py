"""Ids made here are like those that PostgreSQL makes."""

import asyncio
import time

import asyncpg

from api.kit.ids import new_id


def test_id_when_made_then_it_is_a_uuidv7_of_now_and_like_no_other() -> None:
    before_ms = time.time_ns() // 10**6
    ids = [new_id() for _ in range(2000)]
    after_ms = time.time_ns() // 10**6
    assert {(i.version, i.variant) for i in ids} == {(7, "specified in RFC 4122")}
    assert all(before_ms <= i.int >> 80 <= after_ms for i in ids)
    assert len(set(ids)) == len(ids)


async def test_id_when_made_later_then_it_sorts_later_among_postgresqls_too(admin: asyncpg.Connection) -> None:
    ids = []
    for _ in range(20):
        ids += [new_id(), await admin.fetchval("SELECT uuidv7()")]
        await asyncio.sleep(0.001)
    assert ids == sorted(ids)
