"""Small returns for tests: files by their rows, with sensible cells where none are given."""

from pathlib import Path
from typing import Any

import asyncpg

from api.duties.codes import columns
from api.kit.field_keys import FieldKeys
from api.returns.commands import AsAdministrator, Reach
from api.returns.models import Summary
from api.returns.service import import_ssda903
from tests.fields import RING

BORN = "10/05/2008"
DEFAULTS: dict[str, dict[str, str]] = {
    "Header": {"CHILD": "1001", "SEX": "M", "DOB": BORN, "ETHNIC": "WBRI", "UPN": "UN3"},
    "Episodes": {
        "CHILD": "1001", "DECOM": "01/06/2023", "RNE": "S", "LS": "C2", "CIN": "N1", "PLACE": "U4",
        "PLACE_PROVIDER": "PR1", "HOME_POST": "NG1 1AA", "PL_POST": "NG2 3NG", "URN": "SC012345",
    },
    "Reviews": {"CHILD": "1001", "DOB": BORN, "REVIEW": "03/11/2025", "REVIEW_CODE": "PN1"},
    "Missing": {"CHILD": "1001", "DOB": BORN, "MISSING": "M", "MIS_START": "07/07/2025", "MIS_END": "09/07/2025"},
    "UASC": {"CHILD": "1001", "SEX": "M", "DOB": BORN, "DUC": "10/05/2026"},
    "OC3": {"CHILD": "1001", "DOB": BORN, "IN_TOUCH": "YES", "ACTIV": "F2", "ACCOM": "D1"},
    "SWEpisodes": {"CHILD": "1001", "DOB": BORN, "SW_ID": "SW1", "SW_DECOM": "01/06/2023", "SW_REASON": "FCONTA"},
    "Names": {"CHILD": "1001", "FULL_NAME": "Ash Example", "PREFERRED_NAME": "Ash"},
}  # fmt: skip
NAMES = ("CHILD", "FULL_NAME", "PREFERRED_NAME")
TEAM = "15+ team"
KEYS = FieldKeys(RING)


def reach(url: str) -> Reach:
    """What the commands ask for when there is something to do."""
    return lambda: AsAdministrator(url, KEYS)


def file_return(folder: Path, year: int = 2026, **files: list[dict[str, str]]) -> Path:
    """Writes the files of a return; each row says only what differs from an ordinary one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        of_file = NAMES if name == "Names" else columns(name, year)
        lines = [",".join(of_file)]
        lines += [",".join((DEFAULTS[name] | row).get(column, "") for column in of_file) for row in rows]
        (folder / f"{name.lower()}.csv").write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return folder


async def add_team(admin: asyncpg.Connection) -> None:
    """The team that new young people come into."""
    await admin.execute("INSERT INTO teams (name) VALUES ($1)", TEAM)


async def import_one(url: str, folder: Path, *, year: int = 2026, **told: Any) -> tuple[Summary, list[list[str]]]:
    """Imports a folder on a connection of its own; returns what came of it and the refused rows."""
    report = folder.parent / f"refused-{folder.name}.csv"
    connection = await asyncpg.connect(url)
    try:
        summary = await import_ssda903(
            connection, KEYS, folder, year=year, report=report, by="Sam", team=told.get("team"), say=lambda _: None
        )
    finally:
        await connection.close()
    return summary, [line.split(",") for line in report.read_text(encoding="utf-8").splitlines()[1:]]


STATE = """
    SELECT p.child_id_la, p.full_name, p.sex, p.born_on, p.ethnic, p.upn, p.uasc_from, p.uasc_until, p.is_mother,
        ARRAY(SELECT (e.started_on, e.ended_on, e.place, e.reason_ended, e.legal_status, e.urn)::text
              FROM episodes AS e WHERE e.person_id = p.person_id ORDER BY 1) AS episodes,
        ARRAY(SELECT (c.started_on, c.ended_on, c.is_short_break)::text
              FROM care_periods AS c WHERE c.person_id = p.person_id ORDER BY 1) AS periods,
        ARRAY(SELECT (m.started_on, m.ended_on, m.kind)::text
              FROM missing_episodes AS m WHERE m.person_id = p.person_id ORDER BY 1) AS missing,
        ARRAY(SELECT (r.held_on, r.participation)::text
              FROM looked_after_reviews AS r WHERE r.person_id = p.person_id ORDER BY 1) AS reviews,
        ARRAY(SELECT (i.birthday_on, i.status, i.activity, i.accommodation)::text
              FROM in_touch_records AS i WHERE i.person_id = p.person_id ORDER BY 1) AS in_touch,
        ARRAY(SELECT (f.collection_year, f.file, f.row_key, f.cells)::text
              FROM filed_rows AS f WHERE f.person_id = p.person_id ORDER BY 1) AS filed
    FROM young_people AS p ORDER BY p.child_id_la
"""


async def state(admin: asyncpg.Connection) -> list[tuple[Any, ...]]:
    """All that imports write, without ids."""
    return [tuple(row) for row in await admin.fetch(STATE)]
