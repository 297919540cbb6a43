"""What the cells of the returns' files may hold: each row against its year's code lists, with the reason in words."""

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from api.duties import codes
from api.kit import postcode
from api.returns.files import FORMULA_STARTS
from api.returns.models import Column, Kind, Line, RefusedRow

DOCUMENT = Path(__file__).with_name("files.toml")
DAY_FORMAT = "%d/%m/%Y"
DAY = re.compile(r"(\d{2})/(\d{2})/(\d{4})")
ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?")
CHILD = re.compile(r"[A-Za-z0-9_/-]{1,20}")
EARLIEST = date(1970, 1, 1)
NAMES = "Names"
EXTRACT = "ssd_care_leavers"


class Fault(NamedTuple):
    """What is wrong with a cell."""

    column: str
    value: str
    reason: str
    allowed: str = ""


@cache
def document() -> dict[str, Any]:
    """The description of the files, as it stands."""
    return tomllib.loads(DOCUMENT.read_text(encoding="utf-8"))


def _kind(name: str, entry: dict[str, Any], columns: tuple[str, ...]) -> Kind:
    child = entry.get("child", "CHILD")
    described = {column: msgspec.convert(entry.get(column, {}), Column) for column in columns if column != child}
    return Kind(
        name=name,
        columns=columns,
        cells=described,
        key=tuple(entry["key"]),
        child=child,
        is_kept_as_filed=entry.get("is_kept_as_filed", False),
    )


@cache
def return_kinds(year: int) -> tuple[Kind, ...]:
    """The files of the SSDA903 return of a collection year. Raises LookupError for a year nobody has read."""
    codes.code_list("SEX", year)
    kinds = []
    for name, entry in document()["files"].items():
        try:
            columns = tuple(entry["columns"]) if "columns" in entry else codes.columns(name, year)
        except LookupError:
            continue
        kinds.append(_kind(name, entry, columns))
    return tuple(kinds)


@cache
def extract_kind() -> Kind:
    """Data to Insight's extract of care leavers."""
    entry = document()["extract"]
    return _kind(EXTRACT, entry, tuple(entry["columns"]))


class Checker:
    """Checks the rows of one file of one collection year."""

    def __init__(self, kind: Kind, file: str, year: int) -> None:
        self.kind = kind
        self._file = file
        self._year = year
        self._no_day = document()["no_day"]["day"] if kind.name == EXTRACT else None

    def check(self, line: Line) -> tuple[str, dict[str, str | None]] | list[RefusedRow]:
        """The child and what the row says, days as YYYY-MM-DD; or everything that is wrong with it."""
        if len(line.cells) != len(self.kind.columns):
            reason = f"has {len(line.cells)} cells"
            return [RefusedRow(self._file, line.number, "", "", reason, f"{len(self.kind.columns)} cells")]
        said = dict(zip(self.kind.columns, line.cells, strict=True))
        cells: dict[str, str | None] = {}
        faults = [*self._check_child(said[self.kind.child])]
        row_year = self._year_of(said)
        for name, column in self.kind.cells.items():
            cells[name] = self._check_cell(name, said[name], column, row_year, faults)
        if not faults:
            faults += TOGETHER.get(self.kind.name, _nothing)(cells)
        if faults:
            return [RefusedRow(self._file, line.number, *fault) for fault in faults]
        return said[self.kind.child], cells

    def child_of(self, line: Line) -> str | None:
        """Whose row it is, as far as that can be told of one that is refused."""
        is_whole = len(line.cells) == len(self.kind.columns)
        child = line.cells[self.kind.columns.index(self.kind.child)] if is_whole else line.broken_child
        return child if CHILD.fullmatch(child) else None

    def _check_child(self, child: str) -> Iterator[Fault]:
        if not CHILD.fullmatch(child):
            reason = "must not be empty" if not child else "is not a child's number"
            yield Fault(self.kind.child, child, reason, "1 to 20 letters, digits, - / _")

    def _year_of(self, said: dict[str, str]) -> int:
        """The year whose codes hold: an episode that ended before the collection year has those of its own time."""
        ended_on = parse_day(said["DEC"]) if self.kind.name == "Episodes" else None
        if ended_on is None:
            return self._year
        first_year: int = codes.document("ssda903")["first_year"]
        return min(self._year, max(codes.collection_year(ended_on), first_year))

    def _check_cell(self, name: str, text: str, column: Column, year: int, faults: list[Fault]) -> str | None:
        if not text:
            if column.required:
                faults.append(Fault(name, "", "must not be empty", _allowed(column, year)))
            return None
        if not text.isprintable() or text.startswith(FORMULA_STARTS):
            faults.append(Fault(name, text, "holds signs that no cell of a return begins with or holds", "plain text"))
            return None
        if column.is_date:
            return self._check_day(name, text, column, faults)
        if column.code_list and not codes.is_valid(column.code_list, text, year):
            reason = f"is not a code of {year - 1}/{year % 100:02}"
            faults.append(Fault(name, text, reason, _allowed(column, year)))
        elif column.pattern and not _pattern(column.pattern).fullmatch(text):
            faults.append(Fault(name, text, "is not written as it should be", column.allowed))
        elif not column.may_hold_postcode and postcode.is_in(text):
            faults.append(Fault(name, text, "looks as if it holds a postcode", column.allowed))
        return text

    def _check_day(self, name: str, text: str, column: Column, faults: list[Fault]) -> str | None:
        on = parse_day(text) or (parse_iso_day(text) if self._no_day else None)
        if on is None:
            faults.append(Fault(name, text, "is not a day", "DD/MM/YYYY"))
            return None
        if on == self._no_day:
            return None
        if on < EARLIEST:
            faults.append(Fault(name, text, "is too long ago", f"from {EARLIEST:{DAY_FORMAT}} on"))
        elif not column.may_be_later and not self._no_day and on > codes.last_day(self._year):
            allowed = f"up to {codes.last_day(self._year):{DAY_FORMAT}}"
            faults.append(Fault(name, text, "is after the collection year", allowed))
        return on.isoformat()


