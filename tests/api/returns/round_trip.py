"""Made-up people through the whole way: files made, imported, exported, compared row by row, and judged.

`python -m tests.api.returns.round_trip 20000` (`make returns`) does it with so many and says how long each part took.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import asyncpg

from api.demo_files import write
from api.demo_people import children
from api.kit.migrations import apply_migrations
from api.returns.service import export_ssda903, import_ssda903
from tests.api.returns.filing import KEYS, add_team
from tests.ssda903.judging import Verdict, judge, rows_of, with_history
from tests.stack.postgres import EmbeddedPostgres

TODAY = date(2026, 11, 24)
YEAR = 2026


@dataclass
class RoundTrip:
    """What went in and did not come out, the other way round, and what the judge said of what came out."""

    lost: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    made_up: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    row_count: int = 0
    incomplete: int = 0
    refused: int = 0
    verdict: Verdict | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Notes how long a part took."""
        started_at_s = time.monotonic()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + time.monotonic() - started_at_s


async def round_trip(
    url: str, folder: Path, count: int, *, seed: int = 15, say: Callable[[str], None] = lambda _: None
) -> RoundTrip:
    """Goes the whole way in an empty database that has its team."""
    found = RoundTrip()
    with found.timed("make files"):
        years = write(folder / "in", children(count, seed=seed, today=TODAY), today=TODAY)
    for year in years:
        with found.timed("import"):
            found.refused += await _import(url, folder, year, say)
    with found.timed("import again"):
        found.refused += await _import(url, folder, YEAR, say)
    for year in (YEAR - 1, YEAR):
        with found.timed("export"):
            await _export(url, folder, year, found)
        _compare(folder / "in" / str(year), folder / "out" / str(year), found)
    with found.timed("judge"):
        history = with_history(folder / "history", folder / "out" / str(YEAR - 1), [folder / "in" / str(YEAR - 2)])
        found.verdict = judge(folder / "out" / str(YEAR), year=YEAR, previous=history)
    return found


async def _import(url: str, folder: Path, year: int, say: Callable[[str], None]) -> int:
    connection = await asyncpg.connect(url)
    try:
        summary = await import_ssda903(
            connection, KEYS, folder / "in" / str(year), year=year, by="round trip", team=None,
            report=folder / f"refused-{year}.csv", say=say,
        )  # fmt: skip
    finally:
        await connection.close()
    return summary.rows_refused


async def _export(url: str, folder: Path, year: int, found: RoundTrip) -> None:
    connection = await asyncpg.connect(url)
    try:
        into = folder / "out" / str(year)
        summary = await export_ssda903(connection, KEYS, into, year=year, today=TODAY, by="round trip")
    finally:
        await connection.close()
    found.incomplete += summary.incomplete


def _compare(before: Path, after: Path, found: RoundTrip) -> None:
    for file in sorted(after.glob("*.csv")):
        went_in = rows_of(before / file.name) if (before / file.name).exists() else []
        came_out = rows_of(file)
        found.row_count += len(came_out)
        filed, written = ({tuple(row.items()) for row in rows} for rows in (went_in, came_out))
        if lost := filed - written:
            found.lost[f"{after.name}/{file.name}"] = [dict(row) for row in lost]
        if made_up := written - filed:
            found.made_up[f"{after.name}/{file.name}"] = [dict(row) for row in made_up]
        if len(went_in) != len(came_out):
            found.made_up.setdefault(f"{after.name}/{file.name}", []).append(
                {"rows": f"{len(went_in)}, {len(came_out)}"}
            )


async def _main(count: int) -> int:
    with tempfile.TemporaryDirectory(prefix="fifteenplus-returns-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # noqa: ASYNC240 - nothing else waits
        with EmbeddedPostgres(folder / "postgres", durable=False) as server:
            await apply_migrations(server.admin_url)
            admin = await asyncpg.connect(server.admin_url)
            await add_team(admin)
            await admin.close()
            found = await round_trip(server.admin_url, folder, count, say=print)
    print(f"{count} young people, {found.row_count} rows exported")
    for part, seconds in found.seconds.items():
        print(f"  {part}: {seconds:.1f} s")
    assert found.verdict is not None
    wrong = [*found.lost.items(), *found.made_up.items(), *found.verdict.counted[:20]]
    print(f"lost {sum(map(len, found.lost.values()))}, made up {sum(map(len, found.made_up.values()))}, "
          f"refused {found.refused}, incomplete {found.incomplete}, judge: {len(found.verdict.run)} rules run, "
          f"{len(found.verdict.counted)} failures that count", *wrong, sep="\n  ")  # fmt: skip
    return 0 if not wrong and not found.refused and found.verdict.is_passed else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)))
