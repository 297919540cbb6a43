"""The invented messages are many, wide, well labelled, and those that the screen is tried on are nobody's it knows."""

import re
from collections import Counter
from pathlib import Path

from api.concerns.examples import STYLES, Example, read_examples
from api.concerns.models import KINDS, Risk

UNSEEN_FOLDER = Path(__file__).with_name("unseen")
TRAINING = read_examples()
UNSEEN = read_examples(UNSEEN_FOLDER)
EVERY = [*TRAINING, *UNSEEN]
MOST_WORDS_SHARED = 0.6
WORD = re.compile(r"\w+|[^\w\s]")


def words(example: Example) -> frozenset[str]:
    return frozenset(WORD.findall(example.text.lower()))


def nearest(examples: list[Example], others: list[Example]) -> list[tuple[float, str, str]]:
    """Each pair across the two lists that shares more words than is allowed, by token Jaccard."""
    known = [(words(other), other.text) for other in others]
    pairs = []
    for example in examples:
        mine = words(example)
        for theirs, text in known:
            shared = len(mine & theirs)
            if shared > MOST_WORDS_SHARED * (len(mine) + len(theirs) - shared):
                pairs.append((shared / len(mine | theirs), example.text, text))
    return pairs


def test_examples_when_counted_then_there_are_enough_of_each_sort() -> None:
    alarms = [example for example in EVERY if example.risk >= Risk.HIGH]
    assert len(EVERY) >= 4000
    assert len(alarms) >= len(EVERY) / 3
    assert sum(example.is_hard for example in EVERY) >= 800
    assert len({example.author for example in EVERY}) >= 40
    assert Counter(example.risk for example in UNSEEN)[Risk.IMMEDIATE] >= 150
    assert Counter(example.risk for example in UNSEEN)[Risk.HIGH] >= 150


def test_examples_when_labelled_then_every_label_is_a_known_one() -> None:
    assert {example.style for example in EVERY} == STYLES
    assert {kind for example in EVERY for kind in example.kinds} <= KINDS
    assert all(example.kinds for example in EVERY if example.risk and not example.context)
    assert not [example for example in EVERY if example.risk is Risk.NONE and example.kinds]


def test_examples_when_grouped_by_kind_then_each_kind_of_alarm_is_learned_and_tried() -> None:
    for examples in (TRAINING, UNSEEN):
        heard = {kind for example in examples if example.risk >= Risk.HIGH for kind in example.kinds}
        assert heard == KINDS - {"mood", "worry"}


def test_examples_when_compared_then_no_message_is_there_twice() -> None:
    seen = Counter((" ".join(WORD.findall(example.text.lower())), example.context) for example in EVERY)
    assert [message for message, count in seen.items() if count > 1] == []


def test_unseen_examples_when_compared_with_training_then_they_share_no_author_and_no_phrasing() -> None:
    assert {example.author for example in UNSEEN}.isdisjoint(example.author for example in TRAINING)
    assert nearest(UNSEEN, TRAINING) == []


def test_comparison_when_a_message_is_only_reworded_a_little_then_it_is_found() -> None:
    copied = Example(text="i want finish with my life now", context=None, risk=Risk.HIGH, kinds=(), style="", author="")
    assert nearest([copied], TRAINING)
