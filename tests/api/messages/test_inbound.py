"""A text arrives: believed only with Twilio's signature, stored byte for byte, once, before we say so."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.kit.crypto import Place
from api.messages.routes import without_nul
from tests import fields
from tests.api.client import ACCOUNT_SID, PUBLIC_BASE_URL, TOKENS, ApiClient, api_client
from tests.conftest import TestDatabase
from tests.factories import create_person, next_number

SMS = "/webhooks/twilio/sms"


@pytest.fixture
async def api(database: TestDatabase) -> AsyncIterator[ApiClient]:
    async with api_client(database) as client:
        yield client


async def stored(admin: asyncpg.Connection) -> tuple[int, int]:
    """How many texts and how many jobs there are."""
    row = await admin.fetchrow("SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM jobs)")
    return row[0], row[1]


async def test_text_when_signed_then_it_is_stored_with_its_job(api: ApiClient, admin: asyncpg.Connection) -> None:
    phone = next_number()
    person_id = await create_person(admin, phone=phone)
    answer = await api.text("whens my next appointment", sender=phone, sid="SM1")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert "<Response" in answer.text
    assert await fields.read_messages(admin) == [(phone, "whens my next appointment")]
    row = await admin.fetchrow(
        "SELECT m.subject_id = c.person_id, c.person_id, j.kind, j.serial_key = 'answer:' || m.conversation_id"
        " FROM messages AS m JOIN conversations AS c USING (conversation_id), jobs AS j"
    )
    assert tuple(row) == (True, person_id, "answer", True)


@pytest.mark.parametrize("token", TOKENS)
async def test_text_when_signed_with_any_accepted_token_then_it_is_stored(
    api: ApiClient, admin: asyncpg.Connection, token: str
) -> None:
    assert (await api.text("hi", sender=next_number(), sid="SM1", token=token)).status_code == 200
    assert await stored(admin) == (1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "some-other-token"},
        {"signature": ""},
        {"signature": "bm90IGEgc2lnbmF0dXJl"},
        {"base_url": "https://texts.example.com"},
        {"base_url": PUBLIC_BASE_URL.replace("https", "http")},
        {"base_url": PUBLIC_BASE_URL + "/"},
    ],
)
async def test_text_when_the_signature_does_not_fit_then_403_and_nothing_is_stored(
    api: ApiClient, admin: asyncpg.Connection, wrong: dict[str, str]
) -> None:
    answer = await api.text("hi", sender=next_number(), sid="SM1", **wrong)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert await stored(admin) == (0, 0)


async def test_text_when_there_is_no_signature_at_all_then_403(api: ApiClient, admin: asyncpg.Connection) -> None:
    answer = await api.http.post(SMS, data={"AccountSid": ACCOUNT_SID, "MessageSid": "SM1", "From": "+447700900101"})
    assert answer.status_code == 403
    assert await stored(admin) == (0, 0)


async def test_text_when_one_parameter_was_changed_on_the_way_then_403(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    from twilio.request_validator import RequestValidator

    fields = {"AccountSid": ACCOUNT_SID, "MessageSid": "SM1", "From": "+447700900101", "Body": "hi"}
    signature = RequestValidator(TOKENS[0]).compute_signature(PUBLIC_BASE_URL + SMS, fields)
    for name in fields:
        changed = [(key, value + "x" if key == name else value) for key, value in fields.items()]
        assert (await api.twilio(SMS, changed, signature=signature)).status_code == 403
    assert await stored(admin) == (0, 0)


async def test_text_when_it_is_for_another_account_then_403(api: ApiClient, admin: asyncpg.Connection) -> None:
    fields = [("AccountSid", "AC" + "1" * 32), ("MessageSid", "SM1"), ("From", "+447700900101")]
    assert (await api.twilio(SMS, fields)).status_code == 403
    assert await stored(admin) == (0, 0)


async def test_text_when_the_url_has_a_query_then_it_is_signed_too(api: ApiClient, admin: asyncpg.Connection) -> None:
    fields = [("AccountSid", ACCOUNT_SID), ("MessageSid", "SM1"), ("From", "+447700900101"), ("Body", "a&b=c é")]
    assert (await api.twilio(SMS + "?from=twilio&x=%20", fields)).status_code == 200
    assert await stored(admin) == (1, 1)


async def test_text_when_parameters_repeat_or_are_empty_then_the_signature_still_fits(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    fields = [
        ("AccountSid", ACCOUNT_SID), ("MessageSid", "SM1"), ("From", "+447700900101"), ("Body", ""),
        ("Extra", "b"), ("Extra", "a"), ("Empty", ""),
    ]  # fmt: skip
    assert (await api.twilio(SMS, fields)).status_code == 200


async def test_text_when_delivered_again_then_it_is_stored_once(api: ApiClient, admin: asyncpg.Connection) -> None:
    phone = next_number()
    for _ in range(3):
        assert (await api.text("hi", sender=phone, sid="SM1")).status_code == 200
    assert await stored(admin) == (1, 1)


async def test_text_when_delivered_100_times_at_the_same_moment_then_it_is_stored_once(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    answers = await asyncio.gather(*(api.text("hi", sender=phone, sid="SM1") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert await stored(admin) == (1, 1)


async def test_texts_when_100_first_ones_of_a_number_come_at_once_then_they_share_a_thread(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    phone = next_number()
    await asyncio.gather(*(api.text("hi", sender=phone, sid=f"SM{n}") for n in range(100)))
    assert await stored(admin) == (100, 100)
    assert await admin.fetchval("SELECT count(*) FROM conversations") == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "emoji \U0001f62d and a family \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u0645\u0631\u062d\u0628\u0627 \u202e right to left",
        "  spaces kept  \r\n\tand lines ",
        "a+b=c&d%20e",
        "/restart",
        "x" * 1600,
        "\u1e9b\u0323 not normalised",
    ],
)
async def test_text_when_stored_then_it_is_kept_byte_for_byte(
    api: ApiClient, admin: asyncpg.Connection, body: str
) -> None:
    await api.text(body, sender=next_number(), sid="SM1")
    assert [m.body for m in await fields.read_messages(admin)] == [body]


async def test_text_when_it_holds_nul_then_it_is_replaced_and_nothing_is_lost(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    assert (await api.text("he\0lp", sender=next_number(), sid="SM1")).status_code == 200
    assert [m.body for m in await fields.read_messages(admin)] == ["he\ufffdlp"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.text(st.characters(codec="utf-8"), max_size=400), number=st.integers(0, 10**12))
async def test_text_when_it_is_anything_at_all_then_it_is_stored_as_it_came(
    api: ApiClient, admin: asyncpg.Connection, body: str, number: int
) -> None:
    sid = f"SM{number}-{hash(body)}"
    assert (await api.text(body, sender="+447700900101", sid=sid)).status_code == 200
    kept = await fields.read_messages(admin, "provider_sid = $1", sid)
    assert kept == [("+447700900101", without_nul(body))]


async def test_text_when_the_body_is_over_64_kib_then_413_and_nothing_is_stored(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    answer = await api.text("x" * 65 * 1024, sender=next_number(), sid="SM1")
    assert answer.status_code == 413
    assert await stored(admin) == (0, 0)


async def test_text_when_a_huge_body_comes_without_a_length_then_413(api: ApiClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"a=" + b"x" * 1024 + b"&"

    answer = await api.http.post(SMS, content=chunks(), headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([("From", "+447700900101")], 400),
        ([("MessageSid", "SM1")], 400),
        ([("MessageSid", "S" * 65), ("From", "+447700900101")], 400),
        ([("MessageSid", "SM1"), ("From", "+" + "4" * 40)], 400),
        ([(f"field{n}", "x") for n in range(300)], 400),
    ],
)
async def test_text_when_a_needed_field_is_missing_or_unusable_then_400(
    api: ApiClient, admin: asyncpg.Connection, fields: list[tuple[str, str]], status: int
) -> None:
    answer = await api.twilio(SMS, [("AccountSid", ACCOUNT_SID), *fields])
    assert answer.status_code == status
    assert await stored(admin) == (0, 0)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data", ""])
async def test_text_when_the_content_type_is_another_then_415(api: ApiClient, content_type: str) -> None:
    assert (await api.text("hi", sender="+447700900101", sid="SM1", headers={"Content-Type": content_type})
            ).status_code == 415  # fmt: skip


async def test_text_when_bytes_are_not_utf_8_then_400(api: ApiClient) -> None:
    answer = await api.http.post(
        SMS, content=b"Body=\xff", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("media", ["2", "-1", "many", "\u0662", "9" * 30])
async def test_text_when_the_number_of_media_is_odd_then_the_text_is_kept(
    api: ApiClient, admin: asyncpg.Connection, media: str
) -> None:
    fields = [("AccountSid", ACCOUNT_SID), ("MessageSid", "MM1"), ("From", "+447700900101"), ("NumMedia", media)]
    assert (await api.twilio(SMS, fields)).status_code == 200
    assert await admin.fetchval("SELECT media_count FROM messages") == (2 if media == "2" else 0)


async def test_text_when_the_number_is_unknown_or_shared_then_the_thread_is_nobodys(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    unknown, shared = next_number(), next_number()
    for _ in range(2):
        await create_person(admin, phone=shared)
    await api.text("hi", sender=unknown, sid="SM1")
    await api.text("hi", sender=shared, sid="SM2")
    rows = await admin.fetch("SELECT person_id, phone_index FROM conversations ORDER BY created_at")
    assert [tuple(row) for row in rows] == [(None, fields.index_of(unknown)), (None, fields.index_of(shared))]
    for conversation_id, kept in await admin.fetch("SELECT conversation_id, phone_e164_enc FROM conversations"):
        cipher = await fields.cipher_for(admin, conversation_id)
        assert cipher.decrypt(kept, Place("conversations", "phone_e164_enc", conversation_id)) in {unknown, shared}


async def test_text_when_the_database_is_away_then_503_and_twilio_may_come_again(database: TestDatabase) -> None:
    gone = "postgresql://nobody@127.0.0.1:1/nothing"
    async with api_client(database, database_url=gone) as api:
        answer = await api.text("hi", sender=next_number(), sid="SM1")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_any_answer_when_sent_then_it_has_the_security_headers(api: ApiClient) -> None:
    for answer in (await api.http.get("/health/live"), await api.http.get("/nowhere"), await api.http.post(SMS)):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert (await api.http.get("/schema")).status_code == 404
