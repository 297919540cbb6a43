"""OC3 and Annex A, list 9: complete rows, or what is missing from them."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.duties import codes
from api.duties.models import (
    AccommodationSpell,
    ActivitySpell,
    CareLeaverFacts,
    Contact,
    Detention,
    FamilyPlacement,
    InspectionFacts,
    Oc3Result,
    Oc3Row,
    SuitabilityJudgement,
)
from api.duties.returns import inspection_row, oc3_row
from tests.api.duties.cases import care, days, histories, history

BORN = date(2006, 5, 20)
SIXTEEN, SEVENTEEN, EIGHTEEN, NINETEEN = (date(year, 5, 20) for year in (2022, 2023, 2024, 2025))
TODAY = date(2026, 4, 30)


def person(end: date | None = EIGHTEEN, reason: str | None = "E6", **changes: Any) -> Any:
    """Somebody's history, in care since 13."""
    return history(care(date(2020, 1, 6), end, reason_ended=reason), born_on=BORN, **changes)


def facts(**changes: Any) -> CareLeaverFacts:
    """Somebody of whom everything is known: in care to 18, in touch, at university, in suitable housing."""
    known: dict[str, Any] = {
        "child_id": "1002",
        "history": person(),
        "contacts": tuple(Contact(date(year, 5, 10), True) for year in range(2023, 2028)),
        "activities": (ActivitySpell(code="F1", started_on=date(2022, 9, 1)),),
        "homes": (AccommodationSpell(letter="U", started_on=date(2022, 9, 1)),),
        "judgements": (SuitabilityJudgement(judged_on=date(2022, 9, 5), is_suitable=True),),
    }
    return CareLeaverFacts(**known | changes)


def row(known: CareLeaverFacts, year: int = 2026, today: date = TODAY) -> Oc3Result:
    return oc3_row(known, year, today)


def codes_of(result: Oc3Result) -> tuple[str, str, str]:
    assert result.status == "row", result.missing
    assert result.row is not None
    return result.row.in_touch, result.row.activ, result.row.accom


def missing(result: Oc3Result) -> list[str]:
    assert result.status == "incomplete", result
    assert result.row is None
    assert all(lack.what and lack.source for lack in result.missing)
    return [lack.where for lack in result.missing]


def test_oc3_when_everything_is_known_then_the_row_in_the_words_of_the_file() -> None:
    result = row(facts())
    assert result.row == Oc3Row("1002", "20/05/2006", "YES", "F1", "U1")
    assert result.birthday == NINETEEN


def test_oc3_when_in_care_to_18_then_the_first_row_is_that_of_19() -> None:
    assert [row(facts(), year, TODAY).status for year in (2024, 2025, 2026)] == ["not_in_cohort"] * 2 + ["row"]
    aged_out = facts(history=person(None, None))
    assert row(aged_out, 2025).why == "Looked after on the birthday."


@pytest.mark.parametrize(
    ("left_on", "year", "status"),
    [
        (SEVENTEEN - days(1), 2024, "row"),
        (SEVENTEEN, 2024, "not_in_cohort"),
        (SEVENTEEN + days(1), 2024, "not_in_cohort"),
        (EIGHTEEN - days(1), 2025, "row"),
        (EIGHTEEN, 2025, "not_in_cohort"),
        (EIGHTEEN, 2026, "row"),
    ],
)
def test_oc3_when_care_ended_about_the_birthday_then_only_before_it_at_17_and_18(
    left_on: date, year: int, status: str
) -> None:
    assert row(facts(history=person(left_on)), year).status == status


@pytest.mark.parametrize("reason", ["E2", "E3", "E11", "E12"])
def test_oc3_when_died_in_care_adopted_or_taken_over_then_not_in_it(reason: str) -> None:
    assert row(facts(history=person(SEVENTEEN, reason))).status == "not_in_cohort"


def test_oc3_when_not_eligible_before_leaving_then_not_in_it() -> None:
    for episode in (
        care(date(2020, 1, 6), SIXTEEN),
        care(date(2023, 1, 1), date(2023, 4, 1)),
        care(date(2020, 1, 6), EIGHTEEN, "V4"),
    ):
        assert row(facts(history=history(episode, born_on=BORN))).status == "not_in_cohort"
    just = history(care(date(2023, 1, 1), date(2023, 4, 2)), born_on=BORN)
    assert row(facts(history=just)).status == "row"
    detained = Detention(kind="hospital", started_on=SIXTEEN - days(3))
    assert row(facts(history=history(detentions=(detained,), born_on=BORN))).why == "Was never looked after."


