"""Case records, homes and duties of the world of `access_world`: their rows, and who may do what with them."""

from collections.abc import Callable
from uuid import UUID

import asyncpg

from tests.rules.access_world import (
    MEMBERS,
    ON_CASES,
    PEOPLE,
    Actor,
    Member,
    Person,
    current_advisers,
    is_here,
    sees_in_touch,
    sees_whole,
    today,
)

# What a young person's own pages show of their records; the rest is for staff.
OWN_VIEW = {"placements", "accommodation_spells", "entitlement_claims", "eligibility_decisions"}
ADDED_TO_ONLY = {"birth_dates", "eligibility_decisions", "duty_triggers"}
CHANGED = {
    "care_periods", "episodes", "family_placements", "detentions", "special_guardianships", "activity_spells",
    "education_programmes", "in_touch_records", "entitlement_claims", "placements", "accommodation_spells",
    "suitability_assessments", "duty_checks",
}  # fmt: skip
OF_PROVIDERS = {"providers", "provider_registrations"}
RECORDS = ADDED_TO_ONLY | CHANGED | {"duty_dates"}
WORKER_SEES = (RECORDS | {"provider_registrations", "duty_recomputes"}) - {"entitlement_claims"}
WORKER_MAY = {
    "INSERT": {"eligibility_decisions", "duty_dates", "duty_checks", "duty_recomputes"},
    "UPDATE": {"duty_checks"},
    "DELETE": {"duty_dates", "duty_recomputes"},
}

Add = Callable[[str, object, str], None]

# $1 is the young person. In this order, since some refer to those before.
ROWS = {
    "care_periods": "INSERT INTO care_periods (person_id, started_on) VALUES ($1, '2020-01-01')"
    " RETURNING care_period_id",
    "placements": "INSERT INTO placements (person_id, display_name, address_enc) VALUES ($1, 'Elm House', 'x')"
    " RETURNING placement_id",
    "episodes": "INSERT INTO episodes (care_period_id, person_id, started_on, reason_new, legal_status,"
    " category_of_need, place) SELECT care_period_id, $1, '2020-01-01', 'S', 'C2', 'N1', 'T0' FROM care_periods"
    " WHERE person_id = $1 RETURNING episode_id",
    "family_placements": "INSERT INTO family_placements (person_id, with_whom, started_on)"
    " VALUES ($1, 'parent', '2025-01-01') RETURNING family_placement_id",
    "detentions": "INSERT INTO detentions (person_id, kind, started_on) VALUES ($1, 'hospital', '2025-01-01')"
    " RETURNING detention_id",
    "special_guardianships": "INSERT INTO special_guardianships (person_id, started_on, was_looked_after_before)"
    " VALUES ($1, '2019-01-01', true) RETURNING special_guardianship_id",
    "activity_spells": "INSERT INTO activity_spells (person_id, activity, started_on) VALUES ($1, 'F1', '2025-01-01')"
    " RETURNING activity_spell_id",
    "education_programmes": "INSERT INTO education_programmes (person_id, kind, informed_on, started_on)"
    " VALUES ($1, 'other', '2025-01-01', '2025-01-01') RETURNING education_programme_id",
    "in_touch_records": "INSERT INTO in_touch_records (person_id, birthday_on, status)"
    " VALUES ($1, '2026-01-01', 'NO') RETURNING in_touch_record_id",
    "entitlement_claims": "INSERT INTO entitlement_claims (person_id, code, amount_pence, source, claimed_on)"
    " VALUES ($1, 'setting_up_home', 1, 'x', '2026-01-01') RETURNING entitlement_claim_id",
    "eligibility_decisions": "INSERT INTO eligibility_decisions"
    " (person_id, category, on_date, reasons, warnings, rules_version)"
    " VALUES ($1, 'none', '2026-01-01', '[]', '[]', 'x') RETURNING eligibility_decision_id",
    "accommodation_spells": "INSERT INTO accommodation_spells"
    " (person_id, placement_id, accommodation, tenancy, started_on)"
    " SELECT $1, placement_id, 'U', 'own', '2025-01-01' FROM placements WHERE person_id = $1"
    " RETURNING accommodation_spell_id",
    "suitability_assessments": "INSERT INTO suitability_assessments (person_id, accommodation_spell_id, assessed_on,"
    " is_suitable, facilities_and_services, repair, safety, location, support, tenancy_status,"
    " costs_and_affordability, young_persons_views, rights_and_responsibilities, funding_arrangements)"
    " SELECT $1, accommodation_spell_id, '2025-01-02', true, 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x'"
    " FROM accommodation_spells WHERE person_id = $1 RETURNING suitability_assessment_id",
    "duty_triggers": "INSERT INTO duty_triggers (person_id, code, happened_on, record_id)"
    " VALUES ($1, 'moved', '2025-01-01', $1) RETURNING duty_trigger_id",
    "duty_dates": "INSERT INTO duty_dates (person_id, code, due_on, since_on, amber_on, red_on, rank, title, why,"
    " source, is_verified, is_prospective, rules_version) VALUES ($1, 'visit', '2026-01-01', '2026-01-01',"
    " '2026-01-01', '2026-01-02', 0, 'x', 'x', 'x', true, false, 'x') RETURNING person_id",
    "duty_checks": "INSERT INTO duty_checks (person_id) VALUES ($1) RETURNING person_id",
    "duty_recomputes": "INSERT INTO duty_recomputes (person_id) VALUES ($1) RETURNING duty_recompute_id",
    "birth_dates": "SELECT birth_date_id FROM birth_dates WHERE person_id = $1",
}


