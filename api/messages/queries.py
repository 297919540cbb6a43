"""Messages in the database."""

from datetime import datetime
from uuid import UUID

from api.kit.crypto import FieldCipher, Place, Unreadable
from api.kit.db import Connection
from api.kit.field_keys import ERASED, FieldKeys
from api.kit.ids import new_id
from api.messages.models import InboundText, KnownThread, NewText, Outgoing, Waiting

FIND_THREAD = """
    WITH owners AS (
        SELECT CASE WHEN count(*) = 1 THEN min(c.person_id::text)::uuid END AS person_id
        FROM contact_points AS c
        WHERE c.phone_index = $1 AND c.retired_at IS NULL
    )
    SELECT o.person_id, coalesce(
        (SELECT c.conversation_id FROM conversations AS c WHERE c.person_id = o.person_id),
        (SELECT c.conversation_id FROM conversations AS c
         WHERE o.person_id IS NULL AND c.person_id IS NULL AND c.phone_index = $1)
    )
    FROM owners AS o
"""


async def find_thread(connection: Connection, phone_index: bytes) -> tuple[UUID | None, UUID | None]:
    """Whose number it is, if it is exactly one person's, and the thread of that person or number, if there is one."""
    row = await connection.fetchrow(FIND_THREAD, phone_index)
    return (None, None) if row is None else (row[0], row[1])


MAKE_OWN_THREAD = """
    INSERT INTO conversations (conversation_id, person_id) VALUES ($1, $2)
    ON CONFLICT (person_id, phone_index) DO NOTHING
"""


async def make_own_thread(connection: Connection, conversation_id: UUID, person_id: UUID) -> None:
    """Makes a person's thread, unless somebody just has."""
    await connection.execute(MAKE_OWN_THREAD, conversation_id, person_id)


# The thread and its key, or neither: whoever is second makes no key that nobody needs.
MAKE_THREAD_OF_NUMBER = """
    WITH made AS (
        INSERT INTO conversations (conversation_id, phone_e164_enc, phone_index) VALUES ($1, $2, $3)
        ON CONFLICT (person_id, phone_index) DO NOTHING RETURNING conversation_id
    )
    INSERT INTO data_keys (subject_id, wrapped_key) SELECT conversation_id, $4 FROM made
"""


async def make_thread_of_number(
    connection: Connection, conversation_id: UUID, phone_e164_enc: bytes, phone_index: bytes, wrapped_key: bytes
) -> None:
    """Makes the thread of a number that is not exactly one person's, unless somebody just has."""
    await connection.execute(MAKE_THREAD_OF_NUMBER, conversation_id, phone_e164_enc, phone_index, wrapped_key)


# One round trip. The text was encrypted for a thread and with a key that the process remembers, so it is stored only
# if the number still leads to that thread and the key is still there; and the job that answers it with it. A text
# delivered again finds its provider_sid taken and adds nothing. No row: nothing was stored, look again.
RECORD_INBOUND = """
    WITH owners AS (
        SELECT CASE WHEN count(*) = 1 THEN min(c.person_id::text)::uuid END AS person_id
        FROM contact_points AS c
        WHERE c.phone_index = $2 AND c.retired_at IS NULL
    ), thread AS (
        SELECT c.conversation_id FROM conversations AS c, owners AS o
        WHERE c.conversation_id = $3 AND c.person_id IS NOT DISTINCT FROM o.person_id
            AND (c.person_id IS NOT NULL OR c.phone_index = $2)
            AND EXISTS (SELECT FROM data_keys AS k WHERE k.subject_id = $4 AND k.destroyed_at IS NULL)
    ), added AS (
        INSERT INTO messages (
            message_id, conversation_id, subject_id, direction, kind, phone_index, phone_e164_enc, body_enc,
            media_count, provider_sid, status
        )
        SELECT $5, conversation_id, $4, 'inbound', 'text', $2, $6, $7, $8, $1, 'received' FROM thread
        ON CONFLICT (provider_sid) DO NOTHING
        RETURNING message_id, conversation_id
    ), job AS (
        INSERT INTO jobs (kind, serial_key, payload, priority, run_at)
        SELECT 'answer', 'answer:' || conversation_id, jsonb_build_object('conversation_id', conversation_id),
            $9, clock_timestamp()
        FROM added
    )
    SELECT (SELECT count(*) = 1 FROM added) FROM thread
"""


