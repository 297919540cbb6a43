"""Importing into the database: whole people or none, once however often, history kept, and what is refused is said."""

import asyncio
import csv
import os
import signal
import stat
import sys
from datetime import date
from itertools import count
from pathlib import Path
from zlib import crc32

import asyncpg
import pytest

from api.demo_files import write
from api.demo_people import children
from api.kit.crypto import Place
from api.returns.by_child import SHELVES
from api.returns.files import Unreadable
from api.returns.service import NotAllowed, import_extract
from tests.api.returns.filing import DEFAULTS, KEYS, TEAM, add_team, file_return, import_one, state
from tests.conftest import TestDatabase
from tests.fields import SETTINGS, cipher_for

TODAY = date(2026, 11, 24)
FEMALE = {"CHILD": "1002", "SEX": "F", "MOTHER": "0"}


@pytest.fixture(autouse=True)
async def team(admin: asyncpg.Connection) -> None:
    await add_team(admin)


async def test_return_when_imported_then_every_file_is_in_the_records(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    moved = {"DECOM": "01/07/2025", "RNE": "P", "PLACE": "K3", "PLACE_PROVIDER": "PR4", "URN": "1234567"}
    episodes = [{"DEC": "01/07/2025", "REC": "X1", "REASON_PLACE_CHANGE": "CARPL"}, moved]
    folder = file_return(
        tmp_path / "2026", Header=[{}], Episodes=episodes, Reviews=[{}], Missing=[{}], UASC=[{}], SWEpisodes=[{}],
        Names=[{}],
    )  # fmt: skip
    summary, refused = await import_one(database.admin_url, folder)
    assert refused == []
    assert (summary.people_added, summary.people_unnamed) == (1, 0)
    [person] = await admin.fetch("SELECT * FROM young_people")
    assert (person["full_name"], person["preferred_name"], person["sex"]) == ("Ash Example", "Ash", "M")
    assert (person["uasc_from"], person["uasc_until"]) == (date(2023, 6, 1), date(2026, 5, 10))
    [period] = await admin.fetch("SELECT * FROM care_periods")
    assert (period["started_on"], period["ended_on"]) == (date(2023, 6, 1), None)
    assert await admin.fetchval("SELECT count(*) FROM episodes WHERE care_period_id = $1", period[0]) == 2
    assert await admin.fetchval("SELECT kind FROM missing_episodes") == "M"
    assert await admin.fetchval("SELECT participation FROM looked_after_reviews") == "PN1"
    assert await admin.fetchval("SELECT file FROM filed_rows") == "SWEpisodes"
    assert await admin.fetchval("SELECT name FROM teams JOIN young_people USING (team_id)") == TEAM


async def test_return_when_imported_then_the_audit_says_by_whom_and_the_worker_has_duties_to_work_out(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "2026", Header=[{}], Episodes=[{}]))
    rows = await admin.fetch("SELECT * FROM audit_entries WHERE verb = 'imported' ORDER BY entry_id")
    person_id = await admin.fetchval("SELECT person_id FROM young_people")
    assert [row["person_id"] for row in rows] == [None, person_id]
    assert [row["reason"] for row in rows] == ["Header, Episodes of 2025/26, by Sam", "by Sam"]
    assert {row["actor_kind"] for row in rows} == {"administrator"}
    added = await admin.fetchval(
        "SELECT count(*) FROM audit_entries WHERE verb = 'added' AND person_id = $1", person_id
    )
    assert added >= 3
    assert await admin.fetchval("SELECT person_id FROM duty_recomputes") == person_id


