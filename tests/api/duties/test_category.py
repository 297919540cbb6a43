"""Categories of care leavers: the edges by name, and everything else against a second way of counting."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.duties.care import Life, birth_date
from api.duties.category import category, next_category_change, responsible_authority
from api.duties.models import (
    BirthDate,
    BirthDateStatus,
    Category,
    CategoryChange,
    Detention,
    EducationProgramme,
    FamilyPlacement,
    History,
    SpecialGuardianship,
    Support,
)
from tests.api.duties.cases import (
    BORN,
    EIGHTEEN,
    FOURTEEN,
    LONG_IN_CARE,
    SIXTEEN,
    TWENTY_FIVE,
    TWENTY_ONE,
    born,
    care,
    days,
    histories,
    history,
    life_days,
)
from tests.api.duties.day_by_day import category_day_by_day

AT_17 = date(2025, 6, 2)
LEFT = date(2025, 1, 10)


def of(person: History, on: date) -> Category:
    return category(person, on).category


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2022, 1, 1), Category.NONE),
        (date(2023, 5, 19), Category.NONE),
        (date(2023, 5, 20), Category.PRE_ELIGIBLE),
        (SIXTEEN, Category.PRE_ELIGIBLE),
        (SIXTEEN + days(1), Category.ELIGIBLE),
        (EIGHTEEN - days(1), Category.ELIGIBLE),
        (EIGHTEEN, Category.FORMER_RELEVANT),
        (TWENTY_ONE, Category.FORMER_RELEVANT),
        (TWENTY_FIVE - days(1), Category.FORMER_RELEVANT),
        (TWENTY_FIVE, Category.NONE),
    ],
)
def test_category_when_in_care_to_18_then_it_goes_with_the_birthdays(on: date, expected: Category) -> None:
    assert of(LONG_IN_CARE, on) is expected


@pytest.mark.parametrize(("length", "expected"), [(90, "pre_eligible"), (91, "eligible"), (92, "eligible")])
def test_category_when_13_weeks_are_just_over_then_it_is_eligible_and_not_a_day_before(
    length: int, expected: str
) -> None:
    start = date(2024, 9, 2)
    decision = category(history(care(start)), start + days(length))
    assert decision.category == expected
    assert decision.reasons[-1].weeks.since_14 == length


@pytest.mark.parametrize(
    ("length", "expected"), [(90, Category.QUALIFYING), (91, Category.RELEVANT), (92, Category.RELEVANT)]
)
def test_category_when_left_after_about_13_weeks_then_91_days_make_a_relevant_child(
    length: int, expected: Category
) -> None:
    start = date(2024, 9, 2)
    person = history(care(start, start + days(length)))
    assert of(person, start + days(length)) is expected
    assert of(person, start + days(length + 30)) is expected


def test_category_when_care_ended_on_the_16th_birthday_then_there_is_no_category() -> None:
    assert of(history(care(date(2020, 1, 6), SIXTEEN)), SIXTEEN + days(1)) is Category.NONE


def test_category_when_care_ended_the_day_after_the_16th_birthday_then_relevant() -> None:
    person = history(care(date(2020, 1, 6), SIXTEEN + days(1)))
    assert of(person, SIXTEEN) is Category.PRE_ELIGIBLE
    assert of(person, SIXTEEN + days(1)) is Category.RELEVANT


def test_category_when_13_weeks_came_in_parts_then_they_add_up() -> None:
    parts = [care(FOURTEEN + days(10), FOURTEEN + days(55)), care(date(2024, 7, 1), date(2024, 8, 16))]
    assert of(history(*parts), date(2024, 9, 1)) is Category.RELEVANT


def test_category_when_episodes_overlap_then_a_day_counts_once() -> None:
    start = date(2024, 9, 2)
    twice = history(care(start, start + days(60)), care(start + days(10), start + days(70), "V2"))
    assert category(twice, start + days(80)).reasons[0].weeks.since_14 == 70


def test_category_when_care_began_before_14_then_days_count_from_14_and_both_readings_are_shown() -> None:
    decision = category(history(care(date(2020, 1, 6), date(2024, 6, 1))), AT_17)
    weeks = decision.reasons[0].weeks
    assert decision.category is Category.RELEVANT
    assert (weeks.since_14, weeks.begun_after_14) == ((date(2024, 6, 1) - FOURTEEN).days, 0)
    assert "warn_readings_differ" in {warning.code for warning in decision.warnings}


def test_category_when_the_placement_changed_after_14_then_it_is_still_one_period_begun_before() -> None:
    changed_on = date(2023, 3, 1)
    moved = history(care(date(2020, 1, 6), changed_on, reason_ended="X1"), care(changed_on, date(2024, 6, 1)))
    assert category(moved, AT_17).reasons[0].weeks.begun_after_14 == 0
    apart = history(care(date(2020, 1, 6), changed_on), care(changed_on + days(1), changed_on + days(201)))
    assert category(apart, AT_17).reasons[0].weeks.begun_after_14 == 200


def test_category_when_care_began_on_the_14th_birthday_then_the_readings_agree() -> None:
    weeks = category(history(care(FOURTEEN, FOURTEEN + days(100))), AT_17).reasons[0].weeks
    assert weeks.since_14 == weeks.begun_after_14 == 100


@pytest.mark.parametrize("legal_status", ["V3", "V4"])
def test_category_when_only_short_breaks_then_none_of_them_counts(legal_status: str) -> None:
    decision = category(history(care(date(2022, 6, 1), None, legal_status)), AT_17)
    assert decision.category is Category.NONE
    assert decision.reasons[0].weeks.since_14 == 0
    assert "short_breaks" in {reason.code for reason in decision.reasons}


def test_category_when_short_breaks_stand_beside_care_then_only_care_counts() -> None:
    start = date(2024, 9, 2)
    person = history(care(start, start + days(60)), care(start + days(60), start + days(160), "V4"))
    assert category(person, start + days(200)).category is Category.QUALIFYING


def test_category_when_on_remand_then_the_days_count() -> None:
    start = date(2024, 9, 2)
    person = history(care(start, start + days(91), "J1", reason_ended="E9"))
    assert of(person, start + days(90)) is Category.PRE_ELIGIBLE
    assert of(person, start + days(91)) is Category.RELEVANT


def test_category_when_sentenced_under_a_care_order_then_still_looked_after() -> None:
    locked_up = Detention(kind="young_offender_institution", started_on=date(2024, 9, 1))
    assert of(history(care(date(2020, 1, 6)), detentions=(locked_up,)), AT_17) is Category.ELIGIBLE


def detained_at_16(care_days: int = 91, gap_days: int = 0, **changes: date) -> History:
    detained_on = SIXTEEN - days(30)
    ended_on = detained_on - days(gap_days)
    detention = Detention(kind="hospital", started_on=changes.get("start", detained_on), ended_on=changes.get("end"))
    return history(care(ended_on - days(care_days), ended_on, "V2"), detentions=(detention,))


def test_category_when_detained_on_the_16th_birthday_straight_from_care_then_relevant() -> None:
    decision = category(detained_at_16(), SIXTEEN)
    assert decision.category is Category.RELEVANT
    assert "relevant_detained" in {reason.code for reason in decision.reasons}
    assert of(detained_at_16(), SIXTEEN - days(1)) is Category.NONE
    assert of(detained_at_16(), EIGHTEEN) is Category.FORMER_RELEVANT


def test_category_when_detained_until_the_day_before_16_then_no_relevant_child() -> None:
    assert of(detained_at_16(end=SIXTEEN), SIXTEEN) is Category.NONE
    assert of(detained_at_16(end=SIXTEEN + days(1)), SIXTEEN) is Category.RELEVANT


def test_category_when_detained_at_16_but_not_straight_from_care_then_none() -> None:
    assert of(detained_at_16(gap_days=1), SIXTEEN) is Category.NONE


def test_category_when_detained_at_16_after_less_than_13_weeks_then_none() -> None:
    assert of(detained_at_16(care_days=90), SIXTEEN) is Category.NONE


def at_home(**changes: date) -> History:
    home = FamilyPlacement(with_whom="parent", started_on=LEFT, **changes)
    return history(care(date(2020, 1, 6), LEFT), family_placements=(home,))


def test_category_when_home_for_six_months_then_no_longer_relevant_but_qualifying() -> None:
    decision = category(at_home(), date(2025, 7, 10))
    assert of(at_home(), date(2025, 7, 9)) is Category.RELEVANT
    assert decision.category is Category.QUALIFYING
    home = next(reason for reason in decision.reasons if reason.code == "home_six_months")
    assert "2025-07-10" in home.sentence
    assert "reg 3(5)" in home.source


def test_category_when_home_for_six_months_and_18_then_not_former_relevant() -> None:
    assert of(at_home(), EIGHTEEN) is Category.QUALIFYING
    assert of(at_home(), TWENTY_ONE) is Category.NONE


def test_category_when_home_again_as_an_adult_then_the_day_that_ended_the_support_is_named() -> None:
    first = FamilyPlacement(with_whom="parent", started_on=LEFT, ended_on=EIGHTEEN)
    again = FamilyPlacement(with_whom="parent", started_on=date(2027, 1, 1))
    person = history(care(date(2020, 1, 6), LEFT), family_placements=(first, again))
    told = {reason.code: reason.sentence for reason in category(person, date(2028, 1, 1)).reasons}
    assert "2025-07-10" in told["home_six_months"]


def test_category_when_home_ended_a_day_before_six_months_then_relevant_all_along() -> None:
    assert of(at_home(ended_on=date(2025, 7, 9)), date(2025, 7, 10)) is Category.RELEVANT
    assert of(at_home(ended_on=date(2025, 7, 10)), date(2025, 7, 10)) is Category.QUALIFYING


def test_category_when_home_broke_down_after_six_months_then_relevant_again() -> None:
    person = at_home(broke_down_on=date(2025, 9, 1))
    assert of(person, date(2025, 8, 31)) is Category.QUALIFYING
    decision = category(person, date(2025, 9, 1))
    assert decision.category is Category.RELEVANT
    assert any("2025-09-01" in reason.sentence for reason in decision.reasons if reason.code == "home_broke_down")
    assert of(person, EIGHTEEN) is Category.FORMER_RELEVANT


def test_category_when_home_broke_down_before_six_months_then_relevant_all_along() -> None:
    person = at_home(broke_down_on=date(2025, 5, 1))
    assert {of(person, on) for on in (date(2025, 5, 1), date(2025, 7, 10), date(2026, 1, 1))} == {Category.RELEVANT}
    assert next_category_change(person, LEFT) == CategoryChange(EIGHTEEN, Category.RELEVANT, Category.FORMER_RELEVANT)


def test_category_when_home_broke_down_on_the_day_six_months_were_over_then_still_relevant() -> None:
    assert of(at_home(broke_down_on=date(2025, 7, 10)), date(2025, 7, 10)) is Category.RELEVANT


def test_next_change_when_home_for_six_months_or_broken_down_then_on_that_day() -> None:
    lost = CategoryChange(date(2025, 7, 10), Category.RELEVANT, Category.QUALIFYING)
    assert next_category_change(at_home(), LEFT) == lost
    person = at_home(broke_down_on=date(2025, 9, 1))
    back = CategoryChange(date(2025, 9, 1), Category.QUALIFYING, Category.RELEVANT)
    assert next_category_change(person, date(2025, 7, 10)) == back
    assert category(person, date(2025, 10, 1)).since == date(2025, 9, 1)


def test_category_when_home_began_in_care_then_six_months_count_from_leaving_care() -> None:
    home = FamilyPlacement(with_whom="parental_responsibility", started_on=date(2024, 9, 1))
    person = history(care(date(2020, 1, 6), LEFT), family_placements=(home,))
    assert of(person, date(2025, 7, 9)) is Category.RELEVANT
    assert of(person, date(2025, 7, 10)) is Category.QUALIFYING


def test_category_when_home_broke_down_after_18_then_nothing_comes_back() -> None:
    assert of(at_home(broke_down_on=EIGHTEEN + days(9)), EIGHTEEN + days(10)) is Category.QUALIFYING


def test_category_when_adopted_or_taken_over_then_none() -> None:
    for reason, step in (("E11", "none_adopted"), ("E12", "none_adopted"), ("E3", "none_taken_over")):
        decision = category(history(care(date(2020, 1, 6), LEFT, reason_ended=reason)), AT_17)
        assert decision.category is Category.NONE
        assert decision.reasons[-1].code == step


def test_category_when_taken_over_and_back_in_care_then_it_counts_again() -> None:
    person = history(care(date(2020, 1, 6), LEFT, reason_ended="E3"), care(date(2025, 3, 1)))
    assert of(person, AT_17) is Category.ELIGIBLE


def test_category_when_special_guardianship_followed_care_then_qualifying_from_16_to_21() -> None:
    order = SpecialGuardianship(made_on=date(2019, 1, 1), was_looked_after_before=True)
    person = history(care(date(2018, 1, 1), date(2019, 1, 1), reason_ended="E45"), special_guardianships=(order,))
    expected = {SIXTEEN - days(1): Category.NONE, SIXTEEN: Category.QUALIFYING, TWENTY_ONE: Category.NONE}
    assert {on: of(person, on) for on in expected} == expected


def test_category_when_special_guardianship_ended_before_18_then_not_qualifying_as_an_adult() -> None:
    order = SpecialGuardianship(made_on=date(2019, 1, 1), was_looked_after_before=True, ended_on=EIGHTEEN)
    assert of(history(special_guardianships=(order,)), EIGHTEEN - days(1)) is Category.QUALIFYING
    assert of(history(special_guardianships=(order,)), EIGHTEEN) is Category.NONE


def test_category_when_special_guardianship_did_not_follow_care_then_none() -> None:
    order = SpecialGuardianship(made_on=date(2019, 1, 1), was_looked_after_before=False)
    assert of(history(special_guardianships=(order,)), AT_17) is Category.NONE


def test_category_when_the_assessed_age_is_18_then_there_was_no_care_as_a_child() -> None:
    arrived_on = date(2024, 9, 2)
    declared = BirthDate(BORN, BirthDateStatus.VERIFIED, arrived_on)
    assessed = BirthDate(date(2005, 1, 1), BirthDateStatus.ASSESSED, date(2025, 3, 1))
    person = history(care(arrived_on, date(2025, 3, 1), "V2", reason_ended="E15"), births=(declared, assessed))
    assert of(person, AT_17) is Category.NONE
    assert category(person, date(2025, 2, 1), known_on=date(2025, 2, 1)).category is Category.ELIGIBLE
    assert category(person, AT_17, known_on=date(2025, 2, 28)).category is Category.RELEVANT


def test_category_when_the_assessed_age_is_lower_then_everything_is_counted_again() -> None:
    assessed = BirthDate(date(2009, 5, 20), BirthDateStatus.ASSESSED, date(2025, 3, 1))
    person = history(care(date(2023, 1, 1)), births=(born(), assessed))
    assert category(person, AT_17, known_on=date(2025, 2, 28)).category is Category.ELIGIBLE
    assert category(person, date(2025, 5, 20)).category is Category.PRE_ELIGIBLE


def test_birth_date_when_disputed_then_the_accepted_one_stands_and_staff_are_warned() -> None:
    disputed = BirthDate(date(2005, 1, 1), BirthDateStatus.DISPUTED, date(2025, 3, 1))
    person = history(care(date(2020, 1, 6)), births=(disputed, born()))
    assert birth_date(person).born_on == BORN
    assert "warn_birth_disputed" in {warning.code for warning in category(person, AT_17).warnings}
    assert birth_date(history(births=(disputed,))).born_on == disputed.born_on


def test_category_when_no_date_of_birth_is_known_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="date of birth"):
        category(history(births=()), AT_17)
    with pytest.raises(ValueError, match="date of birth"):
        category(LONG_IN_CARE, AT_17, known_on=BORN - days(1))


def test_category_when_16_today_then_staff_are_warned_that_it_changes_tomorrow() -> None:
    assert "warn_sixteenth_birthday" in {warning.code for warning in category(LONG_IN_CARE, SIXTEEN).warnings}
    assert "warn_sixteenth_birthday" not in {w.code for w in category(LONG_IN_CARE, SIXTEEN + days(1)).warnings}


def test_category_when_born_on_29_february_then_18_on_1_march() -> None:
    person = history(care(date(2020, 1, 6)), born_on=date(2008, 2, 29))
    assert of(person, date(2026, 2, 28)) is Category.ELIGIBLE
    assert of(person, date(2026, 3, 1)) is Category.FORMER_RELEVANT


def test_category_when_dead_then_none_from_that_day_and_as_it_was_before() -> None:
    person = history(care(date(2020, 1, 6)), died_on=AT_17)
    assert of(person, AT_17 - days(1)) is Category.ELIGIBLE
    assert of(person, AT_17) is Category.NONE
    later = category(person, AT_17 + days(200)).reasons[0].weeks
    assert later.since_14 == (AT_17 - FOURTEEN).days


def test_category_when_only_the_episode_says_that_somebody_died_then_that_is_enough() -> None:
    assert of(history(care(date(2020, 1, 6), LEFT, reason_ended="E2")), AT_17) is Category.NONE


def test_support_when_former_relevant_then_the_section_goes_with_age_and_education() -> None:
    studying = EducationProgramme(informed_on=date(2030, 1, 1), started_on=date(2030, 2, 1), ends_on=date(2034, 1, 1))
    person = history(care(date(2020, 1, 6)), education_programmes=(studying,))
    assert category(person, TWENTY_ONE - days(1)).support is Support.TO_21
    assert category(person, TWENTY_ONE).support is Support.TO_25
    decision = category(person, date(2030, 1, 1))
    assert decision.support is Support.EDUCATION
    assert {warning.code for warning in decision.warnings} >= {"warn_programme_past_25"}
    assert category(person, TWENTY_FIVE).support is None


def test_category_when_qualifying_and_studying_past_21_then_help_with_education_is_not_forgotten() -> None:
    studying = EducationProgramme(informed_on=date(2028, 1, 1), started_on=date(2028, 2, 1))
    person = history(care(date(2025, 1, 1), date(2025, 2, 1)), education_programmes=(studying,))
    assert of(person, TWENTY_ONE) is Category.NONE
    assert "warn_education_help" in {warning.code for warning in category(person, TWENTY_ONE).warnings}


def test_decision_when_made_then_every_step_has_its_sentence_law_and_both_counts() -> None:
    decision = category(at_home(broke_down_on=date(2025, 9, 1)), date(2025, 10, 1))
    assert [reason.code for reason in decision.reasons] == [
        "birth",
        "not_looked_after",
        "days",
        "relevant",
        "home_six_months",
        "home_broke_down",
    ]
    for reason in decision.reasons:
        assert reason.source
        assert reason.sentence
        assert "{" not in reason.sentence
        assert "None" not in reason.sentence
        assert reason.weeks.since_14 > reason.weeks.begun_after_14 == 0
    assert {"categories-", "care-"} <= {part[: part.index("-") + 1] for part in decision.rules_version.split("+")}


def test_next_change_when_in_care_at_15_then_each_change_in_turn() -> None:
    on, seen = date(2023, 6, 1), []
    while (change := next_category_change(LONG_IN_CARE, on)) is not None:
        seen.append(change)
        on = change.on_date
    assert seen == [
        CategoryChange(SIXTEEN + days(1), Category.PRE_ELIGIBLE, Category.ELIGIBLE),
        CategoryChange(EIGHTEEN, Category.ELIGIBLE, Category.FORMER_RELEVANT),
        CategoryChange(TWENTY_FIVE, Category.FORMER_RELEVANT, Category.NONE),
    ]


def test_authority_when_the_young_person_moves_then_it_stays_with_who_last_looked_after_them() -> None:
    person = history(care(date(2020, 1, 6), date(2023, 1, 1), authority_code="E06000016"), care(date(2023, 1, 1), LEFT))
    for on in (AT_17, EIGHTEEN, TWENTY_ONE):
        found = responsible_authority(person, on)
        assert found is not None
        assert found.is_this_council
    earlier = responsible_authority(person, date(2022, 1, 1))
    assert earlier is not None
    assert (earlier.is_this_council, earlier.authority_code) == (False, "E06000016")


def test_authority_when_another_council_took_over_then_it_is_not_this_one() -> None:
    found = responsible_authority(history(care(date(2020, 1, 6), LEFT, reason_ended="E3")), AT_17)
    assert found is not None
    assert not found.is_this_council
    assert found.since == LEFT
    before = responsible_authority(history(care(date(2020, 1, 6), LEFT, reason_ended="E3")), LEFT - days(1))
    assert before is not None
    assert before.is_this_council


def test_authority_when_never_in_care_or_short_breaks_only_then_there_is_none() -> None:
    assert responsible_authority(history(), AT_17) is None
    assert responsible_authority(history(care(date(2022, 6, 1), None, "V4")), AT_17) is None


@settings(max_examples=250, deadline=None)
@given(histories(), st.lists(life_days(), min_size=1, max_size=8))
def test_category_when_counted_day_by_day_then_it_is_the_same(person: History, on_days: list[date]) -> None:
    for on in (*on_days, SIXTEEN, SIXTEEN + days(1), EIGHTEEN, TWENTY_ONE, TWENTY_FIVE):
        assert of(person, on) is category_day_by_day(person, on)


@settings(max_examples=100, deadline=None)
@given(histories(), life_days())
def test_next_change_when_followed_day_by_day_then_nothing_changes_before_and_something_does_then(
    person: History, on: date
) -> None:
    change = next_category_change(person, on)
    before = category_day_by_day(person, on)
    until = change.on_date if change else date(BORN.year + 27, 1, 1)
    length = (until - on).days
    looked_at = {*range(0, length, 17), *range(max(0, length - 5), length)}
    assert all(category_day_by_day(person, on + days(n)) is before for n in looked_at)
    if change:
        assert change.before is before
        assert category_day_by_day(person, change.on_date) is change.after is not before


@settings(max_examples=100, deadline=None)
@given(histories(), life_days())
def test_since_when_given_then_the_category_began_on_that_day(person: History, on: date) -> None:
    decision = category(person, on)
    if decision.since is None:
        assert of(person, BORN) is decision.category
    else:
        assert decision.since <= on
        assert of(person, decision.since) is decision.category
        assert of(person, decision.since - days(1)) is not decision.category
        change = next_category_change(person, decision.since - days(1))
        assert change is not None
        assert change.on_date == decision.since


@settings(max_examples=100, deadline=None)
@given(histories(), life_days(), life_days())
def test_days_when_time_goes_on_then_they_never_fall(person: History, one: date, other: date) -> None:
    early, late = (Life(person).thirteen_weeks(on) for on in sorted((one, other)))
    assert early.since_14 <= late.since_14
    assert early.since_16 <= late.since_16 <= late.since_14
    assert early.begun_after_14 <= late.begun_after_14 <= late.since_14


@settings(max_examples=100, deadline=None)
@given(histories(), life_days(12, 19), st.integers(0, 300), life_days())
def test_days_when_care_is_added_then_they_never_fall(person: History, start: date, length: int, on: date) -> None:
    longer = history(*person.episodes, care(start, start + days(length)), births=person.births, died_on=person.died_on)
    assert Life(longer).thirteen_weeks(on).since_14 >= Life(person).thirteen_weeks(on).since_14


@settings(max_examples=100, deadline=None)
@given(histories(), life_days(12, 19), st.integers(0, 300), st.sampled_from(["V3", "V4"]), life_days())
def test_category_when_short_breaks_are_added_then_it_never_changes(
    person: History, start: date, length: int, legal_status: str, on: date
) -> None:
    with_breaks = History(
        births=person.births,
        episodes=(*person.episodes, care(start, start + days(length), legal_status)),
        family_placements=person.family_placements,
        detentions=person.detentions,
        special_guardianships=person.special_guardianships,
        died_on=person.died_on,
    )
    assert of(with_breaks, on) is of(person, on)


@settings(max_examples=100, deadline=None)
@given(histories(), life_days())
def test_category_when_the_order_of_records_changes_then_it_stays(person: History, on: date) -> None:
    turned = History(
        births=person.births,
        episodes=person.episodes[::-1],
        family_placements=person.family_placements[::-1],
        detentions=person.detentions,
        special_guardianships=person.special_guardianships,
        died_on=person.died_on,
    )
    ends = [(episode.ended_on, episode.started_on) for episode in person.episodes]
    if len(set(ends)) == len(ends):
        assert of(turned, on) is of(person, on)


@settings(max_examples=100, deadline=None)
@given(histories(), life_days())
def test_decision_when_anything_is_recorded_then_it_explains_itself(person: History, on: date) -> None:
    decision = category(person, on)
    assert decision.reasons[0].code == "birth"
    for reason in (*decision.reasons, *decision.warnings):
        assert reason.source
        assert "{" not in reason.sentence
        assert "None" not in reason.sentence
    assert (decision.support is None) is (decision.category not in {Category.FORMER_RELEVANT, Category.QUALIFYING})
