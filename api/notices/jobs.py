"""Texts an adviser that something of a young person's waits: no name, no word of what it is."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from api.kit import limits
from api.kit.db import WORKER, Connection, Database
from api.kit.errors import TooMany
from api.kit.jobs import Job, JobKind
from api.kit.words import Words
from api.messages import service as messages
from api.people import service as people

log = structlog.get_logger()

# Whoever presses a button again and again makes one phone ring a few times and no more.
NOTICES_PER_PERSON = limits.Limit("notices", 4, 3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Tells the adviser, or who is on duty where there is none."""

    database: Database
    words: Words

    def kind(self) -> JobKind:
        """How `tell_adviser` jobs run."""
        return JobKind(handler=self.tell)

    async def tell(self, job: Job) -> None:
        """Stores the texts and ends the job in one transaction."""
        person_id = UUID(job.payload["person_id"])
        async with self.database.transaction(WORKER) as connection:
            if await _may_tell(connection, person_id):
                for number in await _numbers(connection, person_id):
                    await messages.queue_notice(connection, number, self.words.say("utter_staff_waiting"))
            await job.complete(connection)


async def _may_tell(connection: Connection, person_id: UUID) -> bool:
    try:
        await limits.take(connection, NOTICES_PER_PERSON, str(person_id))
    except TooMany:
        return False
    return True


async def _numbers(connection: Connection, person_id: UUID) -> list[str]:
    numbers = await people.list_adviser_numbers(connection, [person_id])
    if not numbers:
        numbers = await people.list_duty_numbers(connection)
    if not numbers:
        log.warning("nobody_to_tell")
    return numbers
