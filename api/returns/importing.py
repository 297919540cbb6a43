"""One import of a return: all files are read to their end, then every young person is written whole or not at all."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import asyncpg

from api.audit.models import Verb
from api.kit.db import Connection
from api.kit.field_keys import FieldKeys
from api.returns import queries
from api.returns.by_child import ByChild
from api.returns.changes import Here, Refusal
from api.returns.checks import Checker
from api.returns.files import Writer, read, written
from api.returns.merging import unnamed
from api.returns.models import Change, Filed, Kind, Record, RefusedRow, Summary
from api.returns.postcodes import open_postcodes, seal_postcodes, whose

REPORT_COLUMNS = ("file", "line", "column", "value", "reason", "allowed")
SAY_EVERY_S = 2.0

Merge: TypeAlias = Callable[[str, Sequence[Filed], Here], Change]
Say: TypeAlias = Callable[[str], None]


class Refusals:
    """Writes each refused row into the report, and knows whose rows were refused."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.children: set[str] = set()
        self.count = 0

    def add(self, child: str | None, rows: Sequence[RefusedRow]) -> None:
        """Notes rows that were refused, and that nothing of this child is taken."""
        if child is not None:
            self.children.add(child)
        self.count += len(rows)
        for row in rows:
            self._writer.writerow((row.file, row.line, row.column, row.value, row.reason, row.allowed))


