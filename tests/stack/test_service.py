"""The whole start, with small stand-ins for the parts: order, refusals, and what is left afterwards."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stack import parts, service
from tests.stack.environments import GIVEN_TO, environment_of
from tests.stack.ports import port_is_free
from tests.stack.problem import StackProblem
from tests.stack.service import LocalService
from tests.stack.settings import PORT_SETTINGS, REPOSITORY, StackSettings, demo_secrets
from tests.stack.test_processes import is_alive, wait_until

_HEALTHY_SERVER = """
import http.server, os, sys
class Always(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'{"worker": "ok"}')
http.server.HTTPServer(("127.0.0.1", int(os.environ[sys.argv[1]])), Always).serve_forever()
"""


def _stand_in(script: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", script, *words)


STAND_INS = {
    **{name: _stand_in(f"print({name!r})") for name in ("migrate", "demo", "train")},
    "simulator": _stand_in(_HEALTHY_SERVER, "TWILIO_SIMULATOR_PORT"),
    "provider": _stand_in(_HEALTHY_SERVER, "OIDC_PROVIDER_PORT"),
    "rasa": _stand_in(_HEALTHY_SERVER, "BOT_PORT"),
    "api": _stand_in(_HEALTHY_SERVER, "API_PORT"),
    "worker": _stand_in("import time; time.sleep(60)"),
}


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    commands = dict(STAND_INS)
    monkeypatch.setattr(service, "COMMANDS", commands)
    monkeypatch.setattr(service, "missing_program", lambda: None)
    return commands


@pytest.fixture
def running(stand_ins: dict[str, tuple[str, ...]], tmp_path: Path) -> Iterator[LocalService]:
    with LocalService(StackSettings.for_tests(tmp_path / "data")) as started:
        yield started


def pids(running: LocalService) -> list[int]:
    return [running.part(name).pid for name in service.STOP_ORDER]


def test_all_parts_run_until_it_is_stopped(running: LocalService) -> None:
    running.raise_if_a_part_died()
    started = pids(running)
    assert all(map(is_alive, started))
    running.stop()
    assert not any(map(is_alive, started))
    assert not running.postgres.running
    assert not (running.settings.data_dir / "running.json").exists()


def test_a_killed_part_is_noticed_and_can_be_started_again(running: LocalService) -> None:
    os.kill(running.part("rasa").pid, signal.SIGKILL)
    with pytest.raises(StackProblem, match=r"^rasa ended by itself \(SIGKILL\)"):
        wait_until(lambda: running.raise_if_a_part_died() is not None)
    running.restart("rasa")
    running.kill("postgres")
    with pytest.raises(StackProblem, match=r"^postgres ended by itself"):
        running.raise_if_a_part_died()
    running.restart("postgres")
    running.raise_if_a_part_died()


def test_a_part_that_ends_during_the_start_ends_the_start_with_nothing_left(
    stand_ins: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    stand_ins["rasa"] = _stand_in("raise SystemExit('The trained model is damaged.')")
    starting = LocalService(StackSettings.for_tests(tmp_path / "data"))
    with pytest.raises(StackProblem, match=r"(?s)^rasa ended by itself .*The trained model is damaged\.$"):
        starting.start()
    assert not starting.postgres.running
    assert all(port_is_free(getattr(starting.settings, field)) for field in PORT_SETTINGS)


@pytest.mark.parametrize(("field", "setting"), PORT_SETTINGS.items())
def test_a_port_in_use_is_named_with_its_setting(
    stand_ins: dict[str, tuple[str, ...]], tmp_path: Path, field: str, setting: str
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings = replace(StackSettings.for_tests(tmp_path / "data"), **{field: port})
        with pytest.raises(StackProblem, match=f"^Port {port} is in use by another program: .* {setting}.$"):
            LocalService(settings).start()


def test_one_start_at_a_time_on_a_folder(running: LocalService) -> None:
    with pytest.raises(StackProblem, match=r"^Fifteen Plus already runs on "):
        LocalService(StackSettings.for_tests(running.settings.data_dir)).start()
    running.raise_if_a_part_died()


def test_a_data_folder_that_cannot_be_made_is_one_sentence(
    stand_ins: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackProblem, match=r"^The data folder .* cannot be used .* FIFTEENPLUS_DATA\.$"):
        LocalService(StackSettings.for_tests(tmp_path / "file" / "data")).start()


def test_a_missing_bot_environment_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "BOT_PYTHON", tmp_path / "python")
    with pytest.raises(StackProblem, match=r"^The bot's environment \(Python 3.10, bot/.venv\) is missing"):
        LocalService(StackSettings.for_tests(tmp_path / "data")).start()


def test_secrets_are_made_once_and_are_their_owners_only(tmp_path: Path) -> None:
    first = demo_secrets(tmp_path)
    assert demo_secrets(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert len(set(first.values())) == len(first)


def test_each_process_gets_its_own_settings_and_no_others_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere-else")
    every = {name: f"value of {name}" for names in GIVEN_TO.values() for name in names}
    bots = environment_of("rasa", every, {})
    assert bots["BOT_DATABASE_URL"] == "value of BOT_DATABASE_URL"
    assert not {"DATABASE_URL", "TWILIO_AUTH_TOKENS", "TWILIO_API_KEY_SECRET", "MIGRATION_DATABASE_URL"} & set(bots)


@pytest.mark.parametrize("text", ["eighty", "70000", "-1"])
def test_a_port_that_is_none_is_one_sentence(text: str) -> None:
    with pytest.raises(StackProblem, match=r"^API_PORT is not a port number from 0 to 65535\.$"):
        StackSettings.from_environment({"API_PORT": text})


def test_a_text_without_a_running_service_is_one_sentence_and_an_exit_code(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.stack", "text"],
        cwd=REPOSITORY,
        env={**os.environ, "FIFTEENPLUS_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == "The service is not running: start it with `make run` in another terminal.\n"


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_cleanly(tmp_path: Path, end: signal.Signals) -> None:
    settings = StackSettings.for_tests(tmp_path / "data").with_free_ports()
    with (tmp_path / "output").open("w") as output:
        run = subprocess.Popen(
            [sys.executable, "-c", _RUN_WITH_STAND_INS, json.dumps(STAND_INS)],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "FIFTEENPLUS_DATA": str(settings.data_dir),
                **{name: str(getattr(settings, field)) for field, name in PORT_SETTINGS.items()},
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    shown = tmp_path / "output"
    wait_until(lambda: "is ready" in shown.read_text(), within_s=20)
    run.send_signal(end)
    assert run.wait(20) == 0
    assert shown.read_text().endswith("Stopping.\nStopped.\n")
    assert all(port_is_free(getattr(settings, field)) for field in PORT_SETTINGS)


_RUN_WITH_STAND_INS = """
import json, sys
from tests.stack import __main__, service
service.COMMANDS = json.loads(sys.argv[1])
service.missing_program = lambda: None
sys.argv = ["tests.stack", "run"]
sys.exit(__main__.main())
"""
