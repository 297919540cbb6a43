"""How often a read asks the database: once to sign on, once to read and to note that it was read."""

from typing import Any

import asyncpg
import pytest

from tests.api.casework import Team
from tests.api.plans.planning import signed_plan


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that is sent."""
    sent: list[str] = []
    execute = asyncpg.Connection._execute

    async def counting(self: asyncpg.Connection, query: str, *given: Any, **named: Any) -> Any:
        sent.append(query)
        return await execute(self, query, *given, **named)

    monkeypatch.setattr(asyncpg.Connection, "_execute", counting)
    return sent


async def test_reads_when_they_are_answered_then_they_took_two_round_trips(team: Team, counted: list[str]) -> None:
    path = await signed_plan(team)
    device = await team.young_person()
    of_person = [
        f"{team.path}/{what}" for what in ("plans", "reviews", "needs-assessments", "contacts", "appointments")
    ]
    reads = [(team.adviser, where) for where in (path, *of_person, "/admin/v1/appointments")]
    reads += [(device, where) for where in ("/client/v1/plan", "/client/v1/appointments")]
    for desk, where in reads:
        counted.clear()
        assert (await desk.get(where)).status_code == 200
        assert len(counted) == 2, (where, counted)


async def test_reads_when_they_are_answered_then_each_was_noted_once(team: Team) -> None:
    path = await signed_plan(team)
    looks = "SELECT count(*) FROM audit_entries WHERE verb = 'viewed' AND person_id = $1 AND actor_id = $2"
    before = await team.admin.fetchval(looks, team.person_id, team.manager_id)
    for where in (path, f"{team.path}/reviews", f"{team.path}/contacts"):
        await team.manager.get(where)
    assert await team.admin.fetchval(looks, team.person_id, team.manager_id) == before + 3
