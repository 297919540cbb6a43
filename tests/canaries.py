"""Looks for words that must be nowhere in plain: in files, and in a whole database written out."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.stack.postgres import programs_dir


def found_in(content: bytes, canaries: Iterable[str]) -> set[str]:
    """Which of these stand in it, as UTF-8 or as the hexadecimal digits in which a dump shows bytes."""
    return {c for c in canaries if c.encode() in content or c.encode().hex().encode() in content}


def found_in_files(files: Iterable[Path], canaries: Iterable[str]) -> set[str]:
    """Which of these stand in any of the files."""
    wanted = list(canaries)
    return {canary for file in files if file.is_file() for canary in found_in(file.read_bytes(), wanted)}


def tables_on_disk(data_dir: Path) -> Iterator[Path]:
    """The files of every table and index, as they are after a CHECKPOINT."""
    return (data_dir / "base").rglob("*")


async def dump(url: str) -> bytes:
    """All data of a database, as a backup writes it."""
    process = await asyncio.create_subprocess_exec(
        programs_dir() / "pg_dump", "--data-only", url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output
