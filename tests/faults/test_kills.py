"""Two hundred texts while a part is killed again and again: none lost, none answered twice, none sent twice."""

import random

import pytest

from tests.faults.burst import Plan, new_seed, run_burst
from tests.faults.stack import Stack
from tests.faults.test_twilio import BAD_DAYS

BURSTS = (
    Plan(title="worker", every_chatty=20, kills=["worker"] * 4, pause_s=(0.0, 0.3), has_receipts=False),
    Plan(title="bot", kills=["rasa"]),
    Plan(title="API", copies=2, kills=["api"] * 3),
    Plan(title="database", kills=["postgres", "backend", "postgres"]),
)


@pytest.mark.parametrize("plan", BURSTS, ids=lambda plan: plan.title)
async def test_a_burst_with_kills_then_every_text_is_answered_once(stack: Stack, plan: Plan) -> None:
    ledger = await run_burst(stack, plan, new_seed())
    assert ledger.problems() == []
    assert ledger.figures()["accepted"] == plan.texts


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_thousands_of_texts_with_kills_of_everything_on_bad_days_at_twilio(stack: Stack) -> None:
    seed = new_seed()
    parts = ["worker", "api", "rasa", "postgres", "backend"]
    kills = random.Random(seed).choices(parts, weights=[20, 9, 5, 8, 8], k=50)
    plan = Plan(
        title="everything",
        texts=2_000,
        every_chatty=20,
        over_s=120.0,
        kills=kills,
        pause_s=(0.0, 3.0),
        settled_within_s=240.0,
        bad_days=BAD_DAYS,
        has_receipts=False,
    )
    ledger = await run_burst(stack, plan, seed)
    assert ledger.problems() == []
    assert ledger.figures()["accepted"] == plan.texts
