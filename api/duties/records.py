"""Whether a record is as the law wants it: plan, assessments, placement, chain of episodes."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from api.duties import codes
from api.duties.dates import age_on, covers
from api.duties.law import factors, placement_law, plan_law
from api.duties.models import Breach, ChainFault, Episode, Missing, Plan, PlanSection, Registration

ABOUT_NEXT = frozenset({"restart_on_same_day", "not_started"})


def plan_complete(plan: Plan) -> tuple[Missing, ...]:
    """What a pathway plan lacks: a section, words in it, an action with owner and day, or a reason for none."""
    law = plan_law()
    written = {section.key: section for section in plan.sections}
    missing: list[Missing] = []
    for wanted in law.sections:
        missing += _section_lacks(written.get(wanted.key), wanted.key, wanted.title, law.source, law.actions_source)
    adviser = law.adviser_section
    if plan.category in adviser.categories and not _has_words(written.get(adviser.key)):
        missing.append(Missing(adviser.key, f"Nothing is written: {adviser.title}.", adviser.source))
    return tuple(missing)


def assessment_complete(considered: Mapping[str, str]) -> tuple[Missing, ...]:
    """Which factors of a needs assessment have no words."""
    return _unconsidered("assessment", considered)


def suitability_complete(considered: Mapping[str, str], *, landlord_checked: bool) -> tuple[Missing, ...]:
    """Which factors of suitable accommodation have no words, and whether the landlord was looked at."""
    missing = _unconsidered("suitability", considered)
    law = factors("suitability")
    if law.landlord is not None and not landlord_checked:
        missing += (Missing(law.landlord, "The landlord or provider was not checked.", law.source),)
    return missing


def placement_lawful(
    born_on: date, place: str | None, registration: Registration | None, on: date
) -> tuple[Breach, ...]:
    """Why somebody may not live there on that day; empty means lawful. `is_block` False: a person must look first."""
    law = placement_law()
    age = age_on(born_on, on)
    found = []
    if age < law.supported_from_age and codes.is_in("supported_accommodation", place):
        found.append(Breach("too_young", "Supported accommodation is for 16 and over.", law.source, True))
    if age < law.registered_below_age and on >= law.registered_from:
        found += _registration_breaches(place, registration, on)
    return tuple(found)


def chain_faults(episodes: Iterable[Episode]) -> tuple[ChainFault, ...]:
    """What is wrong in the chain of a person's episodes: gaps, overlaps, ends without continuation."""
    chain = sorted(episodes, key=lambda e: (e.started_on, e.ended_on or date.max))
    found = [(0, "first_not_started")] if chain and chain[0].reason_new != "S" else []
    for index, episode in enumerate(chain):
        found += [(index, code) for code in _own_faults(episode)]
        following = chain[index + 1] if index + 1 < len(chain) else None
        found += [(index + (code in ABOUT_NEXT), code) for code in _link_faults(episode, following)]
    texts = codes.document("episode_chain")
    return tuple(
        ChainFault(
            index, code, texts["faults"][code]["sentence"], f"{texts['source']}, {texts['faults'][code]['rule']}"
        )
        for index, code in found
    )


def _section_lacks(
    section: PlanSection | None, key: str, title: str, source: str, actions_source: str
) -> list[Missing]:
    if section is not None and section.none_reason.strip():
        return []
    if section is None or not _has_words(section):
        return [Missing(key, f"Nothing is written: {title}.", source)]
    if not section.actions:
        return [Missing(key, f"No action and no reason why there is none: {title}.", actions_source)]
    lacking = []
    for number, action in enumerate(section.actions, start=1):
        said = {"what": action.what.strip(), "by whom": action.owner.strip(), "by when": action.due_on}
        if unsaid := [name for name, value in said.items() if not value]:
            lacking.append(Missing(key, f"Action {number} does not say {', '.join(unsaid)}: {title}.", actions_source))
    return lacking


def _has_words(section: PlanSection | None) -> bool:
    return section is not None and bool(section.text.strip())


def _unconsidered(name: str, considered: Mapping[str, str]) -> tuple[Missing, ...]:
    law = factors(name)
    silent = [factor for factor in law.factors if not considered.get(factor, "").strip()]
    return tuple(Missing(factor, f"Not considered: {factor.replace('_', ' ')}.", law.source) for factor in silent)


def _registration_breaches(place: str | None, registration: Registration | None, on: date) -> Collection[Breach]:
    law = placement_law()
    if place is None:
        return [Breach("place_unknown", "The kind of placement is not recorded.", law.source, False)]
    if codes.is_in("unregulated", place):
        return [Breach("unregulated", "Nobody under 18 may be placed in unregulated housing.", law.source, True)]
    if codes.is_in("registration_not_told_by_code", place):
        sentence = "The code does not tell whether the provider must be registered. Look before it is made or kept."
        return [Breach("registration_unknown", sentence, codes.group("registration_not_told_by_code").source, False)]
    if not codes.is_in("needs_registration", place):
        return []
    if registration is None or not registration.urn.strip():
        return [Breach("not_registered", "No registration of the provider is recorded.", law.source, True)]
    if not covers(registration.registered_from, None, on):
        return [Breach("not_yet_registered", "The provider is not registered yet on that day.", law.source, True)]
    if registration.registered_to is not None and registration.registered_to < on:
        return [Breach("registration_lapsed", "The provider's registration has ended.", law.source, True)]
    return []


def _own_faults(episode: Episode) -> list[str]:
    found = []
    if (episode.ended_on is None) is not (episode.reason_ended is None):
        found.append("reason_without_end")
    if episode.ended_on is not None and episode.ended_on <= episode.started_on:
        found.append("same_day")
    return found


def _link_faults(episode: Episode, following: Episode | None) -> list[str]:
    goes_on = episode.reason_ended == "X1"
    if following is None:
        return ["gap_after_continues"] if goes_on else []
    if episode.ended_on is None:
        return ["left_open"]
    if following.started_on < episode.ended_on:
        return ["overlap"]
    if following.started_on == episode.ended_on:
        if not goes_on:
            return ["continued_without_x1"]
        return ["restart_on_same_day"] if following.reason_new == "S" else []
    found = ["gap_after_continues"] if goes_on else []
    return found if following.reason_new == "S" else [*found, "not_started"]


def _chain_fault(index: int, code: str) -> ChainFault:
    texts = codes.document("episode_chain")
    fault = texts["faults"][code]
    return ChainFault(index, code, fault["sentence"], f"{texts['source']}, {fault['rule']}")
