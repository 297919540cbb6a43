"""Loads that are run in turns, and what their times come to."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar


@dataclass(frozen=True)
class Times:
    """How long each piece of work took in one round, and the round altogether."""

    each_s: list[float]
    whole_s: float

    @property
    def per_s(self) -> float:
        return len(self.each_s) / self.whole_s


@dataclass(frozen=True)
class Figures:
    """The rounds of one load."""

    rounds: list[Times]

    @property
    def p50_ms(self) -> float:
        """The median of the rounds' medians."""
        return median(percentile(times.each_s, 0.5) for times in self.rounds) * 1000

    @property
    def p99_ms(self) -> float:
        """Over all rounds together: one round alone is too short to know it."""
        return percentile([each for times in self.rounds for each in times.each_s], 0.99) * 1000

    @property
    def per_s(self) -> float:
        """The median of the rounds."""
        return median(times.per_s for times in self.rounds)


T = TypeVar("T")
Load = Callable[[], Awaitable[T]]
Work = Callable[[], Awaitable[object]]
MarkedWork = Callable[[], Awaitable[float]]


async def in_turns(rounds: int, *loads: Load[T]) -> list[list[T]]:
    """Runs the loads a, b, a, b …, after one round of each that does not count; returns what each came to."""
    collected: list[list[T]] = [[] for _ in loads]
    for number in range(rounds + 1):
        for load, results in zip(loads, collected, strict=True):
            result = await load()
            if number:
                results.append(result)
    return collected


async def side_by_side(works: Sequence[Work], count: int) -> Times:
    """Each work done again and again, one at a time, beside the others; `count` times altogether."""
    each_s: list[float] = []

    async def repeat(work: Work) -> None:
        for _ in range(math.ceil(count / len(works))):
            started_at_s = time.perf_counter()
            await work()
            each_s.append(time.perf_counter() - started_at_s)

    started_at_s = time.perf_counter()
    await asyncio.gather(*(repeat(work) for work in works))
    return Times(each_s, time.perf_counter() - started_at_s)


async def side_by_side_until(works: Sequence[MarkedWork], count: int) -> tuple[Times, Times]:
    """As side_by_side, for work that returns the seconds until some moment in it: until then, and altogether."""
    until_s: list[float] = []

    def noting(work: MarkedWork) -> Work:
        async def run() -> None:
            until_s.append(await work())

        return run

    whole = await side_by_side([noting(work) for work in works], count)
    return Times(until_s, whole.whole_s), whole


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]