async def test_return_when_imported_again_then_nothing_changes(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    write(tmp_path, children(40, seed=1, today=TODAY), today=TODAY)
    for year in (2024, 2025, 2026):
        await import_one(database.admin_url, tmp_path / str(year), year=year)
    before = await state(admin), await admin.fetchval("SELECT count(*) FROM record_history")
    for year in (2026, 2024, 2025):
        summary, refused = await import_one(database.admin_url, tmp_path / str(year), year=year)
        assert refused == []
        assert (summary.people_added, summary.people_changed) == (0, 0)
    assert (await state(admin), await admin.fetchval("SELECT count(*) FROM record_history")) == before


async def test_episode_when_the_next_year_ends_it_then_what_it_said_before_is_kept(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "2025", 2025, Header=[{}], Episodes=[{}]), year=2025)
    ended = {"DEC": "10/02/2026", "REC": "E5"}
    await import_one(database.admin_url, file_return(tmp_path / "2026", Header=[{}], Episodes=[ended]))
    assert await admin.fetchval("SELECT ended_on FROM episodes") == date(2026, 2, 10)
    assert await admin.fetchval("SELECT ended_on FROM care_periods") == date(2026, 2, 10)
    [before] = await admin.fetch("SELECT * FROM record_history WHERE table_name = 'episodes'")
    assert before["changed_by_kind"] == "administrator"
    assert '"ended_on": null' in str(before["row_before"])


