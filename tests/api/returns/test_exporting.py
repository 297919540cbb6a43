"""Writing the returns: what went in comes out, the judge passes it, and what is not known is listed, never guessed."""

import stat
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from api.returns.models import ExportSummary
from api.returns.service import NotAllowed, export_annex_a, export_ssda903, import_extract
from tests.api.returns.filing import KEYS, add_team, file_return, import_one
from tests.api.returns.round_trip import round_trip
from tests.api.returns.test_importing import EXTRACT
from tests.conftest import TestDatabase
from tests.ssda903.judging import rows_of

TODAY = date(2026, 11, 24)
# Looked after from 14 to some days before the 18th birthday, and 19 in the collection year.
LEAVER = {"DOB": "10/05/2006"}
CARE = {"DECOM": "01/06/2020", "DEC": "01/05/2024", "REC": "E5"}


@pytest.fixture(autouse=True)
async def team(admin: asyncpg.Connection) -> None:
    await add_team(admin)


async def export(url: str, folder: Path, *, year: int = 2026, today: date = TODAY) -> ExportSummary:
    connection = await asyncpg.connect(url)
    try:
        return await export_ssda903(connection, KEYS, folder, year=year, today=today, by="Sam")
    finally:
        await connection.close()


async def add_leaver(database: TestDatabase, admin: asyncpg.Connection, folder: Path) -> UUID:
    """Somebody who has left care and had the 19th birthday in the year."""
    files = file_return(folder / "in", Header=[LEAVER], Episodes=[CARE])
    _, refused = await import_one(database.admin_url, files)
    assert refused == []
    person_id: UUID = await admin.fetchval("SELECT person_id FROM young_people")
    return person_id


async def add_life(admin: asyncpg.Connection, person_id: UUID, **left_out: Any) -> None:
    """Contact near the birthday, a course, a home that was judged."""
    staff_id = await admin.fetchval(
        "INSERT INTO staff (team_id, role, full_name, shown_name)"
        " SELECT team_id, 'personal_adviser', 'Sam Adviser', 'Sam' FROM teams RETURNING staff_id"
    )
    await admin.execute(
        "INSERT INTO visits_and_contacts (person_id, staff_id, happened_at, kind, purpose, was_reached, was_seen,"
        " recorded_by_staff_id) VALUES ($1, $2, '2025-05-20 12:00Z', 'visit', 'birthday', true, true, $2)",
        person_id, staff_id,
    )  # fmt: skip
    await admin.execute("INSERT INTO allocations (person_id, staff_id, starts_on) VALUES ($1, $2, '2024-05-01')",
                        person_id, staff_id)  # fmt: skip
    if "activity" not in left_out:
        await admin.execute(
            "INSERT INTO activity_spells (person_id, activity, started_on) VALUES ($1, 'F2', '2024-09-01')", person_id
        )
    placement_id = await admin.fetchval(
        "INSERT INTO placements (person_id, display_name) VALUES ($1, 'Flat') RETURNING placement_id", person_id
    )
    spell_id = await admin.fetchval(
        "INSERT INTO accommodation_spells (person_id, placement_id, accommodation, tenancy, started_on)"
        " VALUES ($1, $2, 'U', 'own', '2024-05-01') RETURNING accommodation_spell_id", person_id, placement_id,
    )  # fmt: skip
    if "judgement" not in left_out:
        await admin.execute(
            "INSERT INTO suitability_assessments (person_id, accommodation_spell_id, assessed_on, is_suitable,"
            " facilities_and_services, repair, safety, location, support, tenancy_status,"
            " costs_and_affordability, young_persons_views, rights_and_responsibilities, funding_arrangements)"
            " VALUES ($1, $2, '2024-06-01', true, '-', '-', '-', '-', '-', '-', '-', '-', '-', '-')",
            person_id, spell_id,
        )  # fmt: skip


async def test_made_up_people_when_imported_and_exported_then_every_row_is_the_same_and_the_judge_passes_it(
    database: TestDatabase, tmp_path: Path
) -> None:
    found = await round_trip(database.admin_url, tmp_path, 250)
    assert found.refused == 0
    assert found.row_count > 2000
    assert (found.lost, found.made_up, found.incomplete) == ({}, {}, 0)
    assert found.verdict is not None
    assert found.verdict.counted == []
    assert found.verdict.is_passed


