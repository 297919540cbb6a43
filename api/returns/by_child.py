"""The rows of a whole return child by child, without holding them all: each goes to one of some nameless files.

The files have no name from the moment they are made, so nothing stays behind when the process is killed.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import IO
from zlib import crc32

import msgspec

from api.returns.models import Filed

SHELVES = 64
LENGTH_BYTES = 4


class ByChild:
    """Rows put in in any order, taken out a shelf of whole children at a time."""

    def __init__(self, shelves: int = SHELVES) -> None:
        self._files = ExitStack()
        self._shelves: list[IO[bytes]] = [
            self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
            for _ in range(shelves)
        ]
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(tuple[str, Filed])

    def __enter__(self) -> "ByChild":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def put(self, child: str, row: Filed) -> None:
        """Keeps a row."""
        packed = self._encoder.encode((child, row))
        self._shelves[crc32(child.encode()) % len(self._shelves)].write(
            len(packed).to_bytes(LENGTH_BYTES, "big") + packed
        )

    def take(self) -> Iterator[dict[str, list[Filed]]]:
        """Every child's rows in the order they were put in; shelf by shelf, a child on one only."""
        for shelf in self._shelves:
            shelf.seek(0)
            children: dict[str, list[Filed]] = defaultdict(list)
            while length := shelf.read(LENGTH_BYTES):
                child, row = self._decoder.decode(shelf.read(int.from_bytes(length, "big")))
                children[child].append(row)
            if children:
                yield dict(sorted(children.items()))
