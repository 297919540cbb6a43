"""The bot as its own process, spoken to as the API does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from tests.stack.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SECRET = "rest-secret"


class Bot:
    """One bot process; `log` holds everything it printed."""

    def __init__(self, log: Path, **environment: str) -> None:
        self.port = free_port()
        self.log = log
        self.environment = {**os.environ, "RASA_SECRET": SECRET, "BOT_PORT": str(self.port), **environment}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start and wait until it is ready; returns the seconds that took."""
        started_at_s = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot.server"],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        while not self.is_ready():
            assert self.process.poll() is None, self.printed()
            assert time.monotonic() - started_at_s < 60, "not ready in a minute"
            time.sleep(0.05)
        return time.monotonic() - started_at_s

    def start_and_fail(self) -> tuple[int, str]:
        """Start what cannot start: its exit code and what it said."""
        ended = subprocess.run(
            [sys.executable, "-m", "bot.server"],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return ended.returncode, ended.stdout + ended.stderr

    def is_ready(self) -> bool:
        try:
            status, body = self.request("GET", "/status")
        except OSError:
            return False
        return status == 200 and bool(body["ready"])

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def printed(self) -> str:
        return self.log.read_text()

    def request(
        self, method: str, path: str, body: bytes | None = None, *, secret: str | None = SECRET, timeout_s: float = 15
    ) -> tuple[int, Any]:
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {secret}"} if secret else {})
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())

    def post(self, sender: str, text: str, turn_id: str | None = None) -> tuple[int, Any]:
        turn = {"turn_id": turn_id or str(uuid.uuid4())}
        body = json.dumps({"sender": sender, "message": text, "metadata": turn}).encode()
        return self.request("POST", "/webhooks/rest/webhook", body)


class Person:
    """Somebody who texts the bot."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.id = str(uuid.uuid4())

    def says(self, text: str, turn_id: str | None = None) -> list[str]:
        """The names of the responses that answer `text`."""
        status, replies = self.bot.post(self.id, text, turn_id)
        assert status == 200, replies
        assert replies
        assert all(reply["recipient_id"] == self.id and reply["text"] for reply in replies)
        return [reply["response"] for reply in replies]

    def hears(self, text: str) -> str:
        """The words that answer `text`."""
        status, replies = self.bot.post(self.id, text)
        assert status == 200, replies
        return "\n".join(reply["text"] for reply in replies)
