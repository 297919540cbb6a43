"""Many texts in a short time, and what is done to the service meanwhile."""

import asyncio
import contextlib
import itertools
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.faults.ledger import Ledger, Texted
from tests.faults.people import NUMBERS_OF_MENU, Person, create_people
from tests.faults.stack import Stack

SETTLED_WITHIN_S = 30.0
# Twilio gives up after fewer tries; here it outlasts every restart, so that what is missing was lost by us.
PATIENCE = (0.25,) * 80
# The answer to a request for sending comes this late, so that kills find texts whose outcome is not known.
TWILIO_ANSWERS_AFTER_S = 0.2
SENDS_AGAIN_WITHIN_S = 1.5
TEXTS_OF_CHATTY = 3
ROWS: list[dict[str, object]] = []


def new_seed() -> int:
    """A seed for the moments of the kills, printed: FAULTS_SEED repeats a run's."""
    seed = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"FAULTS_SEED={seed}")
    return seed


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is texted and what is killed, in this order, with such pauses before each kill.

    Each webhook arrives in so many copies; every so-manyth phone is chatty and sends several texts. `bad_days`
    happen to every tenth request for sending. Without receipts nobody tells what became of a text.
    """

    title: str
    texts: int = 200
    copies: int = 1
    every_chatty: int = 0
    over_s: float = 4.0
    kills: Sequence[str]
    pause_s: tuple[float, float] = (0.1, 0.8)
    settled_within_s: float = SETTLED_WITHIN_S
    bad_days: Sequence[dict[str, Any]] = ()
    has_receipts: bool = True


async def run_burst(stack: Stack, plan: Plan, seed: int) -> Ledger:
    """Sends, kills, waits until all has settled, and reads the ledger."""
    chance = random.Random(seed)
    started_at_s = time.monotonic()
    people = await _phones_of(stack, plan)
    await _prepare_twilio(stack, plan, chance)
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(send_all(stack, people, plan.over_s, plan.copies))
        group.create_task(_strike(stack, plan, chance))
    last_status = "delivered" if plan.has_receipts else "accepted"
    await stack.settle([person.phone for person in people], plan.settled_within_s, last_status)
    ledger = replace(await stack.read_ledger(sending.result()), last_status=last_status)
    await stack.bring_back("worker")  # a new one asks the bot again, whatever it has been through
    took_s = round(time.monotonic() - started_at_s, 1)
    searches = len(await stack.simulator.requests(on="list"))
    figures = {**ledger.figures(), "looked for": searches, "seconds": took_s}
    ROWS.append({"burst": plan.title, "seed": seed, "kills": len(plan.kills), **figures})
    return ledger


async def _phones_of(stack: Stack, plan: Plan) -> list[Person]:
    """Who sends each text; the texts of a chatty phone are far enough from each other to be turns of their own."""
    chatty_count = plan.texts // plan.every_chatty if plan.every_chatty else 0
    people = await create_people(stack.admin_url, stack.ring, plan.texts - chatty_count * (TEXTS_OF_CHATTY - 1))
    chatty = [replace(person, is_chatty=True) for person in people[:chatty_count]]
    return [*chatty, *people[chatty_count:], *chatty * (TEXTS_OF_CHATTY - 1)]


async def _prepare_twilio(stack: Stack, plan: Plan, chance: random.Random) -> None:
    await stack.simulator.reset()
    await stack.simulator.behave(retry_delays_s=PATIENCE, callbacks="send" if plan.has_receipts else "never")
    if plan.bad_days:
        for _ in range(plan.texts // 10):
            await stack.simulator.plan(times=9, on="create", after_s=TWILIO_ANSWERS_AFTER_S)
            await stack.simulator.plan(on="create", **{**chance.choice(plan.bad_days), "times": 1})
    await stack.simulator.plan(times=1_000_000, on="create", after_s=TWILIO_ANSWERS_AFTER_S)


async def send_all(stack: Stack, people: Sequence[Person], over_s: float, copies: int = 1) -> list[Texted]:
    """A text from each phone, evenly over the time; each webhook arrives so many times at one moment."""
    pause_s = over_s / len(people)
    texts = [send_after(stack, person, number, number * pause_s, copies) for number, person in enumerate(people)]
    return list(await asyncio.gather(*texts))


async def send_after(stack: Stack, person: Person, number: int, delay_s: float = 0.0, copies: int = 1) -> Texted:
    """One text through the simulator, which posts the webhook until it is accepted or its patience ends."""
    await asyncio.sleep(delay_s)
    body, expected = person.asks(number)
    outcome = await stack.simulator.text(person.phone, body, copies=copies)
    return Texted(
        sid=outcome["sid"],
        phone=person.phone,
        body=body,
        expected=expected,
        is_number_of_menu=body in NUMBERS_OF_MENU,
        is_accepted=outcome["status"] in range(200, 300),
    )


async def _strike(stack: Stack, plan: Plan, chance: random.Random) -> None:
    for name in plan.kills:
        await asyncio.sleep(chance.uniform(*plan.pause_s))
        if name == "worker" and chance.random() < 0.5:
            await _wait_for_a_send(stack)
            await asyncio.sleep(chance.uniform(0.0, TWILIO_ANSWERS_AFTER_S))
        if name == "backend":
            await stack.kill_a_backend(chance)
            continue
        await stack.kill(name)
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        await stack.bring_back(name)


async def _wait_for_a_send(stack: Stack) -> None:
    """Until Twilio is asked again to send something: a worker killed then may not know what became of it."""
    before = len(await stack.simulator.requests(on="create"))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SENDS_AGAIN_WITHIN_S):
            while len(await stack.simulator.requests(on="create")) == before:
                await asyncio.sleep(0.02)


def table(rows: Sequence[dict[str, object]]) -> list[str]:
    """The figures of all bursts as lines of text."""
    if not rows:
        return []
    cells = [list(rows[0])] + [[str(value) for value in row.values()] for row in rows]
    widths = [max(len(cell) for cell in column) for column in itertools.zip_longest(*cells, fillvalue="")]
    return ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
