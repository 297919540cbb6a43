"""Where people live, put into the whole service by the admin routes and the import, and read back with its keys."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from api.kit.crypto import KeyRing, Place
from api.kit.field_keys import FieldKeys
from api.kit.migrations import administrator
from tests.api.casework import Desk
from tests.api.returns.filing import file_return
from tests.factories import create_session
from tests.fields import ring_of
from tests.ssda903.judging import rows_of
from tests.stack.service import LocalService
from tests.stack.settings import DATABASE

# In a record as it is now, and in what it said before it was changed.
KEPT = ["ZE1 9QX", "ZE3 9QX", "ZE4 9QX", "ZE6 9QX", "8 Quillandale Mews"]
KEPT_BEFORE = ["ZE2 9QX", "ZE5 9QX", "Wrenfordrise", "ZE8 9QX"]
# What was refused, and so is nowhere.
REFUSED = ["ZE7 9QX", "ZE9 9QX"]
CANARIES = [*KEPT, *KEPT_BEFORE, *REFUSED]

PERSON = {"full_name": "Ash Canary", "preferred_name": "Ash", "born_on": "2006-05-01", "child_id_la": "CANARY1"}
PERIOD = {"started_on": "2020-05-01", "ended_on": "2024-03-01"}
EPISODE = {
    **PERIOD, "reason_new": "S", "legal_status": "C2", "category_of_need": "N1", "place": "U4",
    "place_provider": "PR1", "urn": "SC123456", "reason_ended": "E5",
}  # fmt: skip
HOME = {"moved_on": "2024-03-01", "accommodation": "U", "tenancy": "secure_tenancy", "display_name": "Elm House"}
IMPORTED = {"CHILD": "CANARY2"}
# The collection year that all of these episodes are of.
YEAR = 2024


async def plant(service: LocalService, folder: Path) -> list[str]:
    """Puts them in by every way there is; returns what was answered and said about those that were refused."""
    async with (
        administrator(service.postgres.url(DATABASE)) as admin,
        httpx.AsyncClient(base_url=service.api_url, trust_env=False) as http,
    ):
        staff_id = await admin.fetchval("SELECT staff_id FROM staff WHERE role = 'manager'")
        desk = Desk(http, await create_session(admin, staff=staff_id, is_stepped_up=True))
        refused = await _record(desk)
    return [*refused, *await asyncio.to_thread(_import, service, folder)]


async def _record(desk: Desk) -> list[str]:
    path = f"/admin/v1/young-people/{await _added(desk, '/admin/v1/young-people', PERSON)}"
    episode = EPISODE | {"care_period_id": await _added(desk, f"{path}/care-periods", PERIOD)}
    episode_id = await _added(desk, f"{path}/episodes", episode | {"home_post": "ZE1 9QX", "pl_post": "ZE2 9QX"})
    changed = await desk.put(f"{path}/episodes/{episode_id}", episode | {"pl_post": "ZE3 9QX"})
    assert changed.status_code == 200, changed.text
    await _added(desk, f"{path}/homes", HOME | {"address": "7 Wrenfordrise, ZE8 9QX"})
    home = (await desk.get(f"{path}/home/address")).json()
    address = f"{path}/placements/{home['placement_id']}/address"
    moved = await desk.put(address, {"address": "8 Quillandale Mews"}, version=home["version"])
    assert moved.status_code == 200, moved.text
    refused = [
        await desk.post(f"{path}/homes", HOME | {"display_name": "Flat 2, ZE7 9QX"}),
        await desk.post(f"{path}/episodes", episode | {"pl_post": "flat 2 ZE7 9QX"}),
        await desk.post(f"{path}/episodes", episode | {"ZE7 9QX": "ZE9 9QX"}),
    ]
    assert {answer.status_code for answer in refused} == {400, 422}
    shown = [await desk.get(one) for one in (path, f"{path}/history", f"{path}/homes")]
    assert {answer.status_code for answer in shown} == {200}
    return [f"{answer.headers}\n{answer.text}" for answer in (*refused, *shown)]


async def _added(desk: Desk, path: str, body: dict[str, Any]) -> str:
    answer = await desk.post(path, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _import(service: LocalService, folder: Path) -> list[str]:
    """Imports somebody, then moved, then with a postcode that is none; returns what was said."""
    said = []
    for number, post in enumerate(("ZE5 9QX", "ZE6 9QX", "ZE9 9QX, flat 2")):
        row = IMPORTED | {"HOME_POST": "ZE4 9QX", "PL_POST": post.replace(",", "")}
        files = file_return(folder / str(number), Header=[IMPORTED], Episodes=[row])
        said.append(_run(service, "import", "ssda903", str(files), "--year", "2026", "--report", str(folder)))
    return said


def _run(service: LocalService, *words: str) -> str:
    command = [sys.executable, "-m", "api", *words]
    done = subprocess.run(command, env={**os.environ, **service.env}, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def export(service: LocalService, folder: Path) -> str:
    """The postcodes as the statutory return has them."""
    said = _run(service, "export", "ssda903", str(folder), "--year", str(YEAR))
    assert (folder / "episodes.csv").exists(), said
    return "\n".join(f"{row['HOME_POST']} {row['PL_POST']}" for row in rows_of(folder / "episodes.csv"))


SEALED = """
    SELECT 'episodes', 'home_post_enc', episode_id, person_id, home_post_enc FROM episodes
    UNION ALL SELECT 'episodes', 'pl_post_enc', episode_id, person_id, pl_post_enc FROM episodes
    UNION ALL SELECT 'placements', 'address_enc', placement_id, person_id, address_enc FROM placements
    UNION ALL
    SELECT h.table_name, f.key, h.record_id, h.person_id, f.value::bytea
    FROM record_history AS h, jsonb_each_text(h.row_before) AS f
    WHERE h.table_name IN ('episodes', 'placements') AND f.key ~ '_enc$'
"""


async def read(admin: asyncpg.Connection, environment: dict[str, str]) -> dict[tuple[str, str, UUID], list[str]]:
    """All that was kept, as only the service reads it: the newest first, and what it said before."""
    ring: KeyRing = ring_of(environment)
    found: dict[tuple[str, str, UUID], list[str]] = {}
    for table, column, row_id, person_id, kept in await admin.fetch(SEALED):
        if kept is not None:
            cipher = await FieldKeys(ring).cipher_for(admin, person_id)
            text = cipher.decrypt(kept, Place(table, column, row_id))
            found.setdefault((table, column, row_id), []).append(text)
    return found
