"""The service's commands: `python -m api serve | work | migrate | …`; without one, it says which there are."""

import argparse
import asyncio
import json
import os
import signal
import sys

from api.settings import (
    AdministratorSettings,
    CheckAuditSettings,
    MigrateSettings,
    ServeSettings,
    SettingsError,
    WorkSettings,
    read_settings,
)

STOP_WITHIN_S = 20
HEADERS_WITHIN_S = 5
LARGEST_HEAD_BYTES = 32 * 1024


def serve() -> None:
    """Serves the API until stopped."""
    from granian import Granian  # noqa: PLC0415 - the worker and the migration do without it
    from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415
    from granian.http import HTTP1Settings  # noqa: PLC0415
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
        # What stands before us speaks HTTP/1.1; what we do not speak needs no limits.
        http=HTTPModes.http1,
        websockets=False,
        # Backpressure stays granian's 1024: with less, a hundred sockets that hang keep everybody out.
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_WITHIN_S * 1000, max_buffer_size=LARGEST_HEAD_BYTES),
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


def demo() -> None:
    """Loads the demo people, once."""
    from api.demo import load_demo  # noqa: PLC0415

    settings = read_settings(MigrateSettings, os.environ)
    print(asyncio.run(load_demo(settings.migration_database_url, settings.oidc_issuer)))


def administrator() -> None:
    """Adds the first administrator, who can sign in and add everybody else."""
    from api.app import add_first_administrator  # noqa: PLC0415

    print(asyncio.run(add_first_administrator(read_settings(AdministratorSettings, os.environ))))


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


def openapi_admin() -> None:
    """Prints what staff's programs call, as OpenAPI."""
    _print_document("admin")


def openapi_client() -> None:
    """Prints what young people's apps call, as OpenAPI: for those who build an app."""
    _print_document("client")


def _print_document(name: str) -> None:
    from api.app import DOCUMENTS, ROUTES  # noqa: PLC0415
    from api.kit.openapi import Documents  # noqa: PLC0415

    print(json.dumps(Documents(ROUTES, DOCUMENTS).get(name), indent=2))


COMMANDS = {
    "administrator": administrator,
    "check": check,
    "check audit": check_audit,
    "retry": retry,
    "serve": serve,
    "work": work,
    "migrate": migrate,
    "demo": demo,
    "openapi admin": openapi_admin,
    "openapi client": openapi_client,
}


def main() -> int:
    """Runs one command; a setting that is missing or wrong is one sentence and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m api", description="Fifteen Plus")
    parser.add_argument("command", nargs="+", help=" | ".join(sorted(COMMANDS)))
    command = " ".join(parser.parse_args().command)
    if command not in COMMANDS:
        parser.error(f"no such command: {command}")
    try:
        COMMANDS[command]()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
