"""A code's text: sent at most once, kept nowhere, never to the wrong phone."""

import asyncpg
import pytest

from api.clients.twilio import TextOutcomeUnknown, TextThrottled, TwilioUnreachable
from api.identity import tokens
from api.kit.words import load_words
from tests.api.identity.signing_in import SigningIn
from tests.factories import create_person, next_number

WORDS = load_words()


@pytest.fixture
async def number(admin: asyncpg.Connection) -> str:
    """The number of one person."""
    phone = next_number()
    await create_person(admin, phone=phone)
    return phone


async def statuses(admin: asyncpg.Connection) -> list[str]:
    rows = await admin.fetch("SELECT status FROM messages WHERE kind = 'code' ORDER BY message_id")
    return [row[0] for row in rows]


async def test_text_when_it_is_sent_then_it_is_the_approved_words_with_the_code(phone: SigningIn, number: str) -> None:
    _, code = await phone.ask_and_read(number)
    ((to, text, callback),) = phone.work.twilio.texts
    assert (to, text) == (number, WORDS.say("utter_sign_in_code", {"code": code}))
    message_id = await phone.admin.fetchval("SELECT message_id FROM messages")
    assert callback.endswith(f"/webhooks/twilio/status/{message_id}")
    assert await statuses(phone.admin) == ["accepted"]


async def test_code_when_looked_for_in_the_database_then_it_is_nowhere(
    phone: SigningIn, number: str, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "new_code", lambda: "918273")
    challenge, _ = await phone.ask_and_read(number)
    tables = await admin.fetch(
        "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname IN ('public', 'bot')"
    )
    for (table,) in tables:
        rows = await admin.fetch(f"SELECT t::text FROM {table} AS t")  # noqa: S608 - names from the catalogue
        assert not any("918273" in row[0] for row in rows), table
    assert (await phone.give(challenge, "918273")).status_code == 201


async def test_text_when_its_outcome_is_unknown_then_it_is_never_sent_again(phone: SigningIn, number: str) -> None:
    phone.work.twilio.raise_after = [TextOutcomeUnknown()]
    challenge, code = await phone.ask_and_read(number)
    for _ in range(3):
        await phone.work.retry_now()
    assert (len(phone.codes(number)), await statuses(phone.admin)) == (1, ["unknown"])
    assert (await phone.give(challenge, code)).status_code == 201


@pytest.mark.parametrize("moment", ["raise_before", "raise_after"])
async def test_text_when_the_worker_dies_while_sending_then_it_is_never_sent_again(
    phone: SigningIn, number: str, moment: str
) -> None:
    setattr(phone.work.twilio, moment, [ZeroDivisionError()])
    await phone.ask(number)
    await phone.work.settle()
    for _ in range(3):
        await phone.work.retry_now()
    assert len(phone.codes(number)) == (1 if moment == "raise_after" else 0)
    assert await phone.admin.fetchval("SELECT phone_e164_enc FROM sign_in_challenges") is None


@pytest.mark.parametrize("problem", [TwilioUnreachable, TextThrottled])
async def test_text_when_it_surely_did_not_go_out_then_a_new_code_is_sent(
    phone: SigningIn, number: str, problem: type[Exception]
) -> None:
    error = TextThrottled(retry_after_s=1.0) if problem is TextThrottled else problem()
    phone.work.twilio.raise_before = [error]
    asked = await phone.ask(number)
    await phone.work.settle()
    assert phone.codes(number) == []
    await phone.work.retry_now()
    (code,) = phone.codes(number)
    assert await statuses(phone.admin) == ["canceled", "accepted"]
    assert (await phone.give(asked.json()["challenge_id"], code)).status_code == 201


async def test_text_when_it_can_be_sent_only_when_the_code_is_too_old_then_it_is_not_sent(
    phone: SigningIn, number: str
) -> None:
    await phone.ask(number)
    await phone.later("5 minutes")
    await phone.work.settle()
    assert phone.codes(number) == []


async def test_old_codes_and_sessions_when_cleared_up_then_the_living_ones_stay(
    phone: SigningIn, number: str, admin: asyncpg.Connection
) -> None:
    from api.identity.jobs import forget_old
    from api.kit.db import WORKER

    async def tidy() -> tuple[int, ...]:
        async with phone.work.worker.database.acting_as(WORKER) as connection:
            await forget_old(connection)
        tables = ("sessions", "session_tokens", "sign_in_challenges")
        return tuple([await admin.fetchval(f"SELECT count(*) FROM {table}") for table in tables])  # noqa: S608

    await phone.sign_in(number)
    assert await tidy() == (1, 2, 1)
    await phone.later("26 hours")
    assert await tidy() == (1, 1, 0)
    await phone.later("121 days")
    assert await tidy() == (0, 0, 0)
