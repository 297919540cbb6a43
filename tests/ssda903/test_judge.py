"""The judge lets the made-up people's files pass and finds defects: else its word would be worth nothing."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from api.demo_files import write
from api.demo_people import children
from tests.ssda903.judging import ALLOWED, CONDITIONS, Verdict, judge, rows_of, with_history, write_rows

TODAY = date(2026, 11, 24)
YEAR = 2026
EMPTY = {
    "ad1": ("CHILD", "DOB", "DATE_INT", "DATE_MATCH", "FOSTER_CARE", "NB_ADOPTR", "SEX_ADOPTR", "LS_ADOPTR"),
    "placedadoption": ("CHILD", "DOB", "DATE_PLACED", "DATE_PLACED_CEASED", "REASON_PLACED_CEASED"),
}


@pytest.fixture(scope="module")
def returns(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """This year's files of made-up people, and last year's with all episodes before."""
    folder = tmp_path_factory.mktemp("returns")
    write(folder, children(250, seed=903, today=TODAY), today=TODAY)
    for year in (YEAR - 1, YEAR):
        (folder / str(year) / "names.csv").unlink()
        for name, columns in EMPTY.items():
            write_rows(folder / str(year) / f"{name}.csv", [], columns)
    history = with_history(folder / "history", folder / str(YEAR - 1), [folder / str(YEAR - 2)])
    return folder / str(YEAR), history


def test_judge_when_it_reads_made_up_files_then_they_pass(returns: tuple[Path, Path]) -> None:
    verdict = judge(returns[0], year=YEAR, previous=returns[1])
    assert verdict.counted == []
    assert verdict.is_passed
    assert all(allowed["reason"] and allowed["when"] in CONDITIONS for allowed in ALLOWED["failures"])
    assert {failure.rule for failure in verdict.failures} <= {allowed["rule"] for allowed in ALLOWED["failures"]}


def test_judge_when_files_are_missing_then_it_has_not_judged_enough(returns: tuple[Path, Path]) -> None:
    verdict = judge(returns[0], year=YEAR)
    assert len(verdict.run) < ALLOWED["least_rules_run"]
    assert not verdict.is_passed


Row = dict[str, str]
Fits = Callable[[Row], bool]


def _any(**said: str) -> Fits:
    return lambda row: all(row[name] == value for name, value in said.items())


def _open_foster(row: Row) -> bool:
    return row["PLACE"] == "U4" and not row["DEC"]


def _goes_on(row: Row) -> bool:
    return row["REC"] == "X1"


def _found(row: Row) -> bool:
    return bool(row["MIS_END"]) and row["MIS_END"] != row["MIS_START"]


# File, which rows it may be done to, what is done to it, and the rule that must find it.
DEFECTS: list[tuple[str, Fits, Row, str]] = [
    ("oc3", _any(IN_TOUCH="YES"), {"ACCOM": "0"}, "345"),
    ("oc3", _any(IN_TOUCH="YES"), {"IN_TOUCH": "DIED"}, "344"),
    ("oc3", _any(IN_TOUCH="YES"), {"IN_TOUCH": "MAYBE"}, "131"),
    ("oc3", _any(IN_TOUCH="YES"), {"ACTIV": "F3"}, "132"),
    ("oc3", _any(IN_TOUCH="YES"), {"ACCOM": "X1"}, "133"),
    ("oc3", _any(IN_TOUCH="YES"), {"ACCOM": ""}, "153"),
    ("oc3", _any(), {"DOB": "01/01/2012"}, "391"),
    ("oc3", _any(), {"CHILD": "NOBODY"}, "1002"),
    ("episodes", _open_foster, {"PLACE": "H5"}, "146"),
    ("episodes", _open_foster, {"PLACE": "Z1"}, "146"),
    ("episodes", _open_foster, {"URN": ""}, "218"),
    ("episodes", _open_foster, {"LS": "C9"}, "144"),
    ("episodes", _open_foster, {"CIN": "N9"}, "145"),
    ("episodes", _open_foster, {"PLACE_PROVIDER": "PR0"}, "550"),
    ("episodes", _open_foster, {"REC": "E5"}, "148"),
    ("episodes", _open_foster, {"PL_POST": "NG0 0ZZ"}, "392c"),
    ("episodes", _goes_on, {"DEC": "01/04/2025"}, "433"),
    ("header", _any(), {"SEX": "1"}, "101"),
    ("header", _any(), {"ETHNIC": "XXXX"}, "103"),
    ("header", _any(SEX="F"), {"UPN": "12345"}, "168"),
    ("missing", _found, {"MISSING": "X"}, "1006"),
    ("missing", _found, {"MIS_END": "01/01/2020"}, "567"),
    ("reviews", _any(), {"REVIEW_CODE": "PN9"}, "167"),
    ("uasc", _any(), {"DUC": "30/12/2040"}, "304"),
]


@pytest.fixture(scope="module")
def planted(returns: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, Verdict]]:
    """All defects at once, each in another child: the rule that must find it there, and what was found."""
    folder = tmp_path_factory.mktemp("defects") / "planted"
    shutil.copytree(returns[0], folder)
    used: set[str] = set()
    expected = []
    for file, fits, defect, rule in DEFECTS:
        rows = rows_of(folder / f"{file}.csv")
        row = next(row for row in rows if fits(row) and row["CHILD"] not in used)
        used.add(row["CHILD"])
        row.update(defect)
        expected.append((rule, row["CHILD"]))
        write_rows(folder / f"{file}.csv", rows)
    verdict = judge(folder, year=YEAR, previous=returns[1])
    assert not verdict.is_passed
    return [(rule, child, verdict) for rule, child in expected]


@pytest.mark.parametrize("number", range(len(DEFECTS)))
def test_judge_when_a_defect_is_planted_then_its_rule_finds_it(
    planted: list[tuple[str, str, Verdict]], number: int
) -> None:
    rule, child, verdict = planted[number]
    assert (rule, child) in {(failure.rule, failure.row["CHILD"]) for failure in verdict.counted}
