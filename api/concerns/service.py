"""A worry in a text reaches people: the concern and the alerts are stored in one transaction."""

from collections.abc import Sequence
from uuid import UUID

from api.concerns import queries
from api.concerns.models import Risk, Verdict
from api.kit.db import Connection
from api.kit.field_keys import FieldKeys
from api.messages import service as messages
from api.messages.models import Attention, Waiting
from api.people import service as people

ALERT = "utter_staff_alert"
MESSAGE_WAITS = "utter_staff_message"


async def raise_concerns(
    connection: Connection, conversation_id: UUID, texts: Sequence[Waiting], verdicts: Sequence[Verdict]
) -> Waiting | None:
    """Stores a concern for each worrying text; returns the last of those that are an alarm and new."""
    alarm = None
    for text, verdict in zip(texts, verdicts, strict=True):
        if verdict.risk is Risk.NONE:
            continue
        concern_id = await queries.insert_concern(connection, conversation_id, text.message_id, verdict)
        await messages.flag(connection, [text], Attention.WORRY)
        alarm = text if verdict.is_alarm and concern_id is not None else alarm
    return alarm


async def alert_people(
    connection: Connection,
    keys: FieldKeys,
    person_ids: Sequence[UUID],
    duty_phone_e164: str,
    body: str,
    about: Waiting,
) -> int:
    """Texts the advisers of these people and everybody on duty; returns how many are told."""
    numbers = {
        *await people.list_adviser_numbers(connection, keys, list(person_ids)),
        *await people.list_duty_numbers(connection, keys),
        *([duty_phone_e164] if duty_phone_e164 else []),
    }
    for phone_e164 in sorted(numbers):
        await messages.queue_alert(connection, keys, phone_e164, body, about.message_id)
    return len(numbers)


async def tell_adviser(
    connection: Connection,
    keys: FieldKeys,
    person_ids: Sequence[UUID],
    duty_phone_e164: str,
    body: str,
    about: Waiting,
) -> None:
    """Texts the advisers of these people, or whoever is on duty where there is none, that something waits."""
    numbers = await people.list_adviser_numbers(connection, keys, list(person_ids))
    for phone_e164 in numbers or [duty_phone_e164]:
        await messages.queue_alert(connection, keys, phone_e164, body, about.message_id)
