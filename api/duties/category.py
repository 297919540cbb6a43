"""Which category of care leaver a person has on a day, why, since when and until when."""

from datetime import date, timedelta
from typing import NamedTuple

from api.duties import codes, law
from api.duties.care import Life
from api.duties.dates import age_on
from api.duties.models import (
    BirthDateStatus,
    Category,
    CategoryChange,
    CategoryDecision,
    EducationProgramme,
    History,
    Reason,
    ResponsibleAuthority,
    Support,
)


class Standing(NamedTuple):
    """A category with the codes of the reasons that led to it, and the day that the last of them turns on."""

    category: Category
    steps: tuple[str, ...]
    day: date | None = None


def category(history: History, on: date, *, known_on: date | None = None) -> CategoryDecision:
    """The one category of a person on a day, with every step and both counts of the 13 weeks.

    `known_on` goes by the date of birth that was accepted on that day. Raises ValueError without a date of birth.
    """
    life = Life(history, known_on)
    standing = _standing(life, on)
    return CategoryDecision(
        category=standing.category,
        on_date=on,
        since=_since(life, on, standing.category),
        support=_support(life, on, standing.category),
        reasons=_reasons(life, on, standing),
        warnings=_warnings(life, on, standing.category),
        rules_version=f"{law.version()}+{codes.care_version()}",
    )


def next_category_change(history: History, on: date, *, known_on: date | None = None) -> CategoryChange | None:
    """The next day after `on` on which the category is another one if nothing new is recorded; None: never again."""
    life = Life(history, known_on)
    before = _standing(life, on).category
    for day in _turning_days(life):
        if day > on and (after := _standing(life, day).category) is not before:
            return CategoryChange(day, before, after)
    return None


def responsible_authority(history: History, on: date) -> ResponsibleAuthority | None:
    """The council that last looked after the person by that day, wherever they live now; None: nobody ever did."""
    episodes = [episode for episode in Life(history).episodes if episode.started_on <= on]
    if not episodes:
        return None
    last = max(episodes, key=lambda episode: episode.started_on)
    source = law.reason_text("none_taken_over").source
    if last.ended_on is not None and last.ended_on <= on and codes.is_in("taken_over", last.reason_ended):
        return ResponsibleAuthority(False, None, last.ended_on, source)
    return ResponsibleAuthority(last.authority_code is None, last.authority_code, last.started_on, source)


def _standing(life: Life, on: date) -> Standing:
    if life.died_on is not None and life.died_on <= on:
        return Standing(Category.NONE, ("none_died",), life.died_on)
    if on >= life.twenty_five:
        return Standing(Category.NONE, ("none_past_25",), life.twenty_five)
    if period := life.period_on(on):
        return _in_care(life, on, period.started_on)
    reason_ended = life.last_reason_ended(on)
    for group, step in (("adopted", "none_adopted"), ("taken_over", "none_taken_over")):
        if codes.is_in(group, reason_ended) and (ended := life.last_ended(on)):
            return Standing(Category.NONE, (step,), ended.ended_on)
    return _out_of_care(life, on)


def _in_care(life: Life, on: date, since: date) -> Standing:
    if life.has_thirteen_weeks(on):
        return Standing(Category.ELIGIBLE, ("looked_after", "days", "eligible"), since)
    if on >= life.fifteen:
        return Standing(Category.PRE_ELIGIBLE, ("looked_after", "days", "pre_eligible"), since)
    return Standing(Category.NONE, ("looked_after", "none_too_young"), since)


def _out_of_care(life: Life, on: date) -> Standing:
    ended = life.last_ended(on)
    left = ("not_looked_after", "days") if ended else ("never_looked_after",)
    if on < life.sixteen:
        return Standing(Category.NONE, (*left, "none_too_young"), ended and ended.ended_on)
    steps = _relevant_steps(life, min(on, life.eighteen))
    if steps and steps[-1] != "home_six_months":
        if on < life.eighteen:
            return Standing(Category.RELEVANT, (*left, *steps), ended and ended.ended_on)
        return Standing(Category.FORMER_RELEVANT, (*left, "former_relevant"), ended and ended.ended_on)
    return _weaker(life, on, (*left, *steps), ended and ended.ended_on)


def _weaker(life: Life, on: date, steps: tuple[str, ...], ended_on: date | None) -> Standing:
    qualifying = _qualifying_step(life, on)
    if qualifying and on < life.twenty_one:
        return Standing(Category.QUALIFYING, (*steps, qualifying), ended_on)
    return Standing(Category.NONE, (*steps, "none_past_21" if qualifying else "none_left_early"), ended_on)


