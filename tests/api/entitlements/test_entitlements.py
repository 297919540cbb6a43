"""Entitlements: what may be claimed with amount, source and days; and claims that the rules do not allow."""

from datetime import date
from typing import Any

import pytest

from tests.api.casework import Team, days_ago, errors, today


@pytest.fixture
async def former(team: Team) -> str:
    """Where a former relevant young person is: in care from ten to eighteen."""
    person_id = await team.another(born_on=date(2007, 1, 1))
    await team.admin.execute(
        "WITH period AS (INSERT INTO care_periods (person_id, started_on, ended_on)"
        " VALUES ($1, '2017-01-01', '2025-01-01') RETURNING care_period_id)"
        " INSERT INTO episodes (care_period_id, person_id, started_on, reason_new, legal_status, category_of_need,"
        " place, ended_on, reason_ended) SELECT care_period_id, $1, '2017-01-01', 'S', 'C2', 'N1', 'U4', '2025-01-01',"
        " 'E5' FROM period",
        person_id,
    )
    return f"/admin/v1/young-people/{person_id}"


async def test_entitlements_when_read_then_each_has_amount_source_and_days(team: Team, former: str) -> None:
    answer = await team.adviser.get(f"{former}/entitlements")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    allowance = next(one for one in said["may_claim"] if one["code"] == "setting_up_home" and not one["is_prospective"])
    assert (allowance["amount_pence"], allowance["valid_from"]) == (300000, "2023-04-01")
    assert "3,000 pounds" in allowance["source"]
    assert (said["on_date"], said["claimed"]) == (today().isoformat(), [])
    assert (await team.stranger.get(f"{former}/entitlements")).status_code == 404


async def test_claim_when_it_is_allowed_then_it_has_the_amount_of_its_rule_and_can_be_paid(
    team: Team, former: str
) -> None:
    claim = {"code": "setting_up_home", "claimed_on": days_ago(3)}
    made = await team.adviser.post(f"{former}/entitlements/claims", claim)
    assert made.status_code == 201, made.text
    path = f"{former}/entitlements/claims/{made.json()['id']}"
    assert (await team.adviser.put(path, {"paid_on": days_ago(4)})).status_code == 422
    assert (await team.adviser.put(path, {"paid_on": days_ago(1)}, version=2)).status_code == 412
    assert (await team.adviser.put(path, {"paid_on": days_ago(1)})).status_code == 200
    (claimed,) = (await team.adviser.get(f"{former}/entitlements")).json()["claimed"]
    assert (claimed["amount_pence"], claimed["paid_on"], claimed["version"]) == (300000, days_ago(1), 2)
    again = await team.adviser.post(f"{former}/entitlements/claims", claim)
    assert (again.status_code, errors(again)[0][0]) == (409, "code")


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"code": "new_car"}, 422, "code"),
        ({"code": "higher_education_bursary"}, 422, "code"),
        ({"amount_pence": 1}, 422, "amount_pence"),
        ({"amount_pence": 0}, 400, "amount_pence"),
        ({"claimed_on": "2006-01-01"}, 422, "claimed_on"),
        ({"claimed_on": "2020-01-01"}, 422, "code"),
        ({"claimed_on": "2100-01-01"}, 422, "claimed_on"),
        ({"paid_on": "2100-01-01"}, 422, "paid_on"),
    ],
)
async def test_claim_when_the_rules_do_not_allow_it_then_it_is_refused(
    team: Team, former: str, change: dict[str, Any], status: int, path: str
) -> None:
    claim = {"code": "setting_up_home", "claimed_on": days_ago(3)} | change
    answer = await team.adviser.post(f"{former}/entitlements/claims", claim)
    assert (answer.status_code, errors(answer)[0][0]) == (status, path), answer.text
    if path == "code" and claim["claimed_on"] == days_ago(3):
        assert "setting_up_home" in errors(answer)[0][1]
    assert await team.admin.fetchval("SELECT count(*) FROM entitlement_claims") == 0


async def test_claim_when_the_rule_sets_no_amount_then_one_is_needed(team: Team, former: str) -> None:
    may_claim = (await team.adviser.get(f"{former}/entitlements")).json()["may_claim"]
    code = next(one["code"] for one in may_claim if one["amount_pence"] is None and not one["is_prospective"])
    claim = {"code": code, "claimed_on": days_ago(1)}
    missing = await team.adviser.post(f"{former}/entitlements/claims", claim)
    assert (missing.status_code, errors(missing)[0][0]) == (422, "amount_pence")
    assert (await team.adviser.post(f"{former}/entitlements/claims", claim | {"amount_pence": 2500})).status_code == 201