async def insert_inbound(
    connection: Connection, text: InboundText, thread: KnownThread, cipher: FieldCipher, priority: int
) -> bool | None:
    """Stores a text and the job that answers it, once; False when it was there already, None to look again."""
    message_id = new_id()
    added: bool | None = await connection.fetchval(
        RECORD_INBOUND, text.provider_sid, thread.phone_index, thread.conversation_id, thread.subject_id, message_id,
        *seal(cipher, message_id, text.from_e164, text.body), text.media_count, priority,
    )  # fmt: skip
    return added


def seal(cipher: FieldCipher, message_id: UUID, phone_e164: str, body: str) -> tuple[bytes, bytes]:
    """The number and the words of a message as they are kept."""
    return (
        cipher.encrypt(phone_e164, Place("messages", "phone_e164_enc", message_id)),
        cipher.encrypt(body, Place("messages", "body_enc", message_id)),
    )


def unseal(cipher: FieldCipher, message_id: UUID, phone_e164_enc: bytes, body_enc: bytes) -> tuple[str, str] | None:
    """The number and the words of a message; None when nobody can read them any more."""
    if cipher.is_erased:
        return None
    try:
        return (
            cipher.decrypt(phone_e164_enc, Place("messages", "phone_e164_enc", message_id)),
            cipher.decrypt(body_enc, Place("messages", "body_enc", message_id)),
        )
    except Unreadable:
        return None


# A turn is fixed when it is first tried: the texts of one phone that wait then. A later try takes the
# same texts under the same id, so the assistant knows it again; what came meanwhile is the next turn.
TAKE_TURN = """
    WITH waiting AS (
        SELECT message_id, phone_index, turn_id, created_at FROM messages
        WHERE conversation_id = $1 AND direction = 'inbound' AND answered_at IS NULL
    ), first AS (
        SELECT phone_index, turn_id FROM waiting ORDER BY turn_id NULLS LAST, created_at, message_id LIMIT 1
    )
    UPDATE messages AS m SET turn_id = coalesce(m.turn_id, $2)
    FROM waiting AS w, first AS f
    WHERE m.message_id = w.message_id AND w.phone_index = f.phone_index AND w.turn_id IS NOT DISTINCT FROM f.turn_id
    RETURNING m.message_id, m.subject_id, m.phone_e164_enc, m.body_enc, m.media_count, m.turn_id, m.created_at
"""


async def take_turn(
    connection: Connection, keys: FieldKeys, conversation_id: UUID, new_turn_id: UUID
) -> tuple[list[Waiting], list[UUID]]:
    """The texts of a thread that are to be answered now, oldest first, and those that nobody can read any more.

    Raises Unreadable when the settings lack a key.
    """
    texts, lost = [], []
    for message_id, subject_id, phone_e164_enc, body_enc, *rest in await connection.fetch(
        TAKE_TURN, conversation_id, new_turn_id
    ):
        opened = unseal(await keys.cipher_for(connection, subject_id), message_id, phone_e164_enc, body_enc)
        if opened is None:
            lost.append(message_id)
        else:
            texts.append(Waiting(message_id, subject_id, *opened, *rest))
    return sorted(texts, key=lambda text: (text.created_at, text.message_id)), lost


LIST_RECENT_BODIES = """
    SELECT message_id, subject_id, phone_e164_enc, body_enc FROM messages
    WHERE conversation_id = $1 AND direction = 'inbound' AND phone_index = $2
        AND created_at BETWEEN $3::timestamptz - interval '10 minutes' AND $3
        AND turn_id IS DISTINCT FROM $4
    ORDER BY created_at DESC, message_id DESC
    LIMIT 5
"""


async def list_recent_bodies(
    connection: Connection, keys: FieldKeys, conversation_id: UUID, first: Waiting
) -> list[str]:
    """What the same phone wrote in the ten minutes before a turn, oldest first, as far as it can be read."""
    rows = await connection.fetch(
        LIST_RECENT_BODIES, conversation_id, keys.phone_index(first.phone_e164), first.created_at, first.turn_id
    )
    opened = [unseal(await keys.cipher_for(connection, row[1]), row[0], row[2], row[3]) for row in reversed(rows)]
    return [found[1] for found in opened if found is not None]


