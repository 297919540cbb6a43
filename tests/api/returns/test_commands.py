"""The commands as somebody types them: what they say, what they never say, and how they end."""

import stat
from collections import Counter
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from api.demo_files import FILES, run_demo, write
from api.demo_people import ELSEWHERE, IN_CITY, children, last_filed_year
from api.duties.dates import age_on
from api.kit.crypto import KeyRing
from api.kit.field_keys import FieldKeys
from api.returns.commands import AsAdministrator, run_export, run_import
from tests.api.returns.filing import add_team, file_return, reach
from tests.conftest import TestDatabase
from tests.fields import PHONE_KEY
from tests.ssda903.judging import rows_of

TODAY = date(2026, 11, 24)
END = date(2026, 3, 31)


@pytest.fixture
def said() -> list[str]:
    return []


async def test_import_when_rows_are_refused_then_it_says_where_and_never_what_they_held(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path, said: list[str]
) -> None:
    await add_team(admin)
    folder = file_return(tmp_path / "in", Header=[{"UPN": "SECRET-VALUE"}])
    words = ["ssda903", str(folder), "--year", "2026", "--report", str(tmp_path)]
    assert await run_import(words, reach(database.admin_url), said.append) == 1
    text = "\n".join(said)
    assert "header.csv, line 2, UPN: is not written as it should be (allowed: a letter and 12 digits" in text
    assert "1 left out" in text
    assert "SECRET-VALUE" not in text
    report = tmp_path / "refused-ssda903-2026.csv"
    assert "SECRET-VALUE" in report.read_text(encoding="utf-8")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


async def test_import_when_all_is_taken_then_there_is_no_list_of_refused_rows(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path, said: list[str]
) -> None:
    await add_team(admin)
    for year in (2025, 2026):
        file_return(tmp_path / "in" / str(year), year, Header=[{}], Episodes=[{}])
    words = ["ssda903", str(tmp_path / "in"), "--report", str(tmp_path), "--by", "Sam"]
    assert await run_import(words, reach(database.admin_url), said.append) == 0
    assert [line for line in said if "collection year" in line] == [
        f"{tmp_path / 'in' / '2025'}, collection year 2024/25:",
        f"{tmp_path / 'in' / '2026'}, collection year 2025/26:",
    ]
    assert not (tmp_path / "refused-ssda903-2026.csv").exists()
    assert await admin.fetchval("SELECT count(*) FROM young_people") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["ssda903", "nowhere"], "is not there"),
        (["ssda903", ".", "--year", "1999"], "1999: name one with --year"),
        (["ssd_care_leavers", "a.csv"], "has columns that no file"),
    ],
)
async def test_import_when_it_can_not_begin_then_it_says_why_in_a_sentence(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    said: list[str], words: list[str], says: str,
) -> None:  # fmt: skip
    await add_team(admin)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("A,B\n")
    assert await run_import(words, reach(database.admin_url), said.append) == 1
    assert said[-1].startswith("Nothing was written of these files.")
    assert says in said[-1]


async def test_commands_when_there_is_no_database_then_they_say_so(tmp_path: Path, said: list[str]) -> None:
    file_return(tmp_path / "in", Header=[{}])
    url = "postgresql://nobody@127.0.0.1:1/none"
    assert await run_import(["ssda903", str(tmp_path / "in")], reach(url), said.append) == 1
    assert await run_export(["ssda903", str(tmp_path / "out")], reach(url), said.append) == 1
    assert said[-2].startswith("The database stopped answering. Who was written stays")
    assert said[-1] == "The database stopped answering. Nothing was exported."


async def test_commands_when_a_key_is_lacking_then_they_say_so_and_no_file_is_left(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path, said: list[str]
) -> None:
    await add_team(admin)
    words = ["ssda903", str(file_return(tmp_path / "in", Header=[{}], Episodes=[{}])), "--report", str(tmp_path)]
    assert await run_import(words, reach(database.admin_url), said.append) == 0

    def lacking() -> AsAdministrator:
        return AsAdministrator(database.admin_url, FieldKeys(KeyRing({2: bytes(32)}, PHONE_KEY)))

    assert await run_import(words, lacking, said.append) == 1
    assert said[-1].startswith("FIELD_KEYS lacks the key")
    assert await run_export(["ssda903", str(tmp_path / "out")], lacking, said.append) == 1
    assert said[-1].startswith("FIELD_KEYS lacks the key")
    assert not list((tmp_path / "out").glob("*.csv"))


async def test_export_when_a_record_was_erased_then_its_postcodes_are_blank(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path, said: list[str]
) -> None:
    await add_team(admin)
    other = {"CHILD": "1002"}
    folder = file_return(tmp_path / "in", Header=[{}, other], Episodes=[{}, other])
    await run_import(["ssda903", str(folder), "--report", str(tmp_path)], reach(database.admin_url), said.append)
    await admin.execute(
        "UPDATE data_keys SET wrapped_key = NULL, destroyed_at = now()"
        " WHERE subject_id = (SELECT person_id FROM young_people WHERE child_id_la = '1001')"
    )
    await run_export(["ssda903", str(tmp_path / "out")], reach(database.admin_url), said.append)
    posts = [(row["HOME_POST"], row["PL_POST"]) for row in rows_of(tmp_path / "out" / "episodes.csv")]
    assert posts == [("", ""), ("NG1 1AA", "NG2 3NG")]


