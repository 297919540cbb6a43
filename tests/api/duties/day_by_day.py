"""A second way to find the category, slow and plain: one day after another, no periods, no turning days."""

from collections.abc import Iterator
from datetime import date, timedelta

from api.duties.dates import add_months, anniversary
from api.duties.models import Category, Episode, History

DAY = timedelta(days=1)


def category_day_by_day(history: History, on: date) -> Category:
    """The category, found by walking through every day of care."""
    born_on = history.births[0].born_on
    b14, b15, b16, b18, b21, b25 = (anniversary(born_on, years) for years in (14, 15, 16, 18, 21, 25))
    deaths = [e.ended_on for e in history.episodes if e.reason_ended == "E2" and e.ended_on]
    died_on = min([d for d in (history.died_on, *deaths) if d], default=date.max)
    if on >= died_on or on >= b25:
        return Category.NONE
    counting = [e for e in history.episodes if e.legal_status not in ("V3", "V4") and e.started_on < b18]
    in_care = {day for e in counting for day in _days_of(e, min(b18, died_on))}

    def enough(before: date) -> bool:
        since_14 = [day for day in in_care if b14 <= day < before]
        return len(since_14) >= 91 and any(day >= b16 for day in since_14)

    if on in in_care:
        if enough(on):
            return Category.ELIGIBLE
        return Category.PRE_ELIGIBLE if on >= b15 else Category.NONE
    if any(day < on for day in in_care) and _last_reason(counting, min(on, b18)) in {"E3", "E11", "E12"}:
        return Category.NONE
    if on < b16:
        return Category.NONE
    until = min(on, b18)
    was_in_care = [day for day in in_care if day < until]
    if was_in_care:
        left_on = max(was_in_care) + DAY
        detained = any(
            d.started_on <= b16
            and (d.ended_on is None or b16 < d.ended_on)
            and b16 not in in_care
            and d.started_on - DAY in in_care
            and len([day for day in in_care if b14 <= day < d.started_on]) >= 91
            for d in history.detentions
        )
        if (enough(left_on) or detained) and not _lost_at_home(history, left_on, until):
            return Category.RELEVANT if on < b18 else Category.FORMER_RELEVANT
    guarded = any(
        order.was_looked_after_before and order.made_on <= until and (order.ended_on is None or until < order.ended_on)
        for order in history.special_guardianships
    )
    if on < b21 and (guarded or any(b16 <= day < on for day in in_care)):
        return Category.QUALIFYING
    return Category.NONE


def _days_of(episode: Episode, before: date) -> Iterator[date]:
    day = episode.started_on
    while day < min(before, episode.ended_on or date.max):
        yield day
        day += DAY


def _last_reason(episodes: list[Episode], until: date) -> str | None:
    last: Episode | None = None
    for episode in episodes:
        if episode.ended_on is None or episode.ended_on > until:
            continue
        if (
            last is None
            or last.ended_on is None
            or (episode.ended_on, episode.started_on)
            > (
                last.ended_on,
                last.started_on,
            )
        ):
            last = episode
    return last.reason_ended if last else None


def _lost_at_home(history: History, left_on: date, until: date) -> bool:
    """Walks on a state of its own: lost when six months are complete, found again when a home breaks down."""
    lost, day = False, left_on
    while day <= until:
        for home in history.family_placements:
            complete_on = add_months(max(home.started_on, left_on), 6)
            over_on = min(home.ended_on or date.max, home.broke_down_on or date.max)
            if complete_on == day and complete_on <= over_on:
                lost = True
        if any(home.broke_down_on == day for home in history.family_placements):
            lost = False
        day += DAY
    return lost
