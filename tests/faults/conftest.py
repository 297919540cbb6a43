"""One running service for all tests of this folder, its database as safe as in life."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.faults.burst import ROWS, table
from tests.faults.stack import QUICK, Stack
from tests.stack.service import LocalService
from tests.stack.settings import StackSettings

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long fault tests too, and print all figures")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes minutes; runs with --long only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves long tests out unless asked, and gives the others time for a first training of the bot."""
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(600))
    if config.getoption("--long", default=False):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--long", default=False):
        terminalreporter.section("bursts")
        terminalreporter.write_line("\n".join(table(ROWS)))


@pytest.fixture(scope="package")
def service() -> Iterator[LocalService]:
    """All parts as processes of their own, with short leases."""
    with tempfile.TemporaryDirectory(prefix="fifteenplus-faults-") as folder:
        Path(folder).chmod(0o755)
        settings = replace(StackSettings.for_tests(Path(folder) / "data"), durable=True)
        with LocalService(settings, extra=QUICK) as running:
            yield running


@pytest.fixture(scope="package")
async def whole_stack(service: LocalService) -> AsyncIterator[Stack]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=service.simulator_url, timeout=120.0, trust_env=False, limits=limits) as http:
        yield Stack(service, http)


@pytest.fixture
async def stack(whole_stack: Stack) -> Stack:
    """The service with all parts running and a simulator that behaves."""
    whole_stack.service.raise_if_a_part_died()
    await whole_stack.simulator.reset()
    return whole_stack
