"""Appointments."""

from datetime import datetime
from uuid import UUID

import msgspec


class Appointment(msgspec.Struct, frozen=True):
    """A meeting between a young person and one of the team; the time is an instant in UTC."""

    appointment_id: UUID
    starts_at: datetime
    ends_at: datetime
