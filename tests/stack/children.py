"""Starts child processes that never outlive this one, even when this one is killed."""

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_WARDEN_FILE = Path(__file__).with_name("warden.py")


class _Warden:
    """Our end of the pipe to the process that ends our children when we are gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner_pid = 0

    def tell(self, line: str) -> None:
        with self._lock:
            if self._process is None or self._owner_pid != os.getpid():
                self._start()
            assert self._process is not None and self._process.stdin is not None
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def _start(self) -> None:
        self._owner_pid = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WARDEN_FILE)],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        atexit.register(self._close)

    def _close(self) -> None:
        if self._process is None or self._owner_pid != os.getpid():
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


_warden = _Warden()


def start_child(
    command: Sequence[str | Path],
    *,
    log: IO[bytes],
    env: Mapping[str, str] | None = None,
    cwd: Path,
    stop_signal: int = signal.SIGTERM,
    **popen_options: Any,
) -> subprocess.Popen[bytes]:
    """Start a process in its own session, in the warden's care until `forget_child`."""
    child = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=None if env is None else dict(env),
        cwd=cwd,
        start_new_session=True,
        **popen_options,
    )
    _warden.tell(f"+{child.pid} {int(stop_signal)}")
    return child


def forget_child(child: subprocess.Popen[bytes]) -> None:
    """The child has ended; its number may be somebody else's soon."""
    _warden.tell(f"-{child.pid}")


def stop_child(child: subprocess.Popen[bytes], *, stop_signal: int = signal.SIGTERM, grace_s: float) -> bool:
    """Ask a child to stop, kill its group after the grace; True when it stopped by itself."""
    if child.poll() is None:
        child.send_signal(stop_signal)
    try:
        child.wait(grace_s)
        in_time = True
    except subprocess.TimeoutExpired:
        in_time = False
    kill_child(child)
    return in_time


def kill_child(child: subprocess.Popen[bytes]) -> None:
    """Kill a child and what is left of its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    forget_child(child)
