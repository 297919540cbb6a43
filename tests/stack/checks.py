"""Runs every check and test, each to its end, and says at last which failed: `python -m tests.stack.checks [lint]`."""

import os
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.stack.parts import BOT_PYTHON
from tests.stack.settings import REPOSITORY

PROGRAMS = Path(sys.executable).parent


def main(only_lint: bool) -> int:
    """0 when all passed."""
    checks = [*_lint(), *(() if only_lint else _tests())]
    results = [(title, *_run(title, command)) for title, command in checks]
    print("\nSummary")
    for title, code, took_s in results:
        print(f"  {'ok    ' if code == 0 else 'FAILED'}  {title} ({took_s:.1f} s)")
    return 1 if any(code for _, code, _ in results) else 0


def _lint() -> Iterator[tuple[str, list[str | Path]]]:
    yield "style", [PROGRAMS / "ruff", "check", "."]
    yield "format", [PROGRAMS / "ruff", "format", "--check", "."]
    yield "types", [PROGRAMS / "mypy"]
    if "importlinter" in tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]:
        yield "boundaries", [PROGRAMS / "lint-imports", "--no-cache"]


# Tests that start the whole service, kill it or time it have the machine to themselves.
WITH_PROCESSES = ("tests/stack", "tests/whole", "tests/faults", "tests/benchmarks")


def _tests() -> Iterator[tuple[str, list[str | Path]]]:
    others = [f"--ignore={folder}" for folder in WITH_PROCESSES]
    yield "tests", [sys.executable, "-m", "pytest", "--numprocesses=auto", *others]
    yield "tests of the whole service", [sys.executable, "-m", "pytest", *WITH_PROCESSES]
    yield "bot's tests", [BOT_PYTHON, "-m", "pytest", "tests/bot"]


def _run(title: str, command: list[str | Path]) -> tuple[int, float]:
    words = [str(word) for word in command]
    print(f"\n== {title}: {shlex.join([Path(words[0]).name, *words[1:]])}", flush=True)
    started_at_s = time.monotonic()
    environment = {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}"}
    code = subprocess.run(words, cwd=REPOSITORY, env=environment, check=False).returncode
    return code, time.monotonic() - started_at_s


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] == ["lint"]))
