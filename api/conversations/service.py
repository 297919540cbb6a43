"""How the waiting texts of a thread are answered, and by whom."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from api.clients.rasa import RasaClient, RasaUnavailable
from api.concerns.models import Risk
from api.concerns.screen import Screen
from api.conversations import queries
from api.conversations.models import Party, Thread, WaitingTurn
from api.kit.db import Connection, Database, conversation_actor
from api.kit.words import Words
from api.messages import service as messages
from api.messages.models import Attention, Unanswered
from api.people import service as people
from bot import actions
from bot.actions import ActionResult

LONGEST_TEXT_FOR_RASA_CHARS = 1000
ZERO_WIDTH_START = re.compile(
    r"^[\s/\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]+"
)


class Answer(msgspec.Struct, kw_only=True):
    """What goes back to the phone, and what is marked for the team."""

    replies: list[str]
    flags: list[Attention]
    is_alarm: bool = False


async def load_turn(connection: Connection, conversation_id: UUID, screen: Screen) -> WaitingTurn | None:
    """The waiting texts of a thread with all that decides their answer; None when nothing waits."""
    thread = await queries.get_thread(connection, conversation_id)
    texts = await messages.list_unanswered(connection, conversation_id)
    if thread is None or not texts:
        return None
    known = await people.list_people_of_number(connection, texts[-1].phone_e164)
    return WaitingTurn(
        thread=thread,
        party=_party(thread, known),
        people=tuple(person_id for person_id, _ in known),
        texts=texts,
        verdicts=[screen.read(text.body) for text in texts],
        is_opted_out=await messages.is_opted_out(connection, texts[-1].phone_e164),
    )


def _party(thread: Thread, known: Sequence[tuple[UUID, bool]]) -> Party:
    """Whose texts these are now; a number that has changed hands since the thread began is nobody's."""
    if any(has_died for _, has_died in known):
        return Party.DIED
    if len(known) > 1:
        return Party.SHARED
    if len(known) == 1 and known[0][0] == thread.person_id:
        return Party.ONE_PERSON
    return Party.UNKNOWN


def answer_by_rule(turn: WaitingTurn, words: Words) -> Answer | None:
    """The answer that needs no assistant, or None when the assistant is to be asked.

    The order matters: who must never be texted, then danger, then everything else.
    """
    risk = max(verdict.risk for verdict in turn.verdicts)
    flags = [Attention.MEDIA] if any(text.media_count for text in turn.texts) else []
    if turn.party is Party.DIED:
        return Answer(replies=[], flags=[*flags, Attention.PERSON_HAS_DIED], is_alarm=risk >= Risk.HIGH)
    if turn.is_opted_out or any(messages.is_opt_out(text.body) for text in turn.texts):
        return Answer(replies=[], flags=[*flags, Attention.OPTED_OUT], is_alarm=risk >= Risk.HIGH)
    if risk >= Risk.HIGH:
        name = "utter_alarm_immediate" if risk is Risk.IMMEDIATE else "utter_alarm_high"
        return Answer(replies=[words.say(name)], flags=flags, is_alarm=True)
    if turn.thread.owner != "bot":
        return Answer(replies=[], flags=[*flags, Attention.HELD_BY_STAFF])
    if turn.party is Party.UNKNOWN:
        told = turn.thread.was_answered_today
        return Answer(
            replies=[] if told else [words.say("utter_unknown_number")],
            flags=[*flags, Attention.UNKNOWN_NUMBER],
        )
    if turn.party is Party.SHARED:
        return Answer(replies=[words.say("utter_shared_phone")], flags=[*flags, Attention.SHARED_NUMBER])
    if not neutral(joined(turn.texts)):
        return Answer(replies=[words.say("utter_menu")], flags=flags)
    return None


async def answer_by_assistant(turn: WaitingTurn, rasa: RasaClient, database: Database, words: Words) -> Answer:
    """Rasa's answer; when Rasa gives none that can be used, the fixed menu's, and the team is told."""
    text = neutral(joined(turn.texts))
    flags = [Attention.MEDIA] if any(t.media_count for t in turn.texts) else []
    turn_id = uuid5(NAMESPACE_OID, "".join(str(t.message_id) for t in turn.texts))
    try:
        return Answer(replies=await rasa.ask(turn.thread.conversation_id, text, turn_id), flags=flags)
    except RasaUnavailable:
        replies = await _answer_from_menu(turn.thread.conversation_id, text, database, words)
        return Answer(replies=replies, flags=[*flags, Attention.BOT_UNAVAILABLE])


async def _answer_from_menu(conversation_id: UUID, text: str, database: Database, words: Words) -> list[str]:
    name = actions.MENU.get(text.strip(" .)("))
    if name is None:
        return [words.say("utter_bot_unavailable")]
    result = await run_action(database, conversation_id, name, {})
    return [words.say(reply.response, reply.variables) for reply in result.replies]


async def run_action(database: Database, conversation_id: UUID, name: str, slots: dict[str, Any]) -> ActionResult:
    """Runs a custom action as the young person of a conversation. Raises KeyError for an unknown action."""
    async with database.transaction(conversation_actor(conversation_id)) as connection:
        return await actions.run(name, connection, slots)


async def is_still_held(connection: Connection, thread: Thread) -> bool:
    """Whether the thread is held by whoever held it when the turn began; it stays so until the transaction ends."""
    return await queries.lock_if_still_held(connection, thread)


async def forget_old_dialogues(connection: Connection) -> None:
    """Makes the bot forget threads that have been silent for 30 days; the messages themselves stay."""
    await queries.delete_old_dialogues(connection)


def joined(texts: Sequence[Unanswered]) -> str:
    """Texts that came together, as one."""
    return " ".join(text.body for text in texts)[:LONGEST_TEXT_FOR_RASA_CHARS]


def neutral(text: str) -> str:
    """The text without what would make Rasa take it for a command: a slash at its start, hidden or not.

    Rasa strips white space and then obeys anything that begins with "/" (rasa 3.6.21, RegexMessageHandler).
    """
    return ZERO_WIDTH_START.sub("", text.replace("\ufffd", " ")).strip()