async def test_leaver_when_all_is_recorded_then_there_is_a_row(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    person_id = await add_leaver(database, admin, tmp_path)
    await add_life(admin, person_id)
    summary = await export(database.admin_url, tmp_path / "out")
    assert summary.incomplete == 0
    assert rows_of(tmp_path / "out" / "oc3.csv") == [
        {"CHILD": "1001", "DOB": "10/05/2006", "IN_TOUCH": "YES", "ACTIV": "F2", "ACCOM": "U1"}
    ]
    [header] = rows_of(tmp_path / "out" / "header.csv")
    assert (header["SEX"], header["MOTHER"]) == ("M", "")
    assert rows_of(tmp_path / "out" / "episodes.csv") == []


@pytest.mark.parametrize(("lacks", "column"), [("judgement", "ACCOM"), ("activity", "ACTIV")])
async def test_leaver_when_something_is_not_recorded_then_it_is_listed_and_there_is_no_row(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path, lacks: str, column: str
) -> None:
    person_id = await add_leaver(database, admin, tmp_path)
    await add_life(admin, person_id, **{lacks: None})
    summary = await export(database.admin_url, tmp_path / "out")
    assert rows_of(tmp_path / "out" / "oc3.csv") == []
    [listed] = rows_of(tmp_path / "out" / "to-complete" / "rows.csv")
    assert (listed["file"], listed["child"], listed["column"]) == ("OC3", "1001", column)
    assert summary.incomplete == 1


async def test_leaver_when_recorded_for_the_birthday_and_not_in_the_cohort_then_it_is_listed_and_not_filed(
    database: TestDatabase, tmp_path: Path
) -> None:
    files = file_return(tmp_path / "in", Header=[LEAVER], OC3=[LEAVER])
    await import_one(database.admin_url, files)
    await export(database.admin_url, tmp_path / "out")
    assert rows_of(tmp_path / "out" / "oc3.csv") == []
    [listed] = rows_of(tmp_path / "out" / "to-complete" / "rows.csv")
    assert "Was never looked after" in listed["what"]


async def test_episode_when_it_ended_after_the_year_then_it_is_open_in_it(
    database: TestDatabase, tmp_path: Path
) -> None:
    ended = {"DECOM": "01/06/2023", "DEC": "20/04/2025", "REC": "E5"}
    await import_one(database.admin_url, file_return(tmp_path / "in", Header=[{}], Episodes=[ended], Reviews=[]))
    await export(database.admin_url, tmp_path / "out", year=2025)
    [row] = rows_of(tmp_path / "out" / "episodes.csv")
    assert (row["DEC"], row["REC"], row["REASON_PLACE_CHANGE"]) == ("", "", "")
    await export(database.admin_url, tmp_path / "next")
    [row] = rows_of(tmp_path / "next" / "episodes.csv")
    assert (row["DEC"], row["REC"]) == ("20/04/2025", "E5")


async def test_header_when_ethnicity_is_not_recorded_then_the_cell_is_empty_and_listed(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "in", Header=[{}], Episodes=[{}]))
    await admin.execute("UPDATE young_people SET ethnic = NULL")
    await export(database.admin_url, tmp_path / "out")
    assert rows_of(tmp_path / "out" / "header.csv")[0]["ETHNIC"] == ""
    assert [row["column"] for row in rows_of(tmp_path / "out" / "to-complete" / "rows.csv")] == ["ETHNIC"]


async def test_export_when_done_then_only_its_owner_reads_it_and_the_audit_says_of_whom(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "in", Header=[{}], Episodes=[{}]))
    await export(database.admin_url, tmp_path / "out")
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) == 12
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    rows = await admin.fetch("SELECT person_id, reason FROM audit_entries WHERE verb = 'exported' ORDER BY entry_id")
    person_id = await admin.fetchval("SELECT person_id FROM young_people")
    assert [tuple(row) for row in rows] == [(None, "2025/26, by Sam"), (person_id, "2025/26, by Sam")]


