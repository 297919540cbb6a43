"""Sends sign-in codes: made when they are sent, kept as a hash, and lost rather than sent twice."""

from dataclasses import dataclass
from uuid import UUID

from api.clients.twilio import TextOutcomeUnknown, TextRefused, TextThrottled, TwilioClient, TwilioUnreachable
from api.identity import queries, service, tokens
from api.identity.service import forget_old
from api.kit import limits
from api.kit.db import WORKER, Database
from api.kit.errors import TooMany
from api.kit.field_keys import FieldKeys
from api.kit.jobs import Job, JobKind
from api.kit.words import Words
from api.messages import service as messages

__all__ = ["CodeSending", "forget_old"]

HIDDEN_CODE = "******"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSending:
    """Texts codes to whoever may sign in, and nothing to anybody else."""

    database: Database
    keys: FieldKeys
    twilio: TwilioClient
    words: Words
    public_base_url: str

    def kind(self) -> JobKind:
        """How `send_code` jobs run."""
        return JobKind(handler=self.send, longest_delay_s=10.0)

    async def send(self, job: Job) -> None:
        """Sends one code, unless nobody may be sent one, or one may be on its way already."""
        challenge_id = UUID(job.payload["challenge_id"])
        async with self.database.acting_as(WORKER) as connection:
            asked = await queries.get_asked_number(connection, self.keys, challenge_id)
            person_id = None if asked is None else await service.whose_code(connection, self.keys, asked.phone_e164)
            if asked is None or person_id is None or asked.message_id is not None:
                await queries.forget_number(connection, challenge_id)
                return
        code = tokens.new_code()
        message_id = await self._keep(challenge_id, person_id, asked.phone_e164, await tokens.hash_code(code))
        if message_id is not None:
            await self._text(challenge_id, message_id, asked.phone_e164, code)

    async def _keep(self, challenge_id: UUID, person_id: UUID, phone_e164: str, code_hash: str) -> UUID | None:
        async with self.database.transaction(WORKER) as connection:
            try:
                await limits.take(connection, service.CODES_OF_ALL, "all")
            except TooMany:
                await queries.forget_number(connection, challenge_id)
                return None
            body = self.words.say("utter_sign_in_code", {"code": HIDDEN_CODE})
            message_id = await messages.start_code(connection, self.keys, person_id, phone_e164, body)
            is_ours = await queries.set_code(connection, challenge_id, person_id, code_hash, message_id)
            return message_id if is_ours else None

    async def _text(self, challenge_id: UUID, message_id: UUID, phone_e164: str, code: str) -> None:
        try:
            sent = await self.twilio.send_text(
                to_e164=phone_e164,
                body=self.words.say("utter_sign_in_code", {"code": code}),
                status_callback_url=f"{self.public_base_url}/webhooks/twilio/status/{message_id}",
            )
        except TextOutcomeUnknown:
            await self._end(challenge_id, message_id, "unknown")
        except (TwilioUnreachable, TextThrottled):
            await self._take_back(challenge_id, message_id)
            raise
        except TextRefused as refusal:
            await self._end(challenge_id, message_id, "failed", code=refusal.code)
        else:
            await self._end(challenge_id, message_id, "accepted", sid=sent.sid)

    async def _end(
        self, challenge_id: UUID, message_id: UUID, status: str, *, sid: str | None = None, code: int | None = None
    ) -> None:
        async with self.database.transaction(WORKER) as connection:
            await messages.move_forward(connection, message_id, status, sid=sid, code=code)
            await queries.forget_number(connection, challenge_id)

    async def _take_back(self, challenge_id: UUID, message_id: UUID) -> None:
        async with self.database.transaction(WORKER) as connection:
            await messages.move_forward(connection, message_id, "canceled")
            await queries.take_code_back(connection, challenge_id)
