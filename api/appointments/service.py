"""Appointments: what a young person has coming up."""

from api.appointments import queries
from api.appointments.models import Appointment
from api.kit import clock
from api.kit.db import Connection


async def list_own_next(connection: Connection, count: int) -> list[Appointment]:
    """The next appointments of the young person the connection acts for, soonest first."""
    return await queries.list_next_appointments(connection, clock.now(), count)
