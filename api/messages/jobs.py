"""Sends what is stored, once, and finds out what became of a text whose answer was lost."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from api.clients.twilio import TextOutcomeUnknown, TextRefused, TextThrottled, TwilioClient, TwilioUnreachable
from api.kit import clock
from api.kit.crypto import Unreadable
from api.kit.db import WORKER, Connection, Database
from api.kit.field_keys import FieldKeys
from api.kit.jobs import Job, JobKind, Payload, RetryLater
from api.messages import queries, service
from api.messages.models import OPTED_OUT_CODE, Attention, Outgoing

# A lost text is looked for from this long before it was sent: clocks differ, and what is known already is left out.
LOOK_BACK = timedelta(hours=1)
THROTTLED_DELAY_S = 5.0
# After this the team is told that a text has not gone out, while trying goes on.
TELL_AFTER_S = 120.0
# Nobody is helped by an answer to what they asked half a day ago.
TOO_OLD_S = 12 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Delivers outbound texts through Twilio."""

    database: Database
    keys: FieldKeys
    twilio: TwilioClient
    public_base_url: str
    reconcile_after_s: float
    at_once: int

    def kinds(self) -> dict[str, JobKind]:
        """How texts to young people, and alerts to staff in slots of their own, are sent."""
        on_park = (flag_not_delivered,)
        reply = JobKind(
            handler=self.deliver, at_once=self.at_once, max_failures=200, longest_delay_s=120, on_park=on_park
        )
        alert = JobKind(handler=self.deliver, at_once=4, max_failures=10_000, longest_delay_s=30, on_park=on_park)
        return {"deliver": reply, "alert": alert}

    async def deliver(self, job: Job) -> None:
        """Sends one text, unless it is out, may not go out, or may be out already and is still looked for."""
        message_id = UUID(job.payload["message_id"])
        async with self.database.acting_as(WORKER) as connection:
            text = await self._load(connection, message_id)
            if text is not None and text.age_s > TELL_AFTER_S:
                await queries.insert_flags(connection, [message_id], Attention.NOT_DELIVERED)
        if text is None or text.status not in {"stored", "sending", "unknown"}:
            return
        if (text.kind != "alert" or text.is_lost) and (reason := _why_not(text)):
            await self._suppress(job, text, reason)
        elif text.status == "stored":
            await self._send(job, text)
        else:
            await self._find_or_send(job, text)

    async def _load(self, connection: Connection, message_id: UUID) -> Outgoing | None:
        """Raises Unreadable, and tells the team, when the settings lack the key it is kept with."""
        try:
            return await queries.get_outgoing(connection, self.keys, message_id)
        except Unreadable:
            await queries.insert_flags(connection, [message_id], Attention.NOT_DELIVERED)
            raise

    async def _suppress(self, job: Job, text: Outgoing, reason: Attention) -> None:
        async with self.database.transaction(WORKER) as connection:
            await service.move_forward(connection, text.message_id, "suppressed")
            await queries.insert_flags(connection, [text.message_id], reason)
            await job.complete(connection)

    async def _find_or_send(self, job: Job, text: Outgoing) -> None:
        """Settles a text whose outcome was lost: it is found, or sent again. Raises RetryLater until it is time."""
        still_s = self.reconcile_after_s - (text.sending_for_s or 0.0)
        if still_s > 0:
            raise RetryLater(still_s)
        sid = await self._find(text)
        async with self.database.transaction(WORKER) as connection:
            if sid is None:
                await queries.back_to_stored(connection, text.message_id)
            else:
                await service.move_forward(connection, text.message_id, "accepted", sid=sid)
                await job.complete(connection)
        if sid is None:
            await self._send(job, text)

    async def _find(self, text: Outgoing) -> str | None:
        """Twilio's id of this text: the same words to the same number, and no other message of ours."""
        since = (text.sending_at or clock.now()) - LOOK_BACK
        found = await self.twilio.find_texts(to_e164=text.phone_e164, sent_after=since)
        alike = [kept.sid for kept in found if _is_same(text.body, kept.body)]
        async with self.database.acting_as(WORKER) as connection:
            known = await queries.list_known_sids(connection, alike)
        return next((sid for sid in alike if sid not in known), None)

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
                index = self.keys.phone_index(text.phone_e164)
                await queries.insert_opt_out_event(
                    connection, index, True, "provider", str(refusal.code), text.message_id
                )
            await job.complete(connection)


def _why_not(text: Outgoing) -> Attention | None:
    """Why a text may not go to a young person's phone now, if it may not."""
    if text.is_lost:
        return Attention.NOT_DELIVERED
    if text.has_died:
        return Attention.PERSON_HAS_DIED
    if text.is_opted_out:
        return Attention.OPTED_OUT
    if not text.is_still_theirs:
        return Attention.NUMBER_CHANGED
    return Attention.NOT_DELIVERED if text.age_s > TOO_OLD_S else None


def _is_same(ours: str, kept: str) -> bool:
    """Whether Twilio's words are ours: it may trim them, change spaces, or put a trial account's line before them."""
    return " ".join(kept.split()).endswith(" ".join(ours.split()))


async def flag_not_delivered(connection: Connection, payload: Payload) -> None:
    """Tells the team of a text that could not be sent."""
    await queries.insert_flags(connection, [UUID(payload["message_id"])], Attention.NOT_DELIVERED)
