"""Answers the waiting texts of a thread: one thread at a time, each text once."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from api.clients.rasa import RasaClient
from api.concerns import service as concerns
from api.concerns.screen import Screen
from api.conversations import service
from api.conversations.models import WaitingTurn
from api.conversations.service import Answer, forget_old_dialogues
from api.kit.db import WORKER, Connection, Database
from api.kit.jobs import Job, JobKind, LeaseLost, Payload
from api.kit.words import Words
from api.messages import service as messages
from api.messages.models import Attention

__all__ = ["Answering", "forget_old_dialogues"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Screens what came in, asks the assistant, and stores what goes back."""

    database: Database
    rasa: RasaClient
    screen: Screen
    words: Words
    window_s: float
    duty_phone_e164: str | None

    def kind(self) -> JobKind:
        """How `answer` jobs run."""
        return JobKind(handler=self.answer, max_attempts=6, first_delay_s=0.5, on_park=self.give_to_people)

    async def answer(self, job: Job) -> None:
        """Answers all that waits in a thread when the window for further parts has passed."""
        await asyncio.sleep(self.window_s)
        conversation_id = UUID(job.payload["conversation_id"])
        async with self.database.acting_as(WORKER) as connection:
            turn = await service.load_turn(connection, conversation_id, self.screen)
        if turn is None:
            return
        answer = service.answer_by_rule(turn, self.words)
        if answer is None:
            answer = await service.answer_by_assistant(turn, self.rasa, self.database, self.words)
        async with self.database.transaction(WORKER) as connection:
            await self._store(connection, turn, answer)
            await job.complete(connection)

    async def _store(self, connection: Connection, turn: WaitingTurn, answer: Answer) -> None:
        conversation_id = turn.thread.conversation_id
        is_still_held = await service.is_still_held(connection, turn.thread)
        if not await messages.mark_answered(connection, turn.texts):
            raise LeaseLost
        await messages.note_reserved_words(connection, turn.texts)
        is_alarm = await concerns.raise_concerns(connection, conversation_id, turn.texts, turn.verdicts)
        if is_alarm:
            alert = self.words.say(concerns.ALERT)
            await concerns.alert_people(connection, turn.people, self.duty_phone_e164, alert)
        for reason in answer.flags:
            await messages.flag(connection, turn.texts, reason)
        if not is_still_held and not answer.is_alarm:
            await messages.flag(connection, turn.texts, Attention.HELD_BY_STAFF)
            return
        for reply in answer.replies:
            await messages.queue_reply(connection, conversation_id, turn.texts[-1].phone_e164, reply)

    async def give_to_people(self, connection: Connection, payload: Payload) -> None:
        """No try is left: the texts are marked for the team, and whoever wrote is told that a person will read them."""
        conversation_id = UUID(payload["conversation_id"])
        turn = await service.load_turn(connection, conversation_id, self.screen)
        if turn is None:
            return
        by_rule = service.answer_by_rule(turn, self.words)
        reply = Answer(replies=[self.words.say("utter_person_has_it")], flags=[])
        answer = by_rule or reply
        answer.flags.append(Attention.NOT_ANSWERED)
        await self._store(connection, turn, answer)