# Replies of one turn are stored together: all of the last minute's are what was last said.
LIST_LAST_SAID = """
    WITH said AS (
        SELECT message_id, subject_id, phone_e164_enc, body_enc, created_at FROM messages
        WHERE conversation_id = $1 AND direction = 'outbound' AND kind IN ('reply', 'notice') AND phone_index = $2
            AND created_at < $3
        ORDER BY created_at DESC, message_id DESC
        LIMIT 3
    )
    SELECT message_id, subject_id, phone_e164_enc, body_enc FROM said
    WHERE created_at > (SELECT max(created_at) FROM said) - interval '1 minute'
    ORDER BY created_at, message_id
"""


async def list_last_said(connection: Connection, keys: FieldKeys, conversation_id: UUID, first: Waiting) -> list[str]:
    """What this phone was sent last in a thread before a turn, oldest first, as far as it can be read."""
    rows = await connection.fetch(LIST_LAST_SAID, conversation_id, keys.phone_index(first.phone_e164), first.created_at)
    opened = [unseal(await keys.cipher_for(connection, row[1]), row[0], row[2], row[3]) for row in rows]
    return [found[1] for found in opened if found is not None]


MARK_ANSWERED = """
    UPDATE messages SET answered_at = clock_timestamp()
    WHERE message_id = ANY($1) AND answered_at IS NULL
"""


async def mark_answered(connection: Connection, message_ids: list[UUID]) -> int:
    """Marks texts as answered; returns how many had not been."""
    status: str = await connection.execute(MARK_ANSWERED, message_ids)
    return int(status.rpartition(" ")[2])


INSERT_OUTBOUND = """
    INSERT INTO messages (
        message_id, subject_id, direction, kind, conversation_id, about_message_id, phone_index, phone_e164_enc,
        body_enc, status
    )
    VALUES ($1, $2, 'outbound', $3, $4, $5, $6, $7, $8, 'stored')
"""


async def insert_outbound(connection: Connection, keys: FieldKeys, text: NewText) -> UUID:
    """Stores a text that is to be sent; returns its id. Raises Erased when its subject was erased."""
    columns = (text.kind, text.conversation_id, text.about_message_id)
    return await _insert(connection, keys, text, INSERT_OUTBOUND, *columns)


# Whoever stores this may not read it again, so the id is made before and not asked for after.
INSERT_NOTICE = """
    INSERT INTO messages (message_id, subject_id, direction, kind, phone_index, phone_e164_enc, body_enc, status)
    VALUES ($1, $2, 'outbound', 'alert', $3, $4, $5, 'stored')
"""


async def insert_notice(connection: Connection, keys: FieldKeys, text: NewText) -> UUID:
    """Stores a text from one of staff to another that is to be sent."""
    return await _insert(connection, keys, text, INSERT_NOTICE)


INSERT_CODE = """
    INSERT INTO messages (
        message_id, subject_id, direction, kind, phone_index, phone_e164_enc, body_enc, status, sending_at
    )
    VALUES ($1, $2, 'outbound', 'code', $3, $4, $5, 'sending', clock_timestamp())
"""


async def insert_code(connection: Connection, keys: FieldKeys, text: NewText) -> UUID:
    """Stores a text with a code as being sent; its words have the code left out."""
    return await _insert(connection, keys, text, INSERT_CODE)


async def _insert(connection: Connection, keys: FieldKeys, text: NewText, statement: str, *columns: object) -> UUID:
    message_id = new_id()
    cipher = await keys.cipher_for(connection, text.subject_id)
    sealed = seal(cipher, message_id, text.phone_e164, text.body)
    index = keys.phone_index(text.phone_e164)
    await connection.execute(statement, message_id, text.subject_id, *columns, index, *sealed)
    return message_id


WAS_ALERTED_LATELY = """
    SELECT EXISTS (
        SELECT FROM messages AS alert JOIN messages AS about ON about.message_id = alert.about_message_id
        WHERE about.conversation_id = $1 AND alert.created_at > clock_timestamp() - interval '15 minutes'
    )
"""


