"""Texts in and out: stored before anything else, sent once, receipts only forward."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid4

from api.kit import jobs
from api.kit.db import TWILIO, Connection, Database, repeat_while_lost
from api.kit.field_keys import SERVICE_SUBJECT, FieldKeys
from api.messages import queries
from api.messages.models import (
    OPT_IN_WORDS,
    OPT_OUT_WORDS,
    PROVIDER_STATUSES,
    STATUS_ORDER,
    Attention,
    NewText,
    Waiting,
)

# Twilio waits 15 seconds for a webhook's answer; within that we outlast a restart of the database.
# Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides (2026-11).
ACCEPT_WITHIN_S = 10.0


async def record_receipt(
    database: Database, message_id: UUID, provider_status: str, sid: str, code: int | None
) -> bool:
    """Keeps a receipt and moves the message forward by it; False when we sent no such message."""

    async def insert() -> bool:
        async with database.transaction(TWILIO) as connection:
            return await _apply_receipt(connection, message_id, provider_status, sid, code)

    return await repeat_while_lost(insert, for_s=ACCEPT_WITHIN_S)


async def _apply_receipt(
    connection: Connection, message_id: UUID, provider_status: str, sid: str, code: int | None
) -> bool:
    status = PROVIDER_STATUSES.get(provider_status, STATUS_ORDER[0])
    now = await move_forward(connection, message_id, status, sid=sid or None, code=code)
    if now is None:
        return False
    await queries.insert_event(connection, message_id, provider_status, code)
    if status in {"failed", "undelivered"} and now == status:
        await queries.insert_flags(connection, [message_id], Attention.NOT_DELIVERED)
    return True


async def move_forward(
    connection: Connection, message_id: UUID, status: str, *, sid: str | None = None, code: int | None = None
) -> str | None:
    """Moves an outbound text to `status` unless it is further already; returns where it is now."""
    return await queries.keep_furthest(connection, message_id, status, sid, code, list(STATUS_ORDER))


async def take_turn(connection: Connection, keys: FieldKeys, conversation_id: UUID) -> list[Waiting]:
    """The texts of a thread that are to be answered now, oldest first; the same again until they are answered.

    One that nobody can read any more is marked for the team and stands in no other's way. Raises Unreadable when
    the settings lack a key: then nothing is marked, and the same can be read when they have it.
    """
    while True:
        texts, lost = await queries.take_turn(connection, keys, conversation_id, uuid4())
        if lost:
            await queries.insert_flags(connection, lost, Attention.NOT_ANSWERED)
            await queries.mark_answered(connection, lost)
        if texts or not lost:
            return texts


async def list_recent_bodies(
    connection: Connection, keys: FieldKeys, conversation_id: UUID, first: Waiting
) -> list[str]:
    """What the same phone wrote in the ten minutes before a turn, oldest first."""
    return await queries.list_recent_bodies(connection, keys, conversation_id, first)


async def get_last_said(connection: Connection, keys: FieldKeys, conversation_id: UUID, first: Waiting) -> str | None:
    """What this phone was sent last in a thread before a turn, by the assistant or by a person; None when nothing."""
    return "\n".join(await queries.list_last_said(connection, keys, conversation_id, first)) or None


async def mark_answered(connection: Connection, texts: Iterable[Waiting]) -> bool:
    """Marks these texts as answered; False when another turn was quicker with one of them."""
    ids = [text.message_id for text in texts]
    return await queries.mark_answered(connection, ids) == len(ids)


async def queue_reply(
    connection: Connection,
    keys: FieldKeys,
    conversation_id: UUID,
    subject_id: UUID,
    phone_e164: str,
    body: str,
    *,
    is_personal: bool,
) -> UUID:
    """Stores a reply and the job that delivers it, in the caller's transaction.

    It is kept with the key of `subject_id`: the thread's person, and where there is none the thread itself. A
    personal one goes out only while the number is its person's alone; fixed words with nobody's data always may.
    """
    text = NewText(
        kind="reply" if is_personal else "notice",
        subject_id=subject_id,
        phone_e164=phone_e164,
        body=body,
        conversation_id=conversation_id,
    )
    message_id = await queries.insert_outbound(connection, keys, text)
    await _enqueue(connection, keys, "deliver", message_id, phone_e164, jobs.SOON)
    return message_id


async def queue_alert(
    connection: Connection, keys: FieldKeys, phone_e164: str, body: str, about_message_id: UUID
) -> UUID:
    """Stores a text to a member of staff about a young person's text, sent before everything else."""
    text = NewText(
        kind="alert",
        subject_id=SERVICE_SUBJECT,
        phone_e164=phone_e164,
        body=body,
        about_message_id=about_message_id,
    )
    message_id = await queries.insert_outbound(connection, keys, text)
    await _enqueue(connection, keys, "alert", message_id, phone_e164, jobs.URGENT)
    return message_id


