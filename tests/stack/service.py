"""The whole service on this machine: started in the fastest order, each part killable on its own."""

import fcntl
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from tests.stack.environments import environment_of, service_settings
from tests.stack.health import answers_200, reports_ok
from tests.stack.parts import COMMANDS, missing_program
from tests.stack.ports import LOOPBACK, port_is_free
from tests.stack.postgres import EmbeddedPostgres
from tests.stack.problem import StackProblem
from tests.stack.processes import Part
from tests.stack.settings import PORT_SETTINGS, StackSettings, demo_secrets
from tests.stack.steps import Step, run_steps

HEALTHY_WITHIN_S = 60.0
TRAINED_WITHIN_S = 900.0
REMAINS_GONE_WITHIN_S = 10.0
STOP_ORDER = ("worker", "api", "rasa", "simulator", "provider")


class LocalService:
    """A sync context manager: entered, everything is healthy; left, everything has stopped.

    Asyncio tests call the blocking methods through `asyncio.to_thread`. Parts are named postgres, simulator,
    provider, rasa, api and worker. `extra` adds environment variables to every part.
    """

    def __init__(
        self,
        settings: StackSettings,
        *,
        extra: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.settings = settings.with_free_ports()
        self.stopping = threading.Event()
        self.postgres = EmbeddedPostgres(
            self.settings.data_dir / "postgres",
            self.settings.postgres_port,
            durable=self.settings.durable,
            log_file=self.log_file("postgres"),
        )
        self.env: dict[str, str] = {}
        self._extra = dict(extra or {})
        self._say = say
        self._parts: dict[str, Part] = {}
        self._lock: IO[str] | None = None

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.settings.api_port}"

    @property
    def simulator_url(self) -> str:
        return f"http://{LOOPBACK}:{self.settings.simulator_port}"

    @property
    def provider_url(self) -> str:
        return f"http://{LOOPBACK}:{self.settings.provider_port}"

    @property
    def rasa_url(self) -> str:
        return f"http://{LOOPBACK}:{self.settings.bot_port}"

    @property
    def logs_dir(self) -> Path:
        return self.settings.data_dir / "logs"

    def log_file(self, name: str) -> Path:
        return self.logs_dir / f"{name}.log"

    def part(self, name: str) -> Part:
        """The process of that name; postgres is `self.postgres`."""
        return self._parts[name]

    def start(self) -> None:
        """Start everything and wait until it is healthy. Raises StackProblem, with nothing left running."""
        try:
            self._take_data_folder()
            self._refuse_used_ports()
            self._remove_old_logs()
            self.env = service_settings(self.settings, self.postgres, demo_secrets(self.settings.data_dir))
            self._parts = {name: self._new_part(name) for name in COMMANDS}
            run_steps(self._steps(), stopping=self.stopping, say=self._say)
            self._running_file.write_text(
                json.dumps({"simulator_url": self.simulator_url, "service_phone": self.env["TWILIO_FROM_E164"]})
            )
        except BaseException:
            # A part that is still starting may not listen to a polite word yet, and has nothing to finish.
            for part in self._parts.values():
                part.kill()
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what runs, in the reverse of the order in which a text passes through."""
        self.stopping.set()
        for name in STOP_ORDER:
            if name in self._parts:
                self._parts[name].stop()
        self.postgres.stop()
        if self._lock is not None:
            self._running_file.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def kill(self, name: str) -> None:
        """End one part as a crash does."""
        (self.postgres if name == "postgres" else self._parts[name]).kill()

    def restart(self, name: str) -> None:
        """Start one part again, stopping it first if it runs, and wait until it is healthy."""
        if name == "postgres":
            self.postgres.stop()
            self.postgres.start()
            return
        self._parts[name].stop()
        self._bring_up(name)

    def raise_if_a_part_died(self) -> None:
        """Raises StackProblem naming the part, with the last lines of its log."""
        if not self.postgres.running:
            raise StackProblem(f"postgres ended by itself. Its log is {self.postgres.log_file}.")
        for name in STOP_ORDER:
            self._parts[name].raise_if_dead()

    def __enter__(self) -> "LocalService":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _steps(self) -> dict[str, Step]:
        return {
            "postgres": Step(self.postgres.start, "database"),
            "simulator": Step(lambda: self._bring_up("simulator"), "Twilio simulator"),
            "provider": Step(lambda: self._bring_up("provider"), "sign-in provider"),
            "train": Step(lambda: self._run_once("train", TRAINED_WITHIN_S), "trained bot"),
            "migrate": Step(lambda: self._run_once("migrate"), "tables", needs=("postgres",)),
            "demo": Step(lambda: self._run_once("demo"), "demo people", needs=("migrate",)),
            "api": Step(lambda: self._bring_up("api"), "API", needs=("migrate",)),
            "worker": Step(lambda: self._bring_up("worker"), "worker", needs=("migrate",)),
            "rasa": Step(lambda: self._bring_up("rasa"), "bot", needs=("migrate", "train")),
        }

    def _new_part(self, name: str) -> Part:
        healthy: dict[str, Callable[[], bool]] = {
            "simulator": lambda: answers_200(f"{self.simulator_url}/simulator/health"),
            "provider": lambda: answers_200(f"{self.provider_url}/.well-known/openid-configuration"),
            "rasa": lambda: answers_200(f"{self.rasa_url}/status"),
            "api": lambda: answers_200(f"{self.api_url}/health/ready"),
            "worker": lambda: reports_ok(f"{self.api_url}/health/ready", "worker"),
        }
        return Part(
            name,
            COMMANDS[name],
            environment=environment_of(name, self.env, self._extra),
            log_file=self.log_file(name),
            healthy=healthy.get(name, lambda: True),
        )

    def _bring_up(self, name: str) -> None:
        self._parts[name].start()
        self._parts[name].wait_until_healthy(HEALTHY_WITHIN_S, self.stopping)

    def _run_once(self, name: str, within_s: float = HEALTHY_WITHIN_S) -> None:
        self._parts[name].run_to_its_end(within_s, self.stopping)

    @property
    def _running_file(self) -> Path:
        return self.settings.data_dir / "running.json"

    def _take_data_folder(self) -> None:
        """One start at a time on a folder; the system gives the lock back however we end."""
        if (missing := missing_program()) is not None:
            raise StackProblem(missing)
        folder = self.settings.data_dir
        try:
            self.logs_dir.mkdir(parents=True, exist_ok=True)
            lock = (folder / "lock").open("w")
        except OSError as error:
            raise StackProblem(
                f"The data folder {folder} cannot be used ({error.strerror}): choose another with FIFTEENPLUS_DATA."
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise StackProblem(
                f"Fifteen Plus already runs on {folder}: stop it there first, or choose another folder with "
                "FIFTEENPLUS_DATA and other ports."
            ) from None
        self._lock = lock

    def _remove_old_logs(self) -> None:
        for old in self.logs_dir.glob("*.log"):
            old.unlink()

    def _refuse_used_ports(self) -> None:
        if self._running_file.exists():
            self._wait_for_the_remains_of_an_unclean_end()
        for field, setting in PORT_SETTINGS.items():
            if not port_is_free(port := getattr(self.settings, field)):
                raise StackProblem(
                    f"Port {port} is in use by another program: stop that one, or choose another with {setting}."
                )

    def _wait_for_the_remains_of_an_unclean_end(self) -> None:
        deadline = time.monotonic() + REMAINS_GONE_WITHIN_S
        ports = [getattr(self.settings, field) for field in PORT_SETTINGS]
        while time.monotonic() < deadline and not all(map(port_is_free, ports)):
            time.sleep(0.1)
