"""A person's row of OC3 in the SSDA903 return and of Annex A, list 9, or what is missing from it; never a guess."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple, TypeVar

from api.duties import codes
from api.duties.care import Life
from api.duties.category import category
from api.duties.dates import add_months, age_on, anniversary_in_903, covers
from api.duties.law import rule
from api.duties.models import (
    AccommodationSpell,
    ActivitySpell,
    CareLeaverFacts,
    InspectionFacts,
    InspectionResult,
    Missing,
    Oc3Result,
    Oc3Row,
)

DAY_FORMAT = "%d/%m/%Y"
Spell = TypeVar("Spell", AccommodationSpell, ActivitySpell)


class _Birthday(NamedTuple):
    age: int
    on: date


def oc3_row(facts: CareLeaverFacts, year: int, today: date) -> Oc3Result:
    """Whether the person belongs into OC3 of a collection year (2026 is 2025/26), and the row.

    Incomplete rows say what is missing: also that the days in which contact counts are not over yet.
    Raises ValueError without a date of birth, LookupError for a year whose code lists are not known.
    """
    codes.code_list("IN_TOUCH", year)
    life = Life(facts.history)
    birthday = _birthday_in(life, year)
    if birthday is None:
        return Oc3Result(status="not_in_cohort", why="No birthday from the 17th to the 21st in the year.")
    if why := _why_not_in_cohort(facts, life, birthday):
        return Oc3Result(status="not_in_cohort", why=why, birthday=birthday.on)
    in_touch, missing = _in_touch(facts, life, birthday, today)
    missing = (*_open_care(life, birthday), *missing)
    activity = accommodation = codes.document("oc3")["zero"]
    if in_touch == "YES":
        activity, lacks_activity = _activity(facts, birthday, year)
        accommodation, lacks_accommodation = _accommodation(facts, birthday, year)
        missing = (*missing, *lacks_activity, *lacks_accommodation)
    if missing:
        return Oc3Result(status="incomplete", why="Something is missing.", birthday=birthday.on, missing=missing)
    born_on = f"{life.birth.born_on:{DAY_FORMAT}}"
    row = Oc3Row(facts.child_id, born_on, in_touch, activity, accommodation)
    return Oc3Result(status="row", why="Complete.", birthday=birthday.on, row=row)


def inspection_row(facts: CareLeaverFacts, extra: InspectionFacts, on: date) -> InspectionResult | None:
    """The person's row of Annex A, list 9 on a day of inspection; None for somebody without a leaving care category."""
    words = codes.document("annex_a_list_9")
    life = Life(facts.history)
    found = words["category"].get(category(facts.history, on).category)
    if found is None:
        return None
    home = _on(facts.homes, on)
    activity = _on(facts.activities, on)
    reached = [contact.on_date for contact in facts.contacts if contact.was_reached and contact.on_date <= on]
    reviewed = [day for day in (extra.plan_started_on, extra.last_reviewed_on) if day is not None and day <= on]
    values = (
        facts.child_id,
        words["sex"].get(extra.sex),
        _ethnicity(words["ethnicity"]["order"], extra.ethnicity),
        f"{life.birth.born_on:{DAY_FORMAT}}",
        str(age_on(life.birth.born_on, on)),
        _yes_no(words, extra.is_or_was_uasc),
        _yes_no(words, extra.has_disability),
        extra.team,
        extra.worker,
        extra.personal_adviser,
        found,
        _day(reviewed),
        words["in_touch"].get(_touch_on(facts, on)),
        _day(reached),
        words["accommodation"].get(home.letter) if home else None,
        words["suitability"].get(_suitability(facts, home, on)) if home else None,
        words["activity"].get(activity.code) if activity else None,
    )
    named = dict(zip(words["columns"], values, strict=True))
    lacking = tuple(Missing(name, f"{name} is not known.", words["source"]) for name, v in named.items() if not v)
    return InspectionResult(row={name: value or "" for name, value in named.items()}, missing=lacking)


def _birthday_in(life: Life, year: int) -> _Birthday | None:
    for age in codes.document("oc3")["ages"]:
        on = anniversary_in_903(life.birth.born_on, age)
        if codes.first_day(year) <= on <= codes.last_day(year):
            return _Birthday(age, on)
    return None


def _why_not_in_cohort(facts: CareLeaverFacts, life: Life, birthday: _Birthday) -> str | None:
    law = codes.document("oc3")
    if birthday.age in law["ages_that_left_before"] and _is_open(life, birthday.on):
        return "Looked after on the birthday."
    left = life.last_ended(birthday.on)
    if left is None:
        return "Was never looked after."
    if life.last_reason_ended(birthday.on) in law["ends_that_exclude"]:
        return "Care ended with death, adoption or another council taking over."
    if not life.has_thirteen_weeks(left.ended_on):
        return "Was not eligible before leaving care."
    if birthday.age in law["ages_that_left_before"] and left.ended_on >= birthday.on:
        return "Left care on the birthday; the first row is that of the next year."
    if facts.was_reported_died:
        return "Was reported as having died in an earlier year."
    return None


def _is_open(life: Life, on: date) -> bool:
    return any(covers(episode.started_on, episode.ended_on, on) for episode in life.episodes)


