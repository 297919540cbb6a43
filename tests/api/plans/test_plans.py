"""A plan is drafted, shared, signed and followed by the next; what was signed stays."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from api.kit.db import Database
from api.plans.models import Comparison, OwnPlanPage, Plan
from tests.api.casework import Team, errors
from tests.api.plans.planning import KEYS, action, complete, in_days, patch, read, sign, signatures, signed_plan, start
from tests.conftest import TestDatabase


async def test_draft_when_it_starts_then_it_has_every_section_in_the_order_of_the_law(team: Team) -> None:
    plan = await read(team.adviser, await start(team))
    assert [s["key"] for s in plan["sections"]] == list(KEYS)
    assert [s["schedule_1_no"] for s in plan["sections"]] == list(range(1, 11))
    assert (plan["status"], plan["version_no"]) == ("draft", 1)


async def test_draft_when_it_is_for_an_eligible_child_then_it_has_the_advisers_section(team: Team) -> None:
    plan = await read(team.adviser, await start(team, basis="eligible"))
    assert [s["key"] for s in plan["sections"]] == [*KEYS, "personal_adviser"]
    assert plan["sections"][-1]["schedule_1_no"] is None


async def test_plan_when_it_is_read_then_it_is_exactly_what_is_declared(team: Team) -> None:
    path = await signed_plan(team)
    plan = msgspec.json.decode((await team.adviser.get(path)).content, type=Plan, strict=True)
    assert msgspec.to_builtins(plan) == (await team.adviser.get(path)).json() | {
        "created_at": msgspec.to_builtins(plan.created_at)
    }


async def test_plan_when_the_reader_has_this_version_then_it_is_not_sent_again(team: Team) -> None:
    path = await start(team)
    etag = (await team.adviser.get(path)).headers["etag"]
    again = await team.http.get(path, headers=team.adviser.headers(if_none_match=etag))
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    await complete(team, path)
    assert (await team.http.get(path, headers=team.adviser.headers(if_none_match=etag))).status_code == 200


async def test_plan_when_it_is_signed_with_empty_sections_then_all_that_is_missing_is_told_and_nothing_is_signed(
    team: Team,
) -> None:
    path = await start(team, basis="eligible")
    plan = await read(team.adviser, path)
    refused = await team.adviser.post(f"{path}/sign", signatures(), version=plan["version"])
    assert refused.status_code == 422
    assert [p for p, _ in errors(refused)] == [f"sections.{key}" for key in [*KEYS, "personal_adviser"]]
    missing = (await team.adviser.get(f"{path}/missing")).json()["missing"]
    assert [gap["section_key"] for gap in missing] == [*KEYS, "personal_adviser"]
    assert all(gap["source"] for gap in missing)
    assert (await read(team.adviser, path)) == plan


async def test_plan_when_a_section_gives_a_reason_for_no_action_then_it_may_be_signed(team: Team) -> None:
    path = await start(team)
    for section in (await read(team.adviser, path))["sections"]:
        where = f"/admin/v1/plan-sections/{section['section_id']}"
        await patch(team.adviser, where, {"none_reason": "Nothing to do: all is well."}, section["version"])
    assert (await sign(team, path)).status_code == 200


async def test_plan_when_the_advisers_section_has_words_then_it_needs_no_action_and_without_them_it_is_missing(
    team: Team,
) -> None:
    path = await start(team, basis="eligible")
    plan = await complete(team, path)
    assert [p for p, _ in errors(await sign(team, path))] == ["sections.personal_adviser"]
    section = plan["sections"][-1]
    where = f"/admin/v1/plan-sections/{section['section_id']}"
    await patch(team.adviser, where, {"staff_text": "Sam"}, section["version"])
    assert (await sign(team, path)).status_code == 200


async def test_plan_when_its_only_action_was_withdrawn_then_the_section_is_missing_one(team: Team) -> None:
    path = await start(team)
    plan = await complete(team, path)
    taken = plan["sections"][3]["actions"][0]
    withdrawn = await team.adviser.post(
        f"/admin/v1/plan-actions/{taken['action_id']}/outcome", {"status": "withdrawn"}, version=taken["version"]
    )
    assert withdrawn.status_code == 200
    assert [p for p, _ in errors(await sign(team, path))] == ["sections.contingency"]


async def test_plan_when_somebody_changed_it_since_it_was_read_then_it_is_not_signed(team: Team) -> None:
    path = await start(team)
    plan = await complete(team, path)
    section = plan["sections"][0]
    said = {"my_words": "I never said that"}
    await patch(team.adviser, f"/admin/v1/plan-sections/{section['section_id']}", said, section["version"])
    stale = await team.adviser.post(f"{path}/sign", signatures(), version=plan["version"])
    assert stale.status_code == 412
    assert (await team.adviser.post(f"{path}/sign", signatures())).status_code == 428


async def test_plan_when_it_is_signed_then_the_one_before_counts_no_more(team: Team) -> None:
    first = await signed_plan(team)
    second = await start(team, start_from="signed_version")
    assert (await sign(team, second)).status_code == 200
    assert (await read(team.adviser, first))["status"] == "superseded"
    plan = await read(team.adviser, second)
    assert (plan["status"], plan["version_no"], plan["signed_by"]) == ("signed", 2, "Sam")
    assert plan["made_from_plan_id"] == first.rpartition("/")[2]
    listed = (await team.adviser.get(f"{team.path}/plans")).json()["items"]
    assert [(p["version_no"], p["status"]) for p in listed] == [(2, "signed"), (1, "superseded")]


async def test_plan_when_two_sign_it_at_once_then_one_does(team: Team) -> None:
    path = await start(team)
    version = (await complete(team, path))["version"]
    answers = await asyncio.gather(
        *(desk.post(f"{path}/sign", signatures(), version=version) for desk in (team.adviser, team.manager))
    )
    assert sorted(a.status_code for a in answers) in ([200, 409], [200, 412])
    assert await team.admin.fetchval("SELECT count(*) FROM pathway_plans WHERE status = 'signed'") == 1


async def test_drafts_when_two_are_started_at_once_then_there_is_one(team: Team) -> None:
    new = {"basis": "relevant", "start_from": "nothing"}
    answers = await asyncio.gather(*(d.post(f"{team.path}/plans", new) for d in (team.adviser, team.manager)))
    assert sorted(a.status_code for a in answers) == [201, 409]
    assert await team.admin.fetchval("SELECT count(*) FROM plan_sections") == len(KEYS)


async def test_version_when_it_follows_then_open_actions_go_on_and_done_ones_do_not(team: Team) -> None:
    first = await signed_plan(team)
    done, stays = (section["actions"][0] for section in (await read(team.adviser, first))["sections"][:2])
    outcome = {"status": "done", "done_on": in_days(0)}
    where = f"/admin/v1/plan-actions/{done['action_id']}/outcome"
    assert (await team.adviser.post(where, outcome, version=done["version"])).status_code == 200
    plan = await read(team.adviser, await start(team, start_from="signed_version"))
    assert plan["sections"][0]["actions"] == []
    assert plan["sections"][1]["actions"][0]["origin_id"] == stays["action_id"]
    assert plan["sections"][0]["my_words"] == "I say personal_support"


async def test_version_when_an_adviser_has_left_then_their_actions_go_on_with_their_name_only(team: Team) -> None:
    path = await start(team)
    section = (await complete(team, path))["sections"][0]
    where = f"/admin/v1/plan-sections/{section['section_id']}/actions"
    theirs = action(owner_kind="staff", owner_staff_id=str(team.manager_id))
    assert (await team.adviser.post(where, theirs)).status_code == 201
    assert (await sign(team, path)).status_code == 200
    await team.admin.execute("UPDATE staff SET left_on = london_today() WHERE staff_id = $1", team.manager_id)
    plan = await read(team.adviser, await start(team, start_from="signed_version"))
    kept = next(a for a in plan["sections"][0]["actions"] if a["owner_kind"] == "other")
    assert (kept["owner_name"], kept["owner_staff_id"]) == ("Sam", None)


async def test_versions_when_they_are_compared_then_it_is_told_what_was_added_changed_and_removed(team: Team) -> None:
    first = await signed_plan(team)
    second = await start(team, start_from="signed_version")
    plan = await read(team.adviser, second)
    one, two, three = plan["sections"][:3]
    where = "/admin/v1/plan-sections/"
    await patch(team.adviser, where + one["section_id"], {"my_words": "I want to study"}, one["version"])
    changed = action(what=two["actions"][0]["what"], due_on=in_days(60))
    path = f"/admin/v1/plan-actions/{two['actions'][0]['action_id']}"
    assert (await team.adviser.put(path, changed, version=two["actions"][0]["version"])).status_code == 200
    await team.adviser.post(f"{where}{three['section_id']}/actions", action(what="find work"))
    found = await team.adviser.get(f"{first}/compare", **{"with": second.rpartition("/")[2]})
    compared = msgspec.json.decode(found.content, type=Comparison)
    kinds = {section.key: section for section in compared.sections}
    assert (compared.older_version_no, compared.newer_version_no) == (1, 2)
    assert kinds["personal_support"].changes[0].after == "I want to study"
    assert [(c.kind, c.changes[0].field) for c in kinds["education_training"].actions] == [("changed", "due_on")]
    assert [(c.kind, c.what) for c in kinds["employment"].actions] == [("added", "find work")]
    assert {s.kind for s in compared.sections if s.key not in {one["key"], two["key"], three["key"]}} == {"same"}
    back = await team.adviser.get(f"{second}/compare", **{"with": first.rpartition("/")[2]})
    assert back.content == found.content


async def test_plan_when_it_is_signed_then_nothing_in_it_can_be_worded_anew(team: Team) -> None:
    path = await signed_plan(team)
    plan = await read(team.adviser, path)
    section = plan["sections"][0]
    done = section["actions"][0]
    where = f"/admin/v1/plan-sections/{section['section_id']}"
    answers = [
        await patch(team.adviser, where, {"my_words": "x"}, section["version"]),
        await team.adviser.post(f"{where}/actions", action()),
        await team.adviser.put(f"/admin/v1/plan-actions/{done['action_id']}", action(), version=done["version"]),
        await team.adviser.post(f"{path}/sign", signatures(), version=plan["version"]),
        await team.adviser.post(f"{path}/share", {"with_young_person": True}, version=plan["version"]),
    ]
    assert [(a.status_code, "stays as it was signed" in a.text) for a in answers] == [(409, True)] * 5
    assert await read(team.adviser, path) == plan


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE pathway_plans SET basis = 'qualifying'",
        "UPDATE pathway_plans SET disagreement = 'x'",
        "UPDATE pathway_plans SET status = 'draft', signed_on = NULL, signed_by_staff_id = NULL, effective_from = NULL,"
        " young_person_signed_on = NULL",
        "UPDATE plan_sections SET my_words = 'x'",
        "UPDATE plan_sections SET none_reason = 'x'",
        "UPDATE plan_actions SET what = 'x'",
        "UPDATE plan_actions SET due_on = due_on + 1",
        "INSERT INTO plan_actions (section_id, plan_id, person_id, what, owner_kind, due_on)"
        " SELECT section_id, plan_id, person_id, 'x', 'young_person', london_today() FROM plan_sections LIMIT 1",
        "INSERT INTO plan_sections (plan_id, person_id, section_key)"
        " SELECT plan_id, person_id, 'personal_adviser' FROM pathway_plans",
    ],
)
async def test_plan_when_it_is_signed_then_the_database_keeps_it_even_from_an_administrator(
    team: Team, change: str
) -> None:
    await signed_plan(team)
    with pytest.raises(Exception, match="stays as it was signed"):
        await team.admin.execute(change)


async def test_plan_when_it_is_signed_past_the_rules_of_the_service_then_the_database_refuses_it(team: Team) -> None:
    await start(team)
    with pytest.raises(Exception, match="not complete"):
        await team.admin.execute(
            "UPDATE pathway_plans SET status = 'signed', signed_on = london_today(), effective_from = london_today(),"
            " signed_by_staff_id = $1, young_person_signed_on = london_today()",
            team.adviser_id,
        )


async def test_history_when_a_section_was_changed_then_it_says_who_when_and_what_before(team: Team) -> None:
    section = (await read(team.adviser, await start(team)))["sections"][0]
    where = f"/admin/v1/plan-sections/{section['section_id']}"
    await patch(team.adviser, where, {"my_words": "first"}, 1)
    await patch(team.manager, where, {"my_words": "second"}, 2)
    rows = await team.admin.fetch(
        "SELECT changed_by_id, changed_by_kind, row_before, changed_at FROM record_history"
        " WHERE table_name = 'plan_sections' ORDER BY version"
    )
    assert [(r[0], r[1], msgspec.json.decode(r[2])["my_words"]) for r in rows] == [
        (team.adviser_id, "staff", ""),
        (team.manager_id, "staff", "first"),
    ]
    assert rows[0][3] < rows[1][3]
    noted = await team.admin.fetch(
        "SELECT verb, actor_id, person_id FROM audit_entries WHERE record_id = $1 AND verb = 'changed'"
        " ORDER BY entry_id",
        section["section_id"],
    )
    assert [tuple(row) for row in noted] == [
        ("changed", team.adviser_id, team.person_id),
        ("changed", team.manager_id, team.person_id),
    ]


SECTION_ERRORS: list[tuple[dict[str, Any], int]] = [
    ({"my_words": 5}, 400),
    ({"my_words": "a\0b"}, 400),
    ({"words": "x"}, 400),
    ({"none_reason": ""}, 400),
    ({"my_words": "x" * 20_001}, 400),
]


@pytest.mark.parametrize(("said", "status"), SECTION_ERRORS)
async def test_section_when_what_it_says_cannot_be_then_it_is_refused(
    team: Team, said: dict[str, Any], status: int
) -> None:
    plan = await read(team.adviser, path := await start(team))
    where = f"/admin/v1/plan-sections/{plan['sections'][0]['section_id']}"
    answer = await patch(team.adviser, where, said, 1)
    assert answer.status_code == status
    assert await read(team.adviser, path) == plan


async def test_section_when_its_version_is_missing_or_old_then_it_is_not_changed(team: Team) -> None:
    section = (await read(team.adviser, await start(team)))["sections"][0]
    where = f"/admin/v1/plan-sections/{section['section_id']}"
    assert (await patch(team.adviser, where, {"my_words": "x"}, None)).status_code == 428
    assert (await patch(team.adviser, where, {"my_words": "x"}, 1)).status_code == 200
    assert (await patch(team.adviser, where, {"my_words": "y"}, 1)).status_code == 412


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"due_on": "2020-01-01"}, "due_on"),
        ({"due_on": "2099-01-01"}, "due_on"),
        ({"owner_kind": "staff"}, "owner_staff_id"),
        ({"owner_kind": "other"}, "owner_name"),
        ({"owner_name": "Mum"}, "owner_name"),
        ({"owner_kind": "staff", "owner_staff_id": "00000000-0000-4000-8000-000000000000"}, "owner_staff_id"),
    ],
)
async def test_action_when_it_cannot_be_then_its_field_and_what_is_allowed_are_told(
    team: Team, changes: dict[str, Any], path: str
) -> None:
    section = (await read(team.adviser, await start(team)))["sections"][0]
    where = f"/admin/v1/plan-sections/{section['section_id']}/actions"
    answer = await team.adviser.post(where, action(**changes))
    assert answer.status_code == 422
    assert [p for p, allowed in errors(answer) if allowed] == [path]
    assert await team.admin.fetchval("SELECT count(*) FROM plan_actions") == 0


@pytest.mark.parametrize(
    "changes", [{"due_on": "2026-02-30"}, {"due_on": "soon"}, {"owner_kind": "nobody"}, {"what": ""}]
)
async def test_action_when_it_cannot_be_read_then_it_is_refused(team: Team, changes: dict[str, Any]) -> None:
    section = (await read(team.adviser, await start(team)))["sections"][0]
    where = f"/admin/v1/plan-sections/{section['section_id']}/actions"
    assert (await team.adviser.post(where, action(**changes))).status_code == 400


async def test_action_when_it_is_given_to_an_adviser_who_left_then_it_is_refused(team: Team) -> None:
    await team.admin.execute("UPDATE staff SET left_on = london_today() WHERE staff_id = $1", team.manager_id)
    section = (await read(team.adviser, await start(team)))["sections"][0]
    where = f"/admin/v1/plan-sections/{section['section_id']}/actions"
    answer = await team.adviser.post(where, action(owner_kind="staff", owner_staff_id=str(team.manager_id)))
    assert (answer.status_code, errors(answer)) == (422, [("owner_staff_id", ("one of the team who is here",))])


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"young_person_signed_on": None}, "disagreement"),
        ({"young_person_signed_on": None, "disagreement": "  "}, "disagreement"),
        ({"young_person_signed_on": "2099-01-01"}, "young_person_signed_on"),
        ({"young_person_signed_on": "1999-01-01"}, "young_person_signed_on"),
        ({"effective_from": "2020-01-01"}, "effective_from"),
    ],
)
async def test_signing_when_it_cannot_be_then_it_is_told_and_the_draft_stays(
    team: Team, changes: dict[str, Any], path: str
) -> None:
    plan = await complete(team, where := await start(team))
    answer = await sign(team, where, **changes)
    assert (answer.status_code, [p for p, allowed in errors(answer) if allowed]) == (422, [path])
    assert await read(team.adviser, where) == plan


async def test_signing_when_the_young_person_disagrees_then_their_words_stand_in_the_plan(team: Team) -> None:
    await complete(team, path := await start(team))
    assert (await sign(team, path, young_person_signed_on=None, disagreement="I want to stay")).status_code == 200
    assert (await read(team.adviser, path))["disagreement"] == "I want to stay"


async def test_copy_when_the_plan_is_signed_then_the_day_is_noted_and_only_a_possible_one(team: Team) -> None:
    draft = await read(team.adviser, path := await start(team))
    early = await team.adviser.post(f"{path}/copy", {"given_on": in_days(0)}, version=draft["version"])
    assert early.status_code == 409
    await complete(team, path)
    await sign(team, path)
    version = (await read(team.adviser, path))["version"]
    ahead = await team.adviser.post(f"{path}/copy", {"given_on": in_days(1)}, version=version)
    assert (ahead.status_code, errors(ahead)[0][0]) == (422, "given_on")
    assert (await team.adviser.post(f"{path}/copy", {"given_on": in_days(0)}, version=version)).status_code == 200
    assert (await read(team.adviser, path))["copy_given_on"] == in_days(0)


async def test_plan_when_it_is_of_another_team_then_nothing_of_it_is_there(team: Team) -> None:
    plan = await read(team.adviser, path := await signed_plan(team))
    section = plan["sections"][0]
    done = section["actions"][0]["action_id"]
    new = {"basis": "relevant", "start_from": "nothing"}
    answers = [
        await team.stranger.get(path),
        await team.stranger.get(f"{path}/missing"),
        await team.stranger.get(f"{team.path}/plans"),
        await team.stranger.post(f"{team.path}/plans", new),
        await team.stranger.post(f"{path}/sign", signatures(), version=plan["version"]),
        await patch(team.stranger, f"/admin/v1/plan-sections/{section['section_id']}", {"my_words": "x"}, 1),
        await team.stranger.post(f"/admin/v1/plan-sections/{section['section_id']}/actions", action()),
        await team.stranger.post(f"/admin/v1/plan-actions/{done}/outcome", {"status": "withdrawn"}, version=1),
    ]
    assert [a.status_code for a in answers] == [404] * len(answers)
    looks = "SELECT count(*) FROM audit_entries AS e JOIN staff AS s ON s.staff_id = e.actor_id WHERE s.team_id <> $1"
    assert await team.admin.fetchval(looks, team.team_id) == 0


async def test_versions_when_there_are_many_then_they_come_page_by_page(team: Team) -> None:
    await signed_plan(team)
    for _ in range(2):
        assert (await sign(team, await start(team, start_from="signed_version"))).status_code == 200
    seen, cursor = [], None
    while True:
        page = (await team.adviser.get(f"{team.path}/plans", count=2, **({"cursor": cursor} if cursor else {}))).json()
        seen += [plan["version_no"] for plan in page["items"]]
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert seen == [3, 2, 1]
    assert (await team.adviser.get(f"{team.path}/plans", cursor="x")).status_code == 400
    assert (await team.adviser.get(f"{team.path}/plans", count=0)).status_code == 400


async def test_own_plan_when_a_young_person_reads_it_then_it_is_in_plain_words(team: Team) -> None:
    path = await signed_plan(team)
    device = await team.young_person()
    page = msgspec.json.decode((await device.get("/client/v1/plan")).content, type=OwnPlanPage, strict=True)
    assert page.plan is not None
    assert [part.title for part in page.plan.parts][4:5] == ["Your home"]
    first = page.plan.parts[0].actions[0]
    assert (first.who, first.what, first.is_yours, first.is_done) == ("You", "do personal_support", True, False)
    assert page.next_review.due_on is not None
    assert page.next_review.what_you_can_do == "You can ask us to look at your plan now. We can not say no to that."
    assert page.plan_to_read is None
    assert (await device.get(path)).status_code == 401


async def test_own_plan_when_it_is_a_draft_then_it_is_read_only_once_it_was_shared(team: Team) -> None:
    device = await team.young_person()
    path = await start(team)
    assert (await device.get("/client/v1/plan")).json()["plan_to_read"] is None
    version = (await read(team.adviser, path))["version"]
    shared = await team.adviser.post(f"{path}/share", {"with_young_person": True}, version=version)
    assert shared.status_code == 200
    assert (await device.get("/client/v1/plan")).json()["plan_to_read"]["plan_id"] == path.rpartition("/")[2]
    back = {"with_young_person": False}
    assert (await team.adviser.post(f"{path}/share", back, version=shared.json()["version"])).status_code == 200
    assert (await device.get("/client/v1/plan")).json()["plan_to_read"] is None


async def test_own_plan_when_the_device_had_only_a_texts_code_then_it_is_not_shown(team: Team) -> None:
    await signed_plan(team)
    device = await team.young_person("limited")
    assert (await device.get("/client/v1/plan")).status_code == 403


async def test_own_action_when_a_young_person_says_done_then_staff_see_it_and_nothing_else_changed(team: Team) -> None:
    path = await signed_plan(team)
    before = (await read(team.adviser, path))["sections"][0]["actions"][0]
    device = await team.young_person()
    where = f"/client/v1/plan/actions/{before['action_id']}/done"
    assert (await device.post(where, {}, version=before["version"])).status_code == 200
    after = (await read(team.adviser, path))["sections"][0]["actions"][0]
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"young_person_says_done_at", "version"}
    assert (await device.post(where, {}, version=before["version"])).status_code == 412
    assert (await device.post(where, {})).status_code == 428


async def test_own_action_when_it_is_somebody_elses_then_it_is_not_there(team: Team) -> None:
    path = await signed_plan(team)
    done = (await read(team.adviser, path))["sections"][0]["actions"][0]
    other = await team.another()
    own, team.person_id = team.person_id, other
    device = await team.young_person()
    team.person_id = own
    where = f"/client/v1/plan/actions/{done['action_id']}/done"
    assert (await device.post(where, {}, version=done["version"])).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE plan_actions SET status = 'done', done_on = london_today()",
        "UPDATE plan_actions SET what = 'nothing'",
    ],
)
async def test_young_person_when_their_connection_changes_more_than_they_may_then_the_database_refuses_it(
    team: Team, database: TestDatabase, change: str
) -> None:
    await signed_plan(team)
    device = await team.young_person()
    signed_in = Database(database.signed_in_url, size=1)
    try:
        async with signed_in.acting_with(device.token) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change)
    finally:
        await signed_in.close()
