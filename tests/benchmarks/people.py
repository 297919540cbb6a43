"""Young people for the senders: each with a phone, an adviser, an appointment and a thread."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from api.kit.crypto import KeyRing
from tests import factories

FIRST_NUMBER, MOST_PEOPLE = 300, 32


@dataclass(frozen=True)
class Sender:
    """Somebody who texts."""

    phone_e164: str
    conversation_id: UUID
    person_id: UUID


async def add_people(admin: asyncpg.Connection, ring: KeyRing) -> list[Sender]:
    """Made-up people with drama numbers that the demo people do not have."""
    adviser = await factories.create_staff(admin)
    return [await _add_person(admin, ring, adviser, f"+447700900{FIRST_NUMBER + n}") for n in range(MOST_PEOPLE)]


async def _add_person(admin: asyncpg.Connection, ring: KeyRing, adviser: UUID, phone: str) -> Sender:
    person_id = await factories.create_person(admin, phone=phone, adviser=adviser, ring=ring)
    await factories.create_appointment(admin, person_id, adviser)
    conversation_id, _ = await factories.create_conversation(admin, person_id)
    return Sender(phone, conversation_id, person_id)
