"""The API in a process of its own, on a database that holds the whole world of the access tests."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.api.client import serve_settings
from tests.conftest import TestDatabase
from tests.rules.access_rows import World
from tests.stack.ports import LOOPBACK, free_port

SEED = 15
# How many made-up requests of each kind a route gets, when nobody asks for more.
FEW = 3
STARTED_WITHIN_S = 30.0
CONFIG = Path(__file__).parent / "schemathesis.toml"


class Served:
    """The API in a process of its own on a database that holds the whole world."""

    def __init__(self, database: TestDatabase, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.log_file = folder / "api.log"
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        settings = serve_settings(database, api_port=self.port)
        self._environment = {
            name.upper(): ",".join(value) if isinstance(value, tuple) else str(value)
            for name, value in msgspec.structs.asdict(settings).items()
            if value not in {None, ()}
        }

    def __enter__(self) -> "Served":
        with self.log_file.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api", "serve"], env={**os.environ, **self._environment}, stdout=log, stderr=log
            )
        deadline = time.monotonic() + STARTED_WITHIN_S
        while not self._is_up():
            assert time.monotonic() < deadline and self._process.poll() is None, self.log_file.read_text()
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(STARTED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/live").is_success
        except httpx.TransportError:
            return False

    def fuzz(self, document: dict[str, Any], headers: Sequence[str], examples: int, *options: str) -> dict[str, Any]:
        """Has schemathesis try every operation of a document; returns its report."""
        written, report = self.folder / "document.json", self.folder / "report.json"
        written.write_text(json.dumps(document))
        report.unlink(missing_ok=True)
        ran = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis", "--config-file", CONFIG, "run", written,
                "--url", self.url, "--checks", "all", "--continue-on-failure", "--max-examples", str(examples),
                "--seed", str(SEED), "--generation-database", "none", "--no-color", "--request-timeout", "15",
                "--generation-with-security-parameters", "false", "--suppress-health-check", "all",
                "--generation-allow-x00", "false",
                "--report", "json", "--report-json-path", report,
                *(word for header in headers for word in ("-H", header)), *options,
            ],
            cwd=self.folder, capture_output=True, text=True, check=False, timeout=3600,
        )  # fmt: skip
        assert report.exists(), ran.stdout + ran.stderr
        return {**json.loads(report.read_text()), "told": ran.stdout}
