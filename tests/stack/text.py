"""Texts the running service as a young person's phone would, and shows what comes back."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.stack.problem import StackProblem

ANSWER_WITHIN_S = 10.0
MORE_WITHIN_S = 0.4
LOOK_EVERY_S = 0.02


def text_the_service(data_dir: Path, from_e164: str, say: str) -> None:
    """Send one text and print the answers with their time. Raises StackProblem when none comes."""
    simulator_url, service_phone = _running_at(data_dir)
    with httpx.Client(base_url=simulator_url, timeout=ANSWER_WITHIN_S + 20, trust_env=False) as simulator:
        sent_at = datetime.now(UTC).isoformat()
        started_at_s = time.perf_counter()
        try:
            _send(simulator, {"from": from_e164, "to": service_phone, "body": say})
            answered = _wait_for_answers(simulator, from_e164, sent_at, started_at_s)
        except httpx.HTTPError:
            raise StackProblem(
                f"The Twilio simulator does not answer on {simulator_url}: is `make run` going?"
            ) from None
    print(f"{from_e164}: {say}")
    for body, after_s in answered:
        print(f"  {service_phone} ({after_s:.2f} s): {body}")


def _running_at(data_dir: Path) -> tuple[str, str]:
    try:
        running = json.loads((data_dir / "running.json").read_text())
    except (OSError, ValueError):
        raise StackProblem("The service is not running: start it with `make run` in another terminal.") from None
    return running["simulator_url"], running["service_phone"]


def _send(simulator: httpx.Client, text: dict[str, str]) -> None:
    answer = simulator.post("/simulator/texts", json=text)
    if not answer.is_success:
        raise StackProblem(f"The simulator refused the text: {answer.text.strip()[:300]}")
    outcome = answer.json()
    if outcome["status"] in {"failed", "undelivered", "given_up"}:
        raise StackProblem(f"The service did not take the text (tried {outcome['attempts']} times): see the API's log.")


def _wait_for_answers(
    simulator: httpx.Client, to_e164: str, after: str, started_at_s: float
) -> list[tuple[str, float]]:
    """The answers so far, once none has followed the last for a moment."""
    seen: dict[str, tuple[str, float]] = {}
    last_at_s = started_at_s
    while True:
        now_s = time.perf_counter()
        for text in _texts_to(simulator, to_e164, after):
            if text["sid"] not in seen:
                seen[text["sid"]] = (text["body"], now_s - started_at_s)
                last_at_s = now_s
        if seen and now_s - last_at_s > MORE_WITHIN_S:
            return list(seen.values())
        if not seen and now_s - started_at_s > ANSWER_WITHIN_S:
            raise StackProblem(
                f"No answer came within {ANSWER_WITHIN_S:.0f} s. Somebody who has opted out gets none; "
                "otherwise look at the logs of the worker and the API."
            )
        time.sleep(LOOK_EVERY_S)


def _texts_to(simulator: httpx.Client, to_e164: str, after: str) -> list[dict[str, Any]]:
    answer = simulator.get("/simulator/texts", params={"to": to_e164, "after": after})
    answer.raise_for_status()
    return list(answer.json())
