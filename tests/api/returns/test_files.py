"""Reading and writing the files: what a council's export may look like, and what must stop it."""

import stat
from pathlib import Path

import pytest

from api.returns.checks import extract_kind, return_kinds
from api.returns.files import Unreadable, find, kind_of, read, written
from tests.api.returns.filing import file_return

KINDS = return_kinds(2026)
REVIEWS = next(kind for kind in KINDS if kind.name == "Reviews")


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_files_when_found_then_columns_tell_what_they_are_whatever_their_names_and_order(tmp_path: Path) -> None:
    write(tmp_path / "q1 final(2).CSV", "REVIEW_CODE,CHILD,REVIEW,DOB\nPN1,7,03/11/2025,10/05/2008\n")
    write(tmp_path / "notes.txt", "not looked at")
    [(kind, path)] = find(tmp_path, KINDS)
    assert kind.name == "Reviews"
    assert [line.cells for line in read(path, kind)] == [("7", "10/05/2008", "03/11/2025", "PN1")]


def test_file_when_it_begins_with_a_byte_order_mark_then_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\ufeffCHILD,DOB,REVIEW,REVIEW_CODE\r\n7,,,é\r\n".encode())
    assert [line.cells[3] for line in read(path, kind_of(path, KINDS))] == ["é"]


def test_line_numbers_when_cells_hold_line_breaks_then_they_are_those_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'CHILD,DOB,REVIEW,REVIEW_CODE\n1,"a\nb\nc",,x\n2,,,"y\n"\n\n3,,,z\n')
    assert [(line.number, line.cells[0]) for line in read(path, REVIEWS)] == [(2, "1"), (5, "2"), (8, "3")]


def test_row_when_it_has_too_few_or_many_cells_then_it_says_whose_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "REVIEW,CHILD,DOB,REVIEW_CODE\n03/11/2025,7\n03/11/2025,8,,PN1,PN1\n\n")
    assert [(line.number, line.broken_child, len(line.cells)) for line in read(path, REVIEWS)] == [
        (2, "7", 2),
        (3, "8", 5),
    ]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"CHILD,DOB,REVIEW,REVIEW_CODE\n1,,,x\n2,\xff,,x\n", 2, "UTF-8"),
        (b"CHILD,DOB,REVIEW,REVIEW_CODE\n1,,,x\n2,\x00,,x\n", 3, "NUL"),
        (b'CHILD,DOB,REVIEW,REVIEW_CODE\n1,,,x\n2,"never ends\n', 3, "quote"),
        (b"CHILD,DOB,REVIEW,REVIEW_CODE\n1," + b"x" * 501 + b",,x\n", 2, "500"),
    ],
)
def test_file_when_it_can_not_be_read_to_its_end_then_it_says_where(
    tmp_path: Path, content: bytes, line: int, reason: str
) -> None:
    path = write(tmp_path / "a.csv", content)
    with pytest.raises(Unreadable, match=reason) as caught:
        list(read(path, REVIEWS))
    assert caught.value.file == "a.csv"
    assert abs(caught.value.line - line) <= 1


@pytest.mark.parametrize(
    "header", ["CHILD,DOB,REVIEW", "CHILD,DOB,REVIEW,REVIEW_CODE,MORE", "child,DOB,REVIEW,REVIEW_CODE"]
)
def test_file_when_its_columns_are_almost_those_of_one_then_it_is_refused_and_that_one_named(
    tmp_path: Path, header: str
) -> None:
    write(tmp_path / "a.csv", header + "\n")
    with pytest.raises(Unreadable, match=r"a\.csv, line 1: has columns that no file") as caught:
        find(tmp_path, KINDS)
    assert caught.value.allowed == "CHILD,DOB,REVIEW,REVIEW_CODE"


def test_files_when_two_are_the_same_then_the_second_is_refused(tmp_path: Path) -> None:
    file_return(tmp_path, Reviews=[{}])
    write(tmp_path / "reviews copy.csv", (tmp_path / "reviews.csv").read_bytes())
    with pytest.raises(Unreadable, match="is a second Reviews file"):
        find(tmp_path, KINDS)


@pytest.mark.parametrize("content", [None, b""])
def test_files_when_there_is_none_then_it_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        write(tmp_path / "a.csv", content)
    with pytest.raises(Unreadable):
        find(tmp_path, KINDS)


def test_extract_when_its_twelve_columns_are_there_then_it_is_known() -> None:
    assert len(extract_kind().columns) == 12
    assert extract_kind().child == "clea_person_id"


def test_written_file_when_whole_then_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with written(tmp_path / "a.csv", ("A", "B")) as rows:
        rows.writerow(("1", 'x,"y"\n'))
        assert not (tmp_path / "a.csv").exists()
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o600
    assert (tmp_path / "a.csv").read_bytes() == b'A,B\r\n1,"x,""y""\n"\r\n'


def test_written_file_when_writing_fails_then_there_is_none_and_an_older_one_stays(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "older")
    with pytest.raises(RuntimeError), written(tmp_path / "a.csv", ("A",)) as rows:
        rows.writerow(("1",))
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "older"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_list_for_a_spreadsheet_when_a_cell_is_a_formula_then_it_is_written_as_text(tmp_path: Path, cell: str) -> None:
    with written(tmp_path / "a.csv", ("A",), is_for_spreadsheet=True) as rows:
        rows.writerow((cell,))
    assert (tmp_path / "a.csv").read_text().splitlines()[1].lstrip('"').startswith("'")
