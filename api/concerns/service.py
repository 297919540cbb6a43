"""A worry in a text reaches people: the concern and the alerts are stored in one transaction."""

from collections.abc import Sequence
from uuid import UUID

from api.concerns import queries
from api.concerns.models import Risk, Verdict
from api.kit.db import Connection
from api.messages import service as messages
from api.messages.models import Attention, Unanswered
from api.people import service as people

ALERT = "utter_staff_alert"


async def raise_concerns(
    connection: Connection, conversation_id: UUID, texts: Sequence[Unanswered], verdicts: Sequence[Verdict]
) -> bool:
    """Stores a concern for each worrying text; returns whether one of them is an alarm that is new."""
    is_new_alarm = False
    for text, verdict in zip(texts, verdicts, strict=True):
        if verdict.risk is Risk.NONE:
            continue
        concern_id = await queries.insert_concern(connection, conversation_id, text.message_id, verdict)
        await messages.flag(connection, [text], Attention.WORRY)
        is_new_alarm |= verdict.is_alarm and concern_id is not None
    return is_new_alarm


async def alert_people(
    connection: Connection, person_ids: Sequence[UUID], duty_phone_e164: str | None, body: str
) -> int:
    """Texts the advisers of these people and everybody on duty; returns how many were told."""
    numbers = set(await people.list_alert_numbers(connection, list(person_ids)))
    numbers |= {duty_phone_e164} if duty_phone_e164 else set()
    for phone_e164 in sorted(numbers):
        await messages.queue_alert(connection, phone_e164, body)
    return len(numbers)
