"""Times that people give by London's clocks, as instants; those that no clock shows, or shows twice, are told so."""

from datetime import date, datetime, time, timedelta
from typing import Annotated

from msgspec import Meta

from api.kit import clock
from api.kit.clock import NoSuchTime, ToldTwice, say_day
from api.kit.errors import FieldError, Refused

WallTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


def instant_ahead(on_date: date, at: str, *, is_second: bool | None, within: timedelta) -> datetime:
    """The instant of a London day and time that is still to come, and not too far. Raises Refused."""
    now = clock.now()
    today = clock.london_day(now)
    if not today <= on_date <= today + within:
        allowed = (f"{say_day(today)} to {say_day(today + within)}",)
        raise Refused(errors=[FieldError("on_date", "It is not a day from today on, or it is too far ahead.", allowed)])
    instant = instant_of(on_date, at, is_second=is_second)
    if instant <= now:
        raise Refused(errors=[FieldError("at", "It is in the past.", ("a time that is still to come",))])
    return instant


def instant_of(on_date: date, at: str, *, is_second: bool | None) -> datetime:
    """The instant of a London day and time. Raises Refused."""
    try:
        return clock.at_london(on_date, time.fromisoformat(at), is_second=is_second)
    except NoSuchTime:
        said = "The clocks go forward over that time: there is no such time on that day."
        raise Refused(errors=[FieldError("at", said, ("an hour earlier", "an hour later"))]) from None
    except ToldTwice:
        said = "The clocks go back: that time comes twice on that day. Say which."
        raise Refused(errors=[FieldError("is_second", said, ("false: the first", "true: the second"))]) from None
