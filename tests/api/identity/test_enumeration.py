"""Whether somebody is known here is told to nobody: not by status, body or headers, and not by time."""

import time
from statistics import median

import asyncpg
import pytest

from api.identity import service
from api.kit.limits import Limit
from tests.api.identity.signing_in import SigningIn
from tests.factories import create_person, next_number
from tests.fields import index_of

KINDS = ("known", "unknown", "shared", "opted out", "died", "retired")
SAME_WITHIN = 0.3
FASTEST_DIFFERENCE_S = 0.002


async def number_of(kind: str, admin: asyncpg.Connection) -> str:
    """A number of that kind."""
    phone = next_number()
    if kind != "unknown":
        died_on = await admin.fetchval("SELECT current_date") if kind == "died" else None
        await create_person(admin, phone=phone, died_on=died_on)
    if kind == "shared":
        await create_person(admin, phone=phone)
    if kind == "retired":
        await admin.execute("UPDATE contact_points SET retired_at = now() WHERE phone_index = $1", index_of(phone))
    if kind == "opted out":
        await admin.execute(
            "INSERT INTO opt_out_events (phone_index, is_opted_out, source, detail)"
            " VALUES ($1, true, 'keyword', 'STOP')",
            index_of(phone),
        )
    return phone


async def test_number_when_a_code_is_asked_for_then_the_answer_is_the_same_for_all(
    phone: SigningIn, admin: asyncpg.Connection
) -> None:
    seen = {}
    for kind in KINDS:
        await phone.later("2 hours")
        number = await number_of(kind, admin)
        asked = await phone.ask(number)
        challenge = asked.json().pop("challenge_id")
        await phone.work.settle()
        tried = [await phone.give(challenge, "000000") for _ in range(6)]
        asked_again = [await phone.ask(number) for _ in range(3)]
        seen[kind] = [
            (
                a.status_code,
                sorted((k, v) for k, v in a.headers.items() if k not in {"date", "request-id"}),
                a.text.replace(a.headers["request-id"], "…").replace(a.json().get("challenge_id", "-"), "…"),
            )
            for a in (asked, *tried, *asked_again)
        ]
    assert seen == dict.fromkeys(KINDS, seen["unknown"])


async def test_number_when_it_is_not_exactly_one_living_persons_who_takes_texts_then_no_code_is_sent(
    phone: SigningIn, admin: asyncpg.Connection
) -> None:
    sent = {}
    for kind in KINDS:
        number = await number_of(kind, admin)
        await phone.ask(number)
        await phone.work.settle()
        sent[kind] = len(phone.codes(number))
    assert sent == {kind: int(kind == "known") for kind in KINDS}
    left = await admin.fetch("SELECT challenge_id FROM sign_in_challenges WHERE phone_e164_enc IS NOT NULL")
    assert left == []


async def test_number_when_a_code_is_asked_for_and_tried_then_it_takes_as_long_for_all(
    phone: SigningIn, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CODES_PER_ADDRESS", Limit("code-address", count=1000, per_s=3600))
    asking: dict[str, list[float]] = {"known": [], "unknown": []}
    trying: dict[str, list[float]] = {"known": [], "unknown": []}
    challenges: list[tuple[str, str]] = []
    for _ in range(40):
        for kind, times in asking.items():
            number = await number_of(kind, admin)
            began = time.perf_counter()
            answer = await phone.ask(number)
            times.append(time.perf_counter() - began)
            challenges.append((kind, answer.json()["challenge_id"]))
    await phone.work.settle()
    for kind, challenge in challenges:
        began = time.perf_counter()
        await phone.give(challenge, "000000")
        trying[kind].append(time.perf_counter() - began)
    for times in (asking, trying):
        known_s, unknown_s = median(times["known"]), median(times["unknown"])
        assert abs(known_s - unknown_s) < max(SAME_WITHIN * unknown_s, FASTEST_DIFFERENCE_S), times
