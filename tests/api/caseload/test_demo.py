"""The demo people as a caseload: every colour, several categories, and nobody without a home by accident."""

from collections import Counter

import asyncpg

from api.cases import service as cases
from api.demo import CARE, PEOPLE, load_demo
from api.kit.db import WORKER, Database
from tests.api.casework import Desk
from tests.api.client import api_client
from tests.conftest import TestDatabase
from tests.factories import create_session


async def test_demo_when_loaded_and_worked_out_then_the_manager_has_a_caseload_to_look_at(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    await load_demo(database.admin_url)
    worker = Database(database.worker_url, size=1)
    async with worker.acting_as(WORKER) as connection:
        await cases.recompute_old(connection)
    await worker.close()
    manager_id = await admin.fetchval("SELECT staff_id FROM staff WHERE role = 'manager'")
    async with api_client(database) as api:
        desk = Desk(api.http, await create_session(admin, staff=manager_id))
        items = (await desk.get("/admin/v1/young-people", count=100)).json()["items"]
    assert len(items) == len([person for person in PEOPLE if not person.has_died])
    assert {item["preferred_name"] for item in items} == {name for name, *_ in CARE}
    assert all(item["is_worked_out"] for item in items)
    assert Counter(item["category"] for item in items).keys() == {
        "pre_eligible",
        "eligible",
        "relevant",
        "former_relevant",
        "qualifying",
    }
    assert {item["colour"] for item in items} == {"red", "amber", "green"}
    assert items[0]["colour"] == "red"
