"""The hash of every sealed block in a file outside the database: what is cut off there is still known here.

The file is only ever added to. On write-once storage, or a disk of its own that the database's administrators
cannot write to, it proves that the end of the audit was not cut off.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from api.audit.models import Block


class _Line(msgspec.Struct, frozen=True):
    """One block in the file."""

    block: int
    hash: str
    entries: int
    sealed_at: str


class Anchors(msgspec.Struct, frozen=True):
    """What was anchored: every hash each block was given, and which lines cannot be read."""

    hashes: dict[int, set[str]]
    faults: list[str]

    @property
    def last(self) -> int:
        """The last block that was anchored; 0 when none was."""
        return max(self.hashes, default=0)


def read_anchors(path: Path) -> Anchors:
    """The anchors in a file; none when there is no file."""
    hashes: dict[int, set[str]] = {}
    faults = []
    lines = path.read_bytes().splitlines() if path.exists() else []
    for number, text in enumerate(lines, start=1):
        if not text:
            continue
        try:
            line = msgspec.json.decode(text, type=_Line)
            hashes.setdefault(line.block, set()).add(line.hash)
        except msgspec.DecodeError:
            faults.append(f"line {number} of the anchors cannot be read")
    return Anchors(hashes, faults)


def append_anchors(path: Path, blocks: Iterable[Block]) -> None:
    """Adds blocks to the file, on the disk when this returns; one line is one write, so that two never mix.

    A line brings the end of the one before with it: one that a crash has torn does not spoil the next.
    """
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        for block in blocks:
            line = _Line(block.block_no, block.hash_hex, block.entry_count, block.sealed_at.isoformat())
            os.write(file, b"\n" + msgspec.json.encode(line))
        os.fsync(file)
    finally:
        os.close(file)
