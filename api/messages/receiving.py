"""A text arrives: encrypted with the key of whoever it belongs to, and stored before anybody says that it was."""

import asyncio
from collections import OrderedDict
from uuid import UUID, uuid4

import structlog

from api.kit import jobs
from api.kit.crypto import FieldCipher, Place, Unreadable
from api.kit.db import TWILIO, Connection, Database, repeat_while_lost
from api.kit.errors import Unavailable
from api.kit.field_keys import SERVICE_SUBJECT, FieldKeys
from api.messages import queries
from api.messages.models import InboundText, KnownThread
from api.messages.service import ACCEPT_WITHIN_S

log = structlog.get_logger()

MOST_THREADS = 4096
PAUSE_S = 0.01


class Receiving:
    """Stores texts in one round trip each: it remembers where a number's texts belong, and with which key.

    What it remembers may be wrong by now; the statement that stores a text finds that out, and it looks again.
    """

    def __init__(self, database: Database, keys: FieldKeys) -> None:
        self._database = database
        self._keys = keys
        self._threads: OrderedDict[bytes, KnownThread] = OrderedDict()

    async def record(self, text: InboundText) -> bool:
        """Stores a text and the job that answers it, once; False for a repeat. Committed when this returns.

        Raises Unavailable when the database stays away, or no key can be had: then nothing was stored.
        """
        return await repeat_while_lost(lambda: self._record(text), for_s=ACCEPT_WITHIN_S)

    async def _record(self, text: InboundText) -> bool:
        index = self._keys.phone_index(text.from_e164)
        async with self._database.acting_as(TWILIO) as connection:
            while (added := await self._store(connection, index, text)) is None:
                self._threads.pop(index, None)
                await asyncio.sleep(PAUSE_S)
            return added

    async def _store(self, connection: Connection, index: bytes, text: InboundText) -> bool | None:
        """None when the number belongs elsewhere by now, or its key is gone: nothing was stored."""
        thread = self._threads.get(index) or await self._find(connection, index, text.from_e164)
        if thread is None:
            return None
        cipher = self._keys.unwrap(thread.wrapped_key, thread.subject_id)
        added = await queries.insert_inbound(connection, text, thread, cipher, jobs.SOON)
        if added is not None:
            self._remember(thread)
        return added

    async def _find(self, connection: Connection, index: bytes, phone_e164: str) -> KnownThread | None:
        """The thread of a number, made if there is none; None when the number changed hands in this very moment."""
        person_id, conversation_id = await queries.find_thread(connection, index)
        if conversation_id is None:
            await self._make(connection, index, phone_e164, person_id)
            person_id, conversation_id = await queries.find_thread(connection, index)
        if conversation_id is None:
            return None
        for subject_id in (person_id, conversation_id, SERVICE_SUBJECT):
            wrapped = subject_id and await self._usable_key(connection, subject_id)
            if subject_id and wrapped:
                return KnownThread(index, conversation_id, subject_id, wrapped)
        log.error("no_key_for_a_text", conversation_id=str(conversation_id))
        raise Unavailable

    async def _usable_key(self, connection: Connection, subject_id: UUID) -> bytes | None:
        """A wrapped key that opens. Who was erased has none, and a text must not be lost for that: another is taken."""
        try:
            wrapped = await self._keys.wrapped_for(connection, subject_id)
            return wrapped if wrapped and self._keys.unwrap(wrapped, subject_id) else None
        except Unreadable:
            log.error("key_unreadable")
            return None

    async def _make(self, connection: Connection, index: bytes, phone_e164: str, person_id: UUID | None) -> None:
        conversation_id = uuid4()
        if person_id is not None:
            await queries.make_own_thread(connection, conversation_id, person_id)
            return
        wrapped = self._keys.new_wrapped(conversation_id)
        cipher: FieldCipher = self._keys.unwrap(wrapped, conversation_id)
        sealed = cipher.encrypt(phone_e164, Place("conversations", "phone_e164_enc", conversation_id))
        await queries.make_thread_of_number(connection, conversation_id, sealed, index, wrapped)

    def _remember(self, thread: KnownThread) -> None:
        self._threads[thread.phone_index] = thread
        self._threads.move_to_end(thread.phone_index)
        if len(self._threads) > MOST_THREADS:
            self._threads.popitem(last=False)
