"""How long somebody has been in care: periods, and the 13 weeks by both readings."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

from api.duties import codes, law
from api.duties.dates import add_months, anniversary, covers
from api.duties.models import BirthDate, BirthDateStatus, Detention, Episode, History, ThirteenWeeks


class Period(NamedTuple):
    """Care without a day's break; `ended_on` is the first day out of care, the 18th birthday at the latest."""

    started_on: date
    ended_on: date


def birth_date(history: History, known_on: date | None = None) -> BirthDate:
    """The date of birth to go by, as it is known today or was on `known_on`: the last that was accepted.

    A disputed one counts only where none was ever accepted. Raises ValueError where there is none at all.
    """
    known = [birth for birth in history.births if known_on is None or birth.accepted_on <= known_on]
    if not known:
        raise ValueError("no date of birth is known")
    return max(known, key=lambda birth: (birth.status is not BirthDateStatus.DISPUTED, birth.accepted_on))


class SixMonthsHome(NamedTuple):
    """The day on which six months with family were complete, and the day since when that home has failed."""

    complete_on: date
    broke_down_on: date | None


class Life:
    """A person's history by the date of birth that is gone by, with the birthdays that the law turns on."""

    def __init__(self, history: History, known_on: date | None = None) -> None:
        self.history = history
        self.birth = birth_date(history, known_on)
        ages = law.ages()
        self.fourteen = self.birthday(ages.counts_from)
        self.fifteen = self.birthday(ages.pre_eligible_from)
        self.sixteen = self.birthday(ages.sixteen)
        self.eighteen = self.birthday(ages.adult)
        self.twenty_one = self.birthday(ages.supported_to)
        self.twenty_five = self.birthday(ages.closes_at)

    def birthday(self, years: int) -> date:
        """The birthday after so many years."""
        return anniversary(self.birth.born_on, years)

    @cached_property
    def died_on(self) -> date | None:
        """The day of death; an episode that ended with the death says it too."""
        ended = (e.ended_on for e in self.history.episodes if codes.is_in("died", e.reason_ended))
        return min((day for day in (self.history.died_on, *ended) if day is not None), default=None)

    @cached_property
    def episodes(self) -> tuple[Episode, ...]:
        """Episodes that count, by their start: no short breaks, none that began at 18 or later."""
        counting = (e for e in self.history.episodes if not codes.is_in("short_break", e.legal_status))
        return tuple(sorted((e for e in counting if e.started_on < self.eighteen), key=lambda e: e.started_on))

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """Care before 18 with episodes that touch or overlap joined."""
        joined: list[Period] = []
        for episode in self.episodes:
            period = Period(episode.started_on, _earliest(self.eighteen, episode.ended_on, self.died_on))
            if period.ended_on <= period.started_on:
                continue
            if joined and period.started_on <= joined[-1].ended_on:
                last = joined.pop()
                period = Period(last.started_on, max(last.ended_on, period.ended_on))
            joined.append(period)
        return tuple(joined)

    def period_on(self, on: date) -> Period | None:
        """The period of care that holds on a day."""
        return next((period for period in self.periods if covers(period.started_on, period.ended_on, on)), None)

    def last_ended(self, on: date) -> Period | None:
        """The period of care that ended last on or before a day."""
        return max((period for period in self.periods if period.ended_on <= on), default=None)

    def last_reason_ended(self, on: date) -> str | None:
        """Why care ended the last time on or before a day (REC)."""
        until = min(on, self.eighteen)
        ended = [(e.ended_on, e.started_on, e.reason_ended) for e in self.episodes if e.ended_on is not None]
        return max((e for e in ended if e[0] <= until), key=lambda e: e[:2], default=(None, None, None))[2]

    def thirteen_weeks(self, until: date) -> ThirteenWeeks:
        """Days in care before `until`: a day counts when it is over, as the SSDA903 validator counts (rule 1001)."""
        return ThirteenWeeks(
            since_14=sum(_days(p, self.fourteen, until) for p in self.periods),
            begun_after_14=sum(_days(p, self.fourteen, until) for p in self.periods if p.started_on >= self.fourteen),
            since_16=sum(_days(p, self.sixteen, until) for p in self.periods),
        )

    def has_thirteen_weeks(self, until: date) -> bool:
        """Whether it was 13 weeks since 14 before a day, with at least one day after 16."""
        counted, needed = self.thirteen_weeks(until), law.weeks()
        return counted.since_14 >= needed.days_in_care and counted.since_16 >= needed.days_after_16

    def detention_at_16(self) -> Detention | None:
        """The detention or stay in hospital of regulation 3(2): over the 16th birthday, out of care, after 13 weeks."""
        if self.period_on(self.sixteen):
            return None
        return next((d for d in self.history.detentions if self._follows_care(d)), None)

    def _follows_care(self, detention: Detention) -> bool:
        return (
            covers(detention.started_on, detention.ended_on, self.sixteen)
            and self.period_on(detention.started_on - timedelta(days=1)) is not None
            and self.thirteen_weeks(detention.started_on).since_14 >= law.weeks().days_in_care
        )

    def home_six_months_on(self, after: date) -> Iterator[date]:
        """The days on which six months with family, counted from leaving care at the earliest, were complete."""
        for home in self.history.family_placements:
            started_on = max(home.started_on, after)
            complete_on = add_months(started_on, law.weeks().home_months)
            if complete_on <= _earliest(complete_on, home.ended_on, home.broke_down_on):
                yield complete_on

    def six_months_home(self, left_on: date, until: date) -> SixMonthsHome | None:
        """The last six months at home that were complete by a day, after leaving care; None: there were none."""
        complete_on = max((day for day in self.home_six_months_on(left_on) if day <= until), default=None)
        if complete_on is None:
            return None
        failed = (home.broke_down_on for home in self.history.family_placements)
        since = (day for day in failed if day is not None and complete_on <= day <= until)
        return SixMonthsHome(complete_on, max(since, default=None))

    def reaches_thirteen_weeks_on(self) -> date | None:
        """The first day on which 13 weeks since 14 are over, if care goes on where it is open."""
        missing = law.weeks().days_in_care
        for period in self.periods:
            started_on = max(period.started_on, self.fourteen)
            reached_on = started_on + timedelta(days=missing)
            if reached_on <= period.ended_on:
                return reached_on
            missing -= _days(period, self.fourteen, period.ended_on)
        return None


def _days(period: Period, since: date, until: date) -> int:
    return max(0, (min(period.ended_on, until) - max(period.started_on, since)).days)


def _earliest(day: date, *others: date | None) -> date:
    return min((day, *(other for other in others if other is not None)))
