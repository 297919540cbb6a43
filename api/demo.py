"""Demo people, plainly made up, with Ofcom's drama numbers. Loaded once into an empty database."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from api.duties.law import factors
from api.kit import clock
from api.plans.service import section_titles

# First name, number, adviser, and the days from now and London times of their appointments.
# "cancelled" and "attended" ones must never be told as coming up.


class DemoAppointment(msgspec.Struct, frozen=True):
    """An appointment so many London days from the day it is loaded."""

    in_days: int
    at: time
    status: str = "booked"


class DemoPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A made-up young person; `note` says what they show."""

    name: str
    phone: int
    adviser: int | None
    note: str
    age: int = 17
    appointments: tuple[DemoAppointment, ...] = ()
    has_died: bool = False
    is_opted_out: bool = False


def _at(in_days: int, hour: int, minute: int = 0, status: str = "booked") -> DemoAppointment:
    return DemoAppointment(in_days, time(hour, minute), status)


STAFF = (
    ("Sam Adviser", "Sam", "personal_adviser", 201),
    ("Noor Adviser", "Noor", "personal_adviser", 202),
    ("Chris Adviser", "Chris", "personal_adviser", 203),
    ("Dee Adviser", "Dee", "personal_adviser", 204),
    ("Max Manager", "Max", "manager", 205),
    ("Jo Duty", "Jo", "duty_worker", 206),
    ("Robin Reviewing", "Robin", "reviewing_officer", 217),
    ("Pat Protection", "Pat", "data_protection_lead", 218),
    ("Alex Administrator", "Alex", "administrator", 219),
)

PEOPLE = (
    DemoPerson(name="Ash", phone=101, adviser=0, note="two appointments coming up, one in the past",
               appointments=(_at(-14, 10, status="attended"), _at(3, 14, 30), _at(17, 10))),
    DemoPerson(name="Blake", phone=102, adviser=0, note="one appointment coming up", appointments=(_at(1, 9),)),
    DemoPerson(name="Casey", phone=103, adviser=0, note="no appointment at all"),
    DemoPerson(name="Drew", phone=104, adviser=1, note="shares a phone with Eli", appointments=(_at(5, 11, 15),)),
    DemoPerson(name="Eli", phone=104, adviser=1, note="shares a phone with Drew", appointments=(_at(2, 16),)),
    DemoPerson(name="Frankie", age=19, phone=105, adviser=1, note="only a cancelled one coming up",
               appointments=(_at(4, 13, status="cancelled"), _at(-30, 15, status="missed"))),
    DemoPerson(name="Gray", age=22, phone=106, adviser=2, note="only appointments in the past",
               appointments=(_at(-60, 10, status="attended"), _at(-7, 12, status="attended"))),
    DemoPerson(name="Harper", age=18, phone=107, adviser=2, note="at midday, months from now",
               appointments=(_at(150, 12),)),
    DemoPerson(name="Indy", phone=108, adviser=None, note="no adviser yet", appointments=(_at(8, 10, 30),)),
    DemoPerson(name="Jude", phone=109, adviser=2, note="asked for no texts", is_opted_out=True,
               appointments=(_at(6, 15),)),
    DemoPerson(name="Kit", phone=110, adviser=3, note="three appointments coming up",
               appointments=(_at(2, 10), _at(9, 10), _at(16, 10))),
    DemoPerson(name="Lane", phone=111, adviser=3, note="one early, one late in the day",
               appointments=(_at(7, 8, 45), _at(7, 17, 30))),
    DemoPerson(name="Morgan", phone=112, adviser=3, note="has died and is never texted", has_died=True,
               appointments=(_at(10, 10),)),
    DemoPerson(name="Nico", phone=113, adviser=0, note="an ordinary case", appointments=(_at(12, 14),)),
)  # fmt: skip


def demo_number(last_three: int) -> str:
    """An Ofcom drama number in E.164."""
    return f"+447700900{last_three:03}"


def demo_subject(shown_name: str) -> str:
    """How the sign-in provider of `make run` knows one of the demo staff."""
    return shown_name.lower()


async def load_demo(url: str, issuer: str | None = None) -> str:
    """Loads the demo people into an empty database; with an issuer its users are linked to the demo staff.

    Returns a sentence on what was done.
    """
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(15)")
            if await connection.fetchval("SELECT EXISTS (SELECT FROM young_people)"):
                return "Demo data: there are people already, nothing was added."
            advisers = await _insert_staff(connection)
            for person in PEOPLE:
                await _insert_person(connection, person, advisers)
            await _insert_care_and_homes(connection)
            for plan in PLANS:
                await _insert_plan(connection, plan)
            await _insert_visits_and_reviews(connection)
            if issuer is not None:
                await connection.executemany(
                    "INSERT INTO staff_identities (staff_id, issuer, subject) VALUES ($1, $2, $3)",
                    [(staff_id, issuer, demo_subject(s[1])) for staff_id, s in zip(advisers, STAFF, strict=True)],
                )
    finally:
        await connection.close()
    return f"Demo data: {len(PEOPLE)} young people and {len(STAFF)} staff."


