"""A council's statutory files in and out: each young person's rows or none of them, and the same again changes nothing.

Runs as an administrator, past row-level security: nobody but who keeps the database may call this. What is read and
written holds personal data: files are for their owner only, and the audit notes who had them of whom.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from uuid import UUID

from api.duties import codes
from api.kit.db import Connection
from api.kit.field_keys import FieldKeys
from api.returns import exporting, queries
from api.returns.changes import Here
from api.returns.checks import EXTRACT, extract_kind, return_kinds
from api.returns.files import find, kind_of
from api.returns.importing import Import, Say
from api.returns.merging import merge, merge_extract
from api.returns.models import Change, ExportSummary, Filed, Summary

OWNERS_FOLDER = 0o700


class NotAllowed(Exception):
    """Why the command can not be carried out; for whoever runs it."""


def last_year_over(today: date) -> int:
    """The collection year that is filed on that day: the last one that is over."""
    return codes.collection_year(today) - 1


def folders_of(folder: Path, year: int) -> Iterator[tuple[int, Path]]:
    """A folder's own year, or where it holds folders that are called by collection years, each of these in order."""
    years = sorted(path for path in folder.iterdir() if path.is_dir() and path.name.isascii() and path.name.isdigit())
    if years:
        yield from ((int(path.name), path) for path in years)
    else:
        yield year, folder


async def import_ssda903(
    connection: Connection,
    keys: FieldKeys,
    folder: Path,
    *,
    year: int,
    by: str,
    team: str | None,
    report: Path,
    say: Say,
) -> Summary:
    """Reads one collection year's SSDA903 files of a folder in; what was refused is in `report`, for its owner only.

    New young people come into `team`, which need not be named where there is one. Raises NotAllowed and Unreadable.
    """
    await _check_may_import(connection)
    _check_year(year)
    team_id = await _team(connection, team)
    files = find(folder, return_kinds(year))

    def merging(child: str, rows: Sequence[Filed], here: Here) -> Change:
        return merge(child, rows, here, year, team_id)

    return await Import(connection, keys, what="ssda903", by=by, year=year, say=say).run(files, merging, report)


async def import_extract(
    connection: Connection, keys: FieldKeys, file: Path, *, year: int, by: str, report: Path, say: Say
) -> Summary:
    """Reads Data to Insight's ssd_care_leavers in, for people who are here. Raises NotAllowed and Unreadable."""
    await _check_may_import(connection)
    kind = kind_of(file, [extract_kind()])
    return await Import(connection, keys, what=EXTRACT, by=by, year=year, say=say).run(
        [(kind, file)], merge_extract, report
    )


async def export_ssda903(
    connection: Connection, keys: FieldKeys, folder: Path, *, year: int, today: date, by: str
) -> ExportSummary:
    """Writes the SSDA903 files of a collection year into an empty folder; rows that lack something are listed beside.

    Raises NotAllowed.
    """
    await _check_is_administrator(connection)
    _check_year(year)
    _make_folder(folder)
    return await exporting.write_ssda903(connection, keys, folder, year=year, today=today, by=by)


async def export_annex_a(connection: Connection, folder: Path, *, on: date, by: str) -> ExportSummary:
    """Writes Ofsted's Annex A, list 9 (care leavers) of a day into an empty folder; what is missing is listed beside.

    Raises NotAllowed.
    """
    await _check_is_administrator(connection)
    _make_folder(folder)
    return await exporting.write_annex_a(connection, folder, on=on, by=by)


async def prepare_for_made_up(connection: Connection, last_names: Sequence[str], team: str) -> None:
    """Makes the team that made-up young people come into. Raises NotAllowed where there is anybody who may be real."""
    await _check_is_administrator(connection)
    if await queries.has_others_than(connection, rf"^\w+ ({'|'.join(last_names)})(-\d+)?$"):
        raise NotAllowed("There are people here who are not made up: nothing was added.")
    await queries.add_team(connection, team)


async def _check_may_import(connection: Connection) -> None:
    await _check_is_administrator(connection)
    if not await queries.try_lock(connection):
        raise NotAllowed("Another import is at work. Try again when it has ended.")


async def _check_is_administrator(connection: Connection) -> None:
    if not await queries.may_read_all(connection):
        raise NotAllowed(
            "This needs a database administrator's connection, past row-level security: MIGRATION_DATABASE_URL."
        )


def _check_year(year: int) -> None:
    try:
        return_kinds(year)
    except LookupError as error:
        raise NotAllowed(f"There are {error}: name one with --year.") from None


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=OWNERS_FOLDER, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NotAllowed(f"{folder} is not empty: files of two exports must not be mixed up.")


async def _team(connection: Connection, name: str | None) -> UUID:
    teams = await queries.list_teams(connection)
    if name is not None and name in teams:
        return teams[name]
    if name is None and len(teams) == 1:
        return next(iter(teams.values()))
    known = ", ".join(teams) or "none yet"
    raise NotAllowed(f"Say which team new young people come into: --team NAME. The teams are: {known}.")
