"""Messages in the database."""

from datetime import datetime
from itertools import starmap
from uuid import UUID

from api.kit.db import Connection
from api.messages.models import InboundText, Outgoing, Unanswered

# One round trip: whose number it is, their thread, the text, and the job that answers it. A text
# delivered again finds its provider_sid taken and adds nothing. A number that is not exactly one
# living or dead person's gets a thread of its own and so nobody's data.
RECORD_INBOUND = """
    WITH owners AS (
        SELECT min(c.person_id::text)::uuid AS person_id, count(*) AS people
        FROM contact_points AS c
        WHERE c.phone_e164 = $2 AND c.retired_at IS NULL
    ), thread AS (
        INSERT INTO conversations (person_id, phone_e164, last_inbound_at)
        SELECT CASE WHEN people = 1 THEN person_id END, CASE WHEN people <> 1 THEN $2 END, clock_timestamp()
        FROM owners
        ON CONFLICT (person_id, phone_e164) DO UPDATE SET last_inbound_at = clock_timestamp()
        RETURNING conversation_id
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
    SELECT count(*) = 1 FROM added
"""


async def insert_inbound(connection: Connection, text: InboundText, priority: int) -> bool:
    """Stores a text and the job that answers it, once; False when it was there already."""
    added: bool = await connection.fetchval(
        RECORD_INBOUND, text.provider_sid, text.from_e164, text.body, text.media_count, priority
    )
    return added


LIST_UNANSWERED = """
    SELECT message_id, phone_e164, body, media_count FROM messages
    WHERE conversation_id = $1 AND direction = 'inbound' AND answered_at IS NULL
    ORDER BY created_at, message_id
"""


async def list_unanswered(connection: Connection, conversation_id: UUID) -> list[Unanswered]:
    """The texts of a thread that still wait for an answer, oldest first."""
    return list(starmap(Unanswered, await connection.fetch(LIST_UNANSWERED, conversation_id)))


MARK_ANSWERED = """
    UPDATE messages SET answered_at = clock_timestamp()
    WHERE message_id = ANY($1) AND answered_at IS NULL
"""


async def mark_answered(connection: Connection, message_ids: list[UUID]) -> int:
    """Marks texts as answered; returns how many had not been."""
    status: str = await connection.execute(MARK_ANSWERED, message_ids)
    return int(status.rpartition(" ")[2])


INSERT_OUTBOUND = """
    INSERT INTO messages (conversation_id, direction, kind, phone_e164, body, status)
    VALUES ($1, 'outbound', $2, $3, $4, 'stored') RETURNING message_id
"""


async def insert_outbound(
    connection: Connection, conversation_id: UUID | None, kind: str, phone_e164: str, body: str
) -> UUID:
    """Stores a text that is to be sent."""
    message_id: UUID = await connection.fetchval(INSERT_OUTBOUND, conversation_id, kind, phone_e164, body)
    return message_id


INSERT_CODE = """
    INSERT INTO messages (direction, kind, phone_e164, body, status, sending_at)
    VALUES ('outbound', 'code', $1, $2, 'sending', clock_timestamp()) RETURNING message_id
"""


async def insert_code(connection: Connection, phone_e164: str, body: str) -> UUID:
    """Stores a text with a code as being sent; `body` has the code left out."""
    message_id: UUID = await connection.fetchval(INSERT_CODE, phone_e164, body)
    return message_id


FLAG = """
    INSERT INTO attention_flags (message_id, reason) SELECT unnest($1::uuid[]), $2
    ON CONFLICT DO NOTHING
"""


async def insert_flags(connection: Connection, message_ids: list[UUID], reason: str) -> None:
    """Marks messages for a person of the team to look at."""
    await connection.execute(FLAG, message_ids, reason)


FLAG_OWN_UNANSWERED = """
    INSERT INTO attention_flags (message_id, reason)
    SELECT message_id, $1 FROM messages
    WHERE conversation_id = sec.acting_conversation_id() AND direction = 'inbound' AND answered_at IS NULL
    ON CONFLICT DO NOTHING
"""


async def insert_flags_for_turn(connection: Connection, reason: str) -> None:
    """Marks the texts that the acting conversation is being answered for."""
    await connection.execute(FLAG_OWN_UNANSWERED, reason)


GET_OUTGOING = """
    SELECT m.message_id, m.kind, m.phone_e164, m.body, m.status, m.provider_sid,
        extract(epoch FROM clock_timestamp() - m.sending_at)::float8 AS sending_for_s,
        coalesce((
            SELECT o.is_opted_out FROM opt_out_events AS o
            WHERE o.phone_e164 = m.phone_e164 ORDER BY o.opt_out_event_id DESC LIMIT 1
        ), false) AS is_opted_out,
        NOT EXISTS (
            SELECT FROM contact_points AS c JOIN young_people AS p USING (person_id)
            WHERE c.phone_e164 = m.phone_e164 AND c.retired_at IS NULL AND p.died_on IS NOT NULL
        ) AS may_be_texted
    FROM messages AS m
    WHERE m.message_id = $1 AND m.direction = 'outbound'
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
