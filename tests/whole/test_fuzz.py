"""The served API takes made-up requests, right and wrong, by every kind of caller: it does what its documents say.

schemathesis makes them from the documents: `make fuzz` tries many more than `make test`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.app import DOCUMENTS, ROUTES
from api.kit.access import STAFF_COOKIE
from api.kit.openapi import Documents
from tests.rules.access_rows import World
from tests.whole.served import Served

SEED = 15
STARTED_WITHIN_S = 30.0
CONFIG = Path(__file__).parent / "schemathesis.toml"
# A device that signs itself out cannot try anything after.
SIGN_OUT = ("sign_out", "sign_out_everywhere")

# Failures that are none, by code of schemathesis and operation, each with its reason.
EXPLAINED: dict[tuple[str, str], str] = {}


@dataclass(frozen=True)
class Caller:
    """Who calls, by which document."""

    name: str
    document: str
    actor: str | None = None

    def headers(self, world: World) -> list[str]:
        """What the caller shows."""
        if self.actor is None:
            return []
        token = next(actor.token for actor in world.actors if actor.name == self.actor)
        return [f"Authorization: Bearer {token}" if self.document == "client" else f"Cookie: {STAFF_COOKIE}={token}"]


CALLERS = [
    Caller("nobody calls as an app", "client"),
    Caller("nobody calls as staff", "admin"),
    Caller("a device signed in by text", "client", "plain n limited"),
    Caller("a device that an adviser enrolled", "client", "plain n full"),
    Caller("an adviser", "admin", "adviser n"),
    Caller("a manager", "admin", "manager n"),
    Caller("the data protection lead", "admin", "protection"),
    Caller("an administrator", "admin", "administrator"),
]


def failures(report: dict[str, Any]) -> set[tuple[str, str]]:
    """What was found, by schemathesis's code and operation."""
    return {(failure["code"], operation) for failure in report["failures"] for operation in failure["operations"]}


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_routes_when_called_with_whatever_then_they_do_what_their_document_says(
    served: Served, caller: Caller, pytestconfig: pytest.Config
) -> None:
    leave_out = [word for name in SIGN_OUT for word in ("--exclude-operation-id", name)] if caller.actor else []
    examples = pytestconfig.getoption("--examples", default=5)
    document = Documents(ROUTES, DOCUMENTS).get(caller.document)
    report = served.fuzz(document, caller.headers(served.world), examples, *leave_out)
    assert failures(report) - EXPLAINED.keys() == set(), report["told"]
    assert report["operations"]["errored"] == 0, report["told"]
    assert report["operations"]["tested"] == report["operations"]["selected"] > 0


def test_log_when_all_was_tried_then_there_is_no_fault_of_ours_in_it(served: Served) -> None:
    events = {json.loads(line)["event"] for line in served.log_file.read_text().splitlines()}
    assert events == {"turned_away"}


@pytest.mark.parametrize(("left_out", "code"), [("401", "ST103"), ("example", "")], ids=["a status", "nothing"])
def test_document_when_it_leaves_a_status_out_then_that_is_found(served: Served, left_out: str, code: str) -> None:
    document = Documents(ROUTES, DOCUMENTS).get("client")
    operation = document["paths"]["/client/v1/sign-in/session"]["get"]
    operation["responses"].pop(left_out, None)
    report = served.fuzz(document, [], 1, "--include-operation-id", operation["operationId"])
    assert {code for code, _ in failures(report)} == ({code} if code else set()), report["told"]