class Import:
    """One import: where its rows come from, what they are merged with, and what came of it."""

    def __init__(self, connection: Connection, keys: FieldKeys, *, what: str, by: str, year: int, say: Say) -> None:
        self.connection = connection
        self.keys = keys
        self.what = what
        self.by = by
        self.year = year
        self.say = say
        self.summary = Summary()

    async def run(self, files: Sequence[tuple[Kind, Path]], merging: Merge, report: Path) -> Summary:
        """Reads all files to their end, then writes child by child. Raises Unreadable before anything is written."""
        with ExitStack() as open_files:
            writer = open_files.enter_context(written(report, REPORT_COLUMNS, is_for_spreadsheet=True))
            by_child = open_files.enter_context(ByChild())
            refusals = Refusals(writer)
            names = {kind.name: path.name for kind, path in files}
            for kind, path in files:
                self._read(kind, path, by_child, refusals)
            await queries.note(self.connection, Verb.IMPORTED, self.what, self._reason(files), [None])
            await self._write_all(by_child, merging, refusals, names)
        self.summary.people_refused = len(refusals.children)
        self.summary.rows_refused = refusals.count
        return self.summary

    def _reason(self, files: Sequence[tuple[Kind, Path]]) -> str:
        return f"{', '.join(kind.name for kind, _ in files)} of {self.year - 1}/{self.year % 100:02}, by {self.by}"

    def _read(self, kind: Kind, path: Path, by_child: ByChild, refusals: Refusals) -> None:
        checker = Checker(kind, path.name, self.year)
        said_at_s, count = time.monotonic(), 0
        for count, line in enumerate(read(path, kind), 1):
            checked = checker.check(line)
            if isinstance(checked, list):
                refusals.add(checker.child_of(line), checked)
            else:
                by_child.put(checked[0], Filed(kind.name, line.number, checked[1]))
            if time.monotonic() - said_at_s > SAY_EVERY_S:
                said_at_s = time.monotonic()
                self.say(f"  {path.name}: {count} rows read …")
        self.summary.rows[kind.name] = count

    async def _write_all(self, by_child: ByChild, merging: Merge, refusals: Refusals, names: dict[str, str]) -> None:
        said_at_s, done = time.monotonic(), 0
        for children in by_child.take():
            whole = {child: rows for child, rows in children.items() if child not in refusals.children}
            for child, row in await self._write(whole, merging):
                refusals.add(child, [_in_file(row, child, names)])
            done += len(children)
            if time.monotonic() - said_at_s > SAY_EVERY_S:
                said_at_s = time.monotonic()
                self.say(f"  {done} young people compared and written …")

    async def _write(self, children: dict[str, list[Filed]], merging: Merge) -> list[tuple[str, RefusedRow]]:
        """Writes these children in one transaction; if the database refuses one, each in a transaction of its own."""
        try:
            return await self._write_together(children, merging)
        except asyncpg.IntegrityConstraintViolationError as error:
            if len(children) == 1:
                return [(child, _refused_by_database(rows[0], error)) for child, rows in children.items()]
        refused: list[tuple[str, RefusedRow]] = []
        for child, rows in children.items():
            refused += await self._write({child: rows}, merging)
        return refused

    async def _write_together(self, children: dict[str, list[Filed]], merging: Merge) -> list[tuple[str, RefusedRow]]:
        refused: list[tuple[str, RefusedRow]] = []
        changes: list[Change] = []
        async with self.connection.transaction():
            here = await _here(self.connection, self.keys, list(children), self.year)
            for child, rows in children.items():
                try:
                    changes.append(merging(child, rows, here.get(child, Here())))
                except Refusal as refusal:
                    refused.append((child, refusal.refused))
            erased = await self._seal(changes)
            refused += [(c.child, _refused_as_erased(children[c.child][0])) for c in changes if c.person_id in erased]
            changes = [change for change in changes if change.person_id not in erased]
            await self._store([change for change in changes if change])
        self._count(changes)
        return refused

    async def _seal(self, changes: Sequence[Change]) -> set[UUID]:
        """Has only the service able to read the postcodes to be stored; returns who was erased and can have none."""
        ciphers = await self.keys.ciphers_for(self.connection, whose(changes))
        erased = {person_id for person_id, cipher in ciphers.items() if cipher.is_erased}
        for change in changes:
            if change.person_id not in erased:
                seal_postcodes(change, ciphers)
        return erased

    async def _store(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        added: dict[str, list[Record]] = defaultdict(list)
        changed: dict[str, list[Record]] = defaultdict(list)
        for change in changes:
            for table, rows in change.added.items():
                added[table] += rows
            for table, rows in change.changed.items():
                changed[table] += rows
        await queries.write(self.connection, added, changed)
        people = [change.person_id for change in changes]
        await queries.note(self.connection, Verb.IMPORTED, self.what, f"by {self.by}", people)
        await queries.ask_recomputes(self.connection, people)

    def _count(self, changes: Sequence[Change]) -> None:
        for change in changes:
            new = change.added.get("young_people", [])
            self.summary.people_added += len(new)
            self.summary.people_unnamed += sum(person["full_name"] == unnamed(change.child) for person in new)
            self.summary.people_changed += bool(change and not new)
            self.summary.people_same += not change


async def _here(connection: Connection, keys: FieldKeys, children: Sequence[str], year: int) -> dict[str, Here]:
    """What is here of these children, kept from changing until the transaction ends."""
    people = await queries.lock_people(connection, children)
    ids = [person["person_id"] for person in people]
    if not ids:
        return {}
    periods = _of_each(await queries.list_care_periods(connection, ids))
    listed = await queries.list_episodes(connection, ids)
    await open_postcodes(connection, keys, listed)
    episodes = _of_each(listed)
    missing = _of_each(await queries.list_missing(connection, ids))
    reviews = _of_each(await queries.list_reviews(connection, ids))
    in_touch = _of_each(await queries.list_in_touch(connection, ids))
    filed_rows = _of_each(await queries.list_filed_rows(connection, ids, year))
    extracts = _of_each(await queries.list_extracts(connection, ids))
    return {
        person["child_id_la"]: Here(
            person, periods[i], episodes[i], missing[i], reviews[i], in_touch[i], filed_rows[i],
            next(iter(extracts[i]), None),
        )
        for person, i in ((person, person["person_id"]) for person in people)
    }  # fmt: skip


def _of_each(records: Sequence[Record]) -> defaultdict[UUID, list[Record]]:
    of_each: defaultdict[UUID, list[Record]] = defaultdict(list)
    for record in records:
        of_each[record["person_id"]].append(record)
    return of_each


def _in_file(row: RefusedRow, child: str, names: dict[str, str]) -> RefusedRow:
    """As the file has it: its own name instead of its kind's, and the child where that is what is wrong."""
    value = row.value or (child if row.column in {"CHILD", "clea_person_id"} else "")
    return RefusedRow(names.get(row.file, row.file), row.line, row.column, value, row.reason, row.allowed)


# What the database keeps apart, in the team's words; anything else is named as it is there.
REFUSED_BY_DATABASE = {
    "episodes_one_at_a_time": "two episodes of care of this child overlap",
    "care_periods_one_at_a_time": "does not fit to the periods of care that are here",
    "missing_episodes_one_at_a_time": "two times of being missing overlap",
}


def _refused_as_erased(row: Filed) -> RefusedRow:
    return RefusedRow(row.kind, row.line, "CHILD", "", "is of somebody whose record was erased", "no rows of theirs")


def _refused_by_database(row: Filed, error: asyncpg.IntegrityConstraintViolationError) -> RefusedRow:
    name = error.constraint_name or error.column_name or "a rule of the database"
    reason = REFUSED_BY_DATABASE.get(name, f"one of this child's rows breaks {name}")
    return RefusedRow(row.kind, row.line, "CHILD", "", reason)
