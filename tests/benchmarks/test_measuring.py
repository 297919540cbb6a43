"""The figures are what they say they are."""

import pytest

from tests.benchmarks.measuring import Figures, Times, in_turns, percentile, side_by_side, side_by_side_until


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_percentile_when_asked_then_that_share_of_the_values_does_not_exceed_it(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_figures_when_one_round_was_disturbed_then_the_medians_do_not_show_it() -> None:
    rounds = [Times([0.001] * 10, 0.1), Times([0.001] * 10, 0.1), Times([0.5] * 10, 9.0)]
    assert (Figures(rounds).p50_ms, Figures(rounds).per_s) == (1.0, 100.0)
    assert Figures(rounds).p99_ms == 500.0


async def test_loads_when_run_in_turns_then_they_alternate_and_the_first_round_does_not_count() -> None:
    calls: list[str] = []

    async def load(name: str) -> int:
        calls.append(name)
        return len(calls)

    results = await in_turns(2, lambda: load("a"), lambda: load("b"))
    assert calls == ["a", "b"] * 3
    assert results == [[3, 5], [4, 6]]


async def test_work_when_side_by_side_then_each_piece_is_timed_and_counted() -> None:
    async def work() -> float:
        return 0.25

    assert len((await side_by_side([work, work, work], 6)).each_s) == 6
    until, whole = await side_by_side_until([work, work], 4)
    assert until.each_s == [0.25] * 4
    assert until.whole_s == whole.whole_s
