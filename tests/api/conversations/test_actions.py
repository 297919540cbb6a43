"""Rasa's custom actions: only with the secret, only as the young person of the conversation."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
import time_machine

from bot.actions import ACTIONS
from tests.api.client import ACTIONS_SECRET, ApiClient, api_client
from tests.conftest import TestDatabase
from tests.factories import (
    create_appointment,
    create_conversation,
    create_person,
    create_staff,
    create_thread_of_number,
)
from tests.fields import insert_message


@pytest.fixture
async def api(database: TestDatabase) -> AsyncIterator[ApiClient]:
    async with api_client(database) as client:
        yield client


async def call(
    api: ApiClient, action: str, conversation_id: object, *, slots: dict[str, Any] | None = None, **options: Any
) -> httpx.Response:
    """Rasa's request to run an action, with the fields it sends besides."""
    body = {
        "next_action": action,
        "sender_id": str(conversation_id),
        "tracker": {"sender_id": str(conversation_id), "slots": slots or {}, "latest_message": {"text": "?"}},
        "domain": {"intents": []},
        "version": "3.6.21",
    }
    headers = {"Authorization": f"Bearer {ACTIONS_SECRET}"} | options.pop("headers", {})
    return await api.http.post("/bot/actions", json=body, headers=headers, **options)


