"""One simulator for all tests of this folder, reset for each; the referee only where it has its rules."""

import os
from collections.abc import AsyncIterator

import pytest

from tests.twilio_simulator.receiver import Receiver, running_receiver
from tests.twilio_simulator.testing import Simulator, running_simulator


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "referee: needs Twilio's API description, named by TWILIO_OPENAPI")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("TWILIO_OPENAPI"):
        return
    no_rules = pytest.mark.skip(reason="TWILIO_OPENAPI does not name Twilio's API description")
    for item in items:
        if item.get_closest_marker("referee"):
            item.add_marker(no_rules)


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
