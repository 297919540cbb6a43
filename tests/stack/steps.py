"""Runs steps side by side, each as soon as what it needs is done."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from tests.stack.problem import StackProblem

SAY_WAITING_EVERY_S = 5.0


class Stopped(Exception):
    """Somebody asked the whole start to stop."""


@dataclass(frozen=True)
class Step:
    """What to run, after which others, and how to name it to the person who waits."""

    run: Callable[[], None]
    title: str
    needs: tuple[str, ...] = ()


def run_steps(steps: Mapping[str, Step], *, stopping: threading.Event, say: Callable[[str], None]) -> None:
    """Run all; a failure sets `stopping`, so that the other steps give up, and is raised. Raises Stopped too."""
    running: dict[str, Future[None]] = {}
    with ThreadPoolExecutor(max_workers=len(steps)) as pool:
        for name in _in_order(steps):
            needed = [running[need] for need in steps[name].needs]
            running[name] = pool.submit(_run_one, steps[name], needed, stopping, say)
        _wait_visibly(steps, running, stopping, say)
    _raise_first_cause([future.exception() for future in running.values()])


def _in_order(steps: Mapping[str, Step]) -> list[str]:
    ordered: list[str] = []
    while len(ordered) < len(steps):
        ready = [n for n, step in steps.items() if n not in ordered and set(step.needs) <= set(ordered)]
        ordered.extend(ready)
    return ordered


def _run_one(step: Step, needed: list[Future[None]], stopping: threading.Event, say: Callable[[str], None]) -> None:
    wait(needed)
    if stopping.is_set() or any(future.exception() for future in needed):
        raise Stopped
    started_at_s = time.monotonic()
    try:
        step.run()
    except BaseException:
        stopping.set()
        raise
    say(f"  {step.title}: ready ({time.monotonic() - started_at_s:.1f} s)")


def _wait_visibly(
    steps: Mapping[str, Step],
    running: Mapping[str, Future[None]],
    stopping: threading.Event,
    say: Callable[[str], None],
) -> None:
    started_at_s = time.monotonic()
    while True:
        _, waiting = wait(running.values(), timeout=SAY_WAITING_EVERY_S)
        if not waiting:
            return
        names = [
            step.title
            for name, step in steps.items()
            if running[name] in waiting and all(running[need].done() for need in step.needs)
        ]
        if not stopping.is_set():
            say(f"  … still at work after {time.monotonic() - started_at_s:.0f} s: {', '.join(names)}")


def _raise_first_cause(errors: list[BaseException | None]) -> None:
    causes = [error for error in errors if error is not None]
    for error in causes:
        if not isinstance(error, Stopped):
            raise error if isinstance(error, StackProblem) else RuntimeError("a step failed") from error
    if causes:
        raise Stopped
