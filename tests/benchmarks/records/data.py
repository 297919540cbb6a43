"""A council's worth of made-up records, stored set by set; what it costs to store them is not measured."""

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

import asyncpg

CASES_PER_ADVISER = 25
ADVISERS_PER_TEAM = 16


@dataclass(frozen=True)
class Size:
    """How many young people, and how many appointments each has."""

    people: int
    appointments_each: int

    @property
    def name(self) -> str:
        return f"{self.people:,} people, {self.people * self.appointments_each:,} appointments"


@dataclass(frozen=True)
class SignedIn:
    """Somebody who reads: their token, and whose records it is about."""

    token: str
    person_id: UUID
    plan_id: UUID
    staff_id: UUID


# Triggers and foreign keys of this session are off: only what is read matters here.
TRUST_US = "SET session_replication_role = replica"
STORE = (
    "INSERT INTO teams (name) SELECT 'Team ' || n FROM generate_series(1, {teams}) AS n",
    """
    WITH t AS (SELECT team_id, row_number() OVER (ORDER BY name) AS n FROM teams)
    INSERT INTO staff (team_id, role, full_name, shown_name)
    SELECT t.team_id, CASE WHEN k = 0 THEN 'manager' ELSE 'personal_adviser' END, 'Staff ' || t.n || ' ' || k, 'Sam'
    FROM t, generate_series(0, {advisers_per_team}) AS k
    """,
    """
    CREATE TEMPORARY TABLE adviser_no AS
    SELECT staff_id, team_id, row_number() OVER (ORDER BY team_id, staff_id) - 1 AS n
    FROM staff WHERE role = 'personal_adviser'
    """,
    """
    INSERT INTO young_people (full_name, preferred_name, born_on, team_id)
    SELECT 'Young Person ' || p, 'Person ' || p, date '2001-12-01' + (p * 7 % 3200)::int, a.team_id
    FROM generate_series(0, {people} - 1) AS p JOIN adviser_no AS a ON a.n = p / {cases_per_adviser}
    """,
    """
    CREATE TEMPORARY TABLE person_no AS
    SELECT person_id, split_part(preferred_name, ' ', 2)::int AS n, a.staff_id
    FROM young_people AS p JOIN adviser_no AS a ON a.n = split_part(p.preferred_name, ' ', 2)::int / {cases_per_adviser}
    """,
    "INSERT INTO allocations (person_id, staff_id, starts_on) SELECT person_id, staff_id, '2024-01-01' FROM person_no",
    """
    INSERT INTO appointments (person_id, staff_id, starts_at, ends_at, status)
    SELECT p.person_id, p.staff_id, w.starts_at, w.starts_at + interval '30 minutes',
        CASE WHEN w.starts_at < now() THEN CASE WHEN k % 7 = 0 THEN 'missed' ELSE 'attended' END ELSE 'booked' END
    FROM person_no AS p, generate_series(1, {appointments_each}) AS k,
        LATERAL (SELECT date_trunc('hour', now()) + (k - {appointments_each} + 5) * interval '7 days'
            + p.n % {cases_per_adviser} * interval '30 minutes' AS starts_at) AS w
    """,
    """
    INSERT INTO duty_dates (
        person_id, code, due_on, since_on, amber_on, red_on, rank, title, why, source, is_verified, is_prospective,
        rules_version
    )
    SELECT p.person_id, d.code, current_date + (p.n * d.step % 260 - 40)::int, current_date - 100,
        current_date + (p.n * d.step % 260 - 40)::int - 14, current_date + (p.n * d.step % 260 - 40)::int + 1,
        d.rank, d.title, 'The last one was then.', 'CLR reg 7', true, false, '1'
    FROM person_no AS p, (VALUES
        ('review', 3, 1, 'Review of the pathway plan'), ('visit_regular', 5, 2, 'Visit'),
        ('keep_in_touch', 7, 3, 'Keep in touch')
    ) AS d (code, step, rank, title)
    """,
    """
    INSERT INTO eligibility_decisions (person_id, category, on_date, reasons, warnings, rules_version)
    SELECT person_id, 'former_relevant', current_date, '[]', '[]', '1' FROM person_no
    """,
    """
    INSERT INTO visits_and_contacts (
        person_id, staff_id, happened_at, kind, purpose, was_reached, was_seen, recorded_by_staff_id
    )
    SELECT p.person_id, p.staff_id, now() - k * interval '45 days', 'visit', 'regular', k % 5 <> 0, k % 5 <> 0,
        p.staff_id
    FROM person_no AS p, generate_series(1, 12) AS k
    """,
    """
    INSERT INTO duty_checks (person_id, next_due_on, next_review_on, last_contact_at, category)
    SELECT p.person_id, min(d.due_on), min(d.due_on) FILTER (WHERE d.code = 'review'), now() - interval '45 days',
        'former_relevant'
    FROM person_no AS p JOIN duty_dates AS d USING (person_id) GROUP BY 1
    """,
    """
    INSERT INTO pathway_plans (
        person_id, version_no, status, basis, effective_from, signed_on, signed_by_staff_id, young_person_signed_on
    )
    SELECT person_id, 1, 'signed', 'former_relevant', current_date - 90, current_date - 90, staff_id, current_date - 90
    FROM person_no
    """,
    """
    INSERT INTO plan_sections (plan_id, person_id, section_key, my_words, what_happens_now, staff_text)
    SELECT l.plan_id, l.person_id, k, repeat('My own words. ', 12), repeat('What happens now. ', 12),
        repeat('What was agreed. ', 12)
    FROM pathway_plans AS l, unnest(ARRAY[
        'personal_support', 'education_training', 'employment', 'contingency', 'accommodation', 'family_relationships',
        'practical_skills', 'financial_support', 'health', 'identity'
    ]) AS k
    """,
    """
    INSERT INTO plan_actions (section_id, plan_id, person_id, what, owner_kind, owner_staff_id, due_on)
    SELECT s.section_id, s.plan_id, s.person_id, repeat('Do what was agreed. ', 4),
        CASE WHEN k = 1 THEN 'staff' ELSE 'young_person' END, CASE WHEN k = 1 THEN p.staff_id END, current_date + k * 30
    FROM plan_sections AS s JOIN person_no AS p USING (person_id), generate_series(1, 2) AS k
    """,
    # Sixteen readers come back faster than any sixteen people would.
    "UPDATE allowances SET at_once = 100000000, refilled_in_s = 1",
    "ANALYZE",
)
SIGN_IN = """
    WITH session AS (
        INSERT INTO sessions (person_id, staff_id, level, expires_at)
        VALUES ($1, $2, 'full', clock_timestamp() + interval '7 hours') RETURNING session_id
    )
    INSERT INTO session_tokens (token_hash, session_id, kind, expires_at)
    SELECT $3, session_id, 'access', clock_timestamp() + interval '7 hours' FROM session
"""
SOME_PEOPLE = """
    SELECT p.person_id, l.plan_id, a.staff_id
    FROM young_people AS p JOIN pathway_plans AS l USING (person_id) JOIN allocations AS a USING (person_id)
    ORDER BY md5(p.preferred_name) LIMIT $1
"""
MANAGER_OF = (
    "SELECT m.staff_id FROM staff AS s JOIN staff AS m USING (team_id) WHERE s.staff_id = $1 AND m.role = 'manager'"
)


