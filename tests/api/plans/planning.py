"""A pathway plan from its first word to its signatures, as an adviser sends it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from tests.api.casework import Desk, Team, today

KEYS = (
    "personal_support", "education_training", "employment", "contingency", "accommodation", "family_relationships",
    "practical_skills", "financial_support", "health", "identity",
)  # fmt: skip


def in_days(days: int) -> str:
    """A London day from today, as JSON says it."""
    return (today() + timedelta(days=days)).isoformat()


async def patch(desk: Desk, path: str, body: Any, version: int | None) -> httpx.Response:
    """Changes a part."""
    match = {} if version is None else {"if_match": f'"{version}"'}
    return await desk.http.patch(path, json=body, headers=desk.headers(idempotency_key=str(uuid4()), **match))


async def start(team: Team, *, start_from: str = "nothing", basis: str = "relevant") -> str:
    """A draft; returns its path."""
    answer = await team.adviser.post(f"{team.path}/plans", {"basis": basis, "start_from": start_from})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def read(desk: Desk, path: str) -> dict[str, Any]:
    """A plan as it is now."""
    answer = await desk.get(path)
    assert answer.status_code == 200, answer.text
    plan: dict[str, Any] = answer.json()
    assert answer.headers["etag"] == f'"{plan["version"]}"'
    return plan


async def complete(team: Team, path: str) -> dict[str, Any]:
    """Writes into every section that has nothing yet: words and an action in the first four, a reason in the others."""
    for place, section in enumerate((await read(team.adviser, path))["sections"]):
        where = f"/admin/v1/plan-sections/{section['section_id']}"
        if place > 3 and not section["none_reason"]:
            await patch(team.adviser, where, {"none_reason": "All is well."}, section["version"])
        if place > 3:
            continue
        if not section["my_words"]:
            said = {"my_words": f"I say {section['key']}", "what_happens_now": "We talk", "staff_text": "Noted"}
            assert (await patch(team.adviser, where, said, section["version"])).status_code == 200
        if not section["actions"]:
            answer = await team.adviser.post(f"{where}/actions", action(what=f"do {section['key']}"))
            assert answer.status_code == 201, answer.text
    return await read(team.adviser, path)


def action(**changes: Any) -> dict[str, Any]:
    """Something the young person will do."""
    return {"what": "see the doctor", "owner_kind": "young_person", "due_on": in_days(30)} | changes


def signatures(**changes: Any) -> dict[str, Any]:
    """Both have signed today."""
    return {"effective_from": in_days(0), "young_person_signed_on": in_days(0)} | changes


async def sign(team: Team, path: str, **changes: Any) -> httpx.Response:
    """Signs what there is."""
    version = (await read(team.adviser, path))["version"]
    return await team.adviser.post(f"{path}/sign", signatures(**changes), version=version)


async def signed_plan(team: Team, *, basis: str = "relevant") -> str:
    """A plan that counts; returns its path."""
    path = await start(team, basis=basis)
    await complete(team, path)
    answer = await sign(team, path)
    assert answer.status_code == 200, answer.text
    return path
