"""A person's records as the rules of the returns are told them."""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from api.duties.models import (
    AccommodationSpell,
    ActivitySpell,
    BirthDate,
    BirthDateStatus,
    CareLeaverFacts,
    Contact,
    Detention,
    EducationProgramme,
    Episode,
    FamilyPlacement,
    History,
    InspectionFacts,
    SpecialGuardianship,
    SuitabilityJudgement,
)
from api.kit.db import Connection
from api.returns import queries
from api.returns.checks import document
from api.returns.models import Record


class Facts(NamedTuple):
    """All that is here of one person and goes into a return."""

    person: Record
    births: Sequence[Record]
    episodes: Sequence[Record]
    missing: Sequence[Record]
    reviews: Sequence[Record]
    in_touch: Sequence[Record]
    filed_rows: Sequence[Record]
    extract: Record | None
    spells: Sequence[Record]

    @property
    def knows_no_care(self) -> bool:
        """Whether nothing is recorded of having been looked after."""
        return not self.episodes


async def load(connection: Connection, people: Sequence[Record], year: int) -> list[Facts]:
    """All that is here of these people."""
    ids = [person["person_id"] for person in people]
    births = _of_each(await queries.list_birth_dates(connection, ids))
    episodes = _of_each(await queries.list_episodes(connection, ids))
    missing = _of_each(await queries.list_missing(connection, ids))
    reviews = _of_each(await queries.list_reviews(connection, ids))
    in_touch = _of_each(await queries.list_in_touch(connection, ids))
    filed_rows = _of_each(await queries.list_filed_rows(connection, ids, year))
    extracts = _of_each(await queries.list_extracts(connection, ids))
    spells = _of_each(await queries.list_spells(connection, ids))
    return [
        Facts(
            person, births[i], episodes[i], missing[i], reviews[i], in_touch[i], filed_rows[i],
            next(iter(extracts[i]), None), spells[i],
        )
        for person, i in ((person, person["person_id"]) for person in people)
    ]  # fmt: skip


def _of_each(records: Sequence[Record]) -> defaultdict[UUID, list[Record]]:
    of_each: defaultdict[UUID, list[Record]] = defaultdict(list)
    for record in records:
        of_each[record["person_id"]].append(record)
    return of_each


def history(one: Facts) -> History:
    """What decides the category."""
    return History(
        births=tuple(
            BirthDate(birth["born_on"], BirthDateStatus(birth["status"]), birth["accepted_on"]) for birth in one.births
        ),
        episodes=tuple(
            Episode(
                started_on=episode["started_on"],
                legal_status=episode["legal_status"],
                ended_on=episode["ended_on"],
                reason_new=episode["reason_new"],
                reason_ended=episode["reason_ended"],
                place=episode["place"],
                place_provider=episode["place_provider"],
                category_of_need=episode["category_of_need"],
            )
            for episode in one.episodes
        ),
        family_placements=tuple(
            FamilyPlacement(with_whom=s["code"], broke_down_on=s["on_date"], **_days(s)) for s in _spells(one, "family")
        ),
        detentions=tuple(Detention(kind=s["code"], **_days(s)) for s in _spells(one, "detention")),
        special_guardianships=tuple(
            SpecialGuardianship(made_on=s["started_on"], ended_on=s["ended_on"], was_looked_after_before=s["is_so"])
            for s in _spells(one, "guardianship")
        ),
        education_programmes=tuple(
            EducationProgramme(informed_on=s["on_date"], started_on=s["started_on"], ends_on=s["ended_on"])
            for s in _spells(one, "education")
        ),
        died_on=one.person["died_on"],
    )


def leaver_facts(one: Facts, birthday: date) -> CareLeaverFacts:
    """What a leaver's row is made of. What was recorded of a birthday counts as said on it where no day is given."""
    said = [(record["contact_on"] or record["birthday_on"], record["status"]) for record in one.in_touch]
    was_reported_died = any(r["status"] == "DIED" and (birthday - r["birthday_on"]).days > 1 for r in one.in_touch)
    return msgspec.structs.replace(_facts(one, said), was_reported_died=was_reported_died)


