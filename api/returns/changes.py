"""What is here of a person, what a file changes of it, and the refusal of what does not fit."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from api.kit.ids import new_id
from api.returns.checks import show_day
from api.returns.models import Change, Filed, Record, RefusedRow


class Here(NamedTuple):
    """What is here of one person: none where nobody with that number is."""

    person: Record | None = None
    care_periods: Sequence[Record] = ()
    episodes: Sequence[Record] = ()
    missing: Sequence[Record] = ()
    reviews: Sequence[Record] = ()
    in_touch: Sequence[Record] = ()
    filed_rows: Sequence[Record] = ()
    extract: Record | None = None


class Refusal(Exception):
    """A row does not fit to what is here or to the other rows."""

    def __init__(self, row: Filed | None, column: str, reason: str, allowed: str = "", *, file: str = "") -> None:
        super().__init__(reason)
        self.refused = RefusedRow(
            file=row.kind if row else file,
            line=row.line if row else 0,
            column=column,
            value=_as_written(row.cells.get(column)) if row else "",
            reason=reason,
            allowed=allowed,
        )


def put(change: Change, table: str, key: str, before: Record | None, said: Record) -> UUID:
    """Adds the row, or changes it where it says something else; returns its id."""
    if before is None:
        row_id = new_id()
        change.added.setdefault(table, []).append({key: row_id, "person_id": change.person_id, **said})
        return row_id
    if any(before[name] != value for name, value in said.items()):
        change.changed.setdefault(table, []).append(before | said)
    known_id: UUID = before[key]
    return known_id


def day(text: str | None) -> date | None:
    """A checked cell's day."""
    return None if text is None else date.fromisoformat(text)


def _as_written(text: str | None) -> str:
    if text is None:
        return ""
    try:
        return show_day(date.fromisoformat(text))
    except ValueError:
        return text
