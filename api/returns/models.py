"""What is read of a return, what is refused of it, and what came of it."""

from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

# What a row says, by the names of its columns: text, a day, or None for an empty cell.
Cells: TypeAlias = dict[str, str | date | None]
# A row of a table, by the names of its columns.
Record: TypeAlias = dict[str, Any]


class Line(msgspec.Struct, frozen=True):
    """A row of a file, and the number of the line on which it begins; `broken_child` is whose a row is that has
    too few or too many cells, as far as that can be told.
    """

    number: int
    cells: tuple[str, ...]
    broken_child: str = ""


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a cell may hold: a code of a list, a day, or text of a pattern; nothing where it is not `required`.

    `may_be_later` marks a day that may lie after the collection year; words that are kept in plain and could say where
    somebody lives are not `may_hold_postcode`.
    """

    required: bool = False
    code_list: str | None = None
    is_date: bool = False
    may_be_later: bool = False
    may_hold_postcode: bool = True
    pattern: str | None = None
    allowed: str = ""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A file: its columns in their order, in which of them the child stands, and by which a child's row is known."""

    name: str
    columns: tuple[str, ...]
    cells: dict[str, Column]
    key: tuple[str, ...]
    child: str = "CHILD"
    is_kept_as_filed: bool = False


class RefusedRow(msgspec.Struct, frozen=True):
    """A row that was not taken, and why. It holds personal data; line 0 is a record that is here, not in a file."""

    file: str
    line: int
    column: str
    value: str
    reason: str
    allowed: str = ""


class Filed(msgspec.Struct, frozen=True):
    """A row that passed the checks of its own cells: of which kind, from which line."""

    kind: str
    line: int
    cells: dict[str, str | None]


class Change(msgspec.Struct):
    """What is to be written of one person: by table, rows to add and rows to change."""

    child: str
    person_id: UUID
    added: dict[str, list[Record]] = msgspec.field(default_factory=dict)
    changed: dict[str, list[Record]] = msgspec.field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.added or self.changed)


class Summary(msgspec.Struct):
    """What came of an import, in numbers."""

    rows: dict[str, int] = msgspec.field(default_factory=dict)
    people_added: int = 0
    people_changed: int = 0
    people_same: int = 0
    people_refused: int = 0
    rows_refused: int = 0
    people_unnamed: int = 0

    def lines(self) -> list[str]:
        """The numbers in words; no name and no number of a child."""
        read = ", ".join(f"{count} {name}" for name, count in self.rows.items())
        people = (
            f"Young people: {self.people_added} added, {self.people_changed} changed, {self.people_same} as before, "
            f"{self.people_refused} left out."
        )
        unnamed = f"{self.people_unnamed} of those added have no name yet: a Names file beside the others gives them."
        return [f"Rows read: {read}.", people, *([unnamed] if self.people_unnamed else [])]


class ExportSummary(msgspec.Struct):
    """What was written, in numbers."""

    rows: dict[str, int] = msgspec.field(default_factory=dict)
    incomplete: int = 0
    people_unnumbered: int = 0

    def lines(self) -> list[str]:
        """The numbers in words."""
        rows = ", ".join(f"{name}: {count}" for name, count in self.rows.items()) + "."
        unnumbered = f"{self.people_unnumbered} young people have no child's number, and so are in no return."
        return [rows, *([unnumbered] if self.people_unnumbered else [])]