async def add_records(admin: asyncpg.Connection, add: Add, person: Person) -> None:
    """One of each record of a young person."""
    for table, sql in ROWS.items():
        add(table, await admin.fetchval(sql, person.person_id), person.name)


async def add_absence(admin: asyncpg.Connection, add: Add, member: Member) -> None:
    """A day on which a member is away."""
    absence_id: UUID = await admin.fetchval(
        "INSERT INTO staff_absences (staff_id, started_on, ended_on) VALUES ($1, $2::date, $2::date + 1)"
        " RETURNING absence_id",
        member.staff_id,
        today(),
    )
    add("staff_absences", absence_id, member.name)


async def add_providers(admin: asyncpg.Connection, add: Add) -> None:
    """A provider with a registration, who is nobody's."""
    provider_id = await admin.fetchval("INSERT INTO providers (name) VALUES ('Homes') RETURNING provider_id")
    add("providers", provider_id, "nobody")
    registration_id = await admin.fetchval(
        "INSERT INTO provider_registrations (provider_id, urn, kind, registered_from)"
        " VALUES ($1, '1234567', 'childrens_home', '2025-01-01') RETURNING provider_registration_id",
        provider_id,
    )
    add("provider_registrations", registration_id, "nobody")


def may_of_record(actor: Actor, service: str | None, verb: str, table: str, owner: str) -> bool | None:
    """Whether an actor may do that; None for what is not decided here."""
    if service is not None:
        return _service_may(actor, service, verb, table, owner)
    member = next((m for m in MEMBERS if m.name == actor.member and is_here(m)), None)
    if (table, verb) in {("young_people", "UPDATE"), ("contact_points", "UPDATE")}:
        return member is not None and owner in sees_whole(actor)
    if (table, verb) == ("young_people", "INSERT"):
        person = next(p for p in PEOPLE if p.name == owner)
        return member is not None and member.role == "manager" and person.team == member.team
    if (table, verb) == ("allocations", "INSERT") and not _may_advise(owner):
        return False
    if table == "staff_absences":
        return _may_of_absence(actor, member, verb, owner)
    if table in OF_PROVIDERS:
        return member is not None and (verb == "SELECT" or (verb in {"INSERT", "UPDATE"} and member.role == "manager"))
    if table == "duty_recomputes":
        return verb == "INSERT" and (member is not None or _is_alive(actor, owner))
    if table not in RECORDS:
        return None
    if verb == "SELECT" and table in OWN_VIEW:
        return owner in sees_whole(actor)
    return member is not None and owner in sees_whole(actor) and _has(verb, table)


def _has(verb: str, table: str) -> bool:
    """Whether there is such a verb for staff on a table at all."""
    if verb == "UPDATE":
        return table in CHANGED
    return verb != "DELETE" or table == "duty_dates"


def _may_advise(owner: str) -> bool:
    """Whether all to whom a young person is allocated work on cases and are here."""
    allocations = next((p.allocations for p in PEOPLE if p.name == owner), ())
    advisers = {m.name for m in MEMBERS if m.role in ON_CASES and not m.has_left}
    return all(allocation.member in advisers for allocation in allocations)