async def test_export_when_the_folder_is_not_empty_or_it_is_no_administrators_then_nothing_is_written(
    database: TestDatabase, tmp_path: Path
) -> None:
    with pytest.raises(NotAllowed, match="administrator"):
        await export(database.worker_url, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    await export(database.admin_url, tmp_path / "out")
    with pytest.raises(NotAllowed, match="not empty"):
        await export(database.admin_url, tmp_path / "out")


async def inspect(url: str, folder: Path, on: date) -> tuple[list[dict[str, str]], set[str]]:
    """The rows of list 9 on a day, and the columns that are listed to be completed."""
    connection = await asyncpg.connect(url)
    try:
        await export_annex_a(connection, folder, on=on, by="Sam")
    finally:
        await connection.close()
    return rows_of(folder / "annex-a-list-9.csv"), {
        row["column"] for row in rows_of(folder / "to-complete" / "rows.csv")
    }


async def test_list_9_when_all_is_recorded_then_the_row_is_whole(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    person_id = await add_leaver(database, admin, tmp_path)
    await add_life(admin, person_id)
    [row], lacking = await inspect(database.admin_url, tmp_path / "out", date(2025, 6, 1))
    assert row["Eligibility Category"] == "b) Former relevant child"
    assert row["Allocated Personal Advisor"] == "Sam Adviser"
    assert (row["LA in Touch"], row["Latest Date of Contact"]) == ("a) Yes", "20/05/2025")
    assert row["Type of Accommodation"] == "U: Independent living"
    assert row["Suitability of Accommodation"] == "a) Suitable"
    assert row["Age of Child (Years)"] == "19"
    assert lacking == {"Does the Child have a Disability", "Latest Pathway Plan Review Date"}
    assert await admin.fetchval("SELECT count(*) FROM audit_entries WHERE table_name = 'annex-a-list-9'") == 2


async def test_list_9_when_nothing_is_recorded_here_then_the_case_systems_extract_speaks_and_no_birthday_is_a_contact(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await add_leaver(database, admin, tmp_path)
    await import_one(database.admin_url, file_return(tmp_path / "oc3", OC3=[LEAVER]))
    [row], lacking = await inspect(database.admin_url, tmp_path / "before", date(2025, 6, 1))
    assert row["Latest Date of Contact"] == ""
    assert {"Latest Date of Contact", "LA in Touch", "Type of Accommodation"} <= lacking
    extract = tmp_path / "extract.csv"
    extract.write_text(EXTRACT + "7,1001,Former Relevant,Yes,2025-05-25,U1,Unsuitable,G5,2025-01-07,A Worker,T,W1\n")
    connection = await asyncpg.connect(database.admin_url)
    await import_extract(
        connection, KEYS, extract, year=2026, by="Sam", report=tmp_path / "refused.csv", say=lambda _: None
    )
    await connection.close()
    [row], _ = await inspect(database.admin_url, tmp_path / "after", date(2025, 6, 1))
    assert (row["LA in Touch"], row["Latest Date of Contact"]) == ("a) Yes", "25/05/2025")
    assert row["Type of Accommodation"].startswith("U:")
    assert row["Suitability of Accommodation"] == "b) Unsuitable"
    assert row["Activity Status"].startswith("G5:")
    assert (row["Allocated Personal Advisor"], row["Latest Pathway Plan Review Date"]) == ("A Worker", "07/01/2025")


async def test_list_9_when_a_care_leaver_has_no_care_here_then_they_are_listed_and_not_forgotten(
    database: TestDatabase, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "in", Header=[LEAVER]))
    extract = tmp_path / "extract.csv"
    extract.write_text(EXTRACT + "7,1001,Former Relevant,,,,,,,,,\n")
    connection = await asyncpg.connect(database.admin_url)
    await import_extract(
        connection, KEYS, extract, year=2026, by="Sam", report=tmp_path / "refused.csv", say=lambda _: None
    )
    await connection.close()
    rows, lacking = await inspect(database.admin_url, tmp_path / "out", date(2025, 6, 1))
    assert (rows, lacking) == ([], {"Eligibility Category"})


@pytest.mark.parametrize(
    ("child_born_on", "is_mother", "shown"),
    [
        (date(2025, 9, 1), "1", "01/09/2025"),
        (date(2025, 11, 2), "0", ""),
        (date(2026, 6, 1), "0", ""),
    ],
)
async def test_mother_when_her_child_was_born_after_care_then_the_return_does_not_say_so(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path, child_born_on: date, is_mother: str, shown: str
) -> None:
    header = {"SEX": "F", "MOTHER": "0"}
    ended = {"DEC": "01/11/2025", "REC": "E5"}
    folder = file_return(tmp_path / "in", Header=[header], Episodes=[ended])
    await import_one(database.admin_url, folder)
    await admin.execute("UPDATE young_people SET is_mother = true, first_child_born_on = $1", child_born_on)
    await export(database.admin_url, tmp_path / "out")
    [row] = rows_of(tmp_path / "out" / "header.csv")
    assert (row["MOTHER"], row["MC_DOB"]) == (is_mother, shown)
    _, refused = await import_one(database.admin_url, folder)
    assert [line[2:5] for line in refused] == ([["MOTHER", "0", '"is 0']] if is_mother == "1" else [])
    assert await admin.fetchval("SELECT is_mother FROM young_people")


async def test_mother_when_nobody_recorded_whether_she_is_one_then_it_is_listed(
    database: TestDatabase, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "in", Header=[{"SEX": "F"}], Episodes=[{}]))
    await export(database.admin_url, tmp_path / "out")
    assert [row["column"] for row in rows_of(tmp_path / "out" / "to-complete" / "rows.csv")] == ["MOTHER"]


async def test_episode_when_its_place_is_called_otherwise_in_that_year_then_it_is_listed(
    database: TestDatabase, tmp_path: Path
) -> None:
    older = file_return(tmp_path / "in", 2024, Header=[{"SEX": "1"}], Episodes=[{"PLACE": "H5", "URN": ""}])
    await import_one(database.admin_url, older, year=2024)
    await export(database.admin_url, tmp_path / "out")
    [listed] = rows_of(tmp_path / "out" / "to-complete" / "rows.csv")
    assert (listed["file"], listed["column"], listed["what"]) == ("Episodes", "PLACE", "H5 is no code of 2025/26.")


async def test_person_when_they_have_no_childs_number_then_the_export_says_that_they_are_in_no_return(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await admin.execute(
        "INSERT INTO young_people (full_name, preferred_name, born_on) VALUES ('Ash Example', 'Ash', '2008-01-01')"
    )
    summary = await export(database.admin_url, tmp_path / "out")
    assert summary.lines()[1:] == ["1 young people have no child's number, and so are in no return."]


async def test_header_when_a_young_man_then_motherhood_is_not_asked(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "in", Header=[{}], Episodes=[{}]))
    await admin.execute("UPDATE young_people SET is_mother = false")
    await export(database.admin_url, tmp_path / "out")
    assert rows_of(tmp_path / "out" / "header.csv")[0]["MOTHER"] == ""


async def test_leaver_when_a_recorded_code_is_none_of_the_year_then_it_is_listed_and_not_filed(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    person_id = await add_leaver(database, admin, tmp_path)
    await admin.execute(
        "INSERT INTO in_touch_records (person_id, birthday_on, status, activity, accommodation)"
        " VALUES ($1, '2025-05-10', 'YES', 'F3', 'U1')", person_id,
    )  # fmt: skip
    await export(database.admin_url, tmp_path / "out")
    assert rows_of(tmp_path / "out" / "oc3.csv") == []
    assert [row["column"] for row in rows_of(tmp_path / "out" / "to-complete" / "rows.csv")] == ["ACTIV"]


async def test_list_9_when_the_home_is_recorded_here_then_the_extracts_word_on_another_home_does_not_count(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    person_id = await add_leaver(database, admin, tmp_path)
    await add_life(admin, person_id, judgement=None)
    extract = tmp_path / "extract.csv"
    extract.write_text(EXTRACT + "7,1001,Former Relevant,Yes,2025-05-25,D1,Suitable,G5,,,,\n")
    connection = await asyncpg.connect(database.admin_url)
    await import_extract(connection, KEYS, extract, year=2026, by="Sam", report=tmp_path / "r.csv", say=lambda _: None)
    await connection.close()
    [row], lacking = await inspect(database.admin_url, tmp_path / "out", date(2025, 6, 1))
    assert (row["Type of Accommodation"][:2], row["Suitability of Accommodation"]) == ("U:", "")
    assert row["Activity Status"][:3] == "F2:"
    assert "Suitability of Accommodation" in lacking
