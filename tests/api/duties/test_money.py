"""What a person may claim."""

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings

from api.duties import law
from api.duties.models import Category, Entitlement, History, Study
from api.duties.money import entitlements
from tests.api.duties.cases import (
    EIGHTEEN,
    LONG_IN_CARE,
    SIXTEEN,
    TWENTY_FIVE,
    TWENTY_ONE,
    care,
    days,
    histories,
    history,
    life_days,
)


def claims(person: History, on: date, *studies: Study) -> dict[str, Entitlement]:
    found = entitlements(person, on, studies)
    assert len({claim.code for claim in found}) == len(found)
    return {claim.code: claim for claim in found}


def test_setting_up_home_when_the_figure_changed_then_the_one_of_the_day() -> None:
    person = history(care(date(2015, 1, 6)), born_on=date(2005, 5, 20))
    assert claims(person, date(2023, 3, 31))["setting_up_home"].amount_pence == 200000
    assert claims(person, date(2023, 4, 1))["setting_up_home"].amount_pence == 300000


@pytest.mark.parametrize(("started_on", "pence"), [(date(2023, 7, 31), 100000), (date(2023, 8, 1), 300000)])
def test_apprenticeship_when_the_figure_changed_then_the_one_of_its_start(started_on: date, pence: int) -> None:
    person = history(care(date(2015, 1, 6)), born_on=date(2005, 5, 20))
    found = claims(person, date(2024, 1, 1), Study(kind="apprenticeship", started_on=started_on))
    assert found["apprenticeship_bursary"].amount_pence == pence


def test_study_when_over_or_not_begun_then_its_help_is_not_listed() -> None:
    study = Study(kind="higher_education", started_on=date(2026, 9, 1), ended_on=date(2029, 7, 1))
    assert "higher_education_bursary" not in claims(LONG_IN_CARE, date(2026, 8, 31), study)
    assert claims(LONG_IN_CARE, date(2026, 9, 1), study)["higher_education_bursary"].amount_pence == 200000
    assert "higher_education_bursary" not in claims(LONG_IN_CARE, date(2029, 7, 1), study)
    assert "apprenticeship_bursary" not in claims(LONG_IN_CARE, date(2026, 9, 1), study)


def test_claims_when_ages_pass_then_they_come_and_go_on_the_birthday() -> None:
    assert "maintenance_and_rent" in claims(LONG_IN_CARE, EIGHTEEN - days(1))
    assert "maintenance_and_rent" not in claims(LONG_IN_CARE, EIGHTEEN)
    assert "staying_put" in claims(LONG_IN_CARE, TWENTY_ONE - days(1))
    assert "staying_put" not in claims(LONG_IN_CARE, TWENTY_ONE)
    assert claims(LONG_IN_CARE, SIXTEEN) == {}
    assert claims(LONG_IN_CARE, TWENTY_FIVE) == {}


def test_act_of_2026_when_it_is_not_in_force_then_its_help_is_marked_prospective() -> None:
    found = claims(LONG_IN_CARE, date(2026, 11, 24))
    assert {code for code, claim in found.items() if claim.is_prospective} == {
        "staying_close",
        "not_intentionally_homeless",
    }
    assert found["setting_up_home"].verified
    assert not found["staying_put"].verified
    assert "staying_close" not in claims(history(care(date(2015, 1, 1)), born_on=date(2005, 5, 20)), date(2026, 4, 28))


def test_act_of_2026_when_a_day_is_set_then_it_is_law_from_that_day() -> None:
    commenced = tuple(msgspec.structs.replace(rule, in_force_from=date(2027, 4, 1)) for rule in law.money())
    found = {
        on: {claim.code: claim.is_prospective for claim in entitlements(LONG_IN_CARE, on, rules=commenced)}
        for on in (date(2027, 3, 31), date(2027, 4, 1))
    }
    assert found[date(2027, 3, 31)]["staying_close"]
    assert not found[date(2027, 4, 1)]["staying_close"]


def test_qualifying_when_claiming_then_only_what_the_law_gives_them() -> None:
    person = history(care(date(2025, 1, 1), date(2025, 2, 1)))
    study = Study(kind="higher_education", started_on=date(2026, 9, 1))
    assert set(claims(person, date(2026, 10, 1), study)) == {"vacation_accommodation", "homeless_priority_18_20"}


@settings(max_examples=60, deadline=None)
@given(histories(), life_days())
def test_claims_when_there_is_no_category_then_there_are_none(person: History, on: date) -> None:
    from api.duties.category import category

    found = category(person, on).category
    listed = claims(person, on)
    if found in {Category.NONE, Category.PRE_ELIGIBLE}:
        assert listed == {}
    else:
        assert listed
    assert all(claim.source for claim in listed.values())
