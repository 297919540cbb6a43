"""How the waiting texts of a thread are answered, and by whom."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import structlog

from api.clients.rasa import RasaClient, RasaUnavailable
from api.concerns.models import Risk, Verdict
from api.concerns.screen import Screen
from api.conversations import queries
from api.conversations.models import Party, Thread, WaitingTurn
from api.kit.db import Connection, Database, conversation_actor
from api.kit.errors import where
from api.kit.field_keys import FieldKeys
from api.kit.words import Words
from api.messages import service as messages
from api.messages.models import Attention, Waiting
from api.people import service as people
from bot import actions
from bot.actions import ActionResult

log = structlog.get_logger()

LONGEST_TEXT_FOR_RASA_CHARS = 1000
ZERO_WIDTH_START = re.compile(
    r"^[\s/\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]+"
)


# What the assistant says when it did not understand, and when it took a text for small talk.
NOT_UNDERSTOOD = frozenset({"utter_not_understood", "utter_offer_person", "utter_default"})
SMALL_TALK = frozenset({"utter_greet", "utter_menu", "utter_bye", "utter_ok", "utter_no_message", "utter_text_it_now"})
LONGEST_SMALL_TALK_WORDS = 3


class Answer(msgspec.Struct, kw_only=True):
    """What goes back to the phone, and what is marked for the team; personal when it may hold somebody's data."""

    replies: list[str]
    flags: list[Attention]
    is_alarm: bool = False
    is_personal: bool = False


async def load_turn(
    connection: Connection, keys: FieldKeys, conversation_id: UUID, screen: Screen
) -> WaitingTurn | None:
    """The texts of a thread that are to be answered now with all that decides how; None when nothing waits."""
    thread = await queries.get_thread(connection, conversation_id)
    texts = await messages.take_turn(connection, keys, conversation_id)
    if thread is None or not texts:
        return None
    phone_e164 = texts[0].phone_e164
    known = await people.list_people_of_number(connection, keys, phone_e164)
    before = await messages.list_recent_bodies(connection, keys, conversation_id, texts[0])
    asked = await messages.get_last_said(connection, keys, conversation_id, texts[0])
    return WaitingTurn(
        thread=thread,
        party=_party(thread, known),
        people=tuple({person_id for person_id, _ in known} | ({thread.person_id} if thread.person_id else set())),
        texts=texts,
        verdicts=screen_turn(screen, before, [text.body for text in texts], asked),
        is_opted_out=await messages.is_opted_out(connection, keys, phone_e164),
    )


def screen_turn(
    screen: Screen, before: Sequence[str], bodies: Sequence[str], asked: str | None = None
) -> list[Verdict]:
    """A verdict for each text; what only shows when they are read together belongs to the last.

    With the texts `before` it is the phrase rules that read together: they say which words are new.
    """
    verdicts = [read_safely(screen, body, asked) for body in bodies]
    together = read_safely(screen, " ".join(bodies), asked) if len(bodies) > 1 else verdicts[-1]
    alone = {rule for body in [*before, *bodies] for rule in read_rules_safely(screen, body).rules_hit}
    with_before = read_rules_safely(screen, " ".join([*before, *bodies]))
    if not set(with_before.rules_hit) <= alone and with_before.risk > together.risk:
        together = with_before
    if together.risk > max(verdict.risk for verdict in verdicts):
        verdicts[-1] = together
    return verdicts


def read_safely(screen: Screen, text: str, asked: str | None = None) -> Verdict:
    """The screen's verdict; a screen that fails is an alarm, for nobody has read the text then."""
    try:
        return screen.read(text, asked)
    except Exception as error:
        return _not_screened(screen, error)


def read_rules_safely(screen: Screen, text: str) -> Verdict:
    """What the phrase rules hear; rules that fail are an alarm as well."""
    try:
        return screen.read_rules(text)
    except Exception as error:
        return _not_screened(screen, error)


def _not_screened(screen: Screen, error: Exception) -> Verdict:
    log.error("screen_failed", error=type(error).__name__, at=where(error))
    return Verdict(Risk.HIGH, ("not_screened",), ("screen_failed",), screen.version)


def _party(thread: Thread, known: Sequence[tuple[UUID, bool]]) -> Party:
    """Whose texts these are now; a number that has changed hands since the thread began is nobody's."""
    living = [person_id for person_id, has_died in known if not has_died]
    if known and not living:
        return Party.DIED
    if len(known) > 1:
        return Party.SHARED
    return Party.ONE_PERSON if living == [thread.person_id] else Party.UNKNOWN


