"""When the young person is meeting somebody. Only the time is told: a text may be read by others."""

from api.appointments import service
from api.kit.clock import say_day_and_time
from bot.actions.turn import ActionResult, Reply, Turn

SHOWN_AT_ONCE = 2


async def next_appointments(turn: Turn) -> ActionResult:
    """The next appointment, and the one after it if there is one."""
    booked = await service.list_own_next(turn.connection, SHOWN_AT_ONCE)
    times = [say_day_and_time(appointment.starts_at) for appointment in booked]
    if not times:
        return ActionResult([Reply("utter_no_appointments")])
    if len(times) == 1:
        return ActionResult([Reply("utter_next_appointment", {"when": times[0]})])
    return ActionResult([Reply("utter_next_appointments", {"when": times[0], "after": times[1]})])
