"""Runs the simulator until it is told to stop."""

import asyncio
import os
import sys

from tests.twilio_simulator.serve import serve
from tests.twilio_simulator.settings import SettingMissing, SimulatorSettings


def main() -> int:
    """Serves until SIGINT or SIGTERM. 2 when a setting is missing."""
    try:
        settings = SimulatorSettings.from_environment(os.environ)
    except SettingMissing as missing:
        print(missing, file=sys.stderr)
        return 2
    asyncio.run(serve(settings))
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The web server's threads now and then panic while Python takes itself apart; nothing here needs that.
    os._exit(code)
