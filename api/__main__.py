"""The service's commands, as `python -m api`: serve, work, migrate, administrator, demo, import, export, check, …"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial

from api.settings import (
    AdministratorSettings,
    CheckAuditSettings,
    MigrateSettings,
    ReturnsSettings,
    ServeSettings,
    SettingsError,
    WorkSettings,
    read_settings,
)

STOP_WITHIN_S = 20


def serve() -> None:
    """Serves the API until stopped."""
    from granian import Granian  # noqa: PLC0415 - the worker and the migration do without it
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    settings = read_settings(ServeSettings, os.environ)
    Granian(
        "api.app:create_app",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.api_host,
        port=settings.api_port,
        log_access=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=STOP_WITHIN_S,
    ).serve()


def work() -> None:
    """Runs jobs until stopped; a first signal lets running jobs end."""
    import uvloop  # noqa: PLC0415

    uvloop.run(_work(read_settings(WorkSettings, os.environ)))


async def _work(settings: WorkSettings) -> None:
    from api.app import create_worker  # noqa: PLC0415
    from api.kit.log import set_up_logging  # noqa: PLC0415

    set_up_logging()
    async with create_worker(settings) as worker:
        working = asyncio.create_task(worker.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, working.cancel)
        await asyncio.wait([working])
        if not working.cancelled():
            working.result()


def migrate() -> None:
    """Brings the database up to date."""
    from api.kit.migrations import migrate_database  # noqa: PLC0415

    asyncio.run(migrate_database(read_settings(MigrateSettings, os.environ)))


def demo(words: Sequence[str] = ()) -> None:
    """Loads the demo people, once; or as many made-up young people as `--people` says, from files made for them."""
    from api.demo import load_demo  # noqa: PLC0415
    from api.demo_files import run_demo  # noqa: PLC0415

    if words:
        sys.exit(asyncio.run(run_demo(words, _administrators_url, print)))
    settings = read_settings(MigrateSettings, os.environ)
    print(asyncio.run(load_demo(settings.migration_database_url, settings.oidc_issuer)))


def administrator() -> None:
    """Adds the first administrator, who can sign in and add everybody else."""
    from api.app import add_first_administrator  # noqa: PLC0415

    print(asyncio.run(add_first_administrator(read_settings(AdministratorSettings, os.environ))))


def import_files(words: Sequence[str] = ()) -> None:
    """Reads a council's files in; exit code 1 when rows were refused."""
    from api.returns.commands import run_import  # noqa: PLC0415

    sys.exit(asyncio.run(run_import(words, _administrators_url, print)))


def export_files(words: Sequence[str] = ()) -> None:
    """Writes a statutory return; exit code 1 when something is listed to be completed."""
    from api.returns.commands import run_export  # noqa: PLC0415

    sys.exit(asyncio.run(run_export(words, _administrators_url, print)))


def _administrators_url() -> str:
    return read_settings(ReturnsSettings, os.environ).migration_database_url


def check() -> None:
    """Prints what waits for a person: texts to look at and jobs that were parked. No text, no name, no number."""
    from api.app import what_waits  # noqa: PLC0415

    for line in asyncio.run(what_waits(read_settings(WorkSettings, os.environ))):
        print(line)


def check_audit() -> None:
    """Says what was edited, removed, added later or cut off in the audit, by block and row; exit code 1 if anything."""
    from api.app import check_audit as check_whole  # noqa: PLC0415

    found = asyncio.run(check_whole(read_settings(CheckAuditSettings, os.environ)))
    for line in found.lines():
        print(line)
    if found.faults:
        sys.exit(1)


def retry() -> None:
    """Lets every job that was parked run again, when what stopped them is mended."""
    from api.app import retry_parked  # noqa: PLC0415

    print(f"{asyncio.run(retry_parked(read_settings(WorkSettings, os.environ)))} jobs run again.")


COMMANDS: dict[str, Callable[[], None]] = {
    "administrator": administrator,
    "check": check,
    "check audit": check_audit,
    "retry": retry,
    "serve": serve,
    "work": work,
    "migrate": migrate,
    "demo": demo,
    "import": import_files,
    "export": export_files,
}
# Commands that are told more than their name; each says what with --help.
TAKING_WORDS: dict[str, Callable[[Sequence[str]], None]] = {
    "demo": demo,
    "import": import_files,
    "export": export_files,
}


def main() -> int:
    """Runs one command; a setting that is missing or wrong is one sentence and exit code 2."""
    if sys.argv[1:2] and sys.argv[1] in TAKING_WORDS:
        return _run(partial(TAKING_WORDS[sys.argv[1]], sys.argv[2:]))
    parser = argparse.ArgumentParser(prog="python -m api", description="Fifteen Plus")
    parser.add_argument("command", nargs="+", help=" | ".join(sorted(COMMANDS)))
    command = " ".join(parser.parse_args().command)
    if command not in COMMANDS:
        parser.error(f"no such command: {command}")
    return _run(COMMANDS[command])


def _run(command: Callable[[], None]) -> int:
    try:
        command()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
