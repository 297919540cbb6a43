"""A worker killed, stopped or standing still at the worst moments, and no receipt that tells what became of a text."""

import asyncio
import time

import pytest

from tests.faults.burst import send_after, send_all
from tests.faults.people import create_people
from tests.faults.stack import LEASED, WAITS_FOR_LOCK, Stack

SETTLED_WITHIN_S = 25.0
LONG_S = 6.0


async def test_a_worker_killed_at_the_worst_moments_then_each_text_is_answered_and_sent_once(stack: Stack) -> None:
    """Twilio has taken the first reply and never will take the second; the third is about to be committed."""
    await stack.simulator.behave(callbacks="hold")
    people = await create_people(stack.admin_url, stack.ring, 3)
    await stack.simulator.plan(on="create", to=people[0].phone, after_s=LONG_S)
    await stack.simulator.plan(on="create", to=people[1].phone, after_s=LONG_S, answer="drop")
    rasa = stack.service.part("rasa")
    rasa.freeze()
    texted = [await send_after(stack, people[2], 0)]
    await stack.until(LEASED)
    async with stack.holding_leased_answers():
        rasa.thaw()
        texted += await send_all(stack, people[:2], over_s=0.1)
        await stack.until_asked_to_send(2)
        await stack.until(WAITS_FOR_LOCK)
        await stack.kill("worker")
    await stack.bring_back("worker")
    await stack.settle([person.phone for person in people], SETTLED_WITHIN_S)
    assert (await stack.read_ledger(texted)).problems() == []
    asked = [request["to"] for request in await stack.simulator.requests(on="create")]
    assert [asked.count(person.phone) for person in people] == [1, 2, 1]


@pytest.mark.long
async def test_a_worker_that_stands_still_past_its_lease_then_another_takes_over_once(stack: Stack) -> None:
    """The first holds an answer and a reply on its way when it stops; it wakes when both are done."""
    await stack.simulator.behave(callbacks="hold")
    people = await create_people(stack.admin_url, stack.ring, 2)
    phones = [person.phone for person in people]
    await stack.simulator.plan(on="create", to=phones[0], after_s=LONG_S)
    texted = [await send_after(stack, people[0], 0)]
    await stack.until_asked_to_send(1)
    rasa, worker = stack.service.part("rasa"), stack.service.part("worker")
    rasa.freeze()
    texted.append(await send_after(stack, people[1], 0))
    await stack.until(LEASED)
    worker.freeze()
    rasa.thaw()
    async with stack.second_worker():
        await stack.settle(phones, SETTLED_WITHIN_S)
        worker.thaw()
        await asyncio.sleep(0.5)
    await stack.settle(phones, SETTLED_WITHIN_S)
    assert (await stack.read_ledger(texted)).problems() == []


async def test_a_worker_asked_to_stop_then_what_it_began_ends(stack: Stack) -> None:
    """Nothing is left half sent for the next worker to look for."""
    await stack.simulator.behave(callbacks="hold")
    people = await create_people(stack.admin_url, stack.ring, 40)
    await stack.simulator.plan(times=1_000, on="create", after_s=0.5)
    sending = asyncio.create_task(send_all(stack, people, over_s=1.0))
    await stack.until_asked_to_send(1)
    part = stack.service.part("worker")
    asked_at_s = time.monotonic()
    stack.ask_to_stop("worker")
    while part.running:
        await asyncio.sleep(0.01)
    part.raise_if_dead(expected_code=0)
    assert time.monotonic() - asked_at_s < 5
    left = await stack.query("SELECT status FROM messages WHERE status IN ('sending', 'unknown')")
    texted = await sending
    await stack.bring_back("worker")
    await stack.settle([person.phone for person in people], SETTLED_WITHIN_S)
    assert (await stack.read_ledger(texted)).problems() == []
    assert (left, await stack.simulator.requests(on="list")) == ([], [])