async def queue_notice(connection: Connection, keys: FieldKeys, phone_e164: str, body: str) -> UUID:
    """Stores a text that one of staff causes to be sent to another, before everything else."""
    text = NewText(kind="alert", subject_id=SERVICE_SUBJECT, phone_e164=phone_e164, body=body)
    message_id = await queries.insert_notice(connection, keys, text)
    await _enqueue(connection, keys, "deliver", message_id, phone_e164, jobs.URGENT)
    return message_id


async def start_code(connection: Connection, keys: FieldKeys, person_id: UUID, phone_e164: str, body: str) -> UUID:
    """Stores that a code is being sent, without the code; the caller sends it, once, and says what became of it."""
    text = NewText(kind="code", subject_id=person_id, phone_e164=phone_e164, body=body)
    return await queries.insert_code(connection, keys, text)


async def _enqueue(
    connection: Connection, keys: FieldKeys, kind: str, message_id: UUID, phone_e164: str, priority: int
) -> None:
    """Texts to one number are sent one after another; what they are told by says nothing about the number."""
    payload = jobs.payload_of(message_id=message_id)
    serial_key = f"{kind}:{keys.phone_index(phone_e164).hex()}"
    await jobs.enqueue(connection, kind, payload, serial_key=serial_key, priority=priority)


async def was_alerted_lately(connection: Connection, conversation_id: UUID) -> bool:
    """Whether staff were texted about this thread in the last quarter of an hour."""
    return await queries.was_alerted_lately(connection, conversation_id)


async def flag(connection: Connection, texts: Iterable[Waiting], reason: Attention) -> None:
    """Marks texts for a person of the team to look at."""
    await queries.insert_flags(connection, [text.message_id for text in texts], reason)


async def flag_own_turn(connection: Connection, reason: Attention) -> bool:
    """Marks the texts that the acting conversation is being answered for; False when there is none to mark."""
    return await queries.flag_own_turn(connection, reason) > 0


async def flag_all_waiting(connection: Connection, conversation_id: UUID, reason: Attention) -> None:
    """Marks every text of a thread that has no answer."""
    await queries.flag_all_waiting(connection, conversation_id, reason)


async def list_flags(connection: Connection, texts: Iterable[Waiting]) -> set[str]:
    """Why these texts are marked for the team."""
    return await queries.list_flags(connection, [text.message_id for text in texts])


def reference(message_id: UUID) -> str:
    """What staff are told a text by: short, and of no use to anybody without access to the list."""
    return message_id.hex[-6:].upper()


async def note_reserved_words(connection: Connection, keys: FieldKeys, texts: Iterable[Waiting]) -> None:
    """Writes into the ledger what texts that are a carrier's reserved word have done to their number."""
    for text in texts:
        word = reserved_word(text.body)
        if word is not None:
            index = keys.phone_index(text.phone_e164)
            await queries.insert_opt_out_event(
                connection, index, word in OPT_OUT_WORDS, "keyword", word, text.message_id
            )


async def is_opted_out(connection: Connection, keys: FieldKeys, phone_e164: str) -> bool:
    """Whether a number asked for no texts and has not asked for them again."""
    return await queries.is_opted_out(connection, keys.phone_index(phone_e164))


async def count_attention(connection: Connection) -> list[tuple[str, int, datetime]]:
    """How many texts wait for a person of the team, for each reason, and since when."""
    return await queries.count_attention(connection)


def is_opt_out(body: str) -> bool:
    """Whether a whole text is a word by which the carrier stops all texts to its number."""
    return reserved_word(body) in OPT_OUT_WORDS


def reserved_word(body: str) -> str | None:
    """The carrier's word that a whole text is, if it is one."""
    word = body.strip().upper()
    return word if word in OPT_OUT_WORDS | OPT_IN_WORDS else None
