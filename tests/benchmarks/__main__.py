"""Measures the running service and prints one table: `python -m tests.benchmarks [--quick]`."""

import argparse
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import uvloop

from tests.benchmarks import accepts, assistant, leases, queue, screen, turns
from tests.benchmarks.effort import FULL, QUICK, Effort
from tests.benchmarks.http import UnexpectedAnswer
from tests.benchmarks.machine import Machine
from tests.benchmarks.stage import Stage, open_stage
from tests.benchmarks.table import Section, as_table
from tests.stack.problem import StackProblem
from tests.stack.service import LocalService
from tests.stack.settings import StackSettings

Subject = Callable[[Stage], Awaitable[Section]]

WHILE_ANSWERING: tuple[Subject, ...] = (turns.measure, assistant.measure)
WITHOUT_WORKER: tuple[Subject, ...] = (queue.measure, leases.measure, accepts.measure, screen.measure)


def main() -> int:
    """Run the benchmarks; what stands in their way is one sentence and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="How fast a text goes through")
    parser.add_argument("--quick", action="store_true", help="under a minute; the figures are rough")
    effort = QUICK if parser.parse_args().quick else FULL
    with tempfile.TemporaryDirectory(prefix="fifteenplus-benchmarks-") as folder:
        Path(folder).chmod(0o755)
        try:
            _run(Path(folder), effort)
        except StackProblem as problem:
            print(problem, file=sys.stderr)
            return 1
        except UnexpectedAnswer as problem:
            print(f"The figures would mean nothing: {problem}.", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    return 0


def _run(folder: Path, effort: Effort) -> None:
    settings = replace(StackSettings.for_tests(folder / "data"), durable=True)
    machine = Machine(folder)
    say(f"Starting the service on free ports, with a durable PostgreSQL in {settings.data_dir}.")
    with LocalService(settings, extra={"ANSWER_WINDOW_S": "0"}, say=say) as service:
        sections = uvloop.run(_measure(service, effort, machine))
        service.raise_if_a_part_died()
    print()
    print("\n".join([as_table(sections), "", *_legend(effort, *sections[:2]), *machine.describe()]))


async def _measure(service: LocalService, effort: Effort, machine: Machine) -> list[Section]:
    async with open_stage(service, effort) as stage:
        sections = [await _one(subject, stage, machine) for subject in WHILE_ANSWERING]
        await stage.stop_worker()
        sections += [await _one(subject, stage, machine) for subject in WITHOUT_WORKER]
        machine.probe()
    return sections


async def _one(subject: Subject, stage: Stage, machine: Machine) -> Section:
    machine.probe()
    started_at_s = time.monotonic()
    section = await subject(stage)
    say(f"  {section.title.partition(':')[0]}: measured ({time.monotonic() - started_at_s:.0f} s)")
    return section


def _legend(effort: Effort, turn: Section, rasa: Section) -> list[str]:
    share = rasa.rows[0].ours.p50_ms / turn.rows[0].ours.p50_ms
    return [
        f"Rasa's share of a turn with one sender, p50 until the reply is stored: {share:.0%}.",
        f"Figures are medians of {effort.rounds} rounds, each in turns with its floor, after one that does not count;",
        "p99 is over all rounds; × floor is p50 by p50; ± is half the range of the rounds.",
    ]


def say(line: str) -> None:
    """To whoever waits."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
