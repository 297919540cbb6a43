"""One simulator for all tests of a folder, reset for each."""

from collections.abc import AsyncIterator

import pytest

from tests.twilio_simulator.receiver import Receiver, running_receiver
from tests.twilio_simulator.testing import Simulator, running_simulator


@pytest.fixture(scope="package")
async def simulator_process() -> AsyncIterator[Simulator]:
    async with running_simulator() as simulator:
        yield simulator


@pytest.fixture
async def simulator(simulator_process: Simulator) -> Simulator:
    """A simulator with nothing in it."""
    await simulator_process.reset()
    return simulator_process


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """What the simulator's webhooks go to."""
    async with running_receiver() as receiver:
        yield receiver
