"""What is booked."""

from datetime import datetime
from itertools import starmap

from api.appointments.models import Appointment
from api.kit.db import Connection

LIST_NEXT_APPOINTMENTS = """
    SELECT appointment_id, starts_at, ends_at
    FROM appointments
    WHERE person_id = sec.acting_person_id() AND status = 'booked'
        AND ends_at > $1 AND starts_at > $1 - interval '1 day'
    ORDER BY starts_at, appointment_id
    LIMIT $2
"""


async def list_next_appointments(connection: Connection, after: datetime, count: int) -> list[Appointment]:
    """The next ones of the person the connection acts for, one that has begun but not ended included."""
    return list(starmap(Appointment, await connection.fetch(LIST_NEXT_APPOINTMENTS, after, count)))