def test_oc3_when_no_birthday_from_17_to_21_is_in_the_year_then_not_in_it() -> None:
    old = facts(history=history(care(date(2010, 1, 1), date(2020, 1, 1)), born_on=date(2003, 5, 20)))
    assert row(old, 2026).status == "not_in_cohort"
    assert row(old, 2025).birthday == date(2024, 5, 20)
    young = facts(history=history(care(date(2020, 1, 6)), born_on=date(2009, 5, 20)))
    assert row(young, 2026).why == "No birthday from the 17th to the 21st in the year."


def test_oc3_when_an_episode_is_still_open_at_19_then_incomplete_and_not_dropped() -> None:
    assert missing(row(facts(history=person(None, None)))) == ["Episodes"]


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        ([(date(2025, 2, 20), True)], "YES"),
        ([(date(2025, 2, 19), True)], "NO"),
        ([(date(2025, 6, 20), True)], "YES"),
        ([(date(2025, 6, 21), True)], "NO"),
        ([(date(2025, 5, 20), False)], "NO"),
        ([], "NO"),
    ],
)
def test_oc3_when_contact_is_at_the_edge_of_the_window_then_it_counts_within(
    contacts: list[tuple[date, bool]], expected: str
) -> None:
    known = facts(contacts=tuple(Contact(on, reached) for on, reached in contacts))
    assert codes_of(row(known))[0] == expected


def test_oc3_when_nobody_was_in_touch_and_the_window_is_open_then_incomplete() -> None:
    assert missing(row(facts(contacts=()), today=date(2025, 6, 20))) == ["IN_TOUCH"]
    assert codes_of(row(facts(contacts=()), today=date(2025, 6, 21))) == ("NO", "0", "0")


def test_oc3_when_the_contact_lies_ahead_then_it_does_not_count_yet() -> None:
    known = facts(contacts=(Contact(date(2025, 6, 10), True),))
    assert missing(row(known, today=date(2025, 6, 9))) == ["IN_TOUCH"]


def test_oc3_when_refused_or_no_longer_needed_then_the_nearest_to_the_birthday_counts() -> None:
    assert codes_of(row(facts(contacts=(), refused_on=date(2025, 5, 1)))) == ("REFU", "0", "0")
    assert codes_of(row(facts(contacts=(), refused_on=date(2024, 1, 1)))) == ("REFU", "0", "0")
    assert codes_of(row(facts(contacts=(), no_longer_needs_on=date(2024, 1, 1))))[0] == "NREQ"
    near, far = date(2025, 5, 19), date(2025, 3, 1)
    assert codes_of(row(facts(contacts=(Contact(near, True),), refused_on=far)))[0] == "YES"
    assert codes_of(row(facts(contacts=(Contact(far, True),), refused_on=near)))[0] == "REFU"
    assert codes_of(row(facts(contacts=(Contact(near, True),), refused_on=near)))[0] == "YES"
    assert codes_of(row(facts(contacts=(Contact(date(2024, 6, 1), True),), refused_on=date(2024, 1, 1))))[0] == "NO"


def test_oc3_when_died_after_leaving_care_then_once_and_zero() -> None:
    dead = person(died_on=date(2025, 1, 1))
    assert codes_of(row(facts(history=dead))) == ("DIED", "0", "0")
    assert row(facts(history=dead, was_reported_died=True)).status == "not_in_cohort"
    assert codes_of(row(facts(history=person(died_on=NINETEEN))))[0] == "DIED"
    assert codes_of(row(facts(history=person(died_on=NINETEEN + days(1)))))[0] == "YES"


def test_oc3_when_home_for_six_months_before_18_then_rhom_and_zero() -> None:
    home = FamilyPlacement(with_whom="parent", started_on=date(2023, 8, 1))
    at_home = person(date(2023, 8, 1), "E4A", family_placements=(home,))
    assert codes_of(row(facts(history=at_home))) == ("RHOM", "0", "0")
    failed = FamilyPlacement(with_whom="parent", started_on=date(2023, 8, 1), broke_down_on=date(2024, 3, 1))
    assert codes_of(row(facts(history=person(date(2023, 8, 1), "E4A", family_placements=(failed,)))))[0] == "YES"
    late = FamilyPlacement(with_whom="parent", started_on=date(2024, 8, 1))
    assert codes_of(row(facts(history=person(family_placements=(late,)))))[0] == "YES"


