"""The database away for long: texts are refused in a way that makes Twilio come again, and everybody recovers."""

import asyncio

import httpx

from tests.faults.burst import PATIENCE, send_all
from tests.faults.people import create_people
from tests.faults.stack import Stack

SETTLED_WITHIN_S = 25.0
LONGER_THAN_ANYBODY_WAITS_S = 3.0
PROCESSES = ("api", "worker", "rasa")


async def test_a_database_that_is_away_then_503_and_nothing_is_lost(stack: Stack) -> None:
    """The same processes go on when it is back: nobody has to start them again."""
    people = await create_people(stack.admin_url, stack.ring, 20)
    await stack.simulator.behave(retry_delays_s=PATIENCE)
    numbers = process_numbers(stack)
    await stack.kill("postgres")
    sending = asyncio.create_task(send_all(stack, people, over_s=0.1))
    async with httpx.AsyncClient(base_url=stack.service.api_url, trust_env=False) as http:
        assert (await http.get("/health/live")).status_code == 200
        ready = await http.get("/health/ready")
    assert (ready.status_code, ready.json()["database"]) == (503, "down")
    async with asyncio.timeout(20):
        while not await stack.simulator.webhooks():
            await asyncio.sleep(0.1)
    await stack.bring_back("postgres")
    texted = await sending
    await stack.settle([person.phone for person in people], SETTLED_WITHIN_S)
    assert (await stack.read_ledger(texted)).problems() == []
    assert {attempt["answered"] for attempt in await stack.simulator.webhooks()} == {503, 200, 204}
    assert process_numbers(stack) == numbers
    assert [text.is_accepted for text in texted] == [True] * len(people)


async def test_tables_locked_for_long_then_nobody_falls_and_nothing_is_lost(stack: Stack) -> None:
    """As a migration does: every statement on them is refused after a while."""
    people = await create_people(stack.admin_url, stack.ring, 20)
    await stack.simulator.behave(retry_delays_s=PATIENCE)
    numbers = process_numbers(stack)
    async with stack.locking("jobs, messages"):
        sending = asyncio.create_task(send_all(stack, people, over_s=0.1))
        await asyncio.sleep(LONGER_THAN_ANYBODY_WAITS_S)
    texted = await sending
    await stack.settle([person.phone for person in people], SETTLED_WITHIN_S)
    assert (await stack.read_ledger(texted)).problems() == []
    assert {attempt["answered"] for attempt in await stack.simulator.webhooks()} <= {503, 200, 204}
    assert process_numbers(stack) == numbers


def process_numbers(stack: Stack) -> list[int]:
    """Which processes serve now, all of them alive."""
    stack.service.raise_if_a_part_died()
    return [stack.service.part(name).pid for name in PROCESSES]
