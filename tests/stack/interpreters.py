"""Finds Python interpreters that really start. Standard library only: nothing is installed yet."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

STARTS_WITHIN_S = 20
_WHO_ARE_YOU = "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"


def first_that_starts(candidates: Iterable[str | Path], version: str) -> Path | None:
    """The first interpreter of this version that starts; a pyenv shim on the PATH may be there and fail."""
    for candidate in candidates:
        if (found := _real_interpreter(candidate, version)) is not None:
            return found
    return None


def candidates(version: str, environment: Mapping[str, str], chosen_by: str = "") -> Iterator[str | Path]:
    """Where a Python of this version may be: what the variable `chosen_by` names, this one, the PATH, pyenv."""
    if chosen := environment.get(chosen_by):
        yield chosen
    yield sys.executable
    for folder in environment.get("PATH", "").split(os.pathsep):
        if folder and (on_path := shutil.which(f"python{version}", path=folder)):
            yield on_path
    pyenv = Path(environment.get("PYENV_ROOT") or Path(environment.get("HOME") or "/") / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"), reverse=True)


def _real_interpreter(candidate: str | Path, version: str) -> Path | None:
    """The interpreter's own path: a shim's may mean another one tomorrow."""
    try:
        said = subprocess.run(
            [str(candidate), "-I", "-S", "-c", _WHO_ARE_YOU],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=STARTS_WITHIN_S,
            check=True,
        ).stdout.split("\n")
    except (OSError, subprocess.SubprocessError):
        return None
    return Path(said[1]) if said[0] == version and len(said) > 1 else None
