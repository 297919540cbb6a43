"""Messages in the database."""

from datetime import datetime
from itertools import starmap
from uuid import UUID

from api.kit.db import Connection
from api.messages.models import InboundText, Outgoing, Waiting

# One round trip: whose number it is, their thread, the text, and the job that answers it. A text
# delivered again finds its provider_sid taken and adds nothing. A number that is not exactly one
# person's gets a thread of its own and so nobody's data. NULL: the thread was being made in this very
# moment by somebody else; nothing was stored, and the same again will find it.
RECORD_INBOUND = """
    WITH owners AS (
        SELECT CASE WHEN count(*) = 1 THEN min(c.person_id::text)::uuid END AS person_id
        FROM contact_points AS c
        WHERE c.phone_e164 = $2 AND c.retired_at IS NULL
    ), existing AS (
        SELECT conversation_id FROM conversations WHERE person_id = (SELECT person_id FROM owners)
        UNION ALL
        SELECT conversation_id FROM conversations
        WHERE person_id IS NULL AND phone_e164 = $2 AND (SELECT person_id FROM owners) IS NULL
    ), made AS (
        INSERT INTO conversations (person_id, phone_e164)
        SELECT person_id, CASE WHEN person_id IS NULL THEN $2 END FROM owners
        WHERE NOT EXISTS (SELECT FROM existing)
        ON CONFLICT (person_id, phone_e164) DO NOTHING
        RETURNING conversation_id
    ), thread AS (
        SELECT conversation_id FROM existing UNION ALL SELECT conversation_id FROM made
    ), added AS (
        INSERT INTO messages (conversation_id, direction, kind, phone_e164, body, media_count, provider_sid, status)
        SELECT conversation_id, 'inbound', 'text', $2, $3, $4, $1, 'received' FROM thread
        ON CONFLICT (provider_sid) DO NOTHING
        RETURNING message_id, conversation_id
    ), job AS (
        INSERT INTO jobs (kind, serial_key, payload, priority, run_at)
        SELECT 'answer', 'answer:' || conversation_id, jsonb_build_object('conversation_id', conversation_id),
            $5, clock_timestamp()
        FROM added
    )
    SELECT (SELECT count(*) = 1 FROM added) FROM thread
"""


async def insert_inbound(connection: Connection, text: InboundText, priority: int) -> bool | None:
    """Stores a text and the job that answers it, once; False when it was there already, None to try again."""
    added: bool | None = await connection.fetchval(
        RECORD_INBOUND, text.provider_sid, text.from_e164, text.body, text.media_count, priority
    )
    return added


# A turn is fixed when it is first tried: the texts of one phone that wait then. A later try takes the
# same texts under the same id, so the assistant knows it again; what came meanwhile is the next turn.
TAKE_TURN = """
    WITH waiting AS (
        SELECT message_id, phone_e164, turn_id, created_at FROM messages
        WHERE conversation_id = $1 AND direction = 'inbound' AND answered_at IS NULL
    ), first AS (
        SELECT phone_e164, turn_id FROM waiting ORDER BY turn_id NULLS LAST, created_at, message_id LIMIT 1
    )
    UPDATE messages AS m SET turn_id = coalesce(m.turn_id, $2)
    FROM waiting AS w, first AS f
    WHERE m.message_id = w.message_id AND w.phone_e164 = f.phone_e164 AND w.turn_id IS NOT DISTINCT FROM f.turn_id
    RETURNING m.message_id, m.phone_e164, m.body, m.media_count, m.turn_id, m.created_at
"""


async def take_turn(connection: Connection, conversation_id: UUID, new_turn_id: UUID) -> list[Waiting]:
    """The texts of a thread that are to be answered now, oldest first."""
    texts = starmap(Waiting, await connection.fetch(TAKE_TURN, conversation_id, new_turn_id))
    return sorted(texts, key=lambda text: (text.created_at, text.message_id))


LIST_RECENT_BODIES = """
    SELECT body FROM messages
    WHERE conversation_id = $1 AND direction = 'inbound' AND phone_e164 = $2
        AND created_at BETWEEN $3::timestamptz - interval '10 minutes' AND $3
        AND turn_id IS DISTINCT FROM $4
    ORDER BY created_at DESC, message_id DESC
    LIMIT 5
"""


async def list_recent_bodies(connection: Connection, conversation_id: UUID, first: Waiting) -> list[str]:
    """What the same phone wrote in the ten minutes before a turn, oldest first."""
    rows = await connection.fetch(
        LIST_RECENT_BODIES, conversation_id, first.phone_e164, first.created_at, first.turn_id
    )
    return [row[0] for row in reversed(rows)]


MARK_ANSWERED = """
    UPDATE messages SET answered_at = clock_timestamp()
    WHERE message_id = ANY($1) AND answered_at IS NULL
"""


async def mark_answered(connection: Connection, message_ids: list[UUID]) -> int:
    """Marks texts as answered; returns how many had not been."""
    status: str = await connection.execute(MARK_ANSWERED, message_ids)
    return int(status.rpartition(" ")[2])


