"""A text is cut where wishes may part, and nothing is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clauses import MOST_CLAUSES, clauses


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("when is my next appointment", []),
        ("cant come tomorrow. need food vouchers", ["cant come tomorrow", "need food vouchers"]),
        ("cant come tomorrow and i need food vouchers", ["cant come tomorrow", "i need food vouchers"]),
        ("no money n my boiler is broke", ["no money", "my boiler is broke"]),
        ("hi, when is it", ["hi", "when is it"]),
        ("when is it, please", []),
        ("no.", []),
        ("", []),
    ],
)
def test_clauses_of_a_text_then_each_wish_stands_alone(text: str, parts: list[str]) -> None:
    assert clauses(text) == parts


@given(st.text(max_size=300))
def test_clauses_of_any_text_then_they_are_few_and_made_of_its_words(text: str) -> None:
    parts = clauses(text)
    assert len(parts) <= MOST_CLAUSES and len(parts) != 1
    assert set(re.findall(r"\w+", " ".join(parts))) <= set(re.findall(r"\w+", text))
