"""What became of a text of ours only ever moves forward."""

import itertools
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests import fields
from tests.api.client import ACCOUNT_SID, ApiClient, api_client
from tests.conftest import TestDatabase
from tests.factories import create_conversation, create_person, next_number


@pytest.fixture
async def api(database: TestDatabase) -> AsyncIterator[ApiClient]:
    async with api_client(database) as client:
        yield client


async def send(admin: asyncpg.Connection, status: str = "sending") -> uuid.UUID:
    """A text of ours that is on its way."""
    conversation_id, _ = await create_conversation(admin, await create_person(admin))
    return await fields.insert_message(
        admin,
        next_number(),
        "hi",
        conversation_id=conversation_id,
        direction="outbound",
        kind="reply",
        status=status,
    )


async def tell(api: ApiClient, message_id: object, status: str, **more: str) -> int:
    """Twilio tells a status; returns our answer's."""
    fields = {"AccountSid": ACCOUNT_SID, "MessageSid": f"SM{message_id}", "MessageStatus": status, **more}
    answer = await api.twilio(f"/webhooks/twilio/status/{message_id}", list(fields.items()))
    return answer.status_code


async def status_of(admin: asyncpg.Connection, message_id: uuid.UUID) -> str:
    return str(await admin.fetchval("SELECT status FROM messages WHERE message_id = $1", message_id))


@pytest.mark.parametrize("end", ["delivered", "undelivered", "failed"])
async def test_receipts_when_in_any_order_and_repeated_then_they_end_in_the_same_place(
    api: ApiClient, admin: asyncpg.Connection, end: str
) -> None:
    for order in itertools.permutations(["queued", "sending", "sent", end]):
        message_id = await send(admin)
        for status in (*order, order[0], order[-1]):
            assert await tell(api, message_id, status) == 204
        assert await status_of(admin, message_id) == end


async def test_receipt_when_it_comes_before_our_own_request_was_answered_then_the_sid_is_known(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    message_id = await send(admin)
    await tell(api, message_id, "sent")
    row = await admin.fetchrow("SELECT status, provider_sid FROM messages WHERE message_id = $1", message_id)
    assert tuple(row) == ("sent", f"SM{message_id}")


async def test_receipt_when_its_sid_is_another_messages_then_each_keeps_its_own(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    first, second = await send(admin), await send(admin)
    await tell(api, first, "sent")
    assert await tell(api, second, "delivered", MessageSid=f"SM{first}") == 204
    sids = await admin.fetch("SELECT message_id, provider_sid FROM messages WHERE provider_sid IS NOT NULL")
    assert [tuple(row) for row in sids] == [(first, f"SM{first}")]


async def test_receipt_when_it_failed_then_the_code_is_kept_and_the_team_is_told(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    message_id = await send(admin)
    await tell(api, message_id, "undelivered", ErrorCode="30003")
    assert await admin.fetchval("SELECT error_code FROM messages WHERE message_id = $1", message_id) == 30003
    assert (
        await admin.fetchval("SELECT reason FROM attention_flags WHERE message_id = $1", message_id) == "not_delivered"
    )


@pytest.mark.parametrize("status", ["brand-new-status", "", "x" * 500, "a\0b"])
async def test_receipt_when_the_status_is_unknown_then_it_is_kept_and_moves_nothing(
    api: ApiClient, admin: asyncpg.Connection, status: str
) -> None:
    message_id = await send(admin, "sent")
    assert await tell(api, message_id, status, ErrorCode="not a number") == 204
    assert await status_of(admin, message_id) == "sent"
    assert await admin.fetchval("SELECT count(*) FROM message_events") == 1


async def test_receipt_when_it_is_for_no_message_of_ours_then_it_is_taken_and_nothing_is_stored(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    assert await tell(api, uuid.uuid4(), "delivered") == 204
    assert await admin.fetchval("SELECT count(*) FROM message_events") == 0


async def test_receipt_when_it_is_for_a_text_that_came_in_then_that_text_is_left_alone(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    await api.text("hi", sender=next_number(), sid="SM1")
    message_id = await admin.fetchval("SELECT message_id FROM messages")
    assert await tell(api, message_id, "delivered") == 204
    assert await status_of(admin, message_id) == "received"


async def test_receipt_when_not_signed_then_403(api: ApiClient, admin: asyncpg.Connection) -> None:
    message_id = await send(admin)
    answer = await api.http.post(f"/webhooks/twilio/status/{message_id}", data={"MessageStatus": "delivered"})
    assert answer.status_code == 403
    assert await status_of(admin, message_id) == "sending"


async def test_receipt_when_the_id_is_none_then_404(api: ApiClient) -> None:
    assert await tell(api, "not-an-id", "delivered") == 404
