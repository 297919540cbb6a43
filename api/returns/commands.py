"""The commands `import` and `export`: what they are told, and what they say. No name and no value of a cell."""

import argparse
import csv
import getpass
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from api.kit import clock, crypto
from api.kit.db import DATABASE_AWAY, connect
from api.kit.field_keys import FieldKeys
from api.returns import service
from api.returns.files import Unreadable
from api.returns.models import ExportSummary, Summary
from api.returns.service import NotAllowed

SHOWN = 20
# Statements on many people's records at once take longer than those of a request.
STATEMENT_TIMEOUT_S = 600.0

Say = Callable[[str], None]


class AsAdministrator(NamedTuple):
    """An administrator's connection, and the keys of what only the service can read."""

    url: str
    keys: FieldKeys


# Asked only when there is something to do, so that --help needs no settings.
Reach = Callable[[], AsAdministrator]
KEYS_LACKING = "FIELD_KEYS lacks the key that somebody's postcodes need: give every one that is in use."


async def run_import(words: Sequence[str], reach: Reach, say: Say) -> int:
    """Imports as the words say; 0 when every row was taken, 1 when some or all were not."""
    asked = _import_parser().parse_args(words)
    try:
        return await _import(asked, reach(), say)
    except (NotAllowed, Unreadable) as error:
        say(f"Nothing was written of these files. {str(error).rstrip('.')}.")
    except crypto.Unreadable:
        say(f"{KEYS_LACKING} Who was written stays; import the same again for the rest.")
    except DATABASE_AWAY:
        say("The database stopped answering. Who was written stays; import the same again for the rest.")
    return 1


async def run_export(words: Sequence[str], reach: Reach, say: Say) -> int:
    """Exports as the words say; 0 when all is complete, 1 when something is listed to be completed."""
    asked = _export_parser().parse_args(words)
    try:
        summary = await _export(asked, reach())
    except NotAllowed as error:
        say(str(error))
        return 1
    except crypto.Unreadable:
        say(f"{KEYS_LACKING} Nothing was exported.")
        return 1
    except DATABASE_AWAY:
        say("The database stopped answering. Nothing was exported.")
        return 1
    for line in summary.lines():
        say(line)
    if summary.incomplete:
        say(f"{summary.incomplete} rows lack something: {asked.folder / 'to-complete' / 'rows.csv'} (personal data).")
    return 1 if summary.incomplete else 0


async def _import(asked: argparse.Namespace, given: AsAdministrator, say: Say) -> int:
    if not asked.path.exists():
        raise NotAllowed(f"{asked.path} is not there")
    refused = 0
    folders = service.folders_of(asked.path, asked.year) if asked.path.is_dir() else [(asked.year, asked.path)]
    for year, path in folders:
        report = asked.report / f"refused-{asked.what}-{year}.csv"
        say(f"{path}, collection year {year - 1}/{year % 100:02}:")
        summary = await _import_one(asked, given, year, path, report, say)
        _say_summary(summary, report, say)
        refused += summary.rows_refused
    return 1 if refused else 0


async def _import_one(
    asked: argparse.Namespace, given: AsAdministrator, year: int, path: Path, report: Path, say: Say
) -> Summary:
    connection = await connect(given.url, statement_timeout_s=STATEMENT_TIMEOUT_S)
    try:
        if asked.what == "ssda903":
            return await service.import_ssda903(
                connection, given.keys, path, year=year, by=asked.by, team=asked.team, report=report, say=say
            )
        return await service.import_extract(
            connection, given.keys, path, year=year, by=asked.by, report=report, say=say
        )
    finally:
        await connection.close()


def _say_summary(summary: Summary, report: Path, say: Say) -> None:
    for line in summary.lines():
        say(f"  {line}")
    if not summary.rows_refused:
        report.unlink(missing_ok=True)
        return
    say(f"  Refused rows: {summary.rows_refused}. {report} has each with its value: it is personal data.")
    with report.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        for row, _ in zip(rows, range(SHOWN), strict=False):
            allowed = f" (allowed: {row['allowed']})" if row["allowed"] else ""
            say(f"    {row['file']}, line {row['line']}, {row['column']}: {row['reason']}{allowed}")
    if summary.rows_refused > SHOWN:
        say(f"    … and {summary.rows_refused - SHOWN} more.")


async def _export(asked: argparse.Namespace, given: AsAdministrator) -> ExportSummary:
    connection = await connect(given.url, statement_timeout_s=STATEMENT_TIMEOUT_S)
    try:
        if asked.what == "ssda903":
            return await service.export_ssda903(
                connection, given.keys, asked.folder, year=asked.year, today=_today(), by=asked.by
            )
        return await service.export_annex_a(connection, asked.folder, on=asked.on, by=asked.by)
    finally:
        await connection.close()


def _today() -> date:
    return clock.london_day(clock.now())


def _import_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m api import", description="Read a council's files in.")
    parser.add_argument("what", choices=["ssda903", "ssd_care_leavers"])
    parser.add_argument("path", type=Path, help="a folder of SSDA903 files, or of such folders by year; or the extract")
    parser.add_argument("--team", help="the team that new young people come into")
    parser.add_argument("--report", type=Path, default=Path(), help="the folder for the list of refused rows")
    _add_common(parser)
    return parser


def _export_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m api export", description="Write a return.")
    parser.add_argument("what", choices=["ssda903", "annex-a"])
    parser.add_argument("folder", type=Path, help="a new or empty folder; what comes into it is personal data")
    parser.add_argument("--on", type=date.fromisoformat, default=_today(), help="the day of the inspection, YYYY-MM-DD")
    _add_common(parser)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    last = service.last_year_over(_today())
    parser.add_argument("--year", type=int, default=last, help=f"the year in which the collection year ends ({last})")
    parser.add_argument("--by", default=getpass.getuser(), help="who does this, for the audit")