def _relevant_steps(life: Life, on: date) -> tuple[str, ...]:
    """The steps to a relevant child who is out of care on a day, the age apart; empty if they never were one."""
    ended = life.last_ended(on)
    if ended and life.has_thirteen_weeks(ended.ended_on):
        step, since = "relevant", ended.ended_on
    elif ended and life.detention_at_16():
        step, since = "relevant_detained", ended.ended_on
    else:
        return ()
    home = life.six_months_home(since, on)
    if home is None:
        return (step,)
    return (step, "home_six_months", "home_broke_down") if home.broke_down_on else (step, "home_six_months")


def _qualifying_step(life: Life, on: date) -> str | None:
    if life.thirteen_weeks(on).since_16 >= 1:
        return "qualifying_after_16"
    judged_on = min(on, life.eighteen)
    for order in life.history.special_guardianships:
        in_force = order.made_on <= judged_on and (order.ended_on is None or judged_on < order.ended_on)
        if in_force and order.was_looked_after_before:
            return "qualifying_special_guardianship"
    return None


def _support(life: Life, on: date, found: Category) -> Support | None:
    if found is Category.QUALIFYING:
        return Support.QUALIFYING
    if found is not Category.FORMER_RELEVANT:
        return None
    if on < life.twenty_one:
        return Support.TO_21
    return Support.EDUCATION if any(_is_studying(p, on) for p in life.history.education_programmes) else Support.TO_25


def _is_studying(programme: EducationProgramme, on: date) -> bool:
    return programme.informed_on <= on and (programme.ends_on is None or on < programme.ends_on)


def _turning_days(life: Life) -> list[date]:
    """Every day on which the category may be another one than the day before, in order."""
    one_day = timedelta(days=1)
    days = {life.fifteen, life.sixteen, life.sixteen + one_day, life.eighteen, life.twenty_one, life.twenty_five}
    for period in life.periods:
        days |= {period.started_on, period.started_on + one_day, period.ended_on}
        days |= set(life.home_six_months_on(period.ended_on))
    for home in life.history.family_placements:
        days |= {day for day in (home.broke_down_on,) if day is not None}
    for episode in life.episodes:
        days |= {day for day in (episode.ended_on,) if day is not None}
    for order in life.history.special_guardianships:
        days |= {day for day in (order.made_on, order.ended_on) if day is not None}
    days |= {day for day in (life.died_on, life.reaches_thirteen_weeks_on()) if day is not None}
    return sorted(days)


def _since(life: Life, on: date, found: Category) -> date | None:
    days = [day for day in _turning_days(life) if day <= on]
    return next((day for day in reversed(days) if _standing(life, day - timedelta(days=1)).category is not found), None)


def _reasons(life: Life, on: date, standing: Standing) -> tuple[Reason, ...]:
    steps = ["birth", *standing.steps]
    if len(life.episodes) < len(life.history.episodes):
        steps.insert(1, "short_breaks")
    return tuple(_reason(life, on, step, standing.day) for step in steps)


def _reason(life: Life, on: date, code: str, day: date | None) -> Reason:
    text, counted = law.reason_text(code), life.thirteen_weeks(on)
    until = min(on, life.eighteen)
    ended = life.last_ended(until)
    home = life.six_months_home(ended.ended_on, until) if ended else None
    days = {"home_six_months": home.complete_on, "home_broke_down": home.broke_down_on} if home else {}
    sentence = text.sentence.format(
        on=on,
        day=days.get(code) or day,
        age=age_on(life.birth.born_on, on),
        born_on=life.birth.born_on,
        status=life.birth.status,
        needed=law.weeks().days_in_care,
        since_14=counted.since_14,
        since_16=counted.since_16,
        begun_after_14=counted.begun_after_14,
    )
    return Reason(code, sentence, text.source, text.verified, counted)


def _warnings(life: Life, on: date, found: Category) -> tuple[Reason, ...]:
    counted, needed = life.thirteen_weeks(on), law.weeks().days_in_care
    studying = [p for p in life.history.education_programmes if _is_studying(p, on)]
    enough = counted.since_14 >= needed
    told = {
        "warn_sixteenth_birthday": on == life.sixteen and enough and life.period_on(on) is not None,
        "warn_readings_differ": enough and counted.begun_after_14 < needed,
        "warn_birth_disputed": any(birth.status is BirthDateStatus.DISPUTED for birth in life.history.births),
        "warn_programme_past_25": found is Category.FORMER_RELEVANT
        and any(p.ends_on is not None and p.ends_on > life.twenty_five for p in studying),
        "warn_education_help": found is Category.NONE
        and life.twenty_one <= on < life.twenty_five
        and bool(studying)
        and _qualifying_step(life, on) is not None,
    }
    return tuple(_reason(life, on, code, on) for code, tell in told.items() if tell)