def _open_care(life: Life, birthday: _Birthday) -> tuple[Missing, ...]:
    """Care ends at 18 at the latest: an episode still open later is a gap in the record, not a person in care."""
    source = codes.document("oc3")["source"]
    return (Missing("Episodes", "An episode of care has no end.", source),) if _is_open(life, birthday.on) else ()


def _in_touch(facts: CareLeaverFacts, life: Life, birthday: _Birthday, today: date) -> tuple[str, tuple[Missing, ...]]:
    if life.died_on is not None and life.died_on <= birthday.on:
        return "DIED", ()
    if _is_home(life, birthday.on):
        return "RHOM", ()
    wording = rule("birthday_contact", birthday.on)
    months_before, months_after = wording.numbers
    starts_on, ends_on = add_months(birthday.on, -months_before), add_months(birthday.on, months_after)
    nearest = min(
        (said for said in _said(facts) if starts_on <= said[0] <= min(ends_on, today)),
        key=lambda said: (abs(said[0] - birthday.on), said[1] != "YES"),
        default=None,
    )
    if nearest is not None:
        return nearest[1], ()
    if today <= ends_on:
        what = f"Nobody was in touch yet; contact counts from {starts_on:%d/%m/%Y} to {ends_on:%d/%m/%Y}."
        return "NO", (Missing("IN_TOUCH", what, wording.source),)
    earlier = max((said for said in _said(facts) if said[0] < starts_on), default=None)
    return (earlier[1] if earlier is not None and earlier[1] != "YES" else "NO"), ()


def _said(facts: CareLeaverFacts) -> Iterable[tuple[date, str]]:
    yield from ((contact.on_date, "YES") for contact in facts.contacts if contact.was_reached)
    if facts.refused_on is not None:
        yield facts.refused_on, "REFU"
    if facts.no_longer_needs_on is not None:
        yield facts.no_longer_needs_on, "NREQ"


def _is_home(life: Life, on: date) -> bool:
    """Whether six months at home before 18 ended the support, and that home has not failed since."""
    until = min(on, life.eighteen)
    left = life.last_ended(until)
    home = life.six_months_home(left.ended_on, until) if left else None
    return home is not None and home.broke_down_on is None


def _activity(facts: CareLeaverFacts, birthday: _Birthday, year: int) -> tuple[str, tuple[Missing, ...]]:
    source = codes.code_list("ACTIV", year).source
    spell = _on(facts.activities, birthday.on)
    if spell is None:
        return "", (Missing("ACTIV", "What they did on the birthday is not recorded.", source),)
    if spell.code == codes.document("oc3")["zero"] or not codes.is_valid("ACTIV", spell.code, year):
        return "", (Missing("ACTIV", f"The code {spell.code} is not taken for somebody in touch.", source),)
    return spell.code, ()


def _accommodation(facts: CareLeaverFacts, birthday: _Birthday, year: int) -> tuple[str, tuple[Missing, ...]]:
    source = codes.code_list("ACCOM", year).source
    home = _on(facts.homes, birthday.on)
    if home is None:
        return "", (Missing("ACCOM", "Where they lived on the birthday is not recorded.", source),)
    for limit in codes.document("oc3")["letters_not_at"]:
        if home.letter == limit["letter"] and birthday.age < limit["below_age"]:
            rule_source = f"{codes.document('oc3')['source']}, rule {limit['rule']}"
            return "", (Missing("ACCOM", limit["why"], rule_source),)
    digit = _suitability(facts, home, birthday.on)
    if digit is None:
        return "", (Missing("ACCOM", "Whether the accommodation was suitable is not judged.", source),)
    if not codes.is_valid("ACCOM", home.letter + digit, year):
        return "", (Missing("ACCOM", f"The letter {home.letter} is not taken.", source),)
    return home.letter + digit, ()


def _suitability(facts: CareLeaverFacts, home: AccommodationSpell, on: date) -> str | None:
    if home.letter in codes.document("oc3")["never_suitable"]:
        return "2"
    in_force = [j for j in facts.judgements if home.started_on <= j.judged_on <= on]
    if not in_force:
        return None
    return "1" if max(in_force, key=lambda judgement: judgement.judged_on).is_suitable else "2"


def _touch_on(facts: CareLeaverFacts, on: date) -> str | None:
    """The latest of what is known: reached within the last eight weeks, refused, no longer needed; None: nothing is."""
    known = [said for said in _said(facts) if said[0] <= on]
    if not known:
        return "NO" if facts.contacts else None
    day, status = max(known)
    fresh_from = on - timedelta(days=rule("keep_in_touch", on).days)
    return "NO" if status == "YES" and day < fresh_from else status


def _on(spells: Iterable[Spell], on: date) -> Spell | None:
    holding = (spell for spell in spells if covers(spell.started_on, spell.ended_on, on))
    return max(holding, key=lambda spell: spell.started_on, default=None)


def _ethnicity(order: list[str], code: str) -> str | None:
    return f"{chr(ord('a') + order.index(code))}) {code}" if code in order else None


def _yes_no(words: dict[str, dict[str, str]], said: bool | None) -> str | None:
    return None if said is None else words["yes_no"]["yes" if said else "no"]


def _day(days: list[date]) -> str | None:
    return f"{max(days):{DAY_FORMAT}}" if days else None