async def was_alerted_lately(connection: Connection, conversation_id: UUID) -> bool:
    """Whether staff were texted about this thread in the last quarter of an hour."""
    return bool(await connection.fetchval(WAS_ALERTED_LATELY, conversation_id))


FLAG = """
    INSERT INTO attention_flags (message_id, reason) SELECT unnest($1::uuid[]), $2
    ON CONFLICT DO NOTHING
"""


async def insert_flags(connection: Connection, message_ids: list[UUID], reason: str) -> None:
    """Marks messages for a person of the team to look at."""
    await connection.execute(FLAG, message_ids, reason)


FLAG_OWN_TURN = """
    WITH turn AS (
        SELECT message_id FROM messages
        WHERE conversation_id = sec.acting_conversation_id() AND direction = 'inbound'
            AND answered_at IS NULL AND turn_id IS NOT NULL
    ), flagged AS (
        INSERT INTO attention_flags (message_id, reason) SELECT message_id, $1 FROM turn ON CONFLICT DO NOTHING
    )
    SELECT count(*) FROM turn
"""


async def flag_own_turn(connection: Connection, reason: str) -> int:
    """Marks the texts that the acting conversation is being answered for; returns how many these are."""
    return int(await connection.fetchval(FLAG_OWN_TURN, reason))


LIST_FLAGS = "SELECT DISTINCT reason FROM attention_flags WHERE message_id = ANY($1)"


async def list_flags(connection: Connection, message_ids: list[UUID]) -> set[str]:
    """Why these messages are marked for the team."""
    return {row[0] for row in await connection.fetch(LIST_FLAGS, message_ids)}


FLAG_ALL_WAITING = """
    INSERT INTO attention_flags (message_id, reason)
    SELECT message_id, $2 FROM messages
    WHERE conversation_id = $1 AND direction = 'inbound' AND answered_at IS NULL
    ON CONFLICT DO NOTHING
"""


async def flag_all_waiting(connection: Connection, conversation_id: UUID, reason: str) -> None:
    """Marks every text of a thread that has no answer."""
    await connection.execute(FLAG_ALL_WAITING, conversation_id, reason)


# A reply in a person's thread may go to a number only while it is theirs alone; a notice is nobody's.
GET_OUTGOING = """
    WITH text AS (
        SELECT * FROM messages WHERE message_id = $1 AND direction = 'outbound'
    ), holders AS (
        SELECT c.person_id, p.died_on IS NOT NULL AS has_died
        FROM contact_points AS c JOIN young_people AS p USING (person_id)
        WHERE c.phone_index = (SELECT phone_index FROM text) AND c.retired_at IS NULL
    ), owner AS (
        SELECT c.person_id FROM conversations AS c WHERE c.conversation_id = (SELECT conversation_id FROM text)
    )
    SELECT t.message_id, t.subject_id, t.phone_e164_enc, t.body_enc, t.kind, t.status, t.provider_sid, t.sending_at,
        extract(epoch FROM clock_timestamp() - t.sending_at)::float8 AS sending_for_s,
        extract(epoch FROM clock_timestamp() - t.created_at)::float8 AS age_s,
        coalesce((
            SELECT o.is_opted_out FROM opt_out_events AS o
            WHERE o.phone_index = t.phone_index ORDER BY o.opt_out_event_id DESC LIMIT 1
        ), false) AS is_opted_out,
        coalesce((SELECT bool_and(h.has_died) FROM holders AS h), false) AS has_died,
        coalesce((
            SELECT (SELECT kind FROM text) <> 'reply' OR (SELECT person_id FROM owner) IS NULL
                OR coalesce(bool_and(h.person_id = (SELECT person_id FROM owner)), false)
            FROM holders AS h WHERE NOT h.has_died
        ), true) AS is_still_theirs
    FROM text AS t
"""


async def get_outgoing(connection: Connection, keys: FieldKeys, message_id: UUID) -> Outgoing | None:
    """An outbound text with what decides whether it may go. Raises Unreadable when the settings lack a key."""
    row = await connection.fetchrow(GET_OUTGOING, message_id)
    if row is None:
        return None
    message_id, subject_id, phone_e164_enc, body_enc, *rest = row
    opened = unseal(await keys.cipher_for(connection, subject_id), message_id, phone_e164_enc, body_enc)
    return Outgoing(message_id, *(opened or (ERASED, ERASED)), opened is None, *rest)


