"""A small action server that answers as the API does, or fails as it might."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "actions-secret"
Answer = Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]


def said(name: str, **variables: str) -> dict[str, Any]:
    return {"events": [], "responses": [{"response": name, **variables}]}


def slot(name: str, value: str | None) -> dict[str, Any]:
    return {"event": "slot", "timestamp": None, "name": name, "value": value}


NORMAL: dict[str, dict[str, Any]] = {
    "action_next_appointments": said("utter_next_appointment", when="Tuesday 1 December at 2:30pm"),
    "action_my_adviser": {
        **said("utter_my_adviser", adviser_name="Dana Reed", hours="Monday to Friday, 9am to 5pm"),
        "events": [slot("adviser_name", "Dana Reed")],
    },
    "action_ask_for_person": said("utter_person_has_it"),
    "action_pass_on_message": {
        **said("utter_message_passed_on", adviser_name="Dana Reed"),
        "events": [slot("adviser_message", None)],
    },
}


class FakeActions:
    """Answers by name; `faults` makes an action fail; `calls` keeps what was asked."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.faults: dict[str, Answer] = {}
        self.answers = dict(NORMAL)
        self.delay_s = 0.0
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                authorised = self.headers["authorization"] == f"Bearer {SECRET}"
                status, answer = fake.answer(body) if authorised else (401, {})
                sent = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/bot/actions"

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append(body)
        time.sleep(self.delay_s)
        name = body["next_action"]
        if name in self.faults:
            return self.faults[name](body)
        return 200, self.answers[name]

    def names(self) -> list[str]:
        return [call["next_action"] for call in self.calls]

    def forget(self) -> None:
        self.calls.clear()
        self.faults.clear()
        self.answers = dict(NORMAL)
        self.delay_s = 0.0

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
