"""A text of ours goes out once: what Twilio refuses, loses or takes without saying so."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from api.clients.twilio import ProviderText, TextOutcomeUnknown, TextRefused, TextThrottled, TwilioUnreachable
from tests import fields
from tests.api.service_at_work import ServiceAtWork, service_at_work
from tests.conftest import TestDatabase
from tests.factories import create_person, next_number


@pytest.fixture
async def service(database: TestDatabase, admin: asyncpg.Connection) -> AsyncIterator[ServiceAtWork]:
    async with service_at_work(database, admin) as at_work:
        yield at_work


@pytest.fixture
async def phone(admin: asyncpg.Connection) -> str:
    phone = next_number()
    await create_person(admin, phone=phone)
    return phone


async def outbound(admin: asyncpg.Connection) -> tuple[str, bool, int]:
    """The status of the one text of ours, whether Twilio's id of it is known, and how many jobs are left."""
    row = await admin.fetchrow(
        "SELECT status, provider_sid IS NOT NULL, (SELECT count(*) FROM jobs)"
        " FROM messages WHERE direction = 'outbound'"
    )
    return row[0], row[1], row[2]


async def test_delivery_when_twilio_takes_it_then_its_id_is_kept_and_the_callback_names_our_message(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    await service.say("hi", sender=phone)
    assert await outbound(admin) == ("accepted", True, 0)
    message_id = await admin.fetchval("SELECT message_id FROM messages WHERE direction = 'outbound'")
    ((to, _, callback),) = service.twilio.texts
    assert (to, callback) == (phone, f"https://texts.example.org/webhooks/twilio/status/{message_id}")


@pytest.mark.parametrize("error", [TwilioUnreachable(), TextThrottled(0.0), TextRefused(20003, False)])
async def test_delivery_when_it_surely_was_not_taken_then_it_is_sent_later(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str, error: Exception
) -> None:
    service.twilio.raise_before = [error]
    await service.say("hi", sender=phone)
    assert await outbound(admin) == ("stored", False, 1)
    await service.retry_now()
    assert await outbound(admin) == ("accepted", True, 0)
    assert len(service.twilio.texts) == 1


async def test_delivery_when_throttled_then_it_waits_as_long_as_twilio_asks(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    service.twilio.raise_before = [TextThrottled(120.0)]
    await service.say("hi", sender=phone)
    wait_s = await admin.fetchval("SELECT extract(epoch FROM run_at - clock_timestamp())::float8 FROM jobs")
    assert 110 < wait_s <= 120


async def test_delivery_when_the_answer_is_lost_after_twilio_took_it_then_it_is_found_and_not_sent_again(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    service.twilio.raise_after = [TextOutcomeUnknown()]
    await service.say("hi", sender=phone)
    await service.retry_now()
    assert await outbound(admin) == ("accepted", True, 0)
    assert len(service.twilio.texts) == 1


async def test_delivery_when_the_request_was_lost_before_twilio_took_it_then_it_is_sent_again(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    service.twilio.raise_before = [TextOutcomeUnknown()]
    await service.say("hi", sender=phone)
    await service.retry_now()
    assert await outbound(admin) == ("accepted", True, 0)
    assert len(service.twilio.texts) == 1


async def test_delivery_when_two_equal_texts_went_out_and_one_answer_was_lost_then_each_has_its_own_id(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    service.rasa.answer = lambda _: ["the same"]
    await service.say("hi", sender=phone)
    service.twilio.raise_after = [TextOutcomeUnknown()]
    await service.say("hi", sender=phone)
    await service.retry_now()
    sids = [row[0] for row in await admin.fetch("SELECT provider_sid FROM messages WHERE direction = 'outbound'")]
    assert sorted(sids) == sorted(text.sid for text in service.twilio.taken)
    assert len(service.twilio.texts) == 2


@pytest.mark.parametrize("reached_twilio", [True, False])
async def test_delivery_when_the_worker_died_in_the_middle_then_the_next_one_looks_before_it_sends(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str, reached_twilio: bool
) -> None:
    where = service.twilio.raise_after if reached_twilio else service.twilio.raise_before
    where.append(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await service.say("hi", sender=phone)
    assert (await outbound(admin))[0] == "sending"
    await admin.execute("UPDATE jobs SET leased_until = NULL")
    await service.retry_now()
    assert await outbound(admin) == ("accepted", True, 0)
    assert len(service.twilio.texts) == 1


async def test_delivery_when_the_outcome_is_unknown_then_nothing_is_looked_for_before_the_wait_is_over(
    database: TestDatabase, admin: asyncpg.Connection, phone: str
) -> None:
    async with service_at_work(database, admin, reconcile_after_s=60.0) as service:
        service.twilio.raise_after = [TextOutcomeUnknown()]
        await service.say("hi", sender=phone)
        await service.retry_now()
        assert await outbound(admin) == ("unknown", False, 1)
        assert len(service.twilio.texts) == 1


async def test_delivery_when_the_callback_came_first_then_nothing_is_sent_again(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    service.twilio.raise_after = [TextOutcomeUnknown()]
    await service.say("hi", sender=phone)
    await admin.execute("UPDATE messages SET status = 'sent', provider_sid = 'SM7' WHERE direction = 'outbound'")
    await service.retry_now()
    assert await outbound(admin) == ("sent", True, 0)
    assert len(service.twilio.texts) == 1


async def test_delivery_when_refused_for_good_then_it_is_not_tried_again_and_the_team_is_told(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    service.twilio.raise_before = [TextRefused(21211, True)]
    await service.say("hi", sender=phone)
    assert await outbound(admin) == ("failed", False, 0)
    assert await service.flags() == {"not_delivered"}


async def test_delivery_when_twilio_says_the_number_opted_out_then_our_ledger_learns_it(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    service.twilio.raise_before = [TextRefused(21610, True)]
    await service.say("hi", sender=phone)
    row = await admin.fetchrow("SELECT phone_index, is_opted_out, source, detail FROM opt_out_events")
    assert tuple(row) == (fields.index_of(phone), True, "provider", "21610")
    assert await service.say("hello?", sender=phone) == []


async def test_delivery_when_every_try_fails_then_it_is_parked_and_the_team_is_told(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    service.twilio.raise_before = [TwilioUnreachable() for _ in range(3)]
    await service.say("hi", sender=phone)
    await admin.execute("UPDATE jobs SET failures = 198")
    await service.retry_now()
    assert await admin.fetchval("SELECT parked_at FROM jobs") is None
    await service.retry_now()
    assert await admin.fetchval("SELECT parked_at IS NOT NULL FROM jobs") is True
    assert await service.flags() == {"not_delivered"}


async def test_delivery_when_it_has_not_succeeded_for_minutes_then_the_team_is_told_while_trying_goes_on(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    service.twilio.raise_before = [TwilioUnreachable()]
    await service.say("hi", sender=phone)
    assert await service.flags() == set()
    await admin.execute(
        "UPDATE messages SET created_at = created_at - interval '3 minutes' WHERE direction = 'outbound'"
    )
    await service.retry_now()
    assert await service.flags() == {"not_delivered"}
    assert await outbound(admin) == ("accepted", True, 0)


async def test_delivery_when_the_answer_is_half_a_day_old_then_it_is_not_sent(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    service.twilio.raise_before = [TwilioUnreachable()]
    await service.say("hi", sender=phone)
    await admin.execute(
        "UPDATE messages SET created_at = created_at - interval '13 hours' WHERE direction = 'outbound'"
    )
    await service.retry_now()
    assert service.twilio.texts == []
    assert await outbound(admin) == ("suppressed", False, 0)


async def test_delivery_when_twilio_put_something_before_our_words_then_the_lost_text_is_found_all_the_same(
    service: ServiceAtWork, admin: asyncpg.Connection, phone: str
) -> None:
    service.twilio.raise_after = [TextOutcomeUnknown()]
    await service.say("hi", sender=phone)
    kept = service.twilio.taken[0]
    changed = "Sent from your Twilio trial account -  " + kept.body
    service.twilio.taken[0] = ProviderText(
        sid=kept.sid, body=changed, status=kept.status, created_at=kept.created_at, error_code=None
    )
    await service.retry_now()
    assert len(service.twilio.texts) == 1
    assert await outbound(admin) == ("accepted", True, 0)


async def test_delivery_when_the_message_is_gone_then_the_job_ends(
    service: ServiceAtWork, admin: asyncpg.Connection
) -> None:
    await admin.execute(
        "INSERT INTO jobs (kind, serial_key, payload)"
        " VALUES ('deliver', 'x', jsonb_build_object('message_id', $1::text))",
        str(uuid.uuid4()),
    )
    await service.settle()
    assert await admin.fetchval("SELECT count(*) FROM jobs") == 0
