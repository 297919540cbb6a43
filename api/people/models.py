"""People as the team speaks of them."""

from datetime import time

import msgspec


class WorkingDay(msgspec.Struct, frozen=True):
    """One day of somebody's week, in London wall time."""

    iso_weekday: int
    starts_at_wall: time
    ends_at_wall: time


class Adviser(msgspec.Struct, frozen=True):
    """A young person's own personal adviser, as the young person knows them."""

    shown_name: str
    week: tuple[WorkingDay, ...]