async def _insert_staff(connection: Any) -> list[UUID]:
    team_id = await connection.fetchval("INSERT INTO teams (name) VALUES ('15+ team') RETURNING team_id")
    ids = []
    for full_name, shown_name, role, phone in STAFF:
        staff_id = await connection.fetchval(
            "INSERT INTO staff (team_id, role, full_name, shown_name, phone_e164)"
            " VALUES ($1, $2, $3, $4, $5) RETURNING staff_id",
            team_id, role, full_name, shown_name, demo_number(phone),
        )  # fmt: skip
        ids.append(staff_id)
        ends = {5: time(12) if shown_name == "Noor" else time(16, 30)}
        await connection.executemany(
            "INSERT INTO working_hours VALUES ($1, $2, $3, $4)",
            [(staff_id, day, time(9), ends.get(day, time(17))) for day in range(1, 6)],
        )
    return ids


async def _insert_person(connection: Any, person: DemoPerson, advisers: list[UUID]) -> None:
    today = clock.london_day(clock.now())
    born_on = today.replace(year=today.year - person.age, day=1)
    person_id = await connection.fetchval(
        "INSERT INTO young_people (full_name, preferred_name, born_on, died_on, team_id)"
        " SELECT $1, $2, $3, $4, team_id FROM teams RETURNING person_id",
        f"{person.name} Example", person.name, born_on, today - timedelta(days=90) if person.has_died else None,
    )  # fmt: skip
    phone = demo_number(person.phone)
    await connection.execute("INSERT INTO contact_points (person_id, phone_e164) VALUES ($1, $2)", person_id, phone)
    staff_id = advisers[person.adviser or 0]
    if person.adviser is not None:
        await connection.execute(
            "INSERT INTO allocations (person_id, staff_id, starts_on) VALUES ($1, $2, $3)",
            person_id, staff_id, today - timedelta(days=200),
        )  # fmt: skip
    for appointment in person.appointments:
        starts_at = datetime.combine(today + timedelta(days=appointment.in_days), appointment.at, clock.LONDON)
        await connection.execute(
            "INSERT INTO appointments (person_id, staff_id, starts_at, ends_at, status) VALUES ($1, $2, $3, $4, $5)",
            person_id, staff_id, starts_at, starts_at + timedelta(hours=1), appointment.status,
        )  # fmt: skip
    if person.is_opted_out:
        await connection.execute(
            "INSERT INTO opt_out_events (phone_e164, is_opted_out, source, detail)"
            " VALUES ($1, true, 'keyword', 'STOP')",
            phone,
        )


class DemoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A pathway plan of a made-up young person; without `signed_days_ago` it is a draft for them to read."""

    name: str
    signed_days_ago: int | None = None
    words: dict[str, str] = {}
    actions: tuple[tuple[str, str, str, int], ...] = ()


PLANS = (
    DemoPlan(
        name="Ash",
        signed_days_ago=60,
        words={
            "education_training": "I want to finish my bricklaying course.",
            "accommodation": "I like my flat. I want to stay there.",
            "health": "I sleep badly before tests.",
        },
        actions=(
            ("education_training", "Ask the college for more time in tests", "young_person", 30),
            ("accommodation", "Talk to the landlord about the heating", "staff", 7),
            ("health", "See the doctor about sleep", "young_person", -5),
        ),
    ),
    DemoPlan(
        name="Kit",
        signed_days_ago=230,
        words={"financial_support": "I never know what is left at the end of the week."},
        actions=(("financial_support", "Make a plan for the money together", "staff", -40),),
    ),
    DemoPlan(
        name="Blake",
        words={"family_relationships": "I want to see my brother more."},
        actions=(("family_relationships", "Find a day each month for Blake and his brother", "staff", 21),),
    ),
    DemoPlan(
        name="Lane",
        signed_days_ago=90,
        words={"practical_skills": "I want to learn to cook for myself."},
        actions=(("practical_skills", "Cook together once a month", "staff", 20),),
    ),
)

INSERT_PLAN = """
    INSERT INTO pathway_plans (person_id, version_no, basis, started_by_staff_id, status)
    SELECT p.person_id, 1, 'eligible', a.staff_id, CASE WHEN $2 THEN 'with_young_person' ELSE 'draft' END
    FROM young_people AS p JOIN allocations AS a USING (person_id)
    WHERE p.preferred_name = $1 RETURNING plan_id, person_id, started_by_staff_id
