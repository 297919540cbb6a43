"""Postcodes: found in words however people write them, and cut down to their district."""

import re

import pytest

from api.kit import postcode


@pytest.mark.parametrize(
    ("written", "district"),
    [
        ("NG7 2RD", "NG7"),
        ("NG72RD", "NG7"),
        ("M1 1AE", "M1"),
        ("B338TH", "B33"),
        ("EC1A 1BB", "EC1A"),
        ("W1A0AX", "W1A"),
    ],
)
def test_postcode_when_it_is_shown_then_only_its_district_is(written: str, district: str) -> None:
    assert re.match(postcode.WRITTEN, written)
    assert postcode.outward(written) == district
    assert postcode.is_in(f"by the park, {written.lower()}.")


@pytest.mark.parametrize(
    "words",
    ["Flat 3 ng7 2rd", "NG7-2RD", "NG7\u00a02RD", "(NG7  2RD)", "\uff2e\uff27\uff17 2RD", "Elm House\nNG7\n2RD"],
)
def test_words_when_a_postcode_is_in_them_then_it_is_seen(words: str) -> None:
    assert postcode.is_in(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "Elm House",
        "Flat in Lenton, NG7",
        "Room B12",
        "Flat 3b 27 Larkspur Way",
        "Oak Lodge 2, 3rd floor",
        "0115 496 0000",
    ],
)
def test_words_when_there_is_none_then_they_are_let_through(words: str) -> None:
    assert not postcode.is_in(words)
