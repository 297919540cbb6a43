"""Sends what is stored, once, and finds out what became of a text whose answer was lost."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from api.clients.twilio import TextOutcomeUnknown, TextRefused, TextThrottled, TwilioClient, TwilioUnreachable
from api.kit import clock
from api.kit.db import WORKER, Connection, Database
from api.kit.jobs import Job, JobKind, Payload, RetryLater
from api.messages import queries, service
from api.messages.models import OPTED_OUT_CODE, Attention, Outgoing

# Our clock and Twilio's may differ by this much when a lost text is looked for.
CLOCK_DIFFERENCE = timedelta(minutes=2)
THROTTLED_DELAY_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Delivers outbound texts through Twilio."""

    database: Database
    twilio: TwilioClient
    public_base_url: str
    reconcile_after_s: float

    def kind(self) -> JobKind:
        """How `deliver` jobs run."""
        return JobKind(handler=self.deliver, max_attempts=10, longest_delay_s=600, on_park=flag_not_delivered)

    async def deliver(self, job: Job) -> None:
        """Sends one text, unless it went out already, may not go out, or may have gone out and is still looked for."""
        message_id = UUID(job.payload["message_id"])
        async with self.database.acting_as(WORKER) as connection:
            text = await queries.get_outgoing(connection, message_id)
        if text is None or text.status not in {"stored", "sending", "unknown"}:
            return
        if text.kind != "alert" and (text.is_opted_out or not text.may_be_texted):
            await self._suppress(job, text)
        elif text.status == "stored" or await self._surely_never_arrived(job, text):
            await self._send(job, text)

    async def _suppress(self, job: Job, text: Outgoing) -> None:
        reason = Attention.OPTED_OUT if text.is_opted_out else Attention.PERSON_HAS_DIED
        async with self.database.transaction(WORKER) as connection:
            await service.move_forward(connection, text.message_id, "suppressed")
            await queries.insert_flags(connection, [text.message_id], reason)
            await job.complete(connection)

    async def _surely_never_arrived(self, job: Job, text: Outgoing) -> bool:
        """Looks for a text whose outcome was lost. True when Twilio does not have it and it may be sent again."""
        sending_for_s = text.sending_for_s or 0.0
        if sending_for_s < self.reconcile_after_s:
            raise RetryLater(self.reconcile_after_s - sending_for_s + 0.1)
        since = clock.now() - timedelta(seconds=sending_for_s) - CLOCK_DIFFERENCE
        found = await self.twilio.find_texts(to_e164=text.phone_e164, sent_after=since)
        alike = [t for t in found if t.body == text.body]
        async with self.database.transaction(WORKER) as connection:
            known = await queries.list_known_sids(connection, [t.sid for t in alike])
            lost = [t.sid for t in alike if t.sid not in known]
            if not lost:
                await queries.back_to_stored(connection, text.message_id)
                return True
            await service.move_forward(connection, text.message_id, "accepted", sid=lost[0])
            await job.complete(connection)
        return False

    async def _send(self, job: Job, text: Outgoing) -> None:
        async with self.database.acting_as(WORKER) as connection:
            if not await queries.claim_sending(connection, text.message_id):
                return
        try:
            sent = await self.twilio.send_text(
                to_e164=text.phone_e164,
                body=text.body,
                status_callback_url=self._callback_url(text.message_id),
            )
        except (TwilioUnreachable, TextThrottled) as error:
            await self._take_back(text)
            if isinstance(error, TextThrottled):
                raise RetryLater(THROTTLED_DELAY_S if error.retry_after_s is None else error.retry_after_s) from None
            raise
        except TextOutcomeUnknown:
            await self._mark(text, "unknown")
            raise RetryLater(self.reconcile_after_s) from None
        except TextRefused as refusal:
            if not refusal.is_permanent:
                await self._take_back(text)
                raise
            await self._refused(job, text, refusal)
        else:
            async with self.database.transaction(WORKER) as connection:
                await service.move_forward(connection, text.message_id, "accepted", sid=sent.sid)
                await job.complete(connection)

    def _callback_url(self, message_id: UUID) -> str:
        return f"{self.public_base_url}/webhooks/twilio/status/{message_id}"

    async def _take_back(self, text: Outgoing) -> None:
        async with self.database.acting_as(WORKER) as connection:
            await queries.back_to_stored(connection, text.message_id)

    async def _mark(self, text: Outgoing, status: str) -> None:
        async with self.database.acting_as(WORKER) as connection:
            await service.move_forward(connection, text.message_id, status)

    async def _refused(self, job: Job, text: Outgoing, refusal: TextRefused) -> None:
        async with self.database.transaction(WORKER) as connection:
            await service.move_forward(connection, text.message_id, "failed", code=refusal.code)
            await queries.insert_flags(connection, [text.message_id], Attention.NOT_DELIVERED)
            if refusal.code == OPTED_OUT_CODE:
                await queries.insert_opt_out_event(
                    connection, text.phone_e164, True, "provider", str(refusal.code), text.message_id
                )
            await job.complete(connection)


async def flag_not_delivered(connection: Connection, payload: Payload) -> None:
    """Tells the team of a text that could not be sent."""
    await queries.insert_flags(connection, [UUID(payload["message_id"])], Attention.NOT_DELIVERED)
