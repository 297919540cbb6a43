"""The screen over lines of JSON, for those who want to try it on messages of their own."""

from collections.abc import Iterable, Iterator

import msgspec

from api.concerns.screen import load_screen


class _Line(msgspec.Struct):
    id: str | int
    text: str
    context: str | None = None


class _Prediction(msgspec.Struct):
    id: str | int
    risk: str


class LineError(Exception):
    """A line is not what it should be; the message says which line, and nothing of its content."""


def predict(lines: Iterable[bytes]) -> Iterator[bytes]:
    """A line with the risk for each line with a text; empty lines are passed over. Raises LineError."""
    screen, decoder = load_screen(), msgspec.json.Decoder(_Line)
    for number, content in enumerate(lines, start=1):
        if not content.strip():
            continue
        try:
            line = decoder.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise LineError(f'Line {number} is not {{"id": …, "text": "…", "context": "…" or null}}.') from None
        yield msgspec.json.encode(_Prediction(line.id, screen.read(line.text, line.context).risk.name.lower()))
