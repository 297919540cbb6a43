"""One part of the service as a child process: started, watched, stopped, killed."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.stack.children import forget_child, kill_child, start_child, stop_child
from tests.stack.problem import StackProblem
from tests.stack.settings import REPOSITORY
from tests.stack.steps import Stopped

STOP_WITHIN_S = 10.0
LAST_LINES = 12


class Part:
    """A named process of the service with its log file; `healthy` says whether it does its work."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        log_file: Path,
        healthy: Callable[[], bool] = lambda: True,
    ) -> None:
        self.name = name
        self.log_file = log_file
        self._command = command
        self._environment = environment
        self._healthy = healthy
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        """Start the process; its output goes to the end of its log file."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self._child = start_child(self._command, log=log, env=self._environment, cwd=REPOSITORY)

    def wait_until_healthy(self, within_s: float, stopping: threading.Event) -> None:
        """Raises StackProblem when the process ends or the time does, Stopped when asked to stop."""
        deadline = time.monotonic() + within_s
        while not self._healthy():
            if stopping.is_set():
                raise Stopped
            self.raise_if_dead()
            if time.monotonic() > deadline:
                raise StackProblem(self._with_last_lines(f"{self.name} was not ready in {within_s:.0f} s"))
            time.sleep(0.03)

    def run_to_its_end(self, within_s: float, stopping: threading.Event) -> None:
        """Start, and wait for exit code 0. Raises as wait_until_healthy."""
        self.start()
        assert self._child is not None
        deadline = time.monotonic() + within_s
        while self._child.poll() is None:
            if stopping.is_set() or time.monotonic() > deadline:
                self.stop()
                raise (
                    Stopped
                    if stopping.is_set()
                    else StackProblem(self._with_last_lines(f"{self.name} took longer than {within_s:.0f} s"))
                )
            time.sleep(0.02)
        forget_child(self._child)
        self.raise_if_dead(expected_code=0)
        self._child = None

    def raise_if_dead(self, expected_code: int | None = None) -> None:
        """Raises StackProblem with the last lines of the log when the process has ended."""
        code = None if self._child is None else self._child.poll()
        if code != expected_code:
            raise StackProblem(self._with_last_lines(f"{self.name} ended by itself ({_in_words(code)})"))

    def stop(self) -> None:
        """Ask the process to stop; killed with its helpers when it does not."""
        if self._child is not None:
            stop_child(self._child, grace_s=STOP_WITHIN_S)
            self._child = None

    def kill(self) -> None:
        """SIGKILL for the process and its helpers, as a crash does."""
        if self._child is not None:
            kill_child(self._child)
            self._child = None

    def freeze(self) -> None:
        """The process and its helpers stand still, with their connections open, until `thaw`."""
        os.killpg(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """The frozen process goes on."""
        os.killpg(self.pid, signal.SIGCONT)

    def _with_last_lines(self, sentence: str) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()[-LAST_LINES:]
        shown = "\n".join(f"    {line}" for line in lines)
        return f"{sentence}. Its log is {self.log_file}" + (f" and ends with:\n{shown}" if lines else ", and empty.")


def _in_words(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
