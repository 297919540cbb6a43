"""The checker sees each thing that can go wrong; otherwise a clean ledger would say nothing."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.ledger import Kept, Ledger, LeftJob, Reply, Taken, Texted

PHONE, OTHER_PHONE, MENU = "+447700910001", "+447700910002", "menu"
TEXTED = Texted(sid="SM1", phone=PHONE, body="when \0", expected="Monday")
KEPT = Kept(sid="SM1", phone=PHONE, body="when \ufffd")
MARKED = replace(KEPT, flags=frozenset({"bot_unavailable"}))
REPLY = Reply(phone=PHONE, body="Monday", sid="SM8")
TAKEN = Taken(sid="SM8", phone=PHONE, body="Monday")
BY_MENU = {"replies": [replace(REPLY, body=MENU)], "taken": [replace(TAKEN, body=MENU)]}
CLEAN = Ledger(menu=MENU, texted=[TEXTED], kept=[KEPT], replies=[REPLY], taken=[TAKEN])


def kinds(ledger: Ledger) -> set[str]:
    return {problem.partition(":")[0] for problem in ledger.problems()}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kept": [MARKED], **BY_MENU},
        {"texted": [replace(TEXTED, expected=None)], "replies": [replace(REPLY, body="any")],
         "taken": [replace(TAKEN, body="any")]},
        {"texted": [replace(TEXTED, is_number_of_menu=True)], "kept": [MARKED]},
        {"texted": [replace(TEXTED, is_accepted=False)]},
        {"texted": [replace(TEXTED, is_accepted=False)], "kept": [], "replies": [], "taken": []},
        {"texted": [TEXTED, replace(TEXTED, sid="SM2")], "kept": [KEPT, replace(KEPT, sid="SM2")]},
    ],
)  # fmt: skip
def test_what_is_right_is_not_a_problem(changes: dict[str, Any]) -> None:
    assert replace(CLEAN, **changes).problems() == []


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("lost", {"kept": [], "replies": [], "taken": []}),
        ("stored twice", {"kept": [KEPT, KEPT]}),
        ("changed", {"kept": [replace(KEPT, body="when")]}),
        ("changed", {"kept": [replace(KEPT, phone=OTHER_PHONE)], "replies": [], "taken": []}),
        ("made up", {"kept": [KEPT, replace(KEPT, sid="SM2")]}),
        ("not answered", {"kept": [replace(KEPT, is_answered=False)]}),
        ("not answered", {"replies": [], "taken": []}),
        (
            "answered twice",
            {"replies": [REPLY, replace(REPLY, sid="SM9")], "taken": [TAKEN, replace(TAKEN, sid="SM9")]},
        ),
        ("answered twice", {"kept": [KEPT, KEPT], "replies": [REPLY, replace(REPLY, body=MENU)]}),
        ("wrong answer", {"replies": [replace(REPLY, body="Friday")], "taken": [replace(TAKEN, body="Friday")]}),
        ("not marked", BY_MENU),
        ("marked", {"kept": [MARKED]}),
        ("sent twice", {"taken": [TAKEN, replace(TAKEN, sid="SM9")]}),
        ("sent twice", {"taken": [TAKEN, replace(TAKEN, phone=OTHER_PHONE)]}),
        ("not sent", {"taken": []}),
        ("receipt", {"replies": [replace(REPLY, status="sending")]}),
        ("receipt", {"replies": [replace(REPLY, sid=None)]}),
        ("receipt", {"last_status": "accepted"}),
        ("left over", {"jobs": [LeftJob(kind="answer", is_parked=False)]}),
        ("parked", {"jobs": [LeftJob(kind="deliver", is_parked=True)]}),
    ],
)
def test_what_is_wrong_is_named(expected: str, changes: dict[str, Any]) -> None:
    assert expected in kinds(replace(CLEAN, **changes))


def test_the_figures_count_the_lost_and_what_came_twice() -> None:
    assert CLEAN.figures() | {"lost": 0, "twice": 0, "other": 0} == CLEAN.figures()
    assert replace(CLEAN, kept=[], replies=[], taken=[]).figures()["lost"] == 1
    assert replace(CLEAN, taken=[TAKEN, TAKEN]).figures()["twice"] == 1
    assert replace(CLEAN, jobs=[LeftJob(kind="answer", is_parked=True)]).figures()["other"] == 1