"""
INSERT_SECTIONS = """
    INSERT INTO plan_sections (plan_id, person_id, section_key, my_words, what_happens_now, none_reason)
    SELECT $1, $2, k, coalesce($4::jsonb ->> k, ''),
        CASE
            WHEN $4 ? k THEN 'We work on it together.' WHEN k = 'personal_adviser' THEN 'We meet each month.' ELSE ''
        END,
        CASE WHEN $4 ? k THEN NULL ELSE 'Nothing to do here just now.' END
    FROM unnest($3::text[]) AS k
"""
INSERT_ACTION = """
    INSERT INTO plan_actions (section_id, plan_id, person_id, what, owner_kind, owner_staff_id, due_on)
    SELECT s.section_id, s.plan_id, s.person_id, $3, $4, CASE WHEN $4 = 'staff' THEN $5::uuid END, $6
    FROM plan_sections AS s WHERE s.plan_id = $1 AND s.section_key = $2
"""
SIGN_PLAN = """
    UPDATE pathway_plans SET status = 'signed', effective_from = $2, signed_on = $2, signed_by_staff_id = $3,
        young_person_signed_on = $2, copy_given_on = $2
    WHERE plan_id = $1
"""


async def _insert_plan(connection: Any, plan: DemoPlan) -> None:
    today = clock.london_day(clock.now())
    is_draft = plan.signed_days_ago is None
    plan_id, person_id, staff_id = await connection.fetchrow(INSERT_PLAN, plan.name, is_draft)
    words = msgspec.json.encode(plan.words).decode()
    await connection.execute(INSERT_SECTIONS, plan_id, person_id, list(section_titles()[0]), words)
    for key, what, owner, in_days in plan.actions:
        due_on = today + timedelta(days=in_days)
        await connection.execute(INSERT_ACTION, plan_id, key, what, owner, staff_id, due_on)
    if plan.signed_days_ago is not None:
        signed_on = today - timedelta(days=plan.signed_days_ago)
        await connection.execute(SIGN_PLAN, plan_id, signed_on, staff_id)


# Casey asked for a review, Kit's has a meeting; Ash was seen at home, and nobody was there at Kit's.
INSERT_REVIEWS = """
    INSERT INTO plan_reviews (person_id, trigger, requested_by_staff_id, due_on, due_rule, scheduled_at, place_shown)
    SELECT p.person_id, r.trigger, CASE WHEN r.trigger = 'six_months' THEN a.staff_id END,
        london_today() + r.in_days, r.rule, r.scheduled_at, r.place_shown
    FROM (VALUES
        ('Casey', 'asked_by_young_person', 21, 'review_asked_for', NULL, NULL),
        ('Kit', 'six_months', -48, 'review_six_months', now() + interval '6 days', 'Our office')
    ) AS r (name, trigger, in_days, rule, scheduled_at, place_shown)
    JOIN young_people AS p ON p.preferred_name = r.name JOIN allocations AS a USING (person_id)
"""
INSERT_VISITS = """
    INSERT INTO visits_and_contacts (person_id, staff_id, happened_at, kind, purpose, was_reached, was_seen,
        was_seen_alone, at_accommodation, note, recorded_by_staff_id)
    SELECT p.person_id, a.staff_id, now() - make_interval(days => v.days_ago), v.kind, 'regular', v.was_reached,
        v.was_reached AND v.kind = 'visit', v.was_reached AND v.kind = 'visit', v.kind = 'visit', v.note, a.staff_id
    FROM (VALUES
        ('Ash', 20, 'visit', true, 'All well. The heating is still broken.'),
        ('Kit', 75, 'visit', true, 'Looked at letters together.'),
        ('Kit', 9, 'visit', false, 'Nobody opened.'),
        ('Blake', 30, 'call', true, 'Talked about the new course.')
    ) AS v (name, days_ago, kind, was_reached, note)
    JOIN young_people AS p ON p.preferred_name = v.name JOIN allocations AS a USING (person_id)
