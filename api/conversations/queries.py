"""Threads in the database."""

from uuid import UUID

from api.conversations.models import Thread
from api.kit.db import Connection

GET_THREAD = """
    SELECT c.conversation_id, c.person_id, c.owner, c.owner_epoch,
        EXISTS (
            SELECT FROM messages AS m
            WHERE m.conversation_id = c.conversation_id AND m.direction = 'outbound'
                AND m.created_at > clock_timestamp() - interval '1 day'
        ) AS was_answered_today
    FROM conversations AS c WHERE c.conversation_id = $1
"""


async def get_thread(connection: Connection, conversation_id: UUID) -> Thread | None:
    """A thread, or None."""
    row = await connection.fetchrow(GET_THREAD, conversation_id)
    return None if row is None else Thread(*row)


LOCK_IF_STILL_HELD = """
    SELECT conversation_id FROM conversations
    WHERE conversation_id = $1 AND owner = $2 AND owner_epoch = $3
    FOR NO KEY UPDATE
"""


async def lock_if_still_held(connection: Connection, thread: Thread) -> bool:
    """Locks a thread until the transaction ends; False when somebody else has come to hold it meanwhile."""
    row = await connection.fetchrow(LOCK_IF_STILL_HELD, thread.conversation_id, thread.owner, thread.owner_epoch)
    return row is not None


# The policies on the table let the worker see and delete old rows only.
DELETE_OLD_DIALOGUES = "DELETE FROM bot.trackers WHERE updated_at < now() - interval '30 days'"


async def delete_old_dialogues(connection: Connection) -> None:
    """Deletes what the bot remembers of threads that have been silent for 30 days."""
    await connection.execute(DELETE_OLD_DIALOGUES)
