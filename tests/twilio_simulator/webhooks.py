"""Signed posts to the service, tried again the way Twilio does."""

import asyncio
from collections.abc import Mapping

import httpx
import msgspec
from twilio.request_validator import RequestValidator

from tests.twilio_simulator.settings import Behaviour

CONNECT_TIMEOUT_S = 5.0
UNANSWERED_CODE = "11200"


class Attempt(msgspec.Struct, frozen=True):
    """One post of a webhook, and its answer; None when none came."""

    sid: str
    status: str
    answered: int | None
    url: str


class WebhookPoster:
    """Posts webhooks and remembers every attempt."""

    def __init__(self, auth_token: str) -> None:
        self.attempts: list[Attempt] = []
        self._signer = RequestValidator(auth_token)
        self._http = httpx.AsyncClient(limits=httpx.Limits(max_connections=None), trust_env=False)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def post(
        self, url: str, params: Mapping[str, str], token: str, behaviour: Behaviour
    ) -> tuple[int, int | None]:
        """How many attempts were made, and the last answer. A fallback URL gets one attempt at the end."""
        answered = await self._attempt(url, params, token, behaviour)
        attempts = 1
        for delay_s in behaviour.retry_delays_s:
            if not _calls_for_another(answered):
                break
            await asyncio.sleep(delay_s)
            answered = await self._attempt(url, params, token, behaviour)
            attempts += 1
        if behaviour.fallback_url and not _is_accepted(answered):
            failure = {"ErrorCode": UNANSWERED_CODE, "ErrorUrl": url}
            answered = await self._attempt(behaviour.fallback_url, {**params, **failure}, token, behaviour)
            attempts += 1
        return attempts, answered

    async def _attempt(self, url: str, params: Mapping[str, str], token: str, behaviour: Behaviour) -> int | None:
        answered = await self._answer_of(url.partition("#")[0], params, token, behaviour.read_timeout_s)
        self.attempts.append(Attempt(params["MessageSid"], params["SmsStatus"], answered, url))
        return answered

    async def _answer_of(self, url: str, params: Mapping[str, str], token: str, read_timeout_s: float) -> int | None:
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "I-Twilio-Idempotency-Token": token,
            "X-Twilio-Signature": self._signer.compute_signature(url, dict(params)),
        }
        timeout = httpx.Timeout(read_timeout_s, connect=min(CONNECT_TIMEOUT_S, read_timeout_s))
        try:
            async with asyncio.timeout(read_timeout_s):
                answer = await self._http.post(url, data=dict(params), headers=headers, timeout=timeout)
        except (httpx.HTTPError, TimeoutError):
            return None
        return answer.status_code


def _calls_for_another(answered: int | None) -> bool:
    return answered is None or answered >= 500


def _is_accepted(answered: int | None) -> bool:
    return answered is not None and 200 <= answered < 300