def test_oc3_when_in_touch_and_something_is_not_known_then_it_is_listed_and_not_guessed() -> None:
    assert missing(row(facts(activities=()))) == ["ACTIV"]
    assert missing(row(facts(homes=()))) == ["ACCOM"]
    assert missing(row(facts(judgements=()))) == ["ACCOM"]
    assert missing(row(facts(activities=(), homes=()))) == ["ACTIV", "ACCOM"]
    for code in ("0", "F3", "x"):
        assert missing(row(facts(activities=(ActivitySpell(code=code, started_on=BORN),)))) == ["ACTIV"]
    assert missing(row(facts(homes=(AccommodationSpell(letter="Q", started_on=BORN),)))) == ["ACCOM"]


def test_oc3_when_the_activity_ended_before_the_birthday_then_it_is_not_used() -> None:
    ended = ActivitySpell(code="F2", started_on=date(2022, 9, 1), ended_on=NINETEEN)
    assert missing(row(facts(activities=(ended,)))) == ["ACTIV"]
    begun = ActivitySpell(code="G5", started_on=NINETEEN)
    assert codes_of(row(facts(activities=(ended, begun))))[1] == "G5"


def test_oc3_when_there_are_several_judgements_then_the_one_in_force_on_the_birthday() -> None:
    judged = [(date(2025, 1, 1), True), (NINETEEN, False), (NINETEEN + days(1), True)]
    judgements = tuple(SuitabilityJudgement(judged_on=on, is_suitable=fine) for on, fine in judged)
    assert codes_of(row(facts(judgements=judgements)))[2] == "U2"
    moved = (AccommodationSpell(letter="D", started_on=date(2025, 5, 1)),)
    assert missing(row(facts(homes=moved, judgements=judgements[:1]))) == ["ACCOM"]


@pytest.mark.parametrize(("letter", "code"), [("S", "S2"), ("X", "X2")])
def test_oc3_when_no_home_or_in_custody_then_never_suitable(letter: str, code: str) -> None:
    homes = (AccommodationSpell(letter=letter, started_on=date(2025, 1, 1)),)
    assert codes_of(row(facts(homes=homes)))[2] == code
    assert codes_of(row(facts(homes=homes, judgements=())))[2] == code


@pytest.mark.parametrize(("letter", "at_17", "at_18"), [("Z", False, True), ("T", False, True), ("U", True, True)])
def test_oc3_when_too_young_for_a_code_then_it_is_listed(letter: str, at_17: bool, at_18: bool) -> None:
    known = facts(
        history=person(date(2023, 5, 1)), homes=(AccommodationSpell(letter=letter, started_on=date(2022, 9, 1)),)
    )
    assert (row(known, 2024).status == "row") is at_17
    assert (row(known, 2025).status == "row") is at_18


def test_oc3_when_born_on_29_february_then_the_birthday_is_28_february_as_the_validator_has_it() -> None:
    leap = history(care(date(2020, 1, 6), date(2025, 12, 1), reason_ended="E6"), born_on=date(2008, 2, 29))
    assert row(facts(history=leap), 2026).birthday == date(2026, 2, 28)


def test_oc3_when_nobody_read_the_lists_of_a_year_then_it_is_refused() -> None:
    with pytest.raises(LookupError):
        row(facts(), 2028)


@settings(max_examples=150, deadline=None)
@given(
    histories(),
    st.sampled_from([2024, 2025, 2026, 2027]),
    st.lists(st.sampled_from("BCDEGHKRSTUVWXYZ"), max_size=2),
    st.booleans(),
)
def test_oc3_when_a_row_is_made_then_the_validators_rules_hold(
    known: Any, year: int, letters: list[str], judged: bool
) -> None:
    homes = tuple(AccommodationSpell(letter=letter, started_on=date(2022, 1, 1)) for letter in letters)
    judgements = (SuitabilityJudgement(judged_on=date(2022, 1, 2), is_suitable=True),) if judged else ()
    result = oc3_row(facts(history=known, homes=homes, judgements=judgements), year, date(2028, 1, 1))
    if result.row is None:
        assert result.status != "row"
        assert result.why
        return
    written = result.row
    assert codes.is_valid("IN_TOUCH", written.in_touch, year)
    assert codes.is_valid("ACTIV", written.activ, year)
    assert codes.is_valid("ACCOM", written.accom, year)
    assert (written.in_touch == "YES") is (written.accom != "0") is (written.activ != "0")
    assert result.birthday is not None
    age = result.birthday.year - known.births[0].born_on.year
    assert not (age == 17 and written.accom[0] in "ZT")


