"""The simulator as a web server."""

import asyncio
import contextlib
import signal

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar
from litestar.datastructures import State
from litestar.logging import LoggingConfig

from tests.twilio_simulator import control, rest
from tests.twilio_simulator.account import Account
from tests.twilio_simulator.dispatch import Dispatch
from tests.twilio_simulator.settings import SimulatorSettings

HANDLERS = (
    rest.create_message,
    rest.list_messages,
    rest.fetch_message,
    rest.delete_message,
    control.text_the_service,
    control.list_sent,
    control.plan_fault,
    control.clear_faults,
    control.release_callbacks,
    control.change_behaviour,
    control.list_requests,
    control.list_webhooks,
    control.reset,
    control.health,
)


def create_app(settings: SimulatorSettings) -> Litestar:
    """One account, all routes."""
    account = Account(settings)
    dispatch = Dispatch(account)
    state = State({"account": account, "dispatch": dispatch})
    return Litestar(
        HANDLERS,
        state=state,
        openapi_config=None,
        on_shutdown=[dispatch.aclose],
        logging_config=LoggingConfig(root={"level": "WARNING", "handlers": ["console"]}, log_exceptions="always"),
    )


async def serve(settings: SimulatorSettings) -> None:
    """Serves on loopback until SIGINT or SIGTERM.

    Inside this process and loop: the state lives in memory, and a connection can be cut.
    """
    server = Server(
        create_app(settings),
        address="127.0.0.1",
        port=settings.port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.error,
        backlog=1024,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    with contextlib.suppress(asyncio.CancelledError):
        await server.serve()
