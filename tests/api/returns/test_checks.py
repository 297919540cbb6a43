"""What a cell may hold: each refusal says which cell, what it held, why not, and what is allowed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.duties.codes import columns
from api.returns.checks import Checker, extract_kind, parse_day, parse_iso_day, return_kinds, show_day
from api.returns.models import Line, RefusedRow
from tests.api.returns.filing import DEFAULTS, NAMES


def check(name: str, year: int = 2026, **said: str) -> list[RefusedRow]:
    """What is refused of an ordinary row that says this."""
    kind = next(kind for kind in return_kinds(year) if kind.name == name)
    of_file = NAMES if name == "Names" else columns(name, year)
    cells = tuple((DEFAULTS[name] | said).get(column, "") for column in of_file)
    checked = Checker(kind, f"{name.lower()}.csv", year).check(Line(7, cells))
    return checked if isinstance(checked, list) else []


@pytest.mark.parametrize("name", DEFAULTS)
def test_row_when_it_is_ordinary_then_it_is_taken(name: str) -> None:
    assert check(name) == []


REFUSED = [
    ("Header", {"CHILD": ""}, "CHILD", "must not be empty", "letters"),
    ("Header", {"CHILD": "x" * 21}, "CHILD", "not a child's number", "20"),
    ("Header", {"CHILD": "1;DROP"}, "CHILD", "not a child's number", "letters"),
    ("Header", {"SEX": "1"}, "SEX", "not a code of 2025/26", "M, F, U"),
    ("Header", {"DOB": ""}, "DOB", "must not be empty", "DD/MM/YYYY"),
    ("Header", {"DOB": "31/02/2008"}, "DOB", "not a day", "DD/MM/YYYY"),
    ("Header", {"DOB": "2008-05-10"}, "DOB", "not a day", "DD/MM/YYYY"),
    ("Header", {"DOB": "1/5/2008"}, "DOB", "not a day", "DD/MM/YYYY"),
    ("Header", {"DOB": "10/05/1908"}, "DOB", "too long ago", "1970"),
    ("Header", {"DOB": "10/05/2027"}, "DOB", "after the collection year", "31/03/2026"),
    ("Header", {"ETHNIC": "wbri"}, "ETHNIC", "not a code", "WBRI"),
    ("Header", {"UPN": "I123456789012"}, "UPN", "not written as it should be", "UN1"),
    ("Header", {"SEX": "F", "MC_DOB": "01/01/2025", "MOTHER": "0"}, "MC_DOB", "MOTHER is not 1", "MOTHER 1"),
    ("Header", {"SEX": "F", "MC_DOB": "01/01/2008", "MOTHER": "1"}, "MC_DOB", "not after", "after 10/05/2008"),
    ("Episodes", {"PLACE": "H5"}, "PLACE", "not a code of 2025/26", "K3"),
    ("Episodes", {"PLACE": "Z1"}, "PLACE", "not a code of 2025/26", "Z11"),
    ("Episodes", {"LS": "X9"}, "LS", "not a code", "C2"),
    ("Episodes", {"DEC": "01/07/2024"}, "REC", "goes with DEC", "both or neither"),
    ("Episodes", {"REC": "E5"}, "REC", "goes with DEC", "both or neither"),
    ("Episodes", {"DEC": "01/06/2023", "REC": "E5"}, "DEC", "not after DECOM", "after 01/06/2023"),
    ("Episodes", {"REASON_PLACE_CHANGE": "CARPL"}, "REASON_PLACE_CHANGE", "goes on", "nothing"),
    ("Episodes", {"PL_POST": "somewhere"}, "PL_POST", "not written", "postcode"),
    ("Episodes", {"URN": "12"}, "URN", "not written", "XXXXXXX"),
    ("Episodes", {"DECOM": "01/04/2026"}, "DECOM", "after the collection year", "31/03/2026"),
    ("Reviews", {"REVIEW_CODE": "PN8"}, "REVIEW_CODE", "not a code", "PN7"),
    ("Missing", {"MIS_END": "06/07/2025"}, "MIS_END", "before MIS_START", "07/07/2025"),
    ("Missing", {"MISSING": "X"}, "MISSING", "not a code", "M"),
    ("UASC", {"DUC": "soon"}, "DUC", "not a day", "DD/MM/YYYY"),
    ("OC3", {"IN_TOUCH": "yes"}, "IN_TOUCH", "not a code", "YES"),
    ("OC3", {"ACTIV": "F3"}, "ACTIV", "not a code", "F4"),
    ("OC3", {"ACCOM": "S1"}, "ACCOM", "not a code", "S2"),
    ("OC3", {"ACCOM": ""}, "ACCOM", "must not be empty", "U1"),
    ("SWEpisodes", {"SW_ID": "=HYPERLINK(1)"}, "SW_ID", "no cell", "plain text"),
    ("Names", {"FULL_NAME": "Ash\x07"}, "FULL_NAME", "no cell", "plain text"),
]


@pytest.mark.parametrize(("name", "said", "column", "reason", "allowed"), REFUSED)
def test_row_when_a_cell_is_wrong_then_it_says_which_why_and_what_is_allowed(
    name: str, said: dict[str, str], column: str, reason: str, allowed: str
) -> None:
    [refused] = check(name, **said)
    assert (refused.file, refused.line, refused.column) == (f"{name.lower()}.csv", 7, column)
    assert refused.value == said.get(column, "")
    assert reason in refused.reason
    assert allowed in refused.allowed


def test_row_when_several_cells_are_wrong_then_each_is_said() -> None:
    assert [refused.column for refused in check("Header", SEX="X", ETHNIC="X", DOB="X")] == ["SEX", "DOB", "ETHNIC"]


@pytest.mark.parametrize(("name", "said"), [("Header", {"SEX": "1"}), ("Episodes", {"PLACE": "H5"})])
def test_code_when_it_was_one_of_an_earlier_year_then_that_year_takes_it(name: str, said: dict[str, str]) -> None:
    assert check(name, 2024, **said) == []
    assert check(name, 2026, **said) != []


def test_episode_when_it_ended_before_the_year_then_it_has_the_codes_of_its_own_time() -> None:
    ended = {"DECOM": "01/06/2022", "DEC": "01/06/2023", "REC": "X1", "PLACE": "H5"}
    assert check("Episodes", 2026, **ended) == []
    assert check("Episodes", 2026, **ended | {"DEC": "01/06/2025"}) != []


def test_year_when_nobody_has_read_its_codes_then_it_is_said() -> None:
    with pytest.raises(LookupError, match="1999"):
        return_kinds(1999)


@given(st.dates(date(1970, 1, 1), date(2100, 1, 1)))
def test_day_when_shown_and_parsed_then_it_is_the_same(on: date) -> None:
    assert parse_day(show_day(on)) == on
    assert parse_iso_day(on.isoformat()) == on
    assert parse_iso_day(f"{on} 00:00:00.000") == on


@given(st.lists(st.text(max_size=12), min_size=0, max_size=15))
def test_row_when_it_is_anything_then_it_is_refused_or_taken_and_nothing_breaks(cells: list[str]) -> None:
    for kind in (*return_kinds(2026), extract_kind()):
        checked = Checker(kind, "a.csv", 2026).check(Line(2, tuple(cells)))
        assert isinstance(checked, tuple) or all(refused.reason for refused in checked)
