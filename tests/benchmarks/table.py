"""The figures as people read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.measuring import Figures

HEAD = (
    f"{'':34}{'side by':>8}{'':>3}{'p50':>8}{'p99':>8}{'':>9}{'floor:':>11}{'p50':>8}{'p99':>8}{'':>9}"
    f"{'p50':>8}{'rate of':>10}\n"
    f"{'':34}{'side':>8}{'':>3}{'ms':>8}{'ms':>8}{'per s':>9}{'':>11}{'ms':>8}{'ms':>8}{'per s':>9}"
    f"{'× floor':>8}{'the floor':>10}"
)


@dataclass(frozen=True)
class Row:
    """What was measured, and its floor, measured in turns with it."""

    what: str
    senders: int
    ours: Figures
    floor: Figures
    only_rate: bool = False


@dataclass(frozen=True)
class Section:
    """Rows with one floor; `notes` says what a reader has to know."""

    title: str
    floor: str
    rows: list[Row]
    notes: tuple[str, ...] = ()


def as_table(sections: Iterable[Section]) -> str:
    """One table, a section for each subject."""
    return "\n".join([HEAD, *(line for section in sections for line in _lines(section))])


def _lines(section: Section) -> list[str]:
    head = ["", section.title, f"  floor: {section.floor}"]
    return [*head, *map(_line, section.rows), *(f"  {note}" for note in section.notes)]


def _line(row: Row) -> str:
    shares = [o.per_s / f.per_s for o, f in zip(row.ours.rounds, row.floor.rounds, strict=True)]
    slower = "–" if row.only_rate else f"{row.ours.p50_ms / row.floor.p50_ms:.2f}"
    return (
        f"  {row.what:32}{row.senders:8}{'':3}{_figures(row, row.ours)}{'':11}{_figures(row, row.floor)}"
        f"{slower:>8}{median(shares):6.2f}±{(max(shares) - min(shares)) / 2:.2f}"
    )


def _figures(row: Row, figures: Figures) -> str:
    times = ("–", "–") if row.only_rate else (f"{figures.p50_ms:.2f}", f"{figures.p99_ms:.2f}")
    return f"{times[0]:>8}{times[1]:>8}{figures.per_s:9.0f}"
