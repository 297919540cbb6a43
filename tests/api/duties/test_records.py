"""Plans, assessments, placements and chains of episodes: what they lack."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.duties import law
from api.duties.models import Category, Episode, Plan, PlanAction, PlanSection, Registration
from api.duties.records import assessment_complete, chain_faults, placement_lawful, plan_complete, suitability_complete
from tests.api.duties.cases import BORN, EIGHTEEN, SIXTEEN, care, days

SECTIONS = [section.key for section in law.plan_law().sections]
ACTION = PlanAction(what="Ask for the grant", owner="Adviser", due_on=date(2026, 6, 1))
FACTORS = law.factors("suitability").factors


def section(key: str, **changes: object) -> PlanSection:
    return PlanSection(**{"key": key, "text": "What happens now.", "actions": (ACTION,)} | changes)  # type: ignore[arg-type]


def plan(*sections: PlanSection, category: Category = Category.RELEVANT) -> Plan:
    """A complete plan with some sections in place of its own."""
    whole = {key: section(key) for key in SECTIONS} | {changed.key: changed for changed in sections}
    return Plan(category=category, sections=tuple(whole.values()))


def test_plan_when_all_ten_sections_have_words_and_actions_then_it_is_complete() -> None:
    assert len(SECTIONS) == 10
    assert plan_complete(plan()) == ()


@pytest.mark.parametrize("key", SECTIONS)
def test_plan_when_a_section_is_not_there_then_it_is_named(key: str) -> None:
    without = Plan(category=Category.RELEVANT, sections=tuple(s for s in plan().sections if s.key != key))
    assert [missing.where for missing in plan_complete(without)] == [key]


def test_plan_when_a_section_has_only_blanks_then_it_is_named() -> None:
    assert [missing.where for missing in plan_complete(plan(section("health", text=" \n")))] == ["health"]


def test_plan_when_a_section_has_no_action_then_it_needs_a_reason_why() -> None:
    assert [missing.where for missing in plan_complete(plan(section("identity", actions=())))] == ["identity"]
    assert plan_complete(plan(section("identity", actions=(), text="", none_reason="Nothing wanted."))) == ()
    assert plan_complete(plan(section("identity", actions=(), none_reason="  "))) != ()


@pytest.mark.parametrize(
    ("action", "unsaid"),
    [
        (PlanAction(what="Ask", owner="Adviser"), "by when"),
        (PlanAction(what="Ask", due_on=date(2026, 6, 1)), "by whom"),
        (PlanAction(owner="Adviser", due_on=date(2026, 6, 1)), "what"),
        (PlanAction(what=" ", owner=" "), "what, by whom, by when"),
    ],
)
def test_plan_when_an_action_leaves_something_out_then_it_says_what(action: PlanAction, unsaid: str) -> None:
    (missing,) = plan_complete(plan(section("health", actions=(ACTION, action))))
    assert missing.what.startswith(f"Action 2 does not say {unsaid}:")


def test_plan_when_the_child_is_eligible_then_the_adviser_must_be_named() -> None:
    assert [missing.where for missing in plan_complete(plan(category=Category.ELIGIBLE))] == ["personal_adviser"]
    assert plan_complete(plan(section("personal_adviser", actions=()), category=Category.ELIGIBLE)) == ()


@given(st.sets(st.sampled_from(SECTIONS)), st.sets(st.sampled_from(SECTIONS)))
def test_plan_when_more_is_written_then_never_more_is_missing(some: set[str], more: set[str]) -> None:
    def lacks(keys: set[str]) -> set[str]:
        written = Plan(category=Category.ELIGIBLE, sections=tuple(section(key) for key in keys))
        return {missing.where for missing in plan_complete(written)}

    assert lacks(some | more) <= lacks(some)
    assert lacks(some) == (set(SECTIONS) - some) | {"personal_adviser"}


def test_suitability_when_every_factor_is_considered_then_only_the_landlord_may_be_missing() -> None:
    considered = dict.fromkeys(FACTORS, "Looked at.")
    assert len(FACTORS) == 10
    assert suitability_complete(considered, landlord_checked=True) == ()
    (missing,) = suitability_complete(considered, landlord_checked=False)
    assert missing.where == "landlord_or_provider"


@given(st.dictionaries(st.sampled_from(FACTORS), st.sampled_from(["", " ", "Looked at."])))
def test_suitability_when_factors_are_silent_then_exactly_those_are_named(considered: dict[str, str]) -> None:
    silent = {factor for factor in FACTORS if considered.get(factor, "") != "Looked at."}
    assert {missing.where for missing in suitability_complete(considered, landlord_checked=True)} == silent


def test_assessment_when_nothing_was_considered_then_all_factors_of_the_regulation_are_named() -> None:
    assert {missing.where for missing in assessment_complete({})} == set(law.factors("assessment").factors)
    assert assessment_complete(dict.fromkeys(law.factors("assessment").factors, "Yes.")) == ()


REGISTERED = Registration(urn="2600001", registered_from=date(2024, 1, 1), registered_to=date(2025, 12, 31))


def breaches(place: str | None, on: date, registration: Registration | None = REGISTERED) -> list[tuple[str, bool]]:
    return [(found.code, found.is_block) for found in placement_lawful(BORN, place, registration, on)]


def test_placement_when_under_16_then_not_in_supported_accommodation() -> None:
    assert breaches("K3", SIXTEEN - days(1)) == [("too_young", True)]
    assert breaches("K3", SIXTEEN) == []
    assert breaches("K2", SIXTEEN - days(1)) == []


@pytest.mark.parametrize(
    ("registration", "on", "expected"),
    [
        (REGISTERED, date(2025, 12, 31), []),
        (REGISTERED, date(2026, 1, 1), [("registration_lapsed", True)]),
        (None, date(2025, 1, 1), [("not_registered", True)]),
        (Registration(urn=" ", registered_from=date(2024, 1, 1)), date(2025, 1, 1), [("not_registered", True)]),
        (Registration(urn="1", registered_from=date(2025, 1, 2)), date(2025, 1, 1), [("not_yet_registered", True)]),
        (Registration(urn="1", registered_from=date(2025, 1, 1)), date(2025, 1, 1), []),
        (None, EIGHTEEN - days(1), [("not_registered", True)]),
        (None, EIGHTEEN, []),
    ],
)
def test_placement_when_under_18_then_the_provider_is_registered_on_that_day(
    registration: Registration | None, on: date, expected: list[tuple[str, bool]]
) -> None:
    assert breaches("K3", on, registration) == expected


@pytest.mark.parametrize("place", ["P1", "R5", "T0", "T4"])
def test_placement_when_no_registration_is_asked_then_none_is_needed(place: str) -> None:
    assert breaches(place, date(2025, 1, 1), None) == []


def test_placement_when_unregulated_or_not_told_by_the_code_then_it_is_said() -> None:
    assert breaches("H5", date(2025, 1, 1)) == [("unregulated", True)]
    assert breaches("Z12", date(2025, 1, 1), None) == [("registration_unknown", False)]
    assert breaches(None, date(2025, 1, 1)) == [("place_unknown", False)]


def test_placement_when_before_the_duty_to_register_then_nothing_was_unlawful() -> None:
    born_on = date(2006, 5, 20)
    assert placement_lawful(born_on, "H5", None, date(2023, 10, 27)) == ()
    assert placement_lawful(born_on, "H5", None, date(2023, 10, 28)) != ()


def episode(start: date, end: date | None, new: str, ended: str | None) -> Episode:
    return care(start, end, reason_new=new, reason_ended=ended)


A, B, C = date(2024, 1, 10), date(2024, 3, 1), date(2024, 6, 1)


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ([episode(A, B, "S", "X1"), episode(B, None, "P", None)], []),
        ([episode(A, B, "S", "E4A"), episode(C, None, "S", None)], []),
        ([], []),
        ([episode(A, B, "P", "E4A")], [(0, "first_not_started")]),
        ([episode(A, B, "S", "X1"), episode(B + days(1), None, "S", None)], [(0, "gap_after_continues")]),
        (
            [episode(A, B, "S", "X1"), episode(B + days(1), None, "P", None)],
            [(0, "gap_after_continues"), (1, "not_started")],
        ),
        ([episode(A, B, "S", "X1")], [(0, "gap_after_continues")]),
        ([episode(A, A, "S", "E4A")], [(0, "same_day")]),
        ([episode(A, B, "S", "E4A"), episode(B, None, "P", None)], [(0, "continued_without_x1")]),
        ([episode(A, B, "S", "X1"), episode(B, None, "S", None)], [(1, "restart_on_same_day")]),
        ([episode(A, C, "S", "X1"), episode(B, None, "P", None)], [(0, "overlap")]),
        ([episode(A, None, "S", None), episode(B, None, "P", None)], [(0, "left_open")]),
        ([episode(A, B, "S", "E4A"), episode(C, None, "P", None)], [(1, "not_started")]),
        ([episode(A, None, "S", "X1")], [(0, "reason_without_end"), (0, "gap_after_continues")]),
        ([episode(A, B, "S", None)], [(0, "reason_without_end")]),
    ],
)
def test_chain_when_something_is_wrong_then_it_says_where_and_what(
    chain: list[Episode], expected: list[tuple[int, str]]
) -> None:
    found = chain_faults(chain[::-1])
    assert [(fault.index, fault.code) for fault in found] == expected
    assert all(fault.sentence and fault.source for fault in found)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=6), st.integers(0, 5), st.integers(1, 30))
def test_chain_when_a_day_is_missing_anywhere_then_it_is_found(lengths: list[int], broken: int, gap: int) -> None:
    start, chain = A, []
    for number, length in enumerate(lengths):
        last = number == len(lengths) - 1
        end = None if last else start + days(length)
        chain.append(episode(start, end, "P" if number else "S", None if last else "X1"))
        start += days(length)
    assert chain_faults(chain) == ()
    if broken + 1 < len(chain):
        later = [
            episode(e.started_on + days(gap), e.ended_on and e.ended_on + days(gap), e.reason_new or "", e.reason_ended)
            for e in chain[broken + 1 :]
        ]
        assert {fault.code for fault in chain_faults([*chain[: broken + 1], *later])} == {
            "gap_after_continues",
            "not_started",
        }
