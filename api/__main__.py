"""The service's commands: `python -m api serve | work | migrate | …`; without one, it says which there are."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

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

if TYPE_CHECKING:
    from api.returns.commands import AsAdministrator

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
    from api.app import migrate as bring_up_to_date  # noqa: PLC0415

    asyncio.run(bring_up_to_date(read_settings(MigrateSettings, os.environ)))


def demo(words: Sequence[str] = ()) -> None:
    """Loads the demo people, once; or as many made-up young people as `--people` says, from files made for them."""
    from api.app import field_keys_of  # noqa: PLC0415
    from api.demo import load_demo  # noqa: PLC0415
    from api.demo_files import run_demo  # noqa: PLC0415

    if words:
        sys.exit(asyncio.run(run_demo(words, _as_administrator, print)))
    settings = read_settings(MigrateSettings, os.environ)
    print(asyncio.run(load_demo(settings.migration_database_url, field_keys_of(settings), settings.oidc_issuer)))


def administrator() -> None:
    """Adds the first administrator, who can sign in and add everybody else."""
    from api.app import add_first_administrator  # noqa: PLC0415

    print(asyncio.run(add_first_administrator(read_settings(AdministratorSettings, os.environ))))


def import_files(words: Sequence[str] = ()) -> None:
    """Reads a council's files in; exit code 1 when rows were refused."""
    from api.returns.commands import run_import  # noqa: PLC0415

    sys.exit(asyncio.run(run_import(words, _as_administrator, print)))


def export_files(words: Sequence[str] = ()) -> None:
    """Writes a statutory return; exit code 1 when something is listed to be completed."""
    from api.returns.commands import run_export  # noqa: PLC0415

    sys.exit(asyncio.run(run_export(words, _as_administrator, print)))


def _as_administrator() -> "AsAdministrator":
    from api.app import field_keys_of  # noqa: PLC0415
    from api.returns.commands import AsAdministrator  # noqa: PLC0415

    settings = read_settings(ReturnsSettings, os.environ)
    return AsAdministrator(settings.migration_database_url, field_keys_of(settings))


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


def predict() -> None:
    """Reads lines of {"id", "text", "context"}, writes {"id", "intents", "risk"}; `context` is what was asked last."""
    import structlog  # noqa: PLC0415

    from api.predicting import PredictError  # noqa: PLC0415
    from api.predicting import predict as predictions  # noqa: PLC0415

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        for line in predictions(sys.stdin.buffer):
            sys.stdout.buffer.write(line + b"\n")
    except PredictError as error:
        sys.exit(str(error))


def retry() -> None:
    """Lets every job that was parked run again, when what stopped them is mended."""
    from api.app import retry_parked  # noqa: PLC0415

    print(f"{asyncio.run(retry_parked(read_settings(WorkSettings, os.environ)))} jobs run again.")


def rotate_keys() -> None:
    """Wraps every data key with the newest of FIELD_KEYS; exit code 1 if some could not be unwrapped."""
    from api.app import rotate_keys as rotate  # noqa: PLC0415

    done = asyncio.run(rotate(read_settings(MigrateSettings, os.environ)))
    print(f"{done.key_count} keys are wrapped by the newest key, {done.anew_count} of them since now.")
    if done.unreadable_count:
        print(f"{done.unreadable_count} keys are wrapped by a key that FIELD_KEYS lacks: leave none out yet.")
        sys.exit(1)


def erase_keys(person: str, reason: str, confirmed: str) -> None:
    """Makes every encrypted field of a person unreadable, in backups of later too; asked once, done when confirmed."""
    from api.app import erase_person, get_in_use  # noqa: PLC0415
    from api.keys.service import NotErased  # noqa: PLC0415

    settings = read_settings(MigrateSettings, os.environ)
    try:
        person_id = UUID(person)
        there = asyncio.run(get_in_use(settings, person_id))
        code = f"{there.text_count}-texts-{there.number_count}-numbers"
        if there.is_known and confirmed != code:
            print(f"This makes the texts, numbers and every other encrypted field of {person_id} unreadable for good.")
            sys.exit(f"Nothing was erased. If this is what you want, give the same again with --confirm {code}")
        asyncio.run(erase_person(settings, person_id, reason))
    except ValueError:
        sys.exit("That is not the id of a person.")
    except NotErased as refusal:
        sys.exit(str(refusal))
    print("Erased. Backups from before still hold the key: see api/decisions/0009.")


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


COMMANDS: dict[str, Callable[[], None]] = {
    "administrator": administrator,
    "check": check,
    "check audit": check_audit,
    "keys rotate": rotate_keys,
    "predict": predict,
    "retry": retry,
    "serve": serve,
    "work": work,
    "migrate": migrate,
    "demo": demo,
    "openapi admin": openapi_admin,
    "openapi client": openapi_client,
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
    parser.add_argument("command", nargs="+", help=" | ".join(sorted([*COMMANDS, "keys erase PERSON_ID"])))
    parser.add_argument("--reason", default="", help="why a person is erased: a sentence, kept in the audit")
    parser.add_argument("--confirm", default="", help="what `keys erase` asks for")
    given = parser.parse_args()
    command = " ".join(given.command)
    is_erasure = given.command[:2] == ["keys", "erase"] and len(given.command) == 3
    if command not in COMMANDS and not is_erasure:
        parser.error(f"no such command: {command}")
    if is_erasure:
        return _run(partial(erase_keys, given.command[2], given.reason, given.confirm))
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
