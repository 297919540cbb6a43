"""One simulator for all tests of this folder, reset for each, and clients of it."""

from collections.abc import AsyncIterator

import pytest

from api.clients.twilio import TwilioClient
from tests.api.clients.sending import make_client
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


@pytest.fixture
async def twilio(simulator: Simulator) -> AsyncIterator[TwilioClient]:
    """Our client of the simulator."""
    client = make_client(simulator, read_timeout_s=1.0)
    yield client
    await client.aclose()


@pytest.fixture
async def astray(simulator: Simulator, receiver: Receiver) -> AsyncIterator[TwilioClient]:
    """A client whose Twilio is a server that answers what the test says."""
    client = make_client(simulator, api_base=receiver.base_url, read_timeout_s=0.3)
    yield client
    await client.aclose()
