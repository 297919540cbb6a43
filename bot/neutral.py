"""Makes a text harmless to Rasa, which obeys anything that starts with a slash."""

from __future__ import annotations

import unicodedata


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
