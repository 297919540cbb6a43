"""Twilio's own API description as a referee between our client and our simulator.

Prism stands between the two and refuses a request or an answer that the description does not allow. Install it:
`npm --prefix tests/twilio_simulator/referee ci --ignore-scripts --no-audit --no-fund` (Node 20).
"""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.stack.ports import LOOPBACK, free_port

HERE = Path(__file__).parent
PRISM = HERE / "node_modules" / ".bin" / "prism"
STARTED_WITHIN_S = 60.0
STOPPED_WITHIN_S = 5.0
LOGGED_WITHIN_S = 10.0
PAGE_ADDRESSES = ("first_page_uri", "next_page_uri", "previous_page_uri", "uri")


class RefereeMissing(Exception):
    """Prism is not installed."""


class Referee:
    """Its address, and what it found wrong."""

    def __init__(self, base_url: str, log: Path) -> None:
        self.base_url = base_url
        self.log = log

    def told(self) -> str:
        """All it printed."""
        return self.log.read_text()

    async def violations(self) -> list[str]:
        """One line for each request or answer it refused so far: a foul of our own ends the reading of its log."""
        foul = f"/2010-04-01/Accounts/foul-{secrets.token_hex(4)}/Messages.json"
        async with httpx.AsyncClient(base_url=self.base_url, trust_env=False) as http:
            await http.get(foul)
        async with asyncio.timeout(LOGGED_WITHIN_S):
            while not any(foul in line for line in self._refusals()):
                await asyncio.sleep(0.02)
        return [line for line in self._refusals() if "/foul-" not in line]

    def _refusals(self) -> list[str]:
        return [line for line in self.told().splitlines() if "terminated with error" in line]


def judged_part(description: dict[str, Any]) -> dict[str, Any]:
    """The paths of messages alone, so that Prism starts in a second.

    The description calls the addresses of pages absolute while its own examples, and Twilio, give relative ones.
    """
    paths = {path: what for path, what in description["paths"].items() if "/Messages" in path}
    for path, what in paths.items():
        if path.endswith("/Messages.json"):
            answer = what["get"]["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
            for name in PAGE_ADDRESSES:
                answer[name]["format"] = "uri-reference"
    return {**description, "paths": paths}


@asynccontextmanager
async def running_referee(openapi: Path, upstream: str, folder: Path) -> AsyncIterator[Referee]:
    """Judges everything between its own address and `upstream`. Raises RefereeMissing."""
    if not PRISM.exists():
        raise RefereeMissing(f"Prism is not installed: see {Path(__file__).name}")
    rules, port = _write_rules(openapi, folder), free_port()
    referee = Referee(f"http://{LOOPBACK}:{port}", folder / "prism.log")
    command = [str(PRISM), "proxy", "-h", LOOPBACK, "-p", str(port), "--errors", str(rules), upstream]
    with referee.log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            "node", *command, stdout=output, stderr=output, env=os.environ | {"NO_COLOR": "1"}
        )
    try:
        await _until_listening(process, referee)
        yield referee
    finally:
        await _stop(process)


def _write_rules(openapi: Path, folder: Path) -> Path:
    rules = folder / "messages.json"
    rules.write_text(json.dumps(judged_part(json.loads(openapi.read_text()))))
    return rules


async def _until_listening(process: asyncio.subprocess.Process, referee: Referee) -> None:
    async with asyncio.timeout(STARTED_WITHIN_S):
        while "Prism is listening" not in referee.told():
            if process.returncode is not None:
                raise RuntimeError(f"Prism ended at once: {referee.told()}")
            await asyncio.sleep(0.05)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOPPED_WITHIN_S)
        except TimeoutError:
            process.kill()
            await process.wait()
