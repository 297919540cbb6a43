"""What somebody with every right on the database could do to the audit, from clumsy to careful."""

import random
import uuid
from collections.abc import Awaitable, Callable

import asyncpg

HASH_ROW = """
    UPDATE audit_entries AS e SET row_hash = sha256(convert_to(jsonb_build_array(
        e.entry_id, e.xact_id, (extract(epoch FROM e.recorded_at) * 1000000)::bigint,
        e.actor_kind, e.actor_id, e.session_id, e.login, e.verb, e.person_id,
        e.table_name, e.record_id, e.reason, e.request_id
    )::text, 'UTF8')) WHERE entry_id = $1
"""
FILL_BLOCK = """
    UPDATE audit_blocks AS b SET entry_ids = r.ids, row_hashes = r.hashes, previous_hash = coalesce(
        (SELECT p.block_hash FROM audit_blocks AS p WHERE p.block_no < $1 ORDER BY p.block_no DESC LIMIT 1), ''
    )
    FROM (
        SELECT array_agg(entry_id ORDER BY entry_id) AS ids, array_agg(row_hash ORDER BY entry_id) AS hashes
        FROM audit_entries AS e JOIN audit_blocks AS b ON b.block_no = $1
            AND e.xact_id >= b.from_xact_id AND e.xact_id < b.to_xact_id
    ) AS r
    WHERE block_no = $1
"""
HASH_BLOCK = """
    UPDATE audit_blocks AS b SET block_hash = sha256(convert_to(jsonb_build_array(
        b.block_no, b.from_xact_id, b.to_xact_id, b.entry_ids,
        (SELECT encode(sha256(string_agg(h.hash, ''::bytea ORDER BY h.place)), 'hex')
         FROM unnest(b.row_hashes) WITH ORDINALITY AS h (hash, place)),
        encode(b.previous_hash, 'hex'), (extract(epoch FROM b.sealed_at) * 1000000)::bigint
    )::text, 'UTF8')) WHERE block_no = $1
"""
COLUMNS = {
    "actor_kind": "'staff'", "actor_id": "gen_random_uuid()", "session_id": "gen_random_uuid()", "login": "'x'",
    "verb": "'raised'", "person_id": "gen_random_uuid()", "table_name": "table_name || 'x'", "record_id": "NULL",
    "reason": "NULL", "request_id": "gen_random_uuid()", "recorded_at": "recorded_at + interval '1 microsecond'",
    "row_hash": "sha256(row_hash)",
}  # fmt: skip
BLOCK_COLUMNS = {
    "from_xact_id": "from_xact_id - 1", "to_xact_id": "to_xact_id + 1", "sealed_at": "sealed_at + interval '1 s'",
    "previous_hash": "sha256(previous_hash)", "block_hash": "sha256(block_hash)", "entry_ids": "entry_ids || 0::bigint",
    "row_hashes": "row_hashes[2:] || row_hashes[:1]",
}  # fmt: skip
COPY_ROW = """
    INSERT INTO audit_entries OVERRIDING SYSTEM VALUE
    SELECT 100000, {xact_id}, {recorded_at}, actor_kind, actor_id, session_id, login, verb, gen_random_uuid(),
        table_name, record_id, reason, request_id, row_hash
    FROM audit_entries WHERE entry_id = $1
"""


