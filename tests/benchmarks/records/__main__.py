"""Measures how fast records are read and prints one table: `python -m tests.benchmarks.records [--quick]`."""

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import asyncpg
import uvloop

from tests.benchmarks.http import HttpConnection, UnexpectedAnswer, http_connections, request_of
from tests.benchmarks.machine import Machine
from tests.benchmarks.measuring import Figures, Times, in_turns, side_by_side
from tests.benchmarks.records.data import SignedIn, Size
from tests.benchmarks.records.reads import READS, Read
from tests.benchmarks.records.servers import Council, bare_connections, found, serving
from tests.benchmarks.records.table import Line, as_table
from tests.stack.postgres import EmbeddedPostgres
from tests.stack.problem import StackProblem

FULL = (5, 1600, Size(20_000, 50), Size(2_000, 50))
QUICK = (1, 64, Size(400, 20), Size(50, 20))


def main() -> int:
    """Runs the benchmark; what stands in its way is one sentence and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.records", description="How fast records are read")
    parser.add_argument("--quick", action="store_true", help="under a minute; the figures are rough")
    effort = QUICK if parser.parse_args().quick else FULL
    with tempfile.TemporaryDirectory(prefix="fifteenplus-benchmarks-") as folder:
        Path(folder).chmod(0o755)
        machine = Machine(Path(folder))
        try:
            with EmbeddedPostgres(Path(folder) / "postgres", durable=True) as postgres:
                lines = uvloop.run(_measure(Path(folder), postgres, machine, *effort))
        except (StackProblem, UnexpectedAnswer) as problem:
            print(problem, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    print("\n".join(["", as_table(lines, effort[0]), *machine.describe()]))
    return 0


async def _measure(
    folder: Path, postgres: EmbeddedPostgres, machine: Machine, rounds: int, count: int, *sizes: Size
) -> list[Line]:
    lines: list[Line] = []
    for number, size in enumerate(sizes):
        started_at_s = time.monotonic()
        council = await found(postgres, f"fifteenplus_records_{number}", size)
        print(f"Stored {size.name} ({time.monotonic() - started_at_s:.0f} s)", flush=True)
        async with serving(council, folder / str(number)) as urls:
            for read in READS:
                machine.probe()
                lines.append(await _line(council, read, urls, rounds, count))
                print(f"  {read.name}: measured", flush=True)
    return lines


async def _line(council: Council, read: Read, urls: tuple[str, str, str], rounds: int, count: int) -> Line:
    readers = read.readers(council)
    async with (
        http_connections(urls[0], len(readers)) as walled,
        http_connections(urls[1], len(readers)) as opened,
        http_connections(urls[2], len(readers)) as orm,
        bare_connections(council, readers) as bare,
    ):
        ours = [request_of("GET", urls[0] + read.path(one), read.headers(one)) for one in readers]
        others = [request_of("GET", urls[2] + read.orm_path(one), {}) for one in readers]
        await _answers_are_whole(walled, ours, orm, others, read)
        on, off, by_orm, alone = await in_turns(
            rounds,
            lambda: _exchange(walled, ours, count),
            lambda: _exchange(opened, ours, count),
            lambda: _exchange(orm, others, count // 4),
            lambda: _fetch(bare, read, readers, count),
        )
        single = await in_turns(
            rounds,
            lambda: _exchange(walled[:1], ours[:1], count // 8),
            lambda: _exchange(opened[:1], ours[:1], count // 8),
        )
    return Line(council.size, read.name, *map(Figures, (on, off, by_orm, alone, *single)))


async def _answers_are_whole(
    walled: list[HttpConnection], ours: list[bytes], orm: list[HttpConnection], others: list[bytes], read: Read
) -> None:
    """What is fast because it is empty is not measured."""
    for connection, request in ((walled[0], ours[0]), (orm[0], others[0])):
        body = await connection.exchange(request)
        if body.count(read.shows) < read.at_least:
            raise UnexpectedAnswer(f"{read.name}: an answer holds too little")


async def _exchange(connections: list[HttpConnection], requests: list[bytes], count: int) -> Times:
    works = [partial(c.exchange, request) for c, request in zip(connections, requests, strict=True)]
    return await side_by_side(works, count)


async def _fetch(connections: list[asyncpg.Connection], read: Read, readers: list[SignedIn], count: int) -> Times:
    works = [partial(c.fetch, read.sql, *read.arguments(one)) for c, one in zip(connections, readers, strict=True)]
    return await side_by_side(works, count)


if __name__ == "__main__":
    sys.exit(main())
