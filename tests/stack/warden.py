"""Ends the processes of an owner that is gone, however it went; its input is a pipe from the owner.

A line `+PID SIGNAL` puts a process into care, `-PID` takes it out. When the pipe closes, those left are asked
to stop, last started first, and after a grace the whole process group of each is killed.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_S = 8.0


def main(lines: Iterable[str]) -> None:
    """Follow the owner's lines until the pipe closes, then end what is left."""
    end_all(_left_in_care(lines))


def _left_in_care(lines: Iterable[str]) -> dict[int, int]:
    in_care: dict[int, int] = {}
    for line in lines:
        pid, _, stop_signal = line[1:].strip().partition(" ")
        if line.startswith("+"):
            in_care[int(pid)] = int(stop_signal)
        else:
            in_care.pop(int(pid), None)
    return in_care


def end_all(in_care: dict[int, int]) -> None:
    """Ask each to stop, last first; kill the group of each that has not within the grace."""
    deadline = time.monotonic() + GRACE_S
    for pid, stop_signal in reversed(in_care.items()):
        _send(pid, stop_signal)
    while any(_alive(pid) for pid in in_care) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in in_care:
        _send(-pid, signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    main(sys.stdin)
