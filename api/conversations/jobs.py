"""Answers the waiting texts of a thread: one thread at a time, each text once."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import structlog

from api.clients.rasa import RasaClient
from api.concerns import service as concerns
from api.concerns.screen import Screen
from api.conversations import service
from api.conversations.models import WaitingTurn
from api.conversations.service import Answer, forget_old_dialogues
from api.kit.crypto import Unreadable
from api.kit.db import WORKER, Connection, Database
from api.kit.field_keys import FieldKeys
from api.kit.jobs import Job, JobKind, LeaseLost, Payload, RetryLater
from api.kit.words import Words
from api.messages import service as messages
from api.messages.models import Attention

__all__ = ["Answering", "forget_old_dialogues"]

log = structlog.get_logger()

KEY_MISSING_DELAY_S = 10.0
NEEDS_A_PERSON = {Attention.LEFT_FOR_ADVISER, Attention.ASKED_FOR_PERSON}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Screens what came in, asks the assistant, and stores what goes back."""

    database: Database
    keys: FieldKeys
    rasa: RasaClient
    screen: Screen
    words: Words
    window_s: float
    duty_phone_e164: str
    at_once: int

    def kind(self) -> JobKind:
        """How `answer` jobs run."""
        return JobKind(
            handler=self.answer,
            at_once=self.at_once,
            max_failures=6,
            first_delay_s=0.5,
            on_park=(self.give_to_people, flag_all_waiting),
        )

    async def answer(self, job: Job) -> None:
        """Answers all that waits in a thread when the window for further parts has passed."""
        await asyncio.sleep(self.window_s)
        conversation_id = UUID(job.payload["conversation_id"])
        async with self.database.acting_as(WORKER) as connection:
            turn = await self._load(connection, conversation_id)
        if turn is None:
            return
        answer = service.answer_by_rule(turn, self.words)
        if answer is None:
            answer = await service.answer_by_assistant(turn, self.rasa, self.database, self.words)
        async with self.database.transaction(WORKER) as connection:
            await self._store(connection, turn, answer)
            await job.complete(connection)

    async def _load(self, connection: Connection, conversation_id: UUID) -> WaitingTurn | None:
        """Raises RetryLater, and tells the team, while the settings lack the key that the texts are kept with."""
        try:
            return await service.load_turn(connection, self.keys, conversation_id, self.screen)
        except Unreadable:
            log.error("key_unreadable", conversation_id=str(conversation_id))
            await messages.flag_all_waiting(connection, conversation_id, Attention.NOT_ANSWERED)
            raise RetryLater(KEY_MISSING_DELAY_S) from None

    async def _store(self, connection: Connection, turn: WaitingTurn, answer: Answer) -> None:
        is_still_held = await service.is_still_held(connection, turn.thread)
        if not await messages.mark_answered(connection, turn.texts):
            raise LeaseLost
        await messages.note_reserved_words(connection, self.keys, turn.texts)
        for reason in answer.flags:
            await messages.flag(connection, turn.texts, reason)
        replies = await self._tell_people(connection, turn, answer)
        if not is_still_held and not answer.is_alarm:
            await messages.flag(connection, turn.texts, Attention.HELD_BY_STAFF)
            return
        for reply in replies:
            await messages.queue_reply(
                connection,
                self.keys,
                turn.thread.conversation_id,
                turn.texts[0].subject_id,
                turn.texts[0].phone_e164,
                reply,
                is_personal=answer.is_personal,
            )

    async def _tell_people(self, connection: Connection, turn: WaitingTurn, answer: Answer) -> list[str]:
        """Raises concerns, texts staff, and returns the replies: other ones where nobody could be told of an alarm."""
        alarm = await concerns.raise_concerns(connection, turn.thread.conversation_id, turn.texts, turn.verdicts)
        if alarm is not None:
            body = self.words.say(concerns.ALERT, {"reference": messages.reference(alarm.message_id)})
            if not await concerns.alert_people(connection, self.keys, turn.people, self.duty_phone_e164, body, alarm):
                log.error("alarm_reached_nobody", message_id=str(alarm.message_id))
                await messages.flag(connection, turn.texts, Attention.NOBODY_TOLD)
                return [self.words.say("utter_alarm_nobody_told")] if answer.replies else []
        elif await messages.list_flags(connection, turn.texts) & NEEDS_A_PERSON:
            await self._tell_adviser(connection, turn)
        return answer.replies

    async def _tell_adviser(self, connection: Connection, turn: WaitingTurn) -> None:
        """Texts the adviser that something waits, unless staff were texted about this thread just now."""
        if await messages.was_alerted_lately(connection, turn.thread.conversation_id):
            return
        last = turn.texts[-1]
        body = self.words.say(concerns.MESSAGE_WAITS, {"reference": messages.reference(last.message_id)})
        await concerns.tell_adviser(connection, self.keys, turn.people, self.duty_phone_e164, body, last)

    async def give_to_people(self, connection: Connection, payload: Payload) -> None:
        """No try is left: the texts are marked for the team, and whoever wrote is told that a person will read them."""
        conversation_id = UUID(payload["conversation_id"])
        turn = await service.load_turn(connection, self.keys, conversation_id, self.screen)
        if turn is None:
            return
        by_rule = service.answer_by_rule(turn, self.words)
        answer = by_rule or Answer(replies=[self.words.say("utter_person_has_it")], flags=[])
        answer.flags.append(Attention.NOT_ANSWERED)
        await self._store(connection, turn, answer)


async def flag_all_waiting(connection: Connection, payload: Payload) -> None:
    """The least that is done when answering failed for good: every waiting text is marked for the team."""
    await messages.flag_all_waiting(connection, UUID(payload["conversation_id"]), Attention.NOT_ANSWERED)
