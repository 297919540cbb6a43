"""The CSV files of the returns: known by their exact columns, read a row at a time, written for their owner only.

UTF-8 with or without a byte order mark, one header row, an empty cell is nothing.
"""

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from api.returns.models import Kind, Line

MAX_CELL_LENGTH = 500
OWNER_ONLY = 0o600
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Unreadable(Exception):
    """A file that cannot be read to its end; the text says where and why, `line` where it is one line's fault."""

    def __init__(self, file: str, line: int, reason: str, allowed: str = "") -> None:
        super().__init__(f"{file}, line {line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason
        self.allowed = allowed


class Writer(Protocol):
    """What a row is written with."""

    def writerow(self, row: Iterable[Any], /) -> Any:
        """Writes one row."""


def find(folder: Path, kinds: Sequence[Kind]) -> list[tuple[Kind, Path]]:
    """The files of a folder by their columns, in the order of `kinds`.

    Raises Unreadable for a CSV file that is none of them, for a second of the same kind, and where there is none.
    """
    found: dict[str, Path] = {}
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv" and path.is_file()):
        kind = kind_of(path, kinds)
        if kind.name in found:
            raise Unreadable(path.name, 1, f"is a second {kind.name} file, after {found[kind.name].name}")
        found[kind.name] = path
    if not found:
        raise Unreadable(folder.name, 0, "holds no CSV file")
    return [(kind, found[kind.name]) for kind in kinds if kind.name in found]


def kind_of(path: Path, kinds: Sequence[Kind]) -> Kind:
    """Which file it is, by the set of its columns, whatever their order and its name. Raises Unreadable."""
    with opened(path) as rows:
        header = next(rows, Line(1, ())).cells
    for kind in kinds:
        if len(header) == len(kind.columns) and set(header) == set(kind.columns):
            return kind
    nearest = max(kinds, key=lambda kind: len(set(kind.columns) & set(header)))
    allowed = ",".join(nearest.columns) if set(nearest.columns) & set(header) else ""
    raise Unreadable(path.name, 1, "has columns that no file of this return has", allowed)


def read(path: Path, kind: Kind) -> Iterator[Line]:
    """The rows below the header, cells in the order of the kind's columns. Raises Unreadable where reading ends early.

    A row that has more or fewer cells than the header comes with the cells it has: whoever checks it refuses it.
    """
    with opened(path) as rows:
        header = next(rows).cells
        order = [header.index(column) for column in kind.columns]
        child = header.index(kind.child)
        for line in rows:
            if len(line.cells) == len(order):
                yield Line(line.number, tuple(line.cells[place] for place in order))
            elif line.cells:
                yield Line(line.number, line.cells, "".join(line.cells[child : child + 1]))


@contextmanager
def opened(path: Path) -> Iterator[Iterator[Line]]:
    """A file's rows, the header first; each numbered by the line it begins on, also after quoted line breaks."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield _lines(path.name, file)


def _lines(name: str, file: IO[str]) -> Iterator[Line]:
    csv.field_size_limit(MAX_CELL_LENGTH)
    reader = csv.reader(_without_nul(name, file), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError:
            raise Unreadable(name, number, "is not UTF-8 from about this line on", "UTF-8") from None
        except csv.Error:
            reason = f"has a quote that does not end, or a cell of more than {MAX_CELL_LENGTH} characters"
            raise Unreadable(name, number, reason) from None
        yield Line(number, tuple(cell.strip() for cell in cells))


def _without_nul(name: str, file: IO[str]) -> Iterator[str]:
    for number, text in enumerate(file, 1):
        if "\0" in text:
            raise Unreadable(name, number, "holds a NUL character")
        yield text


@contextmanager
def written(path: Path, columns: Sequence[str], *, is_for_spreadsheet: bool = False) -> Iterator[Writer]:
    """A new file that only its owner may read, whole or not at all: it takes its name when all is written.

    For a spreadsheet, a cell that it would run as a formula is written as text.
    """
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\r\n")
            writer.writerow(columns)
            yield _Harmless(writer) if is_for_spreadsheet else writer
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


class _Harmless:
    """Writes cells so that no spreadsheet takes one for a formula."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def writerow(self, row: Iterable[Any], /) -> Any:
        """Writes one row."""
        cells = ("" if cell is None else str(cell) for cell in row)
        return self._writer.writerow(["'" + cell if cell.startswith(FORMULA_STARTS) else cell for cell in cells])
