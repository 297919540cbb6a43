"""The machine that measured, and how quiet it was."""

import hashlib
import os
import time
from pathlib import Path

from tests.benchmarks.measuring import percentile

_BLOCK = bytes(8192)


class Machine:
    """Asked now and then during the run; tells at the end how even it was."""

    def __init__(self, folder: Path) -> None:
        self._probe_file = folder / "probe"
        self._computing_ms: list[float] = []
        self._writing_ms: list[float] = []
        self._load_before = os.getloadavg()[0]

    def probe(self) -> None:
        """Takes a quarter of a second."""
        self._computing_ms += [_timed_ms(_compute) for _ in range(10)]
        with self._probe_file.open("wb", buffering=0) as file:
            self._writing_ms += [_timed_ms(lambda: _write(file.fileno())) for _ in range(20)]

    def describe(self) -> list[str]:
        """A line each for the machine, its processor and its disk."""
        return [
            f"Machine: {os.cpu_count()} cores shared by everything measured here and the senders; load average "
            f"{self._load_before:.2f} before, {os.getloadavg()[0]:.2f} at the end (its own work included).",
            f"  A fixed piece of computing, again and again between the loads: {_spread(self._computing_ms)}.",
            f"  8 kB written and synced to disk, the floor of every commit: {_spread(self._writing_ms)}.",
        ]


def _compute() -> None:
    hashlib.pbkdf2_hmac("sha256", b"", b"", 20_000)


def _write(descriptor: int) -> None:
    os.pwrite(descriptor, _BLOCK, 0)
    os.fsync(descriptor)


def _timed_ms(work: object) -> float:
    started_at_s = time.perf_counter()
    work()  # type: ignore[operator]
    return (time.perf_counter() - started_at_s) * 1000


def _spread(values: list[float]) -> str:
    low, middle, high = (percentile(values, share) for share in (0.1, 0.5, 0.9))
    return f"median {middle:.2f} ms, one in ten under {low:.2f} or over {high:.2f}"
