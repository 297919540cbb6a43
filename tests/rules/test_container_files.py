"""The container files agree with each other, with the settings and with the tree; no engine is needed to see it."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from api.settings import MigrateSettings, ServeSettings, WorkSettings
from tests.stack.environments import GIVEN_TO

REPOSITORY = Path(__file__).parents[2]
KINDS = {"serve": ServeSettings, "work": WorkSettings, "migrate": MigrateSettings}
OF_THE_DATABASES_IMAGE = {"POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"}
OF_THE_LOCAL_START = {"FIFTEENPLUS_DATA", "POSTGRES_PORT", "TWILIO_SIMULATOR_PORT", "OIDC_PROVIDER_PORT"}


@cache
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def settings_of(*kinds: type[msgspec.Struct]) -> set[str]:
    return {field.name.upper() for kind in kinds for field in msgspec.structs.fields(kind)}


def bots_settings() -> set[str]:
    """What the bot's code reads; its Python cannot be imported here."""
    files = [REPOSITORY / "bot" / "settings.py", REPOSITORY / "bot" / "model_files.py"]
    return set(re.findall(r'"((?:BOT|RASA)_[A-Z_]+)"', "".join(file.read_text() for file in files)))


def explained() -> dict[str, str]:
    """Every setting in .env.example with the line above it."""
    lines = (REPOSITORY / ".env.example").read_text().splitlines()
    found = {}
    for above, line in zip(["", *lines], lines, strict=False):
        if match := re.match(r"^(?:# )?([A-Z][A-Z0-9_]+)=", line):
            found[match[1]] = above
    return found


def environment_of(service: str) -> dict[str, str]:
    return dict(compose()["services"][service].get("environment", {}))


def test_every_setting_is_in_the_example_and_the_example_has_no_other() -> None:
    known = settings_of(*KINDS.values()) | bots_settings() | {"POSTGRES_PASSWORD"} | OF_THE_LOCAL_START
    assert set(explained()) == known


def test_every_setting_in_the_example_is_explained() -> None:
    before = {name: line for name, line in explained().items() if not re.match(r"^# \S.{15}", line)}
    assert set(before) <= {"API_PORT", "BOT_PORT"}, before


def test_the_example_holds_no_secret() -> None:
    values = re.findall(r"^(?!#)(\w+)=(.*)$", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)
    assert [name for name, value in values if value and not name.endswith("_URL")] == []


@pytest.mark.parametrize("service", ["api", "worker", "migrate"])
def test_a_service_is_given_what_its_command_needs_and_only_what_it_knows(service: str) -> None:
    kind = KINDS[compose()["services"][service]["command"][0]]
    given = set(environment_of(service))
    needed = {field.name.upper() for field in msgspec.structs.fields(kind) if field.required}
    assert needed <= given <= settings_of(kind)


def test_the_bot_is_given_what_it_needs_and_no_other_secret() -> None:
    needed = set(re.findall(r'_needed\("([A-Z_]+)"\)', (REPOSITORY / "bot" / "settings.py").read_text()))
    assert needed
    assert needed <= set(environment_of("bot")) <= bots_settings()


def test_the_local_start_gives_only_settings_that_are_read() -> None:
    assert set(GIVEN_TO["api"]) <= settings_of(ServeSettings)
    assert set(GIVEN_TO["worker"]) <= settings_of(WorkSettings)
    assert set(GIVEN_TO["migrate"]) | set(GIVEN_TO["demo"]) <= settings_of(MigrateSettings)
    assert set(GIVEN_TO["rasa"]) <= bots_settings()


def test_compose_takes_only_variables_that_the_example_explains() -> None:
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", (REPOSITORY / "compose.yaml").read_text()))
    assert used <= set(explained())


def test_every_secret_of_compose_must_be_given() -> None:
    text = (REPOSITORY / "compose.yaml").read_text()
    may_be_left_out = set(re.findall(r"\$\{([A-Z0-9_]+)(?!:\?\})[:}-]", text))
    assert may_be_left_out == {"AUDIT_ANCHOR_PATH", "TRUSTED_PROXIES", "OIDC_TENANT_ID", "OIDC_STEP_UP_ACR"}


def test_the_bot_cannot_reach_the_outside() -> None:
    networks = compose()["networks"]
    assert all(networks[name].get("internal") is True for name in compose()["services"]["bot"]["networks"])
    assert compose()["services"]["bot"].get("ports") is None


@pytest.mark.parametrize("service", ["api", "worker", "migrate", "bot"])
def test_our_containers_can_change_nothing_but_their_temporary_folder(service: str) -> None:
    made = compose()["services"][service]
    assert (made["read_only"], made["cap_drop"], made["tmpfs"]) == (True, ["ALL"], ["/tmp"])


def test_the_database_of_compose_is_the_one_of_the_local_start() -> None:
    postgres = compose()["services"]["postgres"]
    assert postgres["image"].startswith("postgres:18.")
    assert "--locale-provider=builtin --builtin-locale=C.UTF-8" in postgres["environment"]["POSTGRES_INITDB_ARGS"]
    assert set(postgres["environment"]) == OF_THE_DATABASES_IMAGE


def dockerfile() -> list[str]:
    joined = re.sub(r"\\\n\s*", "", (REPOSITORY / "Dockerfile").read_text())
    return [line for line in joined.splitlines() if line and not line.startswith("#")]


def stages() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in dockerfile():
        if match := re.match(r"^FROM (\S+) AS (\S+)$", line):
            found[match[2]] = []
        found[list(found)[-1]].append(line)
    return found


def test_compose_builds_targets_that_exist() -> None:
    targets = {s["build"]["target"] for s in compose()["services"].values() if "build" in s}
    assert targets == {"api", "bot"} <= set(stages())


def test_base_images_are_pinned_to_a_release_of_the_right_python() -> None:
    bases = [line.split()[1] for line in dockerfile() if line.startswith("FROM ")]
    releases = {base for base in bases if base not in stages()}
    assert all(re.fullmatch(r"python:3\.(10|11)\.\d+-slim-\w+", base) for base in releases), releases
    assert stages()["bot"][0].startswith("FROM python:3.10.")
    assert stages()["api"][0].startswith("FROM python:3.11.")


def test_what_is_copied_exists_and_reaches_the_builder() -> None:
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    for line in dockerfile():
        if not line.startswith("COPY ") or "--from=" in line:
            continue
        for source in line.split()[1:-1]:
            assert (REPOSITORY / source).exists(), source
            assert any(f"!{kept}" in ignored for kept in (source, *map(str, Path(source).parents))), source


@pytest.mark.parametrize("stage", ["api", "bot"])
def test_a_final_stage_runs_as_nobody_special_and_says_how_it_is(stage: str) -> None:
    lines = stages()[stage]
    assert re.match(r"USER \d{5}$", next(line for line in lines if line.startswith("USER")))
    health = next(line for line in lines if line.startswith("HEALTHCHECK"))
    assert json.loads(health.partition(" CMD ")[2])[0] == "python"
    assert not any("apt-get" in line or "pip install" in line for line in lines)


@pytest.mark.parametrize("stage", ["api-packages", "bot-packages"])
def test_packages_are_installed_by_hash(stage: str) -> None:
    run = next(line for line in stages()[stage] if line.startswith("RUN"))
    assert run.count("--require-hashes") == 2


def test_no_file_of_secrets_is_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    names = {Path(name).name for name in listed.stdout.split("\0")}
    assert not names & {".env", "secrets.json"}