CLAIM_SENDING = """
    UPDATE messages SET status = 'sending', sending_at = clock_timestamp()
    WHERE message_id = $1 AND status = 'stored' RETURNING message_id
"""


async def claim_sending(connection: Connection, message_id: UUID) -> bool:
    """Marks a text as being sent, before Twilio is asked; False when it is past that."""
    return await connection.fetchval(CLAIM_SENDING, message_id) is not None


KEEP_FURTHEST = """
    UPDATE messages AS m
    SET status = CASE
            WHEN array_position($5::text[], $2::text) > array_position($5::text[], m.status) THEN $2 ELSE m.status
        END,
        error_code = CASE
            WHEN array_position($5::text[], $2::text) > array_position($5::text[], m.status) THEN $4
            ELSE m.error_code
        END,
        provider_sid = coalesce(m.provider_sid, (
            SELECT $3 WHERE NOT EXISTS (SELECT FROM messages AS other WHERE other.provider_sid = $3)
        ))
    WHERE m.message_id = $1 AND m.direction = 'outbound'
    RETURNING m.status
"""


async def keep_furthest(
    connection: Connection, message_id: UUID, status: str, sid: str | None, code: int | None, order: list[str]
) -> str | None:
    """Moves an outbound text forward, never back; returns its status now, or None when there is no such text."""
    now: str | None = await connection.fetchval(KEEP_FURTHEST, message_id, status, sid, code, order)
    return now


BACK_TO_STORED = """
    UPDATE messages SET status = 'stored', sending_at = NULL
    WHERE message_id = $1 AND status IN ('sending', 'unknown') AND provider_sid IS NULL
"""


async def back_to_stored(connection: Connection, message_id: UUID) -> None:
    """Takes back the sending mark of a text that surely never reached Twilio."""
    await connection.execute(BACK_TO_STORED, message_id)


INSERT_EVENT = """
    INSERT INTO message_events (message_id, provider_status, error_code) VALUES ($1, $2, $3)
"""


async def insert_event(connection: Connection, message_id: UUID, provider_status: str, code: int | None) -> None:
    """Keeps a receipt as it came."""
    await connection.execute(INSERT_EVENT, message_id, provider_status, code)


LIST_KNOWN_SIDS = "SELECT provider_sid FROM messages WHERE provider_sid = ANY($1::text[])"


async def list_known_sids(connection: Connection, sids: list[str]) -> set[str]:
    """Which of Twilio's messages are ours already."""
    return {row[0] for row in await connection.fetch(LIST_KNOWN_SIDS, sids)}


INSERT_OPT_OUT_EVENT = """
    INSERT INTO opt_out_events (phone_index, is_opted_out, source, detail, message_id)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (message_id) DO NOTHING
"""


async def insert_opt_out_event(
    connection: Connection, phone_index: bytes, is_opted_out: bool, source: str, detail: str, message_id: UUID
) -> None:
    """Notes in the ledger that a number wants no texts, or wants them again."""
    await connection.execute(INSERT_OPT_OUT_EVENT, phone_index, is_opted_out, source, detail, message_id)


IS_OPTED_OUT = """
    SELECT is_opted_out FROM opt_out_events WHERE phone_index = $1
    ORDER BY opt_out_event_id DESC LIMIT 1
"""


async def is_opted_out(connection: Connection, phone_index: bytes) -> bool:
    """Whether a number asked for no texts and has not asked for them again."""
    return bool(await connection.fetchval(IS_OPTED_OUT, phone_index))


COUNT_ATTENTION = """
    SELECT reason, count(*), min(created_at) FROM attention_flags
    WHERE seen_at IS NULL GROUP BY reason ORDER BY reason
"""


async def count_attention(connection: Connection) -> list[tuple[str, int, datetime]]:
    """How many texts wait to be looked at, for each reason, and since when."""
    return [(row[0], row[1], row[2]) for row in await connection.fetch(COUNT_ATTENTION)]
