"""Has a folder of SSDA903 files judged, and says what counts."""

import csv
import json
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from api.duties.codes import last_day
from api.duties.dates import age_on
from tests.stack.bootstrap import JUDGE

AUTHORITY = "E06000018"
SCRIPT = Path(__file__).with_name("judge.py")
ALLOWED = tomllib.loads(Path(__file__).with_name("allowed.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Failure:
    """A row that fails a rule."""

    rule: str
    table: str
    line: int
    row: dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """What the judge found, and what of it counts."""

    run: Sequence[str]
    crashed: Sequence[str]
    failures: Sequence[Failure]
    counted: Sequence[Failure]
    expected_crashes: Sequence[str]

    @property
    def is_passed(self) -> bool:
        """Whether nothing counts, and the judge looked at enough of it."""
        is_whole = len(self.run) >= ALLOWED["least_rules_run"] and sorted(self.crashed) == sorted(self.expected_crashes)
        return is_whole and not self.counted


@dataclass(frozen=True)
class Context:
    """What the conditions look at besides the row itself."""

    looked_after: set[str]
    still_looked_after: set[str]
    ends_on: date

    @classmethod
    def of(cls, episodes: Sequence[dict[str, str]], year: int) -> "Context":
        """Of a year's episodes."""
        open_ones = {row["CHILD"] for row in episodes if not row["DEC"]}
        return cls({row["CHILD"] for row in episodes}, open_ones, last_day(year))


def judge(folder: Path, *, year: int, previous: Path | None = None) -> Verdict:
    """The verdict on a folder, with last year's files beside it."""
    command: list[str | Path] = [JUDGE.folder / "bin" / "python", "-I", SCRIPT, folder, "--year", str(year)]
    command += ["--authority", AUTHORITY, *(["--previous", previous] if previous else [])]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise RuntimeError(f"the judge could not judge: {asked.stderr[-2000:]}")
    said = json.loads(asked.stdout)
    failures = [Failure(f["rule"], f["table"], f["line"], f["row"]) for f in said["failures"]]
    context = Context.of(rows_of(folder / "episodes.csv"), year)
    counted = [failure for failure in failures if not _is_allowed(failure, context)]
    has_leap_day = any(row["DOB"].startswith("29/02/") for row in rows_of(folder / "oc3.csv"))
    crashes = [crash["rule"] for crash in ALLOWED["crashes"] if "when" not in crash or has_leap_day]
    return Verdict(said["run"], said["crashed"], failures, counted, crashes)


def rows_of(file: Path) -> list[dict[str, str]]:
    """The rows of a file by column."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def write_rows(file: Path, rows: Sequence[dict[str, str]], columns: Sequence[str] = ()) -> None:
    """Writes rows by column."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(columns) or list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def with_history(folder: Path, previous: Path, earlier: Sequence[Path]) -> Path:
    """Last year's files with every earlier episode among its own: what the judge needs to count days in care.

    By itself it knows two years of episodes, and takes whoever left before for somebody who never was in care.
    """
    folder.mkdir()
    for file in previous.glob("*.csv"):
        (folder / file.name).write_bytes(file.read_bytes())
    episodes = rows_of(previous / "episodes.csv")
    known = {(row["CHILD"], row["DECOM"]) for row in episodes}
    for other in earlier:
        more = [row for row in rows_of(other / "episodes.csv") if (row["CHILD"], row["DECOM"]) not in known]
        known |= {(row["CHILD"], row["DECOM"]) for row in more}
        episodes += more
    write_rows(folder / "episodes.csv", episodes)
    return folder


def _placed_out_of_area(failure: Failure, files: Context) -> bool:
    return failure.row.get("PLACE") == "K3" and failure.row.get("PL_LOCATION") == "OUT"


def _no_episodes_this_year(failure: Failure, files: Context) -> bool:
    return failure.row["CHILD"] not in files.looked_after and not {"MOTHER", "MC_DOB"} & failure.row.keys()


def _aged_20_or_more(failure: Failure, files: Context) -> bool:
    born_on = datetime.strptime(failure.row["DOB"], "%d/%m/%Y").date()  # noqa: DTZ007 - a day has no time zone
    return age_on(born_on, files.ends_on) >= 20


def _still_looked_after(failure: Failure, files: Context) -> bool:
    return failure.row["CHILD"] in files.still_looked_after


def _birthday_on_the_last_day(failure: Failure, files: Context) -> bool:
    return failure.row["DOB"].startswith(f"{files.ends_on:%d/%m}/")


CONDITIONS: dict[str, Callable[[Failure, Context], bool]] = {
    "placed_out_of_area": _placed_out_of_area,
    "no_episodes_this_year": _no_episodes_this_year,
    "aged_20_or_more": _aged_20_or_more,
    "still_looked_after": _still_looked_after,
    "birthday_on_the_last_day": _birthday_on_the_last_day,
}


def _is_allowed(failure: Failure, files: Context) -> bool:
    return any(
        failure.rule == allowed["rule"] and CONDITIONS[allowed["when"]](failure, files)
        for allowed in ALLOWED["failures"]
    )