def answer_by_rule(turn: WaitingTurn, words: Words) -> Answer | None:
    """The answer that needs no assistant, or None when the assistant is to be asked.

    The order matters: who must never be texted, then danger, then everything else.
    """
    is_alarm = any(verdict.is_alarm for verdict in turn.verdicts)
    flags = [Attention.MEDIA] if any(text.media_count for text in turn.texts) else []
    if turn.party is Party.DIED:
        return Answer(replies=[], flags=[*flags, Attention.PERSON_HAS_DIED], is_alarm=is_alarm)
    if turn.is_opted_out or any(messages.is_opt_out(text.body) for text in turn.texts):
        return Answer(replies=[], flags=[*flags, Attention.OPTED_OUT], is_alarm=is_alarm)
    if is_alarm:
        return Answer(replies=[words.say(_alarm_words(turn))], flags=flags, is_alarm=True)
    if turn.thread.owner != "bot":
        return Answer(replies=[], flags=[*flags, Attention.HELD_BY_STAFF])
    return _answer_to_party(turn, words, flags)


def _alarm_words(turn: WaitingTurn) -> str:
    is_immediate = max(verdict.risk for verdict in turn.verdicts) is Risk.IMMEDIATE
    return "utter_alarm_immediate" if is_immediate else "utter_alarm_high"


def _answer_to_party(turn: WaitingTurn, words: Words, flags: list[Attention]) -> Answer | None:
    if turn.party is Party.UNKNOWN:
        replies = [] if turn.thread.was_answered_today else [words.say("utter_unknown_number")]
        return Answer(replies=replies, flags=[*flags, Attention.UNKNOWN_NUMBER])
    if turn.party is Party.SHARED:
        return Answer(replies=[words.say("utter_shared_phone")], flags=[*flags, Attention.SHARED_NUMBER])
    if not neutral(joined(turn.texts)):
        return Answer(replies=[words.say("utter_picture" if flags else "utter_menu")], flags=flags)
    return None


async def answer_by_assistant(turn: WaitingTurn, rasa: RasaClient, database: Database, words: Words) -> Answer:
    """Rasa's answer; when Rasa gives none that can be used, the fixed menu's, and the team is told."""
    text = neutral(joined(turn.texts))
    flags = [Attention.MEDIA] if any(t.media_count for t in turn.texts) else []
    try:
        replies = await rasa.ask(turn.thread.conversation_id, text, turn.texts[0].turn_id)
    except RasaUnavailable:
        from_menu = await _answer_from_menu(turn.thread.conversation_id, text, database, words)
        return Answer(replies=from_menu, flags=[*flags, Attention.BOT_UNAVAILABLE], is_personal=True)
    if was_not_heard(text, {reply.response for reply in replies}):
        flags.append(Attention.NOT_UNDERSTOOD)
    return Answer(replies=[reply.text.strip() for reply in replies], flags=flags, is_personal=True)


def was_not_heard(text: str, responses: set[str]) -> bool:
    """Whether a person should read a text: the assistant made nothing of it, or only small talk of many words."""
    is_long = len(text.split()) > LONGEST_SMALL_TALK_WORDS
    return bool(responses & NOT_UNDERSTOOD) or (is_long and bool(responses & SMALL_TALK))


async def _answer_from_menu(conversation_id: UUID, text: str, database: Database, words: Words) -> list[str]:
    name = actions.MENU.get(text.strip(" .)("))
    if name is None:
        return [words.say("utter_bot_unavailable")]
    result = await run_action(database, conversation_id, name, {})
    return [words.say(reply.response, reply.variables) for reply in result.replies]


async def run_action(database: Database, conversation_id: UUID, name: str, slots: dict[str, Any]) -> ActionResult:
    """Runs a custom action as the young person of a conversation. Raises KeyError for an unknown action."""
    only_looks = name in actions.LOOKS
    async with database.transaction(conversation_actor(conversation_id), only_looks=only_looks) as connection:
        return await actions.run(name, connection, slots)


async def is_still_held(connection: Connection, thread: Thread) -> bool:
    """Whether the thread is held by whoever held it when the turn began; it stays so until the transaction ends."""
    return await queries.lock_if_still_held(connection, thread)


async def forget_old_dialogues(connection: Connection) -> None:
    """Makes the bot forget threads that have been silent for 30 days; the messages themselves stay."""
    await queries.delete_old_dialogues(connection)


def joined(texts: Sequence[Waiting]) -> str:
    """Texts that came together, as one."""
    return " ".join(text.body for text in texts)[:LONGEST_TEXT_FOR_RASA_CHARS]


def neutral(text: str) -> str:
    """The text without what would make Rasa take it for a command: a slash at its start, hidden or not.

    Rasa strips white space and then obeys anything that begins with "/" (rasa 3.6.21, RegexMessageHandler).
    """
    return ZERO_WIDTH_START.sub("", text.replace("\ufffd", " ")).strip()