def _may_of_absence(actor: Actor, member: Member | None, verb: str, owner: str) -> bool:
    if verb == "SELECT":
        is_own_adviser = actor.person in sees_in_touch(actor) and owner in current_advisers(actor.person)
        return member is not None or is_own_adviser
    if member is None or verb == "DELETE":
        return False
    team = next(m.team for m in MEMBERS if m.name == owner)
    return owner == member.name or (member.role == "manager" and team == member.team)


def _is_alive(actor: Actor, owner: str) -> bool:
    is_alive = any(p.name == actor.person and not p.has_died for p in PEOPLE)
    return is_alive and owner == actor.person and not actor.claim


def _service_may(actor: Actor, service: str, verb: str, table: str, owner: str) -> bool | None:
    if table not in RECORDS | OF_PROVIDERS | {"staff_absences", "duty_recomputes"}:
        return None
    if service == "worker":
        return table in (WORKER_SEES if verb == "SELECT" else WORKER_MAY[verb])
    is_own = service.startswith("thread") and owner == actor.person
    return (verb, table) == ("INSERT", "duty_recomputes") and is_own


IS_STAFF = "(SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL"
IS_MANAGER = "(SELECT w.staff_role FROM sec.who() AS w) = 'manager'"
VISIBLE = "person_id = ANY(ARRAY(SELECT sec.visible_people()))"
IN_TOUCH = "person_id = ANY(ARRAY(SELECT sec.people_in_touch()))"
OWN_TEAM = "team_id = (SELECT w.team_id FROM sec.who() AS w)"


def _weakened(table: str, number: int) -> list[tuple[str, str, str]]:
    """Policies of a table, each with what it is weakened to: a young person's device, or a stranger, sees or writes."""
    seen = IS_STAFF if number % 2 else (IN_TOUCH if table in OWN_VIEW else VISIBLE)
    faults = [(f"visible_{table}", table, f"USING ({seen})")]
    faults.append((f"staff_add_{table}", table, f"WITH CHECK ({VISIBLE if number % 2 else IS_STAFF})"))
    if table in CHANGED:
        changed = IS_STAFF if number % 2 else VISIBLE
        faults.append((f"staff_change_{table}", table, f"USING ({changed}) WITH CHECK ({changed})"))
    return faults


WEAKENED_RECORDS = [
    fault for number, table in enumerate(sorted(RECORDS - {"duty_checks"})) for fault in _weakened(table, number)
] + [
    ("visible_placements", "placements", f"USING ({IS_STAFF})"),
    ("visible_placements", "placements", f"USING ({IN_TOUCH})"),
    ("staff_replace_duty_dates", "duty_dates", f"USING ({IS_STAFF})"),
    ("worker_duty_dates", "duty_dates", "USING (false)"),
    ("staff_duty_checks", "duty_checks", f"USING ({IS_STAFF})"),
    ("staff_duty_checks", "duty_checks", f"USING ({VISIBLE})"),
    ("signed_in_ask_duty_recomputes", "duty_recomputes", "WITH CHECK (true)"),
    ("thread_asks_duty_recomputes", "duty_recomputes", "WITH CHECK (true)"),
    ("worker_duty_recomputes", "duty_recomputes", "USING (false)"),
    ("worker_placements", "placements", "USING (false)"),
    ("manager_adds_young_people", "young_people", f"WITH CHECK ({OWN_TEAM})"),
    ("manager_adds_young_people", "young_people", f"WITH CHECK ({IS_MANAGER})"),
    ("staff_change_young_people", "young_people", f"USING ({IS_STAFF}) WITH CHECK ({IS_STAFF})"),
    ("staff_change_young_people", "young_people", f"USING ({VISIBLE}) WITH CHECK ({VISIBLE})"),
    ("staff_change_contact_points", "contact_points", f"USING ({VISIBLE}) WITH CHECK ({VISIBLE})"),
    ("manager_allocates", "allocations", f"WITH CHECK ({IS_MANAGER} AND {VISIBLE})"),
    ("colleagues_absences", "staff_absences", "USING (true)"),
    ("staff_add_absences", "staff_absences", f"WITH CHECK ({IS_MANAGER})"),
    ("staff_change_absences", "staff_absences", f"USING ({IS_STAFF})"),
    ("staff_see_providers", "providers", "USING (true)"),
    ("manager_adds_providers", "providers", f"WITH CHECK ({IS_STAFF})"),
    ("manager_changes_provider_registrations", "provider_registrations", f"USING ({IS_STAFF})"),
]
