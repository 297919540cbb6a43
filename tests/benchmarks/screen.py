"""The safety screen alone, on one core: a message, and the longest text there can be, against its rules alone."""

from collections.abc import Awaitable, Callable
from itertools import cycle

from api.concerns.examples import read_examples
from api.concerns.screen import Screen, load_screen
from tests.benchmarks.measuring import Figures, Load, Times, in_turns, side_by_side
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Row, Section

LONGEST_TEXT_CHARS = 1600
EVERY_SO_MANY = 7


async def measure(stage: Stage) -> Section:
    """A text read with the question asked before it, against the phrase rules alone on the same texts."""
    screen = load_screen()
    texts = [example.text for example in read_examples()][::EVERY_SO_MANY]
    longest = [(" ".join(texts[i:]))[:LONGEST_TEXT_CHARS] for i in range(0, len(texts) - 60, 20)]
    loads: list[Load[Times]] = [
        _load(screen, texts, stage.effort.screened, with_classifier=True),
        _load(screen, texts, stage.effort.screened, with_classifier=False),
        _load(screen, longest, stage.effort.screened // 4, with_classifier=True),
        _load(screen, longest, stage.effort.screened // 4, with_classifier=False),
    ]
    message, message_rules, long, long_rules = map(Figures, await in_turns(stage.effort.rounds, *loads))
    return Section(
        "The safety screen",
        "its phrase rules alone",
        [Row("a message screened", 1, message, message_rules), Row("1,600 characters screened", 1, long, long_rules)],
    )


def _load(screen: Screen, texts: list[str], count: int, *, with_classifier: bool) -> Callable[[], Awaitable[Times]]:
    async def run() -> Times:
        following = cycle(texts)

        async def one() -> None:
            text = next(following)
            screen.read(text, "are you safe right now?") if with_classifier else screen.read_rules(text)

        return await side_by_side([one], count)

    return run
