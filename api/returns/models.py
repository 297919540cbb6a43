"""What is read of a return, what is refused of it, and what came of it."""

import msgspec


class Line(msgspec.Struct, frozen=True):
    """A row of a file, and the number of the line on which it begins."""

    number: int
    cells: tuple[str, ...]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """What a cell may hold: a code of a list, a day, or text of a pattern; nothing where it is not `required`."""

    name: str
    required: bool = False
    code_list: str | None = None
    is_date: bool = False
    pattern: str | None = None
    allowed: str = ""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a return: its columns in their order, and in which of them the child stands."""

    name: str
    cells: tuple[Column, ...]
    child: str = "CHILD"

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.cells)


class RefusedRow(msgspec.Struct, frozen=True):
    """A row that was not taken, and why. It holds personal data."""

    file: str
    line: int
    column: str
    value: str
    reason: str
    allowed: str = ""
