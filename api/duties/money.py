"""What a person may claim on a day."""

from collections.abc import Iterable, Sequence
from datetime import date

from api.duties import law
from api.duties.care import birth_date
from api.duties.category import category
from api.duties.dates import age_on, covers
from api.duties.models import Category, Entitlement, History, Study
from api.duties.shapes import MoneyRule


def entitlements(
    history: History, on: date, studies: Iterable[Study] = (), *, rules: Sequence[MoneyRule] | None = None
) -> tuple[Entitlement, ...]:
    """What the person may claim on a day, with amount and source; prospective law is listed and marked as such.

    A figure that goes by the start of a course is the one of that day. `rules` are the council's own in place of
    those in the files. Raises ValueError without a date of birth.
    """
    found = category(history, on).category
    age = age_on(birth_date(history).born_on, on)
    going_on = [study for study in studies if covers(study.started_on, study.ended_on, on)]
    listed = law.money() if rules is None else rules
    return tuple(_entitlement(rule, on) for rule in listed if _applies(rule, found, age, going_on, on))


def _applies(rule: MoneyRule, found: Category, age: int, studies: Sequence[Study], on: date) -> bool:
    if found not in rule.categories or not rule.from_age <= age < rule.below_age:
        return False
    if rule.study == "none":
        return _is_wording_of(rule, on)
    return any(
        study.kind == rule.study and _is_wording_of(rule, study.started_on if rule.by_start else on)
        for study in studies
    )


def _is_wording_of(rule: MoneyRule, on: date) -> bool:
    return rule.valid_from <= on and (rule.valid_to is None or on <= rule.valid_to)


def _entitlement(rule: MoneyRule, on: date) -> Entitlement:
    return Entitlement(
        code=rule.code,
        title=rule.title,
        amount_pence=rule.amount_pence,
        per=rule.per,
        source=rule.source,
        verified=rule.verified,
        valid_from=rule.valid_from,
        valid_to=rule.valid_to,
        is_prospective=law.is_prospective(rule.in_force_from, on),
    )
