"""Tries every verb on every table as every actor, and compares with what `access_oracle` says."""

import json
from dataclasses import dataclass, field

import asyncpg

from tests.conftest import TestDatabase
from tests.rules.access_oracle import KEYS, may
from tests.rules.access_rows import World
from tests.rules.access_world import MEMBERS, Actor

NOT_OURS = {"schema_migrations"}
# A login that may not even look into a schema is told that there is no such table.
REFUSED = (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedTableError)
TABLES = """
    SELECT CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""
GRANTED = """
    SELECT a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    WHERE c.oid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND has_schema_privilege($3, c.relnamespace, 'USAGE') AND has_column_privilege($3, c.oid, a.attnum, $2)
    ORDER BY a.attnum
"""
SPECIAL_UPDATES = {
    "sessions": "revoked_at = now(), revoked_because = 'signed_out'",
    "break_glass_grants": "reviewed_at = now(), reviewed_by_staff_id = (SELECT staff_id FROM sec.who())",
    # Without a column that is read, so that the wall of reading does not stand before that of changing.
    "visits_and_contacts": "note = ''",
    "appointments": "young_person_answer = NULL",
    "needs_assessments": "copy_given_on = NULL",
    "pathway_plans": "copy_given_on = NULL",
    "staff_identities": "ended_at = now()",
    "allocations": "ended_on = '9999-12-31'",
    # What is signed stays as it is, for whoever may change it otherwise.
    "plan_sections": "my_words = my_words WHERE plan_id IN (SELECT plan_id FROM pathway_plans WHERE status = 'draft')",
}
# What the maker of a row has to be named in, and what nobody may leave to somebody else.
MAKERS = {
    "enrolment_codes": "made_by_staff_id",
    "break_glass_grants": "staff_id",
    "needs_assessments": "started_by_staff_id",
    "pathway_plans": "started_by_staff_id",
    "plan_reviews": "requested_by_staff_id",
    "visits_and_contacts": "recorded_by_staff_id",
    "appointments": "booked_by_staff_id",
    "restricted_cases": "restricted_by_staff_id",
    "staff_identities": "linked_by_staff_id",
}

# The wall let a statement pass, and a constraint behind it did not: never what is expected.
PASSED_AND_FAILED = -1


@dataclass
class Report:
    """How many cells were looked at, and which differ."""

    cells: int = 0
    wrong: list[str] = field(default_factory=list)

    def compare(self, what: str, expected: set[str], seen: set[str] | int, cells: int) -> None:
        """Counts cells, and notes what is wrong with them."""
        self.cells += cells
        if (len(expected) != seen) if isinstance(seen, int) else (expected != seen):
            self.wrong.append(f"{what}: expected {len(expected)}, found {seen if isinstance(seen, int) else len(seen)}")


async def list_tables(connection: asyncpg.Connection) -> list[str]:
    """Every table there is."""
    return [row[0] for row in await connection.fetch(TABLES) if row[0] not in NOT_OURS]


class Matrix:
    """Goes through every actor, table and verb."""

    def __init__(self, database: TestDatabase, admin: asyncpg.Connection, world: World) -> None:
        self.database = database
        self.admin = admin
        self.world = world
        self.report = Report()
        self.owners: dict[str, dict[str, str]] = {}
        self.rows: dict[str, dict[str, str]] = {}

    async def run(self, *, names: set[str] | None = None, tables: set[str] | None = None) -> Report:
        """All of it, or the actors and tables named."""
        for table in await list_tables(self.admin):
            if table not in KEYS:
                self.report.wrong.append(f"{table}: nobody said who may see it")
            elif tables is None or table in tables:
                await self._read(table)
        for login in ("fifteenplus_api", "fifteenplus_worker", "fifteenplus_bot", "fifteenplus_signed_in"):
            connection = await asyncpg.connect(self.database.url(login))
            granted = {
                (table, verb): [row[0] for row in await self.admin.fetch(GRANTED, table, verb, login)]
                for table in self.owners
                for verb in ("SELECT", "INSERT", "UPDATE")
            }
            for actor in self.world.actors:
                if actor.login == login and (names is None or actor.name in names):
                    await self._try(connection, actor, granted)
            await connection.close()
        return self.report

    async def _read(self, table: str) -> None:
        key = KEYS[table]
        rows = await self.admin.fetch(f"SELECT {key} AS key, to_json(t)::text AS row FROM {table} AS t")  # noqa: S608
        noted = self.world.rows.get(table, {})
        self.owners[table] = {str(row["key"]): noted.get(str(row["key"]), "alert") for row in rows}
        self.rows[table] = {str(row["key"]): row["row"] for row in rows}

    async def _try(
        self, connection: asyncpg.Connection, actor: Actor, granted: dict[tuple[str, str], list[str]]
    ) -> None:
        await connection.execute(
            "SELECT set_config('app.actor', $1, false), set_config('app.token', $2, false)", actor.claim, actor.token
        )
        for table, owners in self.owners.items():
            expected = {
                verb: {key for key, owner in owners.items() if may(actor, verb, table, owner)}
                for verb in ("SELECT", "INSERT", "UPDATE", "DELETE")
            }
            seen: set[str] | int = await self._select(connection, table, granted[table, "SELECT"])
            self.report.compare(f"{actor.name} SELECT {table}", expected["SELECT"], seen, len(owners))
            changes = self._change(table, granted[table, "UPDATE"], actor)
            updated = await self._count(connection, f"UPDATE {table} SET {changes}") if changes else 0  # noqa: S608
            self.report.compare(f"{actor.name} UPDATE {table}", expected["UPDATE"], updated, len(owners))
            deleted = await self._count(connection, f"DELETE FROM {table}")  # noqa: S608
            self.report.compare(f"{actor.name} DELETE {table}", expected["DELETE"], deleted, len(owners))
            inserted = await self._insert(connection, table, granted[table, "INSERT"], actor)
            self.report.compare(f"{actor.name} INSERT {table}", expected["INSERT"], inserted, len(owners))

    async def _select(self, connection: asyncpg.Connection, table: str, columns: list[str]) -> set[str] | int:
        if not columns:
            return 0
        if KEYS[table] not in columns:
            return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608
        return {str(row[0]) for row in await connection.fetch(f"SELECT {KEYS[table]} FROM {table}")}  # noqa: S608

    def _change(self, table: str, columns: list[str], actor: Actor) -> str:
        if actor.login == "fifteenplus_signed_in" and columns and table in SPECIAL_UPDATES:
            return SPECIAL_UPDATES[table]
        return f"{columns[-1]} = {columns[-1]}" if columns else ""

    async def _count(self, connection: asyncpg.Connection, statement: str) -> int:
        transaction = connection.transaction()
        await transaction.start()
        try:
            return int((await connection.execute(statement)).rpartition(" ")[2])
        except REFUSED:
            return 0
        except asyncpg.PostgresError:
            return PASSED_AND_FAILED
        finally:
            await transaction.rollback()

    async def _insert(self, connection: asyncpg.Connection, table: str, columns: list[str], actor: Actor) -> set[str]:
        """The rows of which the like may be added. Any error but the wall's means that the wall let it pass."""
        return {
            key
            for key, row in self.rows[table].items()
            if columns and await self._passes(connection, table, columns, self._as_own(table, row, actor))
        }

    def _as_own(self, table: str, row: str, actor: Actor) -> str:
        name = MAKERS.get(table)
        me = next((str(m.staff_id) for m in MEMBERS if m.name == actor.member), None)
        return row if name is None or me is None else json.dumps({**json.loads(row), name: me})

    async def _passes(self, connection: asyncpg.Connection, table: str, columns: list[str], row: str) -> bool:
        names = ", ".join(columns)
        transaction = connection.transaction()
        await transaction.start()
        try:
            status = await connection.execute(
                f"INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_record(NULL::{table}, $1)",  # noqa: S608
                row,
            )
        except REFUSED:
            return False
        except asyncpg.PostgresError:
            return True
        finally:
            await transaction.rollback()
        # A trigger may find that there is nothing to add.
        return bool(status.endswith(" 1"))
