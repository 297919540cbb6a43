"""Cuts a text into the parts that may each hold a wish of their own."""

from __future__ import annotations

import re

LEAST_WORDS = 2
MOST_CLAUSES = 4

_ENDS = r"[.!?;,\n]+"
_JOINS = r"\b(?:and|but|also|plus|then|btw|n)\b|&"
_BETWEEN = re.compile(rf"(?:{_ENDS}|\s(?:{_JOINS}))+(?=\s|$)", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def clauses(text: str) -> list[str]:
    """The parts of `text`, in order, at most four; none where it is all of one piece.

    A part of a single word belongs to the part before it.
    """
    parts: list[str] = []
    for part in (piece.strip() for piece in _BETWEEN.split(text)):
        if len(_WORD.findall(part)) >= LEAST_WORDS or not parts:
            parts.append(part)
        else:
            parts[-1] = f"{parts[-1]} {part}".strip()
    return parts[:MOST_CLAUSES] if len(parts) > 1 else []