async def store(admin: asyncpg.Connection, size: Size) -> None:
    """Stores it all in an empty, migrated database."""
    numbers = {
        "people": size.people,
        "appointments_each": size.appointments_each,
        "cases_per_adviser": CASES_PER_ADVISER,
        "advisers_per_team": ADVISERS_PER_TEAM,
        "teams": -(-size.people // (CASES_PER_ADVISER * ADVISERS_PER_TEAM)),
    }
    await admin.execute(TRUST_US)
    for statement in STORE:
        await admin.execute(statement.format(**numbers), timeout=300)
    await admin.execute("RESET session_replication_role")


async def sign_in(admin: asyncpg.Connection, count: int) -> tuple[list[SignedIn], list[SignedIn], list[SignedIn]]:
    """So many young people, their advisers and their managers, signed in."""
    people, advisers, managers = [], [], []
    for person_id, plan_id, staff_id in await admin.fetch(SOME_PEOPLE, count):
        manager_id = await admin.fetchval(MANAGER_OF, staff_id)
        for readers, person, staff in (
            (people, person_id, None),
            (advisers, None, staff_id),
            (managers, None, manager_id),
        ):
            token = secrets.token_hex(32)
            await admin.execute(SIGN_IN, person, staff, hashlib.sha256(token.encode()).digest())
            readers.append(SignedIn(token, person_id, plan_id, staff or staff_id))
    return people, advisers, managers