SEEN_ON = date(2025, 11, 24)
EXTRA = InspectionFacts(
    sex="F",
    ethnicity="BCRB",
    is_or_was_uasc=False,
    has_disability=False,
    team="Leaving care",
    worker="W. Worker",
    personal_adviser="P. Adviser",
    plan_started_on=date(2024, 1, 5),
    last_reviewed_on=date(2025, 10, 6),
)


def test_inspection_when_everything_is_known_then_the_row_in_the_words_of_the_list() -> None:
    found = inspection_row(facts(contacts=(Contact(date(2025, 11, 1), True),)), EXTRA, SEEN_ON)
    assert found is not None
    assert found.missing == ()
    assert list(found.row) == codes.document("annex_a_list_9")["columns"]
    assert list(found.row.values()) == [
        "1002",
        "b) Female",
        "n) BCRB",
        "20/05/2006",
        "19",
        "b) No",
        "b) No",
        "Leaving care",
        "W. Worker",
        "P. Adviser",
        "b) Former relevant child",
        "06/10/2025",
        "a) Yes",
        "01/11/2025",
        "U: Independent living",
        "a) Suitable",
        "F1: Full time in higher education",
    ]


def test_inspection_when_something_is_not_known_then_it_is_empty_and_listed() -> None:
    unknown = InspectionFacts(sex="?", ethnicity="?", is_or_was_uasc=True)
    found = inspection_row(CareLeaverFacts(child_id="1", history=person()), unknown, SEEN_ON)
    assert found is not None
    filled = {name for name, value in found.row.items() if value}
    assert filled == {
        "Child Unique ID",
        "Date of Birth",
        "Age of Child (Years)",
        "UASC or formerly UASC",
        "Eligibility Category",
    }
    assert {lack.where for lack in found.missing} == set(found.row) - filled


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"contacts": (Contact(date(2025, 9, 29), True),)}, "a) Yes"),
        ({"contacts": (Contact(date(2025, 9, 28), True),)}, "b) No"),
        ({"contacts": (Contact(date(2025, 11, 20), False),)}, "b) No"),
        ({"contacts": (Contact(date(2025, 11, 1), True),), "refused_on": date(2025, 11, 2)}, "d) Refu"),
        ({"contacts": (Contact(date(2025, 11, 3), True),), "refused_on": date(2025, 11, 2)}, "a) Yes"),
        ({"contacts": (), "no_longer_needs_on": date(2025, 1, 1)}, "e) NREQ"),
    ],
)
def test_inspection_when_in_touch_or_not_then_the_latest_that_is_known(changes: dict[str, Any], words: str) -> None:
    found = inspection_row(facts(**changes), EXTRA, SEEN_ON)
    assert found is not None
    assert found.row["LA in Touch"] == words


def test_inspection_when_in_custody_then_not_suitable_without_a_judgement() -> None:
    custody = (AccommodationSpell(letter="X", started_on=date(2025, 1, 1)),)
    found = inspection_row(facts(homes=custody, judgements=()), EXTRA, SEEN_ON)
    assert found is not None
    assert found.row["Suitability of Accommodation"] == "b) Unsuitable"


def test_inspection_when_there_is_no_category_then_there_is_no_row() -> None:
    assert inspection_row(facts(history=person(SIXTEEN)), EXTRA, SEEN_ON) is None


def test_inspection_when_the_plan_began_after_the_last_review_then_the_later_day() -> None:
    extra = InspectionFacts(
        sex="M", ethnicity="WBRI", is_or_was_uasc=False, plan_started_on=date(2025, 11, 1), last_reviewed_on=EIGHTEEN
    )
    found = inspection_row(facts(), extra, SEEN_ON)
    assert found is not None
    assert found.row["Latest Pathway Plan Review Date"] == "01/11/2025"
