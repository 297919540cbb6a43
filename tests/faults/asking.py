"""One text of one person, and its answer."""

import time

from tests.faults.burst import send_after
from tests.faults.people import create_people
from tests.faults.stack import Stack

ANSWERED_WITHIN_S = 4.0
SETTLED_WITHIN_S = 10.0


async def ask(stack: Stack) -> tuple[str, set[str]]:
    """The one reply to a text, which came in time, and why the text is marked."""
    (person,) = await create_people(stack.admin_url, stack.ring, 1)
    began_at_s = time.monotonic()
    texted = await send_after(stack, person, 0)
    (sent,) = await stack.simulator.wait_for_sent(person.phone)
    assert time.monotonic() - began_at_s < ANSWERED_WITHIN_S
    await stack.settle([person.phone], SETTLED_WITHIN_S)
    ledger = await stack.read_ledger([texted])
    assert (len(ledger.kept), len(ledger.replies), ledger.jobs) == (1, 1, [])
    assert len(await stack.simulator.sent(person.phone)) == 1
    return sent["body"], set(ledger.kept[0].flags)