INSERT_OUTBOUND = """
    INSERT INTO messages (conversation_id, direction, kind, phone_e164, body, status, about_message_id)
    VALUES ($1, 'outbound', $2, $3, $4, 'stored', $5) RETURNING message_id
"""


async def insert_reply(connection: Connection, conversation_id: UUID, kind: str, phone_e164: str, body: str) -> UUID:
    """Stores a reply or notice that is to be sent."""
    message_id: UUID = await connection.fetchval(INSERT_OUTBOUND, conversation_id, kind, phone_e164, body, None)
    return message_id


async def insert_alert(connection: Connection, phone_e164: str, body: str, about_message_id: UUID) -> UUID:
    """Stores a text to a member of staff about a young person's text; it stands in nobody's thread."""
    message_id: UUID = await connection.fetchval(INSERT_OUTBOUND, None, "alert", phone_e164, body, about_message_id)
    return message_id


# Whoever stores this may not read it again, so the id is made before and not asked for after.
INSERT_NOTICE = """
    WITH new AS MATERIALIZED (
        SELECT uuidv7() AS message_id
    ), added AS (
        INSERT INTO messages (message_id, direction, kind, phone_e164, body, status)
        SELECT message_id, 'outbound', 'alert', $1, $2, 'stored' FROM new
    )
    SELECT message_id FROM new
"""


async def insert_notice(connection: Connection, phone_e164: str, body: str) -> UUID:
    """Stores a text from one of staff to another that is to be sent."""
    message_id: UUID = await connection.fetchval(INSERT_NOTICE, phone_e164, body)
    return message_id


INSERT_CODE = """
    INSERT INTO messages (direction, kind, phone_e164, body, status, sending_at)
    VALUES ('outbound', 'code', $1, $2, 'sending', clock_timestamp()) RETURNING message_id
"""


async def insert_code(connection: Connection, phone_e164: str, body: str) -> UUID:
    """Stores a text with a code as being sent; `body` has the code left out."""
    message_id: UUID = await connection.fetchval(INSERT_CODE, phone_e164, body)
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
        WHERE c.phone_e164 = (SELECT phone_e164 FROM text) AND c.retired_at IS NULL
    ), owner AS (
        SELECT c.person_id FROM conversations AS c WHERE c.conversation_id = (SELECT conversation_id FROM text)
    )
    SELECT t.message_id, t.kind, t.phone_e164, t.body, t.status, t.provider_sid, t.sending_at,
        extract(epoch FROM clock_timestamp() - t.sending_at)::float8 AS sending_for_s,
        extract(epoch FROM clock_timestamp() - t.created_at)::float8 AS age_s,
        coalesce((
            SELECT o.is_opted_out FROM opt_out_events AS o
            WHERE o.phone_e164 = t.phone_e164 ORDER BY o.opt_out_event_id DESC LIMIT 1
        ), false) AS is_opted_out,
        coalesce((SELECT bool_and(h.has_died) FROM holders AS h), false) AS has_died,
        coalesce((
            SELECT (SELECT kind FROM text) <> 'reply' OR (SELECT person_id FROM owner) IS NULL
                OR coalesce(bool_and(h.person_id = (SELECT person_id FROM owner)), false)
            FROM holders AS h WHERE NOT h.has_died
        ), true) AS is_still_theirs
    FROM text AS t
"""


async def get_outgoing(connection: Connection, message_id: UUID) -> Outgoing | None:
    """An outbound text with what decides whether it may go."""
    row = await connection.fetchrow(GET_OUTGOING, message_id)
    return None if row is None else Outgoing(*row)


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
    INSERT INTO opt_out_events (phone_e164, is_opted_out, source, detail, message_id)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (message_id) DO NOTHING
"""


async def insert_opt_out_event(
    connection: Connection, phone_e164: str, is_opted_out: bool, source: str, detail: str, message_id: UUID
) -> None:
    """Notes in the ledger that a number wants no texts, or wants them again."""
    await connection.execute(INSERT_OPT_OUT_EVENT, phone_e164, is_opted_out, source, detail, message_id)


IS_OPTED_OUT = """
    SELECT is_opted_out FROM opt_out_events WHERE phone_e164 = $1
    ORDER BY opt_out_event_id DESC LIMIT 1
"""


async def is_opted_out(connection: Connection, phone_e164: str) -> bool:
    """Whether a number asked for no texts and has not asked for them again."""
    return bool(await connection.fetchval(IS_OPTED_OUT, phone_e164))


COUNT_ATTENTION = """
    SELECT reason, count(*), min(created_at) FROM attention_flags
    WHERE seen_at IS NULL GROUP BY reason ORDER BY reason
"""


async def count_attention(connection: Connection) -> list[tuple[str, int, datetime]]:
    """How many texts wait to be looked at, for each reason, and since when."""
    return [(row[0], row[1], row[2]) for row in await connection.fetch(COUNT_ATTENTION)]
