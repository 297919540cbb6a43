"""Which duty to look at first, and how urgent it is."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from api.duties.law import urgency_law
from api.duties.models import Colour, Duty, Urgency

LONDON = ZoneInfo("Europe/London")
ORDER = {Colour.RED: 0, Colour.AMBER: 1, Colour.GREEN: 2}


def due_day(duty: Duty) -> date:
    """The London day on which a duty is due; raises ValueError for one without day and instant."""
    if duty.due_on is not None:
        return duty.due_on
    if duty.due_at is None:
        raise ValueError(f"the duty {duty.code} has no day")
    return duty.due_at.astimezone(LONDON).date()


def urgency(duty: Duty, on: date, *, at: datetime | None = None) -> Urgency:
    """The colour of one duty on a London day; with the instant `at`, a duty by the hour is red from its hour on."""
    days_left = (due_day(duty) - on).days
    is_past = duty.due_at is not None and at is not None and duty.due_at <= at
    confirmed = "" if duty.verified else " This rule has not been confirmed in its source."
    if days_left < 0 or is_past:
        late = f"{-days_left} day{'' if days_left == -1 else 's'} late" if days_left < 0 else "late since today"
        return Urgency(duty, Colour.RED, f"{duty.why} It is {late}.{confirmed}")
    law = urgency_law()
    colour = Colour.AMBER if days_left <= law.amber_days_for.get(duty.code, law.amber_days) else Colour.GREEN
    left = "due today" if days_left == 0 else f"due in {days_left} day{'' if days_left == 1 else 's'}"
    return Urgency(duty, colour, f"{duty.why} It is {left}.{confirmed}")


def most_urgent(duties: Iterable[Duty], on: date, *, at: datetime | None = None) -> Urgency | None:
    """The duty to look at first on a London day, with its colour and why; None where there is none.

    Prospective law is not asked for and so never first. Equal days are ordered by the council's own list.
    """
    judged = [urgency(duty, on, at=at) for duty in duties if not duty.is_prospective]
    return min(judged, key=_place, default=None)


def _place(judged: Urgency) -> tuple[int, date, int, str]:
    first = urgency_law().first
    code = judged.duty.code
    rank = first.index(code) if code in first else len(first)
    return ORDER[judged.colour], due_day(judged.duty), rank, code
