"""The environments: made once, made again when it matters, from an interpreter that really starts."""

import json
import sys
from pathlib import Path

import pytest

from tests.stack import bootstrap
from tests.stack.bootstrap import Environment
from tests.stack.interpreters import candidates, first_that_starts
from tests.stack.problem import StackProblem


def executable(file: Path, script: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def python(file: Path, version: str = "3.10") -> Path:
    return executable(file, f"echo {version}; echo {file}")


def shim(file: Path) -> Path:
    """What pyenv leaves on the PATH for a version that is not chosen."""
    return executable(file, "echo 'pyenv: python3.10: command not found' >&2; exit 127")


def test_a_shim_that_fails_is_passed_over_for_one_that_starts(tmp_path: Path) -> None:
    shim(tmp_path / "shims" / "python3.10")
    real = python(tmp_path / "bin" / "python3.10")
    path = f"{tmp_path / 'shims'}:{tmp_path / 'bin'}"
    found = first_that_starts(candidates("3.10", {"PATH": path, "HOME": str(tmp_path)}), "3.10")
    assert found == real


def test_pyenvs_newest_is_found_when_the_path_has_only_shims(tmp_path: Path) -> None:
    shim(tmp_path / "shims" / "python3.10")
    for release in ("3.10.8", "3.10.13"):
        python(tmp_path / ".pyenv" / "versions" / release / "bin" / "python3.10")
    environment = {"PATH": str(tmp_path / "shims"), "HOME": str(tmp_path)}
    found = first_that_starts(candidates("3.10", environment), "3.10")
    assert found is not None
    assert found.parts[-4:] in {("versions", r, "bin", "python3.10") for r in ("3.10.8", "3.10.13")}


def test_one_of_another_version_is_refused_whatever_its_name(tmp_path: Path) -> None:
    assert first_that_starts([python(tmp_path / "python3.10", version="3.12")], "3.10") is None


@pytest.mark.parametrize("script", ["exit 0", "echo nonsense", "kill -9 $$", "printf 3.10"])
def test_one_that_starts_strangely_is_refused(tmp_path: Path, script: str) -> None:
    assert first_that_starts([executable(tmp_path / "python3.10", script)], "3.10") is None


def test_this_interpreter_is_found_by_its_version() -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert first_that_starts([sys.executable], version) == Path(sys.executable)


def test_no_python_310_anywhere_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "UV", executable(tmp_path / "uv", "exit 2"))
    monkeypatch.setattr(bootstrap, "candidates", lambda *_: iter(()))
    with pytest.raises(StackProblem, match=r"^The bot's environment needs Python 3\.10, and none was found or could"):
        bootstrap.find_python(bootstrap.BOT)


def test_a_python_that_the_environment_names_comes_first(tmp_path: Path) -> None:
    chosen = python(tmp_path / "chosen" / "python")
    python(tmp_path / "bin" / "python3.10")
    environment = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path), "BOT_PYTHON": str(chosen)}
    assert first_that_starts(candidates("3.10", environment, "BOT_PYTHON"), "3.10") == chosen


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """One whose installer is a script that notes each call, and fails when told to."""
    monkeypatch.setattr(bootstrap, "REPOSITORY", tmp_path)
    monkeypatch.setattr(bootstrap, "find_python", lambda _: Path(sys.executable))
    folder = tmp_path / "environment"
    script = f"""
echo "$1 $2" >> {tmp_path}/calls
if [ "$1" = venv ]; then rm -rf {folder}; mkdir -p {folder}/bin; touch {folder}/bin/python; fi
[ "$1" = venv ] || [ ! -e {tmp_path}/fail ]
"""
    monkeypatch.setattr(bootstrap, "UV", executable(tmp_path / "uv", script))
    for name in ("run.lock", "test.lock"):
        (tmp_path / name).write_text(f"a-package==1 of {name}")
    return Environment("the example", folder, "3.10", {"run": tmp_path / "run.lock", "test": tmp_path / "test.lock"})


def calls(environment: Environment) -> list[str]:
    """The installer's calls since they were last asked for."""
    file = environment.folder.parent / "calls"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return [line.split()[0] for line in lines]


def test_a_second_run_installs_nothing(environment: Environment) -> None:
    bootstrap.ensure_environment(environment, "run")
    assert calls(environment) == ["venv", "pip"]
    bootstrap.ensure_environment(environment, "run")
    assert calls(environment) == []


def test_the_tests_environment_serves_a_run_and_not_the_other_way_round(environment: Environment) -> None:
    bootstrap.ensure_environment(environment, "run")
    calls(environment)
    bootstrap.ensure_environment(environment, "test")
    assert calls(environment) == ["pip"]
    bootstrap.ensure_environment(environment, "run")
    assert calls(environment) == []


def test_a_changed_lock_is_installed(environment: Environment) -> None:
    bootstrap.ensure_environment(environment, "run")
    calls(environment)
    environment.locks["run"].write_text("a-package==2")
    bootstrap.ensure_environment(environment, "run")
    assert calls(environment) == ["pip"]


def test_an_interrupted_installation_is_begun_again_from_nothing(environment: Environment) -> None:
    fail = environment.folder.parent / "fail"
    fail.touch()
    with pytest.raises(StackProblem, match=r"^The example could not be installed: the lines above say why\."):
        bootstrap.ensure_environment(environment, "run")
    fail.unlink()
    calls(environment)
    bootstrap.ensure_environment(environment, "run")
    assert calls(environment) == ["venv", "pip"]


def test_an_environment_whose_interpreter_is_gone_is_made_again(environment: Environment) -> None:
    bootstrap.ensure_environment(environment, "run")
    calls(environment)
    (environment.folder / "bin" / "python").unlink()
    bootstrap.ensure_environment(environment, "run")
    assert calls(environment) == ["venv", "pip"]


def test_a_stamp_that_cannot_be_read_counts_as_none(environment: Environment) -> None:
    bootstrap.ensure_environment(environment, "run")
    calls(environment)
    (environment.folder / bootstrap.STAMP).write_text(json.dumps(["not", "a", "stamp"]))
    bootstrap.ensure_environment(environment, "run")
    assert calls(environment) == ["venv", "pip"]