class Tamperer:
    """One tamper at a time, inside the caller's transaction; each says which block and row it has touched."""

    def __init__(self, admin: asyncpg.Connection, seed: int, rows: int, blocks: int) -> None:
        self.admin = admin
        self.random = random.Random(seed)
        self.blocks, self.rows = blocks, rows
        self.row = self.random.randint(1, rows * blocks)
        self.block = (self.row - 1) // rows + 1

    def kinds(self) -> list[Callable[[], Awaitable[tuple[int | None, int | None]]]]:
        """Every kind of tamper."""
        return [
            self.edit, self.edit_and_hash, self.edit_and_chain, self.remove, self.remove_and_chain, self.remove_block,
            self.cut_off, self.cut_off_all, self.add, self.add_and_chain, self.edit_block, self.edit_block_and_hash,
            self.move, self.swap, self.add_back_dated,
        ]  # fmt: skip

    async def run(self, sql: str, *arguments: object) -> None:
        """A statement that no trigger hears of."""
        await self.admin.execute("SET LOCAL session_replication_role = replica")
        await self.admin.execute(sql, *arguments)

    async def chain(self, first: int) -> None:
        """Makes every block from one on fit the rows and each other again."""
        for block_no in range(first, self.blocks + 1):
            await self.run(FILL_BLOCK, block_no)
            await self.run(HASH_BLOCK, block_no)

    async def edit(self) -> tuple[int | None, int | None]:
        column, value = self.random.choice(list(COLUMNS.items()))
        await self.run(f"UPDATE audit_entries SET {column} = {value} WHERE entry_id = $1", self.row)  # noqa: S608
        return self.block, self.row

    async def edit_and_hash(self) -> tuple[int | None, int | None]:
        place = await self.edit()
        await self.run("UPDATE audit_entries SET person_id = gen_random_uuid() WHERE entry_id = $1", self.row)
        await self.run(HASH_ROW, self.row)
        return place

    async def edit_and_chain(self) -> tuple[int | None, int | None]:
        await self.edit_and_hash()
        await self.chain(self.block)
        return self.block, None

    async def remove(self) -> tuple[int | None, int | None]:
        await self.run("DELETE FROM audit_entries WHERE entry_id = $1", self.row)
        return self.block, self.row

    async def remove_and_chain(self) -> tuple[int | None, int | None]:
        await self.remove()
        await self.chain(self.block)
        return self.block, None

    async def remove_block(self) -> tuple[int | None, int | None]:
        await self.run("DELETE FROM audit_blocks WHERE block_no = $1", self.block)
        return self.block, None

    async def cut_off(self) -> tuple[int | None, int | None]:
        """The last blocks with all their rows: what is left fits together perfectly."""
        first = self.random.randint(2, self.blocks)
        from_xact_id = await self.admin.fetchval("SELECT from_xact_id FROM audit_blocks WHERE block_no = $1", first)
        await self.run("DELETE FROM audit_entries WHERE xact_id >= $1", from_xact_id)
        await self.run("DELETE FROM audit_blocks WHERE block_no >= $1", first)
        return first, None

    async def cut_off_all(self) -> tuple[int | None, int | None]:
        await self.run("TRUNCATE audit_entries")
        await self.run("TRUNCATE audit_blocks")
        return 1, None

    async def add(self) -> tuple[int | None, int | None]:
        await self.run(COPY_ROW.format(xact_id="xact_id", recorded_at="recorded_at"), self.row)
        await self.run(HASH_ROW, 100000)
        return self.block, 100000

    async def add_and_chain(self) -> tuple[int | None, int | None]:
        await self.add()
        await self.chain(self.block)
        return self.block, None

    async def add_back_dated(self) -> tuple[int | None, int | None]:
        xact_id = "pg_current_xact_id()::text::bigint"
        await self.run(COPY_ROW.format(xact_id=xact_id, recorded_at="recorded_at - interval '1 day'"), self.row)
        await self.run(HASH_ROW, 100000)
        return None, 100000

    async def edit_block(self) -> tuple[int | None, int | None]:
        column, value = self.random.choice(list(BLOCK_COLUMNS.items()))
        await self.run("ALTER TABLE audit_blocks DROP CONSTRAINT audit_blocks_check1")
        await self.run(f"UPDATE audit_blocks SET {column} = {value} WHERE block_no = $1", self.block)  # noqa: S608
        return self.block, None

    async def edit_block_and_hash(self) -> tuple[int | None, int | None]:
        place = await self.edit_block()
        await self.run("UPDATE audit_blocks SET sealed_at = sealed_at + interval '1 s' WHERE block_no = $1", self.block)
        await self.run(HASH_BLOCK, self.block)
        return place

    async def move(self) -> tuple[int | None, int | None]:
        """A row into another block's transactions."""
        other = self.block % self.blocks + 1
        await self.run(
            "UPDATE audit_entries SET xact_id = (SELECT to_xact_id - 1 FROM audit_blocks WHERE block_no = $2)"
            " WHERE entry_id = $1",
            self.row,
            other,
        )
        await self.run(HASH_ROW, self.row)
        return self.block, self.row

    async def swap(self) -> tuple[int | None, int | None]:
        """Two people, one for the other."""
        other = self.row % (self.rows * self.blocks) + 1
        await self.run(
            "UPDATE audit_entries AS e SET person_id = (SELECT o.person_id FROM audit_entries AS o"
            " WHERE o.entry_id = $1 + $2 - e.entry_id) WHERE e.entry_id IN ($1::bigint, $2::bigint)",
            self.row,
            other,
        )
        await self.run(HASH_ROW, other)
        await self.run(HASH_ROW, self.row)
        return self.block, self.row


def some_reasons(seed: int, count: int) -> list[str]:
    """Texts that try to be taken for something else."""
    chosen = random.Random(seed)
    alphabet = '",[]{}\\|\x01\x7f\t\n éß\u202e\U0001f600null' + str(uuid.UUID(int=seed))
    return ["".join(chosen.choices(alphabet, k=chosen.randint(1, 12))) for _ in range(count)]
