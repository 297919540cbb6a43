"""Trains the classifier and says how the screen does: `python -m tests.evaluation [--committed] [--all]`."""

import argparse
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from api.concerns.classifier import WEIGHTS_FILE, Score, sigmoid
from api.concerns.examples import EVERYDAY, Example, read_examples
from api.concerns.models import Risk, Verdict
from api.concerns.screen import load_screen

UNSEEN_FOLDER = Path(__file__).parents[1] / "api" / "concerns" / "unseen"
Read = tuple[Example, Verdict]


def main() -> int:
    """Print the figures of the personas held out in turn, and those of the test part."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation")
    parser.add_argument("--committed", action="store_true", help="score the weights as they are, without training")
    parser.add_argument("--all", action="store_true", help="list the misses on the held-out personas as well")
    options = parser.parse_args()
    if (
        not options.committed
        and subprocess.run([sys.executable, "-m", "api.concerns.training"], check=False).returncode
    ):
        return 1
    report("Training part, each persona read by a classifier that never saw it", held_out(), misses=options.all)
    report("Test part: other personas, no shared phrasing", unseen(), misses=True)
    return 0


def held_out() -> list[Read]:
    """The training messages with the scores that classifiers gave them which had read no message of their personas."""
    screen = load_screen()
    with np.load(WEIGHTS_FILE) as weights:
        odds, together = weights["held_out"], weights["together"]
    scores = sigmoid(np.column_stack([odds, np.ones(len(odds))]) @ together.T)
    examples = [example for example in read_examples() if not example.context]
    return [
        (example, screen.weigh(example.text, None, Score(0.0, alarm, min(alarm, immediate), "worry")))
        for example, (alarm, immediate) in zip(examples, scores.tolist(), strict=True)
    ]


def unseen() -> list[Read]:
    """The test part as the screen reads it."""
    screen = load_screen()
    return [(example, screen.read(example.text, example.context)) for example in read_examples(UNSEEN_FOLDER)]


def report(title: str, read: list[Read], *, misses: bool) -> None:
    """Print one part's figures."""
    print(f"\n== {title} ({len(read)} messages)")
    immediate = [pair for pair in read if pair[0].risk is Risk.IMMEDIATE]
    high = [pair for pair in read if pair[0].risk is Risk.HIGH]
    alarms = [*immediate, *high]
    print(f"  immediate heard as immediate  {share(immediate, at_least(Risk.IMMEDIATE))}")
    print(f"  immediate heard as an alarm   {share(immediate, at_least(Risk.HIGH))}")
    print(f"  high heard as an alarm        {share(high, at_least(Risk.HIGH))}")
    for name, pairs in {
        "false alarms, hard negatives ": [pair for pair in read if pair[0].is_hard],
        "false alarms, everyday texts ": [pair for pair in read if pair[0].subject == EVERYDAY],
        "alarms on texts to follow up ": [pair for pair in read if pair[0].risk is Risk.LOW],
    }.items():
        print(f"  {name} {share(pairs, at_least(Risk.HIGH))}")
    by_group("kind", alarms, lambda example: example.kinds or ("answers",))
    by_group("style", alarms, lambda example: (example.style,))
    if misses:
        listed("alarms not heard as such", (pair for pair in alarms if not pair[1].is_alarm))
        listed("immediate heard as high only", (p for p in immediate if p[1].risk is Risk.HIGH))
        listed("false alarms", (pair for pair in read if pair[0].risk is Risk.NONE and pair[1].is_alarm))


def by_group(name, pairs, groups_of) -> None:  # type: ignore[no-untyped-def]
    """Print the share of alarms heard in each group."""
    groups: dict[str, list[Read]] = {}
    for pair in pairs:
        for group in groups_of(pair[0]):
            groups.setdefault(group, []).append(pair)
    for group, members in sorted(groups.items()):
        print(f"    {name} {group:18} {share(members, at_least(Risk.HIGH))}")


def at_least(level: Risk):  # type: ignore[no-untyped-def]
    """Whether a verdict is as high as that."""
    return lambda pair: pair[1].risk >= level


def share(pairs: list[Read], holds) -> str:  # type: ignore[no-untyped-def]
    """How many of them, and which share that is."""
    count = sum(map(holds, pairs))
    return f"{count / max(1, len(pairs)):.3f}  ({count} of {len(pairs)})"


def listed(title: str, pairs: Iterable[Read]) -> None:
    """Print messages, a line each."""
    print(f"  {title}:")
    for example, verdict in pairs:
        score = "" if verdict.score is None else f" {verdict.score:.2f}"
        asked = f"   [{example.context}]" if example.context else ""
        about = "+".join(example.kinds) or example.subject
        print(f"    {example.risk.name.lower():9} {about:16}{score} {example.text}{asked}")


if __name__ == "__main__":
    sys.exit(main())
