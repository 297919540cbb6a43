"""A simulator of one's own, for a test."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.stack.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
STARTED_WITHIN_S = 30.0
STOPPED_WITHIN_S = 5.0
SERVICE_E164 = "+447700900000"


class Simulator:
    """A running simulator: its address, its account, and its control calls."""

    def __init__(self, environment: dict[str, str], http: httpx.AsyncClient) -> None:
        self.base_url = str(http.base_url).rstrip("/")
        self.account_sid = environment["TWILIO_ACCOUNT_SID"]
        self.auth_token = environment["TWILIO_AUTH_TOKENS"]
        self.api_key_sid = environment["TWILIO_API_KEY_SID"]
        self.api_key_secret = environment["TWILIO_API_KEY_SECRET"]
        self.from_e164 = environment["TWILIO_FROM_E164"]
        self._http = http

    async def text(self, from_: str, body: str, **options: Any) -> dict[str, Any]:
        """A phone texts the service."""
        return dict(await self._call("POST", "texts", {"from": from_, "body": body, **options}))

    async def sent(self, to: str | None = None, after: str | None = None) -> list[dict[str, Any]]:
        """What the service sent, oldest first."""
        wanted = {name: value for name, value in (("to", to), ("after", after)) if value is not None}
        return list(await self._call("GET", "texts", params=wanted))

    async def wait_for_sent(
        self, to: str, *, count: int = 1, status: str | None = None, within_s: float = 10.0
    ) -> list[dict[str, Any]]:
        """The texts to a number once there are so many, with that status if one is named. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while True:
                texts = [t for t in await self.sent(to) if status in (None, t["status"])]
                if len(texts) >= count:
                    return texts
                await asyncio.sleep(0.02)

    async def plan(self, **fault: Any) -> None:
        """A bad day."""
        await self._call("POST", "faults", fault)

    async def clear_faults(self) -> None:
        await self._call("DELETE", "faults")

    async def behave(self, **behaviour: Any) -> None:
        """Changes some of the behaviour."""
        await self._call("PATCH", "settings", behaviour)

    async def release_callbacks(self, **options: Any) -> list[dict[str, Any]]:
        """Sends what was held."""
        return list(await self._call("POST", "callbacks", options))

    async def requests(self, on: str | None = None) -> list[dict[str, Any]]:
        """The REST requests that arrived."""
        return [r for r in await self._call("GET", "requests") if on in (None, r["on"])]

    async def webhooks(self) -> list[dict[str, Any]]:
        """Every attempt to post a webhook."""
        return list(await self._call("GET", "webhooks"))

    async def reset(self) -> None:
        """As just started."""
        await self._call("POST", "reset")

    async def _call(self, method: str, what: str, content: Any = None, params: Any = None) -> Any:
        answer = await self._http.request(method, f"/simulator/{what}", json=content, params=params)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@asynccontextmanager
async def running_simulator(
    *, sms_webhook_url: str = "http://127.0.0.1:1/none", port: int | None = None, **settings: str
) -> AsyncIterator[Simulator]:
    """A simulator in a process of its own, with fresh secrets unless `settings` names them as the environment does."""
    environment = {
        "TWILIO_SIMULATOR_PORT": str(port or free_port()),
        "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "TWILIO_AUTH_TOKENS": secrets.token_hex(16),
        "TWILIO_API_KEY_SID": f"SK{secrets.token_hex(16)}",
        "TWILIO_API_KEY_SECRET": secrets.token_hex(16),
        "TWILIO_FROM_E164": SERVICE_E164,
        "SMS_WEBHOOK_URL": sms_webhook_url,
        **settings,
    }
    base_url = f"http://127.0.0.1:{environment['TWILIO_SIMULATOR_PORT']}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.twilio_simulator", cwd=REPOSITORY, env=os.environ | environment
    )
    try:
        async with httpx.AsyncClient(base_url=base_url, timeout=60.0, trust_env=False) as http:
            await _until_healthy(http, process)
            yield Simulator(environment, http)
    finally:
        await _stop(process)


async def _until_healthy(http: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(STARTED_WITHIN_S):
        while process.returncode is None:
            try:
                await http.get("/simulator/health")
            except httpx.TransportError:
                await asyncio.sleep(0.02)
            else:
                return
    raise RuntimeError("the simulator ended at once")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOPPED_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()