"""


async def _insert_visits_and_reviews(connection: Any) -> None:
    await connection.execute(INSERT_REVIEWS)
    await connection.execute(INSERT_VISITS)


# Days ago: into care, out of it (None: still in it), into the home. The letter is that of the ACCOM code.
CARE = (
    ("Ash", 2600, None, 900, "Rowan Road", "E", "U4"),
    ("Blake", 1500, None, 40, "Elm House", "D", "K3"),
    ("Casey", 1200, 120, 120, "Elm House", "D", "K3"),
    ("Drew", 800, None, 300, "Birch Cottage", "C", "K2"),
    ("Eli", 60, None, 60, "Birch Cottage", "C", "K2"),
    ("Frankie", 2000, 700, 5, "Flat in Lenton", "U", None),
    ("Gray", 3000, 1800, 400, "Flat in Sneinton", "U", None),
    ("Harper", 400, 380, 380, "Mum's", "B", None),
    ("Indy", 900, None, 200, "Rowan Road", "E", "U4"),
    ("Jude", 1100, 60, 60, "Elm House", "D", "K3"),
    ("Kit", 2200, 10, 10, "Oak Lodge", "D", "K3"),
    ("Lane", 700, None, 700, "Birch Cottage", "C", "K2"),
    ("Nico", 1300, 200, 3, "Night stop", "W", None),
)
INSERT_CARE = """
    WITH period AS (
        INSERT INTO care_periods (person_id, started_on, ended_on)
        SELECT person_id, london_today() - $2::int, london_today() - $3::int FROM young_people WHERE preferred_name = $1
        RETURNING care_period_id, person_id, started_on, ended_on
    )
    INSERT INTO episodes (
        care_period_id, person_id, started_on, ended_on, reason_new, legal_status, category_of_need, place,
        place_provider, urn, reason_ended
    )
    SELECT care_period_id, person_id, started_on, ended_on, 'S', 'C2', 'N1', 'U4', 'PR1', 'SC000015',
        CASE WHEN ended_on IS NOT NULL THEN 'E5' END
    FROM period
"""
INSERT_HOME = """
    WITH home AS (
        INSERT INTO placements (person_id, display_name, provider_id, place, place_provider)
        SELECT p.person_id, $3, v.provider_id, $5, CASE WHEN $5::text IS NOT NULL THEN 'PR4' END
        FROM young_people AS p LEFT JOIN providers AS v ON $5 = 'K3' WHERE p.preferred_name = $1
        RETURNING placement_id, person_id
    ), stay AS (
        INSERT INTO accommodation_spells (person_id, placement_id, accommodation, tenancy, started_on)
        SELECT person_id, placement_id, $4, CASE $4 WHEN 'U' THEN 'secure_tenancy' ELSE 'licence' END,
            london_today() - $2::int
        FROM home RETURNING accommodation_spell_id, person_id, started_on
    )
    INSERT INTO duty_triggers (person_id, code, happened_on, record_id)
    SELECT person_id, 'moved', started_on, accommodation_spell_id FROM stay
"""
INSERT_PROVIDER = """
    WITH provider AS (INSERT INTO providers (name) VALUES ('Example Homes') RETURNING provider_id)
    INSERT INTO provider_registrations (provider_id, urn, kind, registered_from)
    SELECT provider_id, '0000015', 'supported_accommodation_shared', '2023-10-28' FROM provider
"""


# Two with whom nothing is late: assessed, reviewed, in touch around the birthday, and visited so many days ago.
UP_TO_DATE = (("Ash", 20), ("Lane", 32))
INSERT_UP_TO_DATE = """
    WITH person AS (
        SELECT p.person_id, a.staff_id, p.born_on FROM young_people AS p JOIN allocations AS a USING (person_id)
        WHERE p.preferred_name = $1
    ), assessed AS (
        INSERT INTO needs_assessments (person_id, started_on, completed_on, considerations, started_by_staff_id)
        SELECT person_id, london_today() - 200, london_today() - 180, c.considerations, staff_id
        FROM person, (
            SELECT jsonb_object_agg(k, 'We talked about it.') AS considerations FROM unnest($3::text[]) AS k
        ) AS c
    ), reviewed AS (
        INSERT INTO plan_reviews (
            person_id, trigger, requested_by_staff_id, due_on, due_rule, held_on, participation, outcome
        )
        SELECT person_id, 'six_months', staff_id, london_today() - 25, 'review_six_months', london_today() - 25, 'PN1',
            'The plan goes on.'
        FROM person
    ), in_touch AS (
        INSERT INTO in_touch_records (person_id, birthday_on, status, contact_on)
        SELECT person_id, (born_on + interval '17 years')::date, 'YES', london_today() - $2::int FROM person
    )
    INSERT INTO visits_and_contacts (
        person_id, staff_id, happened_at, kind, purpose, was_reached, was_seen, was_seen_alone, at_accommodation,
        recorded_by_staff_id
    )
    SELECT person_id, staff_id, now() - make_interval(days => $2::int), 'visit', 'regular', true, true, true, true,
        staff_id
    FROM person
"""


async def _insert_care_and_homes(connection: Any) -> None:
    """What is due follows from these: the worker works it out as soon as it runs."""
    await connection.execute(INSERT_PROVIDER)
    for name, came_days_ago, left_days_ago, moved_days_ago, home, letter, place in CARE:
        await connection.execute(INSERT_CARE, name, came_days_ago, left_days_ago)
        await connection.execute(INSERT_HOME, name, moved_days_ago, home, letter, place)
    for name, visited_days_ago in UP_TO_DATE:
        await connection.execute(INSERT_UP_TO_DATE, name, visited_days_ago, list(factors("assessment").factors))
