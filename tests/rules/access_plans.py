"""Plans, reviews, visits and calendars of the world of `access_world`: their rows, and who may do what with them."""

from collections.abc import Callable
from datetime import timedelta

import asyncpg

from tests.rules.access_world import (
    MEMBERS,
    PEOPLE,
    REVIEWS_GIVEN,
    Actor,
    Member,
    Person,
    is_here,
    sees_plan,
    sees_whole,
    today,
)

OF_PLAN = {"pathway_plans", "plan_sections", "plan_actions", "needs_assessments", "plan_reviews"}
WORKER_READS = {"pathway_plans", "needs_assessments", "plan_reviews", "visits_and_contacts"}
DRAFT = " (draft)"
REVIEWED = " (reviewed by "

Add = Callable[[str, object, str], None]

PLAN = "INSERT INTO pathway_plans (person_id, version_no, basis) VALUES ($1, $2, 'relevant') RETURNING plan_id"
SIGN = """
    UPDATE pathway_plans SET status = 'signed', effective_from = current_date, signed_on = current_date,
        signed_by_staff_id = $2, young_person_signed_on = current_date
    WHERE plan_id = $1
"""
SECTION = """
    INSERT INTO plan_sections (plan_id, person_id, section_key) VALUES ($1, $2, 'health') RETURNING section_id
"""
ACTION = """
    INSERT INTO plan_actions (section_id, plan_id, person_id, what, owner_kind, due_on)
    VALUES ($1, $2, $3, 'see the doctor', 'young_person', current_date) RETURNING action_id
"""
# What an assessment says is nothing to the walls, and what a complete one must say is.
ASSESSMENT = """
    INSERT INTO needs_assessments (person_id, started_on, completed_on, considerations)
    SELECT $1, current_date, CASE WHEN $2 THEN current_date END, jsonb_object_agg(key, 'x')
    FROM unnest(ARRAY[
        'health_and_development', 'education_training_employment', 'asylum_or_trafficking', 'support_from_family',
        'finances', 'practical_skills', 'continuing_care_and_accommodation', 'wishes', 'views_of_others'
    ]) AS key RETURNING needs_assessment_id
"""
REVIEW = """
    INSERT INTO plan_reviews (person_id, trigger, requested_by_staff_id, due_on, due_rule, reviewing_officer_id,
        held_on, participation, outcome)
    VALUES ($1, $2, $3, current_date, 'rule', $4, $5, CASE WHEN $5::date IS NOT NULL THEN 'PN1' END,
        CASE WHEN $5::date IS NOT NULL THEN 'goes on' END)
    RETURNING review_id
"""
VISIT = """
    INSERT INTO visits_and_contacts (person_id, staff_id, happened_at, kind, purpose, was_reached, recorded_by_staff_id)
    VALUES ($1, $2, now(), 'call', 'other', true, $2) RETURNING contact_id
"""
FEED = """
    INSERT INTO calendar_feeds (staff_id, secret_hash) VALUES ($1, sha256($1::uuid::text::bytea))
    RETURNING calendar_feed_id
"""
JOB = """
    INSERT INTO jobs (kind, serial_key, payload)
    VALUES ('tell_adviser', 'x', jsonb_build_object('person_id', $1::uuid)) RETURNING job_id
"""


async def add_plans(admin: asyncpg.Connection, add: Add, person: Person) -> None:
    """A signed plan and a draft, an assessment of each kind, a review asked for, a visit, and a job of one's own."""
    staff_id = next(m.staff_id for m in MEMBERS if m.name == "adviser n")
    for number, (status, owner) in enumerate([("signed", person.name), ("draft", person.name + DRAFT)], start=1):
        plan_id = await admin.fetchval(PLAN, person.person_id, number)
        section_id = await admin.fetchval(SECTION, plan_id, person.person_id)
        action_id = await admin.fetchval(ACTION, section_id, plan_id, person.person_id)
        if status == "signed":
            await _sign(admin, plan_id, staff_id)
        add("pathway_plans", plan_id, owner)
        add("plan_sections", section_id, owner)
        add("plan_actions", action_id, owner)
        assessment_id = await admin.fetchval(ASSESSMENT, person.person_id, status == "signed")
        add("needs_assessments", assessment_id, owner)
    review_id = await admin.fetchval(REVIEW, person.person_id, "asked_by_young_person", None, None, None)
    add("plan_reviews", review_id, person.name)
    add("visits_and_contacts", await admin.fetchval(VISIT, person.person_id, staff_id), person.name)
    add("jobs", await admin.fetchval(JOB, person.person_id), person.name)