async def replies(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    responses: list[dict[str, str]] = answer.json()["responses"]
    return responses


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": "Bearer wrong"}, {"Authorization": "é"}])
async def test_action_when_the_secret_is_wrong_then_401_and_nothing_is_told(
    api: ApiClient, headers: dict[str, str]
) -> None:
    encoded = {name: value.encode() for name, value in headers.items()}
    answer = await call(api, "action_next_appointments", uuid.uuid4(), headers=encoded)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_appointments_when_two_are_booked_then_both_are_told_in_london_time(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    staff_id = await create_staff(admin)
    conversation_id, person_id = await create_conversation(admin, await create_person(admin, adviser=staff_id))
    for starts_at in (datetime(2027, 3, 28, 9, 30, tzinfo=UTC), datetime(2027, 3, 27, 9, 30, tzinfo=UTC)):
        await create_appointment(admin, person_id, staff_id, starts_at=starts_at)
    with time_machine.travel(datetime(2027, 3, 1, tzinfo=UTC), tick=True):
        answer = await call(api, "action_next_appointments", conversation_id)
    assert await replies(answer) == [
        {
            "response": "utter_next_appointments",
            "when": "Saturday 27 March at 9:30am",
            "after": "Sunday 28 March at 10:30am",
        }
    ]


async def test_appointments_when_cancelled_past_or_somebody_elses_then_none_is_told(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    staff_id = await create_staff(admin)
    conversation_id, person_id = await create_conversation(admin, await create_person(admin))
    await create_appointment(admin, person_id, staff_id, status="cancelled")
    await create_appointment(admin, person_id, staff_id, starts_at=datetime(2026, 1, 1, tzinfo=UTC))
    await create_appointment(admin, await create_person(admin), staff_id)
    answer = await call(api, "action_next_appointments", conversation_id)
    assert await replies(answer) == [{"response": "utter_no_appointments"}]


async def test_appointments_when_slots_name_somebody_else_then_they_change_nothing(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    staff_id = await create_staff(admin)
    other = await create_person(admin)
    await create_appointment(admin, other, staff_id)
    conversation_id, _ = await create_conversation(admin, await create_person(admin))
    slots = {"person_id": str(other), "young_person": str(other), "sender_id": str(other)}
    answer = await call(api, "action_next_appointments", conversation_id, slots=slots)
    assert await replies(answer) == [{"response": "utter_no_appointments"}]


@pytest.mark.parametrize("action", sorted(ACTIONS))
async def test_action_when_the_conversation_is_nobodys_or_unknown_then_nobodys_data_is_told(
    api: ApiClient, admin: asyncpg.Connection, action: str
) -> None:
    staff_id = await create_staff(admin)
    await create_appointment(admin, await create_person(admin, adviser=staff_id), staff_id)
    nobodys = await create_thread_of_number(admin, "+447700900555")
    for conversation_id in (nobodys, uuid.uuid4()):
        answer = await call(api, action, conversation_id)
        assert "Sam" not in answer.text
        assert "when" not in answer.text


async def test_adviser_when_there_is_one_then_their_name_and_week_are_told(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    staff_id = await create_staff(admin, shown_name="Noor")
    conversation_id, _ = await create_conversation(admin, await create_person(admin, adviser=staff_id))
    answer = await call(api, "action_my_adviser", conversation_id)
    assert await replies(answer) == [
        {"response": "utter_my_adviser", "adviser_name": "Noor", "hours": "Monday to Friday 9am to 5pm"}
    ]
    assert answer.json()["events"] == [{"event": "slot", "name": "adviser_name", "value": "Noor"}]


async def test_adviser_when_there_is_none_or_they_left_then_that_is_said(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    staff_id = await create_staff(admin)
    conversation_id, _ = await create_conversation(admin, await create_person(admin, adviser=staff_id))
    await admin.execute("UPDATE staff SET left_on = current_date")
    assert await replies(await call(api, "action_my_adviser", conversation_id)) == [{"response": "utter_no_adviser"}]


@pytest.mark.parametrize("action", ["action_pass_on_message", "action_ask_for_person"])
async def test_message_when_passed_on_then_only_the_texts_of_this_turn_are_marked(
    api: ApiClient, admin: asyncpg.Connection, action: str
) -> None:
    conversation_id, _ = await create_conversation(admin, await create_person(admin))
    old, new = [
        await insert_message(
            admin,
            "+447700900101",
            "x",
            conversation_id=conversation_id,
            direction="inbound",
            kind="text",
            provider_sid=sid,
            status="received",
            answered_at=answered_at,
            turn_id=uuid.uuid4(),
        )
        for sid, answered_at in (("SM1", datetime(2026, 1, 1, tzinfo=UTC)), ("SM2", None))
    ]
    for _ in range(2):
        assert (await call(api, action, conversation_id)).status_code == 200
    marked = [row[0] for row in await admin.fetch("SELECT message_id FROM attention_flags")]
    assert marked == [new]
    assert old not in marked


async def test_message_when_no_text_is_being_answered_then_nobody_is_told_that_one_was_passed_on(
    api: ApiClient, admin: asyncpg.Connection
) -> None:
    conversation_id, _ = await create_conversation(admin, await create_person(admin))
    for action in ("action_pass_on_message", "action_ask_for_person"):
        assert (await call(api, action, conversation_id)).status_code == 400


async def test_action_when_unknown_then_404_in_rasas_words(api: ApiClient) -> None:
    answer = await call(api, "action_open_everything", uuid.uuid4())
    assert (answer.status_code, answer.json()["action_name"]) == (404, "action_open_everything")


async def test_action_when_it_fails_then_400_in_rasas_words_without_the_reason(
    database: TestDatabase,
) -> None:
    async with api_client(database, database_url="postgresql://secret-user@127.0.0.1:1/x") as api:
        answer = await call(api, "action_my_adviser", uuid.uuid4())
    assert answer.status_code == 400
    assert answer.json() == {"error": "the action failed", "action_name": "action_my_adviser"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b'{"next_action": 1}', b"[" * 100_000,
     b'{"next_action":"x","sender_id":"x","tracker":{}}',
     b'{"next_action":"x","sender_id":"\\u0000","tracker":{}}'],
)  # fmt: skip
async def test_action_when_the_call_cannot_be_read_then_400(api: ApiClient, body: bytes) -> None:
    answer = await api.http.post("/bot/actions", content=body, headers={"Authorization": f"Bearer {ACTIONS_SECRET}"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