async def test_export_when_something_is_incomplete_then_it_says_how_much_and_where(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path, said: list[str]
) -> None:
    await add_team(admin)
    ended = {"DECOM": "01/06/2020", "DEC": "01/05/2024", "REC": "E5"}
    folder = file_return(tmp_path / "in", Header=[{"DOB": "10/05/2006"}], Episodes=[ended])
    await run_import(
        ["ssda903", str(folder), "--year", "2026", "--report", str(tmp_path)], reach(database.admin_url), said.append
    )
    await admin.execute(
        "INSERT INTO in_touch_records (person_id, birthday_on, status, contact_on)"
        " SELECT person_id, '2025-05-10', 'YES', '2025-05-09' FROM young_people"
    )
    words = ["ssda903", str(tmp_path / "out"), "--year", "2026"]
    assert await run_export(words, reach(database.admin_url), said.append) == 1
    assert said[-1] == f"1 rows lack something: {tmp_path / 'out' / 'to-complete' / 'rows.csv'} (personal data)."
    assert await run_export(words, reach(database.admin_url), said.append) == 1
    assert "is not empty" in said[-1]
    words = ["annex-a", str(tmp_path / "annex"), "--on", "2026-03-31"]
    assert await run_export(words, reach(database.admin_url), said.append) == 1
    assert len(rows_of(tmp_path / "annex" / "annex-a-list-9.csv")) == 1


async def test_demo_when_people_are_asked_for_then_they_come_in_and_again_is_the_same(
    database: TestDatabase, admin: asyncpg.Connection, said: list[str]
) -> None:
    for _ in range(2):
        assert await run_demo(["--people", "20"], reach(database.admin_url), said.append) == 0
        assert await admin.fetchval("SELECT count(*) FROM young_people") == 20


async def test_demo_when_there_is_anybody_real_then_nobody_is_added(
    database: TestDatabase, admin: asyncpg.Connection, said: list[str]
) -> None:
    await admin.execute(
        "INSERT INTO young_people (full_name, preferred_name, born_on) VALUES ('Real Person', 'Real', '2009-01-01')"
    )
    assert await run_demo(["--people", "20"], reach(database.admin_url), said.append) == 1
    assert "not made up" in said[-1]
    assert await admin.fetchval("SELECT count(*) FROM young_people") == 1


async def test_demo_when_only_files_are_asked_for_then_no_database_is_needed(tmp_path: Path, said: list[str]) -> None:
    def no_url() -> AsAdministrator:
        raise AssertionError

    assert await run_demo(["--people", "5", "--files", str(tmp_path / "made")], no_url, said.append) == 0
    years = sorted(path.name for path in (tmp_path / "made").iterdir())
    assert len(years) == 3
    assert {path.stem for path in (tmp_path / "made" / years[-1]).iterdir()} == {f.lower() for f in (*FILES, "Names")}


def test_made_up_people_when_made_twice_then_they_are_the_same_and_fewer_are_the_first_of_more() -> None:
    thirty = list(children(30, seed=1, today=TODAY))
    assert list(children(30, seed=1, today=TODAY)) == thirty
    assert list(children(10, seed=1, today=TODAY)) == thirty[:10]
    assert list(children(10, seed=2, today=TODAY)) != thirty[:10]


def test_made_up_people_when_counted_then_they_are_spread_as_a_council_has_them_and_plainly_made_up() -> None:
    people = list(children(2000, seed=15, today=TODAY))
    assert last_filed_year(TODAY) == 2026
    ages = Counter(age_on(child.born_on, END) for child in people)
    assert set(ages) == set(range(15, 26))
    assert 0.15 < sum(child.uasc_until is not None for child in people) / 2000 < 0.30
    posts = {episode.pl_post for child in people for episode in child.episodes} - {""}
    assert posts <= {*IN_CITY, *ELSEWHERE}
    assert all(child.full_name.split("-")[0].split()[1] in FICTIONAL for child in people)
    reasons = Counter(child.episodes[-1].reason_ended for child in people)
    assert {"", "E5", "E6", "E17", "E4A", "E9", "E2", "E3"} <= set(reasons)
    assert any(len(child.episodes) >= 5 for child in people)
    assert any(child.missing for child in people)


FICTIONAL = {"Example", "Madeup", "Sample", "Specimen", "Placeholder", "Invented", "Fictional", "Pretend"}


def test_made_up_files_when_written_then_only_their_owner_reads_them(tmp_path: Path) -> None:
    write(tmp_path, children(3, seed=1, today=TODAY), today=TODAY)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*.csv")} == {0o600}
