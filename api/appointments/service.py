"""Appointments: what a young person has coming up."""

from api.appointments import queries
from api.appointments.models import Appointment
from api.audit import service as audit
from api.audit.models import Verb
from api.kit import clock
from api.kit.db import Connection


async def list_own_next(connection: Connection, count: int) -> list[Appointment]:
    """The next appointments of the young person the connection acts for, soonest first."""
    booked = await queries.list_next_appointments(connection, clock.now(), count)
    await audit.record(connection, Verb.VIEWED, "appointments", [appointment.appointment_id for appointment in booked])
    return booked
