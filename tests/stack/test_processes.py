"""A part that ends takes nothing with it silently, and nothing outlives the one who started it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stack import processes
from tests.stack.problem import StackProblem
from tests.stack.processes import Part
from tests.stack.settings import REPOSITORY
from tests.stack.steps import Step, Stopped, run_steps


def new_part(tmp_path: Path, script: str, healthy: Callable[[], bool] = lambda: True) -> Part:
    return Part(
        "example",
        [sys.executable, "-S", "-c", script],
        environment=dict(os.environ),
        log_file=tmp_path / "example.log",
        healthy=healthy,
    )


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Part]:
    part = new_part(tmp_path, "import time; time.sleep(60)")
    part.start()
    yield part
    part.kill()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_a_part_that_ends_is_named_with_the_last_lines_of_its_log(tmp_path: Path) -> None:
    part = new_part(tmp_path, "print('first'); print('no such table'); raise SystemExit(3)", lambda: False)
    part.start()
    with pytest.raises(StackProblem) as raised:
        part.wait_until_healthy(10, threading.Event())
    assert str(raised.value).startswith("example ended by itself (exit code 3). Its log is ")
    assert str(raised.value).endswith("    no such table")
    part.stop()


def test_a_part_that_is_killed_by_somebody_is_named_with_the_signal(sleeper: Part) -> None:
    os.kill(sleeper.pid, signal.SIGKILL)
    wait_until(lambda: not sleeper.running)
    with pytest.raises(StackProblem, match=r"example ended by itself \(SIGKILL\)"):
        sleeper.raise_if_dead()


def test_a_part_that_never_gets_healthy_is_given_up(tmp_path: Path) -> None:
    part = new_part(tmp_path, "import time; time.sleep(60)", lambda: False)
    part.start()
    with pytest.raises(StackProblem, match=r"^example was not ready in 0 s\. Its log is .*, and empty\.$"):
        part.wait_until_healthy(0.2, threading.Event())
    part.stop()


def test_waiting_ends_when_everything_is_to_stop(sleeper: Part) -> None:
    sleeper._healthy = lambda: False
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(Stopped):
        sleeper.wait_until_healthy(60, stopping)


def test_one_that_does_not_stop_when_asked_is_killed_with_its_helpers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_WITHIN_S", 0.3)
    helper_file = tmp_path / "helper"
    part = new_part(tmp_path, _STUBBORN_WITH_A_HELPER.format(helper_file=str(helper_file)))
    part.start()
    wait_until(lambda: helper_file.exists() and helper_file.read_text() != "")
    pids = [part.pid, int(helper_file.read_text())]
    part.stop()
    wait_until(lambda: not any(map(is_alive, pids)), within_s=3)


def test_a_frozen_part_goes_on_when_thawed(sleeper: Part) -> None:
    sleeper.freeze()
    wait_until(lambda: " T " in Path(f"/proc/{sleeper.pid}/stat").read_text())
    sleeper.thaw()
    wait_until(lambda: " T " not in Path(f"/proc/{sleeper.pid}/stat").read_text())


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_killed_owner(tmp_path: Path, end: signal.Signals) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER.format(log=str(tmp_path / "child.log"))],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    pids = [int(word) for word in owner.stdout.readline().split()]
    assert len(pids) == 2
    assert all(map(is_alive, pids))
    owner.send_signal(end)
    owner.wait()
    owner.stdout.close()
    wait_until(lambda: not any(map(is_alive, pids)))


def test_steps_run_after_what_they_need_and_otherwise_side_by_side() -> None:
    done: list[str] = []
    both_run = threading.Barrier(2, timeout=5)

    def note(name: str) -> Callable[[], None]:
        def run() -> None:
            if name != "last":
                both_run.wait()
            done.append(name)

        return run

    steps = {
        "last": Step(note("last"), "last", needs=("left", "right")),
        "left": Step(note("left"), "left"),
        "right": Step(note("right"), "right"),
    }
    said: list[str] = []
    run_steps(steps, stopping=threading.Event(), say=said.append)
    assert done[-1] == "last"
    assert len(said) == 3


def test_a_failing_step_stops_the_others_and_is_the_one_reported() -> None:
    stopping = threading.Event()
    ran: list[str] = []

    def fail() -> None:
        raise StackProblem("no table")

    def wait_for_the_stop() -> None:
        assert stopping.wait(5)
        raise Stopped

    steps = {
        "slow": Step(wait_for_the_stop, "slow"),
        "failing": Step(fail, "failing"),
        "never": Step(lambda: ran.append("never"), "never", needs=("failing",)),
    }
    with pytest.raises(StackProblem, match="no table"):
        run_steps(steps, stopping=stopping, say=lambda _: None)
    assert ran == []


_STUBBORN_WITH_A_HELPER = """
import os, pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
helper = os.fork()
if helper:
    pathlib.Path({helper_file!r}).write_text(str(helper))
time.sleep(60)
"""

_OWNER = """
import sys, time
from pathlib import Path
from tests.stack.children import start_child
with open({log!r}, "wb") as log:
    children = [start_child([sys.executable, "-S", "-c", "import time; time.sleep(60)"], log=log, cwd=Path("/"))
                for _ in range(2)]
print(*[child.pid for child in children], flush=True)
time.sleep(60)
"""
