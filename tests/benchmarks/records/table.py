"""The figures as people read them."""

from dataclasses import dataclass
from statistics import median

from tests.benchmarks.measuring import Figures
from tests.benchmarks.records.data import Size

HEAD = (
    f"{'':28}{'with walls':>22}{'without':>10}{'ORM':>8}{'bare':>8}{'× ORM':>16}{'× bare':>16}{'walls cost':>13}\n"
    f"{'':28}{'p50 ms':>9}{'p99':>6}{'per s':>7}{'per s':>10}{'per s':>8}{'per s':>8}"
    f"{'without':>9}{'with':>7}{'without':>9}{'with':>7}{'ms (alone)':>13}"
)


@dataclass(frozen=True)
class Line:
    """One read of one council: with walls, without, the ORM's, bare; and both of ours with one reader alone."""

    size: Size
    name: str
    walled: Figures
    opened: Figures
    orm: Figures
    bare: Figures
    walled_alone: Figures
    opened_alone: Figures


def as_table(lines: list[Line], rounds: int) -> str:
    """A section for each council, and how the first compares with the last, which is smaller."""
    out = [HEAD]
    for size in dict.fromkeys(line.size for line in lines):
        out += ["", f"Read by 16 at once: {size.name}", *(_line(line) for line in lines if line.size == size)]
    out += ["", "p50 with walls, of the larger council's against the smaller's:"]
    first, last = lines[0].size, lines[-1].size
    for line in lines:
        if line.size == first:
            other = next(one for one in lines if one.size == last and one.name == line.name)
            out.append(f"  {line.name:26}{line.walled_alone.p50_ms / other.walled_alone.p50_ms:.2f} × alone")
    return "\n".join([*out, "", *_legend(rounds)])


def _line(line: Line) -> str:
    cost = line.walled_alone.p50_ms - line.opened_alone.p50_ms
    return (
        f"  {line.name:26}{line.walled.p50_ms:9.2f}{line.walled.p99_ms:6.1f}{line.walled.per_s:7.0f}"
        f"{line.opened.per_s:10.0f}{line.orm.per_s:8.0f}{line.bare.per_s:8.0f}"
        f"{_share(line.opened, line.orm):9.1f}{_share(line.walled, line.orm):7.1f}"
        f"{_share(line.opened, line.bare):9.2f}{_share(line.walled, line.bare):7.2f}{cost:13.2f}"
    )


def _share(ours: Figures, other: Figures) -> float:
    return median(a.per_s / b.per_s for a, b in zip(ours.rounds, other.rounds, strict=True))


def _legend(rounds: int) -> list[str]:
    return [
        f"Medians of {rounds} rounds, each in turns with all it is compared with, after one that does not count.",
        "With walls: who calls is known by their token, row-level security on every table, every look in the audit.",
        "Without: row-level security off and nothing noted; who calls is still known. ORM: FastAPI, SQLAlchemy and",
        "pydantic on the same server, without any access control. Bare: the same SQL on asyncpg, no HTTP, no walls.",
        "Walls cost: the difference of the p50 of one reader alone.",
    ]