async def test_place_when_the_department_calls_it_otherwise_from_a_year_on_then_it_changes_once(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    older = file_return(
        tmp_path / "2024", 2024, Header=[{"SEX": "1"}], Episodes=[{"PLACE": "H5", "PLACE_PROVIDER": "PR4", "URN": ""}]
    )
    newer = file_return(tmp_path / "2026", Header=[{}], Episodes=[{"PLACE": "K3", "PLACE_PROVIDER": "PR4"}])
    for folder, year in ((older, 2024), (newer, 2026), (older, 2024)):
        await import_one(database.admin_url, folder, year=year)
    assert [tuple(row) for row in await admin.fetch("SELECT place, urn FROM episodes")] == [("K3", "SC012345")]
    assert await admin.fetchval("SELECT count(*) FROM record_history WHERE table_name = 'episodes'") == 1


async def test_history_when_earlier_episodes_come_later_then_they_join_the_period_of_care(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    now = file_return(tmp_path / "2026", Header=[{}], Episodes=[{"DECOM": "01/05/2025", "RNE": "P"}])
    before = [{"DEC": "01/05/2025", "REC": "X1", "REASON_PLACE_CHANGE": "CARPL"}]
    await import_one(database.admin_url, now)
    await import_one(database.admin_url, file_return(tmp_path / "earlier", Episodes=before))
    [period] = await admin.fetch("SELECT * FROM care_periods")
    assert period["started_on"] == date(2023, 6, 1)
    assert await admin.fetchval("SELECT count(*) FROM episodes") == 2


async def test_row_when_it_is_refused_then_nothing_of_that_person_is_written_and_everything_of_the_others(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    folder = file_return(
        tmp_path / "2026", Header=[{}, FEMALE], Episodes=[{}, {"CHILD": "1002"}],
        Reviews=[{}, {"REVIEW": "03/12/2025", "REVIEW_CODE": "PN9"}, {"CHILD": "1002"}],
    )  # fmt: skip
    summary, refused = await import_one(database.admin_url, folder)
    assert refused == [["reviews.csv", "3", "REVIEW_CODE", "PN9", "is not a code of 2025/26",
                        '"PN0', " PN1", " PN2", " PN3", " PN4", " PN5", " PN6", ' PN7"']]  # fmt: skip
    assert (summary.people_added, summary.people_refused, summary.rows_refused) == (1, 1, 1)
    assert await admin.fetch("SELECT child_id_la FROM young_people") == [("1002",)]
    assert await admin.fetchval("SELECT count(*) FROM looked_after_reviews") == 1
    assert stat.S_IMODE((tmp_path / "refused-2026.csv").stat().st_mode) == 0o600


ACROSS = [
    ({"Episodes": [{"CHILD": "9"}]}, "episodes.csv", "CHILD", "no Header row"),
    ({"Header": [{}, {}]}, "header.csv", "CHILD", "second row of this child, after line 2"),
    ({"Header": [{}], "Reviews": [{"DOB": "11/05/2008"}]}, "reviews.csv", "DOB", "not the date of birth of the Header"),
    ({"Header": [{}], "Episodes": [{}, {"PLACE": "U6"}]}, "episodes.csv", "DECOM", "for the same day, after line 2"),
    ({"Header": [{}], "Episodes": [{}, {"DECOM": "01/05/2025"}]}, "episodes.csv", "DECOM", "overlaps: one from"),
    ({"Header": [{}], "Episodes": [{}], "UASC": [{"SEX": "F"}]}, "uasc.csv", "SEX", "not the one of the Header"),
    ({"Header": [{}], "Episodes": [{}], "UASC": [{"DUC": "11/05/2026"}]}, "uasc.csv", "DUC", "after the 18th birthday"),
    ({"Header": [{}], "Episodes": [{}], "UASC": [{"DUC": "01/06/2023"}]}, "uasc.csv", "DUC", "not after the day care"),
    ({"Header": [{}], "UASC": [{}]}, "uasc.csv", "CHILD", "no episode of care"),
    ({"Header": [{}], "OC3": [{"ACCOM": "T1"}]}, "oc3.csv", "ACCOM", "no foyer under 18"),
    ({"Header": [{}], "OC3": [{"ACCOM": "Z1"}]}, "oc3.csv", "ACCOM", "former foster carer"),
    ({"Header": [{"DOB": "10/05/2012"}], "OC3": [{"DOB": "10/05/2012"}]}, "oc3.csv", "DOB", "17th to the 21st"),
    (
        {"Header": [{}], "Episodes": [{}], "Missing": [{}, {"MIS_START": "08/07/2025", "MIS_END": ""}]},
        "missing.csv", "MIS_START", "overlaps",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("files", "file", "column", "reason"), ACROSS)
async def test_rows_when_they_do_not_fit_together_then_the_person_is_refused_with_the_row_named(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path,
    files: dict[str, list[dict[str, str]]], file: str, column: str, reason: str,
) -> None:  # fmt: skip
    summary, [refused] = await import_one(database.admin_url, file_return(tmp_path / "2026", **files))
    assert refused[0] == file
    assert int(refused[1]) >= 2
    assert refused[2] == column
    assert reason in ",".join(refused)
    assert (summary.people_added, summary.people_refused) == (0, 1)
    assert await admin.fetchval("SELECT count(*) FROM young_people") == 0


async def test_child_when_the_number_is_known_with_another_birthday_then_two_people_are_not_mixed_up(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "2026", Header=[{}], Episodes=[{}]))
    before = await state(admin)
    other = file_return(tmp_path / "other", Header=[{"DOB": "01/02/2009"}], Reviews=[{"DOB": "01/02/2009"}])
    _, [refused] = await import_one(database.admin_url, other)
    assert refused[2:6] == ["DOB", "01/02/2009", "is not the date of birth kept here", "10/05/2008"]
    assert await state(admin) == before


async def test_name_when_an_adviser_has_changed_it_then_a_file_does_not_change_it_back(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "2026", Header=[{}]))
    assert await admin.fetchval("SELECT full_name FROM young_people") == "Child 1001"
    named = file_return(tmp_path / "named", Names=[{}])
    await import_one(database.admin_url, named)
    await admin.execute("UPDATE young_people SET preferred_name = 'Rowan'")
    await admin.execute("UPDATE young_people SET full_name = 'Rowan Example'")
    await import_one(database.admin_url, named)
    assert [tuple(r) for r in await admin.fetch("SELECT full_name, preferred_name FROM young_people")] == [
        ("Rowan Example", "Rowan")
    ]


async def test_person_when_the_database_refuses_then_only_they_are_left_out(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "2026", Header=[{}]))
    await admin.execute(
        "INSERT INTO care_periods (person_id, started_on) SELECT person_id, '2022-01-01' FROM young_people"
    )
    # Of one shelf, so that they are written together at first.
    other = {"CHILD": next(str(n) for n in count(1002) if crc32(str(n).encode()) % SHELVES == crc32(b"1001") % SHELVES)}
    both = file_return(tmp_path / "both", Header=[{}, other], Episodes=[{}, other])
    summary, [refused] = await import_one(database.admin_url, both)
    assert "does not fit to the periods of care" in refused[4]
    assert (summary.people_added, summary.people_refused) == (1, 1)
    assert await admin.fetchval("SELECT count(*) FROM episodes") == 1


async def test_files_when_one_can_not_be_read_to_its_end_then_nothing_is_written(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    folder = file_return(tmp_path / "2026", Header=[{}], Episodes=[{}], Reviews=[{}])
    with (folder / "reviews.csv").open("ab") as file:
        file.write(b"1001,\xff\n")
    with pytest.raises(Unreadable, match=r"reviews\.csv"):
        await import_one(database.admin_url, folder)
    assert await admin.fetchval("SELECT count(*) FROM young_people") == 0
    assert await admin.fetchval("SELECT count(*) FROM audit_entries WHERE verb = 'imported'") == 0


async def test_import_when_another_is_at_work_or_it_is_no_administrators_then_it_does_not_begin(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    folder = file_return(tmp_path / "2026", Header=[{}])
    await admin.execute("SELECT pg_advisory_lock(903)")
    with pytest.raises(NotAllowed, match="Another import"):
        await import_one(database.admin_url, folder)
    with pytest.raises(NotAllowed, match="administrator"):
        await import_one(database.worker_url, folder)


async def test_team_when_there_are_several_then_one_must_be_named(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await admin.execute("INSERT INTO teams (name) VALUES ('South')")
    folder = file_return(tmp_path / "2026", Header=[{}])
    with pytest.raises(NotAllowed, match=r"--team NAME\. The teams are: 15\+ team, South"):
        await import_one(database.admin_url, folder)
    await import_one(database.admin_url, folder, team="South")
    assert await admin.fetchval("SELECT name FROM teams JOIN young_people USING (team_id)") == "South"


async def test_import_when_killed_in_the_middle_then_everybody_is_whole_and_the_same_again_ends_as_one_without(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    write(tmp_path, children(400, seed=7, today=TODAY), today=TODAY)
    command = [sys.executable, "-m", "api", "import", "ssda903", str(tmp_path / "2024"), "--year", "2024"]
    environment = {**os.environ, "MIGRATION_DATABASE_URL": database.admin_url}
    environment |= {name.upper(): value for name, value in SETTINGS.items()}
    running = await asyncio.create_subprocess_exec(
        *command, "--report", str(tmp_path), env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    while running.returncode is None and not await admin.fetchval("SELECT count(*) FROM young_people"):
        await asyncio.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    assert await running.wait() == -signal.SIGKILL
    half = await admin.fetchval("SELECT count(*) FROM young_people")
    everybody = len((tmp_path / "2024" / "header.csv").read_text().splitlines()) - 1
    assert 0 < half < everybody
    assert await admin.fetchval("SELECT count(*) FROM young_people AS p WHERE NOT EXISTS (SELECT FROM episodes AS e"
                                " WHERE e.person_id = p.person_id)") == 0  # fmt: skip
    killed = await state(admin)
    await import_one(database.admin_url, tmp_path / "2024", year=2024)
    whole = await state(admin)
    assert len(whole) == everybody
    assert {row[0]: row for row in whole}.items() >= {row[0]: row for row in killed}.items()
    with (tmp_path / "2024" / "episodes.csv").open(newline="") as file:
        filed = {(row["CHILD"], row["DECOM"]) for row in csv.DictReader(file)}
    assert await admin.fetchval("SELECT count(*) FROM episodes") == len(filed)


EXTRACT = (
    "clea_table_id,clea_person_id,clea_care_leaver_eligibility,clea_care_leaver_in_touch,"
    "clea_care_leaver_latest_contact,clea_care_leaver_accommodation,clea_care_leaver_accom_suitable,"
    "clea_care_leaver_activity,clea_pathway_plan_review_date,clea_care_leaver_personal_advisor,"
    "clea_care_leaver_allocated_team,clea_care_leaver_worker_id\n"
)


async def import_rows(url: str, path: Path, *rows: str) -> tuple[int, int, int, str]:
    """Imports an extract of these rows: how many were changed, the same and refused, and the list of what was."""
    path.write_text(EXTRACT + "\n".join(rows) + "\n", encoding="utf-8")  # noqa: ASYNC240 - a few lines
    report = path.with_name("refused.csv")
    connection = await asyncpg.connect(url)
    try:
        summary = await import_extract(connection, KEYS, path, year=2026, by="Sam", report=report, say=lambda _: None)
    finally:
        await connection.close()
    return summary.people_changed, summary.people_same, summary.people_refused, report.read_text(encoding="utf-8")


async def test_extract_when_imported_then_it_is_kept_beside_the_records_and_its_changes_make_history(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "2026", Header=[{}]))
    file = tmp_path / "extract.csv"
    row = "7,1001,Relevant,YES,2026-03-01 10:00:00.000,U1,Suitable,F2,1900-01-01,A Worker,Team,W1"
    assert (await import_rows(database.admin_url, file, row))[:3] == (1, 0, 0)
    assert (await import_rows(database.admin_url, file, row))[:3] == (0, 1, 0)
    [kept] = await admin.fetch("SELECT * FROM care_leaver_extracts")
    assert (kept["last_contact_on"], kept["plan_reviewed_on"]) == (date(2026, 3, 1), None)
    assert (await import_rows(database.admin_url, file, row.replace("U1", "D1")))[:3] == (1, 0, 0)
    assert await admin.fetchval("SELECT accommodation FROM care_leaver_extracts") == "D1"
    assert await admin.fetchval("SELECT count(*) FROM record_history WHERE table_name = 'care_leaver_extracts'") == 1


async def test_extract_when_a_row_does_not_fit_then_it_is_refused_and_the_others_are_taken(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "2026", Header=[{}]))
    good, unknown, bad = "1,1001,,,,,,,,,,", "2,9,,,,,,,,,,", "3,8,,,yesterday,,,,,,,"
    changed, _, left_out, report = await import_rows(database.admin_url, tmp_path / "a.csv", good, unknown, bad)
    assert (changed, left_out) == (1, 2)
    assert "a.csv,3,clea_person_id,9,nobody with this number is here" in report
    assert "a.csv,4,clea_care_leaver_latest_contact,yesterday,is not a day" in report


def test_defaults_when_used_then_they_are_of_one_child() -> None:
    assert {cells["CHILD"] for cells in DEFAULTS.values()} == {"1001"}


@pytest.mark.parametrize("order", [(2026, 2025, 2024), (2025, 2026, 2024), (2024, 2026, 2025)])
async def test_years_when_imported_in_any_order_then_who_fits_is_taken_and_the_right_order_ends_as_ever(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path, order: tuple[int, ...]
) -> None:
    write(tmp_path, children(60, seed=3, today=TODAY), today=TODAY)
    reference = await _import_years(database, admin, tmp_path, (2024, 2025, 2026))
    await admin.execute("TRUNCATE young_people CASCADE")
    for year in order:
        _, refused = await import_one(database.admin_url, tmp_path / str(year), year=year)
        # Of a year that is left out only that file knows when an episode ended.
        assert all("overlaps" in ",".join(row) for row in refused)
        assert not refused or 2025 in order[order.index(year) :]
    assert await _import_years(database, admin, tmp_path, (2024, 2025, 2026)) == reference
    starts = await admin.fetch("SELECT person_id, min(started_on) FROM episodes GROUP BY person_id")
    periods = await admin.fetch("SELECT person_id, min(started_on) FROM care_periods GROUP BY person_id")
    assert sorted(starts) == sorted(periods)


async def _import_years(
    database: TestDatabase, admin: asyncpg.Connection, folder: Path, years: tuple[int, ...]
) -> list[tuple[object, ...]]:
    for year in years:
        _, refused = await import_one(database.admin_url, folder / str(year), year=year)
        assert refused == []
    return await state(admin)


async def test_care_when_it_ended_and_began_again_then_there_are_two_periods_and_short_breaks_are_told_apart(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    episodes = [
        {"DECOM": "01/05/2022", "DEC": "03/05/2022", "REC": "E4A", "LS": "V4"},
        {"DEC": "01/07/2025", "REC": "E4A"},
        {"DECOM": "01/07/2025"},
    ]
    await import_one(database.admin_url, file_return(tmp_path / "2026", Header=[{}], Episodes=episodes))
    periods = await admin.fetch("SELECT started_on, ended_on, is_short_break FROM care_periods ORDER BY started_on")
    assert [tuple(period) for period in periods] == [
        (date(2022, 5, 1), date(2022, 5, 3), True),
        (date(2023, 6, 1), date(2025, 7, 1), False),
        (date(2025, 7, 1), None, False),
    ]


POSTCODES = "SELECT episode_id, person_id, home_post_enc, pl_post_enc, version FROM episodes ORDER BY started_on"


async def read_postcodes(admin: asyncpg.Connection) -> list[tuple[str | None, str | None]]:
    """The postcodes of all episodes, as only the service reads them."""
    read = []
    for row in await admin.fetch(POSTCODES):
        cipher = await cipher_for(admin, row["person_id"])
        pair = (
            None if kept is None else cipher.decrypt(kept, Place("episodes", column, row["episode_id"]))
            for column, kept in (("home_post_enc", row["home_post_enc"]), ("pl_post_enc", row["pl_post_enc"]))
        )
        read.append((next(pair), next(pair)))
    return read


async def test_postcodes_when_imported_then_only_the_service_reads_them_and_what_is_blank_takes_none_away(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    ended = {"DECOM": "01/05/2022", "DEC": "01/06/2023", "REC": "X1", "HOME_POST": "", "PL_POST": ""}
    await import_one(database.admin_url, file_return(tmp_path / "2026", Header=[{}], Episodes=[ended, {}]))
    assert await read_postcodes(admin) == [(None, None), ("NG1 1AA", "NG2 3NG")]
    before = await admin.fetch(POSTCODES)
    blank = file_return(tmp_path / "blank", Header=[{}], Episodes=[{"HOME_POST": ""}])
    for again in (tmp_path / "2026", blank):
        summary, _ = await import_one(database.admin_url, again)
        assert (summary.people_same, await admin.fetch(POSTCODES)) == (1, before)
    moved = file_return(tmp_path / "moved", Header=[{}], Episodes=[{"PL_POST": "LE1 1AA"}])
    summary, _ = await import_one(database.admin_url, moved)
    assert summary.people_changed == 1
    assert await read_postcodes(admin) == [(None, None), ("NG1 1AA", "LE1 1AA")]
    [(_, _, home_post_enc, _, version)] = (await admin.fetch(POSTCODES))[1:]
    assert (home_post_enc, version) == (before[1]["home_post_enc"], 2)
    history = await admin.fetchval("SELECT string_agg(row_before::text, '') FROM record_history")
    assert "NG2" not in history


async def test_postcodes_when_the_record_was_erased_then_none_of_this_child_is_taken_and_the_others_are(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    folder = file_return(tmp_path / "2026", Header=[{}], Episodes=[{}])
    await import_one(database.admin_url, folder)
    await admin.execute("UPDATE data_keys SET wrapped_key = NULL, destroyed_at = now()")
    before = await admin.fetch("SELECT * FROM episodes")
    other = {"CHILD": "1002"}
    folder = file_return(tmp_path / "again", Header=[{}, other], Episodes=[{}, other])
    summary, refused = await import_one(database.admin_url, folder)
    assert (summary.people_added, summary.people_refused) == (1, 1)
    assert refused == [
        ["header.csv", "2", "CHILD", "1001", "is of somebody whose record was erased", "no rows of theirs"]
    ]
    assert await admin.fetch("SELECT * FROM episodes WHERE episode_id = $1", before[0]["episode_id"]) == before
    without = file_return(tmp_path / "bare", Header=[{}], Episodes=[{"HOME_POST": "", "PL_POST": "", "LS": "V2"}])
    summary, _ = await import_one(database.admin_url, without)
    assert summary.people_changed == 1
    kept = "SELECT home_post_enc, pl_post_enc FROM episodes WHERE episode_id = $1"
    assert await admin.fetch(kept, before[0]["episode_id"]) == [(before[0]["home_post_enc"], before[0]["pl_post_enc"])]


async def test_extract_when_it_says_where_somebody_lives_then_the_row_is_refused(
    database: TestDatabase, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await import_one(database.admin_url, file_return(tmp_path / "2026", Header=[{}]))
    row = "7,1001,Relevant,YES,2026-03-01,12 Made-up Street NG7 2RD,Suitable,F2,1900-01-01,A Worker,Team,W1"
    *counts, listed = await import_rows(database.admin_url, tmp_path / "extract.csv", row)
    assert counts == [0, 0, 1]
    assert "clea_care_leaver_accommodation,12 Made-up Street NG7 2RD,looks as if it holds a postcode" in listed
    assert await admin.fetchval("SELECT count(*) FROM care_leaver_extracts") == 0
