"""Twilio slow, refusing or losing its answer, and its receipts in any order: sent once, delivered in the end."""

import asyncio
from typing import Any

import pytest

from tests.faults.burst import send_all
from tests.faults.people import create_people
from tests.faults.stack import Stack

SETTLED_WITHIN_S = 25.0
LONG_S = 6.0

BAD_DAYS: tuple[dict[str, Any], ...] = (
    {"answer": "drop", "accepted": True},
    {"answer": "drop"},
    {"answer": "error", "status": 500, "accepted": True},
    {"answer": "error", "status": 500},
    {"answer": "error", "status": 503, "times": 2},
    {"answer": "error", "status": 429, "retry_after_s": 1},
    {"answer": "error", "status": 429, "times": 2, "retry_after_s": 0},
    {"answer": "garbage", "accepted": True},
    {"answer": "off_spec"},
    {"answer": "ok", "after_s": LONG_S},
    {"answer": "drop", "after_s": LONG_S},
)


async def test_texts_that_meet_bad_days_at_twilio_are_sent_once(stack: Stack) -> None:
    await stack.simulator.behave(callbacks="hold")
    people = await create_people(stack.admin_url, stack.ring, len(BAD_DAYS))
    for person, bad_day in zip(people, BAD_DAYS, strict=True):
        await stack.simulator.plan(on="create", to=person.phone, **bad_day)
    texted = await send_all(stack, people, over_s=0.1)
    await stack.settle([person.phone for person in people], SETTLED_WITHIN_S)
    assert (await stack.read_ledger(texted)).problems() == []


@pytest.mark.parametrize("copies", [1, 4])
async def test_receipts_shuffled_and_repeated_then_delivered_stays(stack: Stack, copies: int) -> None:
    people = await create_people(stack.admin_url, stack.ring, 12)
    phones = [person.phone for person in people]
    await stack.simulator.behave(callbacks="hold", status_step_s=0.0)
    texted = await send_all(stack, people, over_s=0.1)
    for phone in phones:
        await stack.simulator.wait_for_sent(phone, status="delivered")
    await asyncio.sleep(0.05)
    receipts = await stack.simulator.release_callbacks(copies=copies, shuffled=True)
    assert {receipt["answered"] for receipt in receipts} == {204}
    assert len(receipts) == copies * 3 * len(people)
    await stack.settle(phones, SETTLED_WITHIN_S)
    assert (await stack.read_ledger(texted)).problems() == []