def inspected_facts(one: Facts) -> CareLeaverFacts:
    """What an inspection is shown: days of contact that are known, and from the extract what is not recorded here."""
    said = [(record["contact_on"], record["status"]) for record in one.in_touch if record["contact_on"]]
    facts = _facts(one, said)
    if one.extract is None:
        return facts
    contact, home, activity, judgement = _of_extract(one.extract)
    return msgspec.structs.replace(
        facts,
        contacts=facts.contacts + contact,
        activities=facts.activities or activity,
        homes=facts.homes or home,
        judgements=facts.judgements if facts.homes else judgement,
    )


def _facts(one: Facts, said: Sequence[tuple[date, str]]) -> CareLeaverFacts:
    latest = {status: day for day, status in sorted(said)}
    reached = [Contact(day, True) for day, status in said if status == "YES"]
    return CareLeaverFacts(
        child_id=one.person["child_id_la"],
        history=history(one),
        contacts=(*(Contact(s["started_on"], s["is_so"]) for s in _spells(one, "contact")), *reached),
        activities=tuple(ActivitySpell(code=s["code"], **_days(s)) for s in _spells(one, "activity")),
        homes=tuple(AccommodationSpell(letter=s["code"], **_days(s)) for s in _spells(one, "home")),
        judgements=tuple(
            SuitabilityJudgement(judged_on=s["started_on"], is_suitable=s["is_so"]) for s in _spells(one, "judgement")
        ),
        refused_on=latest.get("REFU"),
        no_longer_needs_on=latest.get("NREQ"),
    )


def _of_extract(said: Record) -> tuple[
    tuple[Contact, ...], tuple[AccommodationSpell, ...], tuple[ActivitySpell, ...], tuple[SuitabilityJudgement, ...]
]:  # fmt: skip
    """What the case system said, as far as its words are codes or begin with one; since its last contact."""
    on: date | None = said["last_contact_on"]
    if on is None:
        return (), (), (), ()
    words = document()["extract_words"]
    letter = re.match(words["accommodation"], said["accommodation"] or "")
    code = re.match(words["activity"], said["activity"] or "")
    is_suitable = dict.fromkeys(words["suitable"], True) | dict.fromkeys(words["unsuitable"], False)
    judged = is_suitable.get((said["suitability"] or "").casefold())
    return (
        (Contact(on, True),) if (said["in_touch"] or "").casefold() in words["in_touch"] else (),
        (AccommodationSpell(letter=letter[1], started_on=on),) if letter else (),
        (ActivitySpell(code=code[1], started_on=on),) if code else (),
        (SuitabilityJudgement(judged_on=on, is_suitable=judged),) if judged is not None else (),
    )


def inspection_facts(one: Facts, more: Record) -> InspectionFacts:
    """What an inspection asks beyond that; from the case system's extract where nothing is recorded here."""
    said = one.extract or defaultdict(lambda: None)
    return InspectionFacts(
        sex=one.person["sex"] or "",
        ethnicity=one.person["ethnic"] or "",
        is_or_was_uasc=one.person["uasc_from"] is not None,
        has_disability=more["has_disability"],
        team=more["team"] or said["allocated_team"],
        worker=more["personal_adviser"] or said["worker_ref"],
        personal_adviser=more["personal_adviser"] or said["personal_adviser"],
        plan_started_on=more["plan_started_on"],
        last_reviewed_on=more["last_reviewed_on"] or said["plan_reviewed_on"],
    )


def of_extract(one: Facts) -> str | None:
    """Which category the case system's extract gives, in its own words; None for none."""
    said: str | None = one.extract["eligibility"] if one.extract else None
    is_none = said is None or said.casefold().startswith("no ")
    return None if is_none else said


def _spells(one: Facts, kind: str) -> list[Record]:
    return [spell for spell in one.spells if spell["kind"] == kind]


def _days(spell: Record) -> dict[str, Any]:
    return {"started_on": spell["started_on"], "ended_on": spell["ended_on"]}
