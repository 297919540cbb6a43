"""Texts without what would mislead: harmless to Rasa, which obeys what starts with a slash, and bare words."""

from __future__ import annotations

import re
import unicodedata

_NOT_WORDS = re.compile(r"[\W_]+")


def neutral(text: str) -> str:
    """`text` without the leading slashes, spaces and invisible characters that could make it a command.

    Half a character, which no encoding allows, becomes a question mark in a box.
    """
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    start = 0
    while start < len(text) and _could_hide_a_command(text[start]):
        start += 1
    return text[start:].rstrip()


def _could_hide_a_command(character: str) -> bool:
    return character == "/" or character.isspace() or unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"}


def plain_words(text: str) -> str:
    """`text` in lower case with single spaces and no punctuation."""
    return _NOT_WORDS.sub(" ", text.casefold()).strip()