def parse_day(text: str) -> date | None:
    """A day written DD/MM/YYYY; None for anything else."""
    found = DAY.fullmatch(text)
    return _date(int(found[3]), int(found[2]), int(found[1])) if found else None


def parse_iso_day(text: str) -> date | None:
    """A day written YYYY-MM-DD, with or without a time, as databases write it; None for anything else."""
    found = ISO_DAY.fullmatch(text)
    return _date(int(found[1]), int(found[2]), int(found[3])) if found else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def show_day(on: date | None) -> str:
    """A day as the return writes it; an empty cell for none."""
    return "" if on is None else on.strftime(DAY_FORMAT)


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@cache
def _allowed(column: Column, year: int) -> str:
    if column.is_date:
        return "DD/MM/YYYY"
    if column.code_list:
        return ", ".join(code.code for code in codes.code_list(column.code_list, year).codes)
    return column.allowed


def _nothing(cells: dict[str, str | None]) -> Iterator[Fault]:
    return iter(())


def _header_together(cells: dict[str, str | None]) -> Iterator[Fault]:
    born_on, child_born_on = cells["DOB"] or "", cells["MC_DOB"]
    if child_born_on and cells["MOTHER"] != "1":
        yield Fault("MC_DOB", _shown(child_born_on), "is given, and MOTHER is not 1", "nothing, or MOTHER 1")
    if child_born_on and child_born_on <= born_on:
        yield Fault("MC_DOB", _shown(child_born_on), "is not after the mother's own birth", f"after {_shown(born_on)}")


def _episode_together(cells: dict[str, str | None]) -> Iterator[Fault]:
    started_on, ended_on, reason = cells["DECOM"] or "", cells["DEC"], cells["REC"]
    if (ended_on is None) != (reason is None):
        yield Fault("REC", reason or "", "goes with DEC: both are given, or neither", "both or neither")
    if ended_on and ended_on <= started_on:
        yield Fault("DEC", _shown(ended_on), "is not after DECOM", f"after {_shown(started_on)}")
    if cells["REASON_PLACE_CHANGE"] and not ended_on:
        yield Fault(
            "REASON_PLACE_CHANGE", cells["REASON_PLACE_CHANGE"], "is given of an episode that goes on", "nothing"
        )


def _missing_together(cells: dict[str, str | None]) -> Iterator[Fault]:
    started_on, ended_on = cells["MIS_START"] or "", cells["MIS_END"]
    if ended_on and ended_on < started_on:
        yield Fault("MIS_END", _shown(ended_on), "is before MIS_START", f"from {_shown(started_on)} on")


def _shown(iso_day: str) -> str:
    return show_day(datetime.strptime(iso_day, "%Y-%m-%d").date())  # noqa: DTZ007 - a day has no time zone


TOGETHER: dict[str, Callable[[dict[str, str | None]], Iterator[Fault]]] = {
    "Header": _header_together,
    "Episodes": _episode_together,
    "Missing": _missing_together,
}
