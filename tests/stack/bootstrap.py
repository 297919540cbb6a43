"""Makes the environments that the commands run in: `python -m tests.stack.bootstrap run|test|tools`.

Standard library only, on any Python from 3.11: nothing is installed yet. What is up to date is left alone.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.stack.interpreters import candidates, first_that_starts
from tests.stack.problem import StackProblem

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = REPOSITORY / ".tools"
UV = TOOLS / "installer" / "bin" / "uv"
INSTALLER_LOCK = Path(__file__).with_name("installer.lock")
STAMP = "complete.json"
REFEREE = REPOSITORY / "tests" / "twilio_simulator" / "referee"


@dataclass(frozen=True)
class Environment:
    """An environment, and the locks that fill it for each purpose; one of a later purpose serves the earlier.

    `chosen_by` is the environment variable that may name its Python.
    """

    title: str
    folder: Path
    python_version: str
    locks: dict[str, Path]
    chosen_by: str = ""


MAIN = Environment(
    "the service's environment",
    REPOSITORY / ".venv",
    f"{sys.version_info[0]}.{sys.version_info[1]}",
    {"run": REPOSITORY / "tests" / "requirements.lock", "test": REPOSITORY / "tests" / "requirements.lock"},
)
BOT = Environment(
    "the bot's environment",
    REPOSITORY / "bot" / ".venv",
    "3.10",
    {
        "run": REPOSITORY / "bot" / "requirements.lock",
        "test": REPOSITORY / "bot" / "requirements-dev.lock",
    },
    "BOT_PYTHON",
)
JUDGE = Environment(
    "the judge of the SSDA903 files",
    REPOSITORY / ".tools" / "judge",
    "3.11",
    {"test": REPOSITORY / "tests" / "ssda903" / "judge.lock"},
    "JUDGE_PYTHON",
)


def main(purpose: str) -> int:
    """Make what the purpose needs; 0 when it is there."""
    try:
        ensure_installer()
        if purpose != "tools":
            ensure_environment(MAIN, purpose)
            ensure_environment(BOT, purpose)
        if purpose == "test":
            ensure_environment(JUDGE, purpose)
            ensure_referee()
    except StackProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def ensure_installer() -> None:
    """Have uv at the version and with the content that its lock names."""
    folder = UV.parent.parent
    wanted = {"lock": _hash(INSTALLER_LOCK), "python": _own_python()}
    if _stamp(folder) == wanted and UV.exists():
        return
    _say("Installing uv, which installs everything else")
    _discard(folder)
    try:
        venv.create(folder, with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError):
        raise StackProblem(
            f"{sys.executable} cannot make a virtual environment: install its venv module (Debian: python3-venv)."
        ) from None
    pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    _run(
        [*pip, "install", "--quiet", "--no-deps", "--require-hashes", "-r", INSTALLER_LOCK],
        "uv could not be installed",
    )
    _set_stamp(folder, wanted)


def ensure_environment(environment: Environment, purpose: str) -> None:
    """Have this environment as its lock says; an interrupted installation is begun again."""
    lock = environment.locks[purpose]
    if _is_complete(environment, lock):
        return
    started_at_s = time.monotonic()
    _say(f"Installing {environment.title} ({_named(environment.folder)})")
    if not _stamp(environment.folder) or not _starts(environment.folder):
        _make_empty(environment)
    (environment.folder / STAMP).unlink(missing_ok=True)
    _run(
        [UV, "pip", "sync", "--require-hashes", "--python", environment.folder / "bin" / "python", lock],
        f"{environment.title} could not be installed",
    )
    contained = environment.locks.values() if purpose == "test" else [lock]
    _set_stamp(environment.folder, {"locks": sorted({_hash(one) for one in contained})})
    _say(f"Installed {environment.title} ({time.monotonic() - started_at_s:.0f} s)")


def _is_complete(environment: Environment, lock: Path) -> bool:
    locks = _stamp(environment.folder).get("locks", [])
    return isinstance(locks, list) and _hash(lock) in locks and _starts(environment.folder)


def _starts(folder: Path) -> bool:
    """Whether the interpreter that the environment was made from is still there."""
    return (folder / "bin" / "python").exists()


def _make_empty(environment: Environment) -> None:
    python = sys.executable if environment is MAIN else str(find_python(environment))
    _run(
        [UV, "venv", "--quiet", "--clear", "--no-python-downloads", "--python", python, environment.folder],
        f"{environment.title} could not be made",
    )


def find_python(environment: Environment) -> Path:
    """A Python of its version that starts, fetched by uv if the machine has none. Raises StackProblem."""
    version = environment.python_version
    known = candidates(version, os.environ, environment.chosen_by)
    found = first_that_starts(known, version) or _uvs_python(version)
    if found is None:
        raise StackProblem(
            f"{environment.title[0].upper()}{environment.title[1:]} needs Python {version}, and none was found or "
            f"could be fetched: install it (pyenv install {version}, or your system's package) or name one with "
            f"{environment.chosen_by}."
        )
    return found


def _uvs_python(version: str) -> Path | None:
    if (known := _ask_uv("python", "find", "--no-python-downloads", version)) is None:
        _say(f"No Python {version} on this machine: asking uv for one")
        _ask_uv("python", "install", version)
        known = _ask_uv("python", "find", "--no-python-downloads", version)
    return None if known is None else first_that_starts([known], version)


def _ask_uv(*words: str) -> str | None:
    answer = subprocess.run([UV, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return answer.stdout.strip() or None if answer.returncode == 0 else None


def ensure_referee() -> None:
    """Have the judge of the Twilio simulator, where Twilio's description and npm are at hand."""
    lock = REFEREE / "package-lock.json"
    npm = shutil.which("npm")
    if not os.environ.get("TWILIO_OPENAPI") or npm is None or not lock.exists():
        return
    installed = REFEREE / "node_modules"
    if _stamp(installed) == {"lock": _hash(lock)}:
        return
    _say("Installing the judge of the Twilio simulator")
    _run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        "the judge could not be installed",
        cwd=REFEREE,
    )
    _set_stamp(installed, {"lock": _hash(lock)})


def _run(command: Sequence[str | Path], failure: str, cwd: Path = REPOSITORY) -> None:
    """Run to the end, showing what it says but the long list of what was installed."""
    words = [str(word) for word in command]
    with subprocess.Popen(
        words,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=_environment(),
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if not line.startswith((" + ", " - ", " ~ ")):
                print(f"  {line.rstrip()}", flush=True)
    if running.returncode != 0:
        raise StackProblem(f"{failure[0].upper()}{failure[1:]}: the lines above say why. Try the same command again.")


def _environment() -> dict[str, str]:
    """Ours; uv does not read pip's settings, so it is given the package index that pip is told to use."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    index = os.environ.get("PIP_INDEX_URL") or _pips_index()
    return {"UV_DEFAULT_INDEX": index, **environment} if index else environment


def _pips_index() -> str | None:
    pip = UV.with_name("python")
    if not pip.exists():
        return None
    asked = subprocess.run(
        [pip, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or None


def _discard(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _stamp(folder: Path) -> dict[str, object]:
    try:
        stamp = json.loads((folder / STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _set_stamp(folder: Path, content: dict[str, object]) -> None:
    (folder / STAMP).write_text(json.dumps(content))


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _own_python() -> str:
    return f"{sys.executable} {sys.version_info[0]}.{sys.version_info[1]}"


def _named(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def _say(line: str) -> None:
    print(f"{line} …" if not line.startswith("Installed") else line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "run"))