async def add_reviews(admin: asyncpg.Connection, add: Add) -> None:
    """The reviews that were given to somebody."""
    staff = {m.name: m.staff_id for m in MEMBERS}
    people = {p.name: p.person_id for p in PEOPLE}
    await admin.execute("SET session_replication_role = replica")
    for given in REVIEWS_GIVEN:
        held_on = None if given.held_day is None else today() + timedelta(days=given.held_day)
        review_id = await admin.fetchval(
            REVIEW, people[given.person], "six_months", staff["manager n"], staff[given.member], held_on
        )
        add("plan_reviews", review_id, f"{given.person}{REVIEWED}{given.member})")
    await admin.execute("SET session_replication_role = origin")


async def add_feed(admin: asyncpg.Connection, add: Add, member: Member) -> None:
    """A calendar of a member's own."""
    add("calendar_feeds", await admin.fetchval(FEED, member.staff_id), member.name)


def may_of_plan(actor: Actor, service: str | None, verb: str, table: str, owner: str) -> bool | None:
    """Whether an actor may do that; None for what is not decided here."""
    is_staff = any(m.name == actor.member and is_here(m) for m in MEMBERS)
    if table == "calendar_feeds":
        return service is None and is_staff and verb != "DELETE" and owner == actor.member
    if table == "appointments" and verb in {"INSERT", "UPDATE"}:
        return _may_write_appointment(actor, service, is_staff, verb, owner)
    if table not in OF_PLAN | {"visits_and_contacts"}:
        return None
    person, _, reviewer = owner.removesuffix(DRAFT).partition(REVIEWED)
    if service == "worker":
        return verb == "SELECT" and table in WORKER_READS
    if service is not None:
        is_own = service.startswith("thread") and person == actor.person
        return table == "plan_reviews" and is_own and (verb == "SELECT" or (verb == "INSERT" and not reviewer))
    if verb == "SELECT":
        return _sees(actor, is_staff, table, person, is_draft=owner.endswith(DRAFT))
    if is_staff:
        return _staff_may(actor, verb, table, person, owner, reviewer.removesuffix(")"))
    is_own = person == actor.person and person in sees_whole(actor) and not actor.claim
    if (verb, table) == ("INSERT", "plan_reviews"):
        return is_own and not reviewer
    return (verb, table) == ("UPDATE", "plan_actions") and is_own and not owner.endswith(DRAFT)


def _sees(actor: Actor, is_staff: bool, table: str, person: str, *, is_draft: bool) -> bool:
    if table == "visits_and_contacts":
        return is_staff and person in sees_whole(actor)
    return person in sees_plan(actor) and (is_staff or not is_draft)


def _staff_may(actor: Actor, verb: str, table: str, person: str, owner: str, reviewer: str) -> bool:
    if verb == "DELETE":
        return False
    if (verb, table) == ("UPDATE", "plan_sections") and not owner.endswith(DRAFT):
        return False
    if (verb, table) == ("UPDATE", "plan_reviews") and reviewer == actor.member:
        return person in sees_plan(actor)
    return person in sees_whole(actor)


def _may_write_appointment(actor: Actor, service: str | None, is_staff: bool, verb: str, owner: str) -> bool:
    if service is not None:
        return verb == "UPDATE" and service.startswith("thread") and owner == actor.person
    if is_staff:
        return owner in sees_whole(actor)
    is_alive = any(p.name == actor.person and not p.has_died for p in PEOPLE) and not actor.claim
    return verb == "UPDATE" and is_alive and owner == actor.person


async def _sign(admin: asyncpg.Connection, plan_id: object, staff_id: object) -> None:
    """Past what a plan has to hold, which is nothing to the walls."""
    await admin.execute("SET session_replication_role = replica")
    await admin.execute(SIGN, plan_id, staff_id)
    await admin.execute("SET session_replication_role = origin")
