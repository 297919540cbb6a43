"""`python -m tests.stack run` starts the service here; `… text --from … --say …` texts it."""

import argparse
import os
import signal
import sys
import time
from types import FrameType

from tests.stack.problem import StackProblem
from tests.stack.service import LocalService
from tests.stack.settings import StackSettings
from tests.stack.steps import Stopped
from tests.stack.text import text_the_service
from tests.stack.welcome import welcome

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_EVERY_S = 0.25


def run(settings: StackSettings) -> None:
    """Start everything, then watch it until somebody stops it or a part dies."""
    service = LocalService(settings, say=lambda line: print(line, flush=True))
    _stop_on_signals(service)
    started_at_s = time.monotonic()
    print(f"Starting Fifteen Plus (data in {settings.data_dir}).", flush=True)
    try:
        service.start()
        print(welcome(service, time.monotonic() - started_at_s), flush=True)
        while not service.stopping.wait(LOOK_EVERY_S):
            service.raise_if_a_part_died()
        print("Stopping.", flush=True)
    except Stopped:
        pass
    finally:
        service.stop()
    print("Stopped.", flush=True)


def _stop_on_signals(service: LocalService) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        service.stopping.set()

    for number in STOP_SIGNALS:
        signal.signal(number, stop)


def main() -> int:
    """Run one command; what stands in its way is one sentence and exit code 1."""
    arguments = _arguments()
    try:
        settings = StackSettings.from_environment(os.environ)
        if arguments.command == "run":
            run(settings)
        else:
            text_the_service(settings.data_dir, arguments.sender, arguments.say)
    except StackProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.stack", description="Fifteen Plus on this machine")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything; Ctrl-C stops it")
    text = commands.add_parser("text", help="text the running service as a phone would")
    text.add_argument("--from", dest="sender", default=os.environ.get("FROM") or "+447700900101")
    text.add_argument("--say", default=os.environ.get("SAY") or "whens my next appointment")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
