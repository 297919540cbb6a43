"""Every table, actor and verb from the catalogue against the oracle: no cell differs, until a wall is weakened."""

import itertools
import os
from collections.abc import AsyncIterator

import asyncpg
import pytest

from api.kit.field_keys import SERVICE_SUBJECT
from tests.conftest import TestDatabase
from tests.rules.access_matrix import Matrix
from tests.rules.access_records import WEAKENED_RECORDS
from tests.rules.access_rows import World, build
from tests.stack.postgres import EmbeddedPostgres

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def filled(postgres: EmbeddedPostgres, template: TestDatabase) -> AsyncIterator[tuple[TestDatabase, World]]:
    """A database with the whole world in it, from which others are copied."""
    filled = TestDatabase(postgres, f"fifteenplus_world_{os.getpid()}")
    admin = await asyncpg.connect(postgres.admin_url)
    await admin.execute(f"CREATE DATABASE {filled.name} TEMPLATE {template.name} STRATEGY FILE_COPY")
    connection = await asyncpg.connect(filled.admin_url)
    world = await build(connection)
    await connection.close()
    yield filled, world
    await admin.execute(f"DROP DATABASE {filled.name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def matrix(postgres: EmbeddedPostgres, filled: tuple[TestDatabase, World]) -> AsyncIterator[Matrix]:
    """The matrix on a copy of the world."""
    origin, world = filled
    copy = TestDatabase(postgres, f"{origin.name}_{next(_numbers)}")
    admin = await asyncpg.connect(postgres.admin_url)
    await admin.execute(f"CREATE DATABASE {copy.name} TEMPLATE {origin.name} STRATEGY FILE_COPY")
    connection = await asyncpg.connect(copy.admin_url)
    yield Matrix(copy, connection, world)
    await connection.close()
    await admin.execute(f"DROP DATABASE {copy.name} WITH (FORCE)")
    await admin.close()


@pytest.mark.timeout(900)
async def test_every_actor_table_and_verb_when_tried_then_it_is_as_the_oracle_says(matrix: Matrix) -> None:
    report = await matrix.run()
    assert report.wrong == []
    assert report.cells >= 100_000
    assert all(matrix.owners.values()), "a table has no row to try"


async def test_table_when_nobody_said_who_may_see_it_then_it_is_found(matrix: Matrix) -> None:
    await matrix.admin.execute("CREATE TABLE forgotten (person_id uuid)")
    assert (await matrix.run(tables=set())).wrong == ["forgotten: nobody said who may see it"]


IS_STAFF = "(SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL"
VISIBLE = "person_id = ANY(ARRAY(SELECT sec.visible_people()))"
IN_TOUCH = "person_id = ANY(ARRAY(SELECT sec.people_in_touch()))"
EVER_ADVISER = "staff_id IN (SELECT a.staff_id FROM allocations AS a)"
PLAN_SEEN = "person_id = ANY(ARRAY(SELECT sec.people_with_plan_seen()))"
OF_SEEN_PLAN = "plan_id IN (SELECT p.plan_id FROM pathway_plans AS p)"
OF_SIGNED_PLAN = "plan_id IN (SELECT p.plan_id FROM pathway_plans AS p WHERE p.status = 'signed')"
OWN_PERSON = "person_id = (SELECT sec.acting_person_id())"
OWN_CONVERSATIONS = "conversation_id = ANY(ARRAY(SELECT c.conversation_id FROM conversations AS c))"

OWN = "staff_id = (SELECT w.staff_id FROM sec.who() AS w)"
NOT_ONESELF = "staff_id <> (SELECT w.staff_id FROM sec.who() AS w)"
IS_STEPPED_UP = "(SELECT sec.stepped_up_at()) IS NOT NULL"
IS_LEAD = "(SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead'"
IS_MANAGER = "(SELECT w.staff_role FROM sec.who() AS w) = 'manager'"
IS_ADMINISTRATOR = "(SELECT w.staff_role FROM sec.who() AS w) = 'administrator'"
IS_ON_CASES = "(SELECT w.staff_role FROM sec.who() AS w) IN ('personal_adviser', 'duty_worker', 'manager')"
OF_TEAM = "staff_id IN (SELECT s.staff_id FROM staff AS s WHERE s.team_id = (SELECT w.team_id FROM sec.who() AS w))"

# Policy, table, and what it is weakened to.
WEAKENED_POLICIES = [
    ("visible_young_people", "young_people", "USING (true)"),
    ("visible_young_people", "young_people", f"USING ({IN_TOUCH})"),
    ("visible_young_people", "young_people", f"USING ({IS_STAFF} OR {VISIBLE})"),
    ("visible_contact_points", "contact_points", "USING (true)"),
    ("visible_contact_points", "contact_points", f"USING ({IN_TOUCH})"),
    ("own_allocations", "allocations", "USING (true)"),
    ("own_allocations", "allocations", f"USING ({VISIBLE})"),
    ("visible_conversations", "conversations", "USING (true)"),
    ("visible_conversations", "conversations", f"USING (person_id IS NULL OR {IN_TOUCH})"),
    ("own_appointments", "appointments", "USING (true)"),
    ("own_appointments", "appointments", f"USING ({IS_STAFF} OR {IN_TOUCH})"),
    ("own_sessions", "sessions", "USING (true)"),
    ("own_sessions", "sessions", f"USING ({IS_STAFF} OR {IN_TOUCH})"),
    ("own_sessions_end", "sessions", "USING (true)"),
    ("visible_restricted_cases", "restricted_cases", f"USING ({VISIBLE})"),
    ("visible_restricted_cases", "restricted_cases", f"USING ({IS_STAFF})"),
    ("visible_restricted_case_staff", "restricted_case_staff", f"USING ({IS_STAFF})"),
    ("staff_enrolment_codes", "enrolment_codes", f"WITH CHECK ({IS_STAFF})"),
    ("visible_messages", "messages", f"USING ({OWN_CONVERSATIONS})"),
    ("visible_messages", "messages", "USING (created_at >= (SELECT sec.history_starts_at()))"),
    ("visible_concerns", "concerns", f"USING ({OWN_CONVERSATIONS})"),
    ("visible_concerns", "concerns", f"USING ({IS_STAFF})"),
    ("visible_attention_flags", "attention_flags", "USING (message_id IN (SELECT m.message_id FROM messages AS m))"),
    ("visible_attention_flags", "attention_flags", f"USING ({IS_STAFF})"),
    ("staff_teams", "teams", "USING (true)"),
    ("staff_colleagues", "staff", "USING (true)"),
    ("staff_colleagues", "staff", f"USING ({IS_STAFF} OR {EVER_ADVISER})"),
    ("staff_colleagues_hours", "working_hours", "USING (true)"),
    ("staff_duty_rota", "duty_rota", "USING (true)"),
    ("own_break_glass", "break_glass_grants", f"WITH CHECK ({IS_STAFF})"),
    ("seen_break_glass", "break_glass_grants", f"USING ({IS_STAFF})"),
    ("reviewed_break_glass", "break_glass_grants", f"USING ({IS_STAFF})"),
    ("staff_alerts", "messages", f"WITH CHECK ({IS_STAFF})"),
    ("staff_alerts", "messages", "WITH CHECK (kind = 'alert')"),
    ("staff_jobs", "jobs", "WITH CHECK (true)"),
    ("twilio_contact_points", "contact_points", "USING (true)"),
    ("twilio_messages_insert", "messages", "WITH CHECK (direction = 'inbound')"),
    ("worker_people", "young_people", "USING (true)"),
    ("worker_concerns_select", "concerns", "USING ((SELECT sec.acting_as()) IS NOT NULL)"),
    ("sign_in_sessions", "sessions", "USING ((SELECT sec.acting_as()) IS NOT NULL)"),
    ("sign_in_session_tokens", "session_tokens", "USING (true)"),
    ("sign_in_challenges_asked", "sign_in_challenges", "USING (true)"),
    ("visible_views", "audit_entries", "USING (verb IN ('viewed', 'opened'))"),
    ("visible_views", "audit_entries", f"USING ({VISIBLE})"),
    ("lead_reads_audit", "audit_entries", f"USING ({IS_STAFF})"),
    ("signed_in_records", "audit_entries", "WITH CHECK (true)"),
    ("conversation_records", "audit_entries", "WITH CHECK ((SELECT sec.acting_as()) IS NOT NULL)"),
    ("worker_reads_blocks", "audit_blocks", "USING (true)"),
    ("worker_data_keys", "data_keys", "USING (true) WITH CHECK (true)"),
    ("twilio_data_keys", "data_keys", "USING ((SELECT sec.acting_as()) = 'twilio')"),
    ("twilio_data_keys", "data_keys", "WITH CHECK ((SELECT sec.acting_as()) IS NOT NULL)"),
    ("sign_in_data_keys", "data_keys", "USING ((SELECT sec.acting_as()) = 'sign-in')"),
    ("sign_in_data_keys", "data_keys", "WITH CHECK (true)"),
    ("own_data_keys", "data_keys", "USING ((SELECT sec.acting_conversation_id()) IS NOT NULL)"),
    ("own_data_keys", "data_keys", "USING (subject_id = (SELECT sec.acting_person_id()))"),
    ("visible_data_keys", "data_keys", f"USING ({IS_STAFF})"),
    ("visible_data_keys", "data_keys", "USING (subject_id = ANY(ARRAY(SELECT sec.visible_people())))"),
    ("visible_data_keys", "data_keys", f"WITH CHECK ({IS_STAFF})"),
    ("staff_service_key", "data_keys", f"USING (subject_id = '{SERVICE_SUBJECT}')"),
    ("staff_service_key", "data_keys", f"USING ({IS_STAFF})"),
    ("staff_service_key", "data_keys", f"WITH CHECK ({IS_STAFF})"),
    ("own_messages", "messages", "USING ((SELECT sec.acting_conversation_id()) IS NOT NULL)"),
    ("own_idempotency_keys", "idempotency_keys", f"USING ({IS_STAFF})"),
    ("own_idempotency_keys", "idempotency_keys", "WITH CHECK (true)"),
    ("visible_history", "record_history", f"USING ({VISIBLE})"),
    ("own_break_glass", "break_glass_grants", f"WITH CHECK ({OWN} AND {IS_ON_CASES})"),
    ("seen_break_glass", "break_glass_grants", f"USING ({OWN} OR {IS_LEAD} OR {IS_MANAGER} AND {OF_TEAM})"),
    ("seen_break_glass", "break_glass_grants", f"USING ({OWN} OR {IS_LEAD} OR {IS_MANAGER} AND {VISIBLE})"),
    ("sign_in_staff_sign_ins", "staff_sign_ins", "USING (true)"),
    ("sign_in_staff_sign_ins", "staff_sign_ins", "WITH CHECK ((SELECT sec.acting_as()) IS NOT NULL)"),
    ("worker_old_staff_sign_ins", "staff_sign_ins", "USING ((SELECT sec.acting_as()) = 'worker')"),
    ("administrator_adds_staff", "staff", f"WITH CHECK ({IS_ADMINISTRATOR})"),
    ("administrator_adds_staff", "staff", f"WITH CHECK ({IS_STEPPED_UP})"),
    ("administrator_changes_staff", "staff", f"USING ({IS_ADMINISTRATOR} AND {NOT_ONESELF})"),
    ("administrator_changes_staff", "staff", f"USING ({IS_ADMINISTRATOR} AND {IS_STEPPED_UP})"),
    ("administrator_changes_staff", "staff", f"USING ({IS_STEPPED_UP} AND {NOT_ONESELF})"),
    ("administrator_adds_teams", "teams", f"WITH CHECK ({IS_ADMINISTRATOR})"),
    ("administrator_adds_teams", "teams", f"WITH CHECK ({IS_STEPPED_UP})"),
    ("administrator_sees_identities", "staff_identities", f"USING ({IS_STAFF})"),
    ("administrator_links", "staff_identities", f"WITH CHECK ({IS_ADMINISTRATOR} AND {NOT_ONESELF})"),
    ("administrator_links", "staff_identities", f"WITH CHECK ({IS_STEPPED_UP} AND {NOT_ONESELF})"),
    ("administrator_unlinks", "staff_identities", f"USING ({IS_ADMINISTRATOR} AND {NOT_ONESELF})"),
    ("administrator_unlinks", "staff_identities", f"USING ({IS_STEPPED_UP} AND {IS_ADMINISTRATOR})"),
    ("manager_allocates", "allocations", f"WITH CHECK ({IS_MANAGER})"),
    ("manager_allocates", "allocations", f"WITH CHECK ({IS_STAFF} AND {VISIBLE})"),
    ("manager_ends_allocations", "allocations", f"USING ({IS_MANAGER})"),
    ("manager_ends_allocations", "allocations", f"USING ({IS_STAFF} AND {VISIBLE})"),
    ("manager_adds_duty", "duty_rota", f"WITH CHECK ({IS_MANAGER})"),
    ("manager_adds_duty", "duty_rota", f"WITH CHECK ({OF_TEAM})"),
    ("manager_ends_duty", "duty_rota", f"USING ({IS_MANAGER})"),
    ("manager_removes_duty", "duty_rota", f"USING ({IS_MANAGER} AND {OF_TEAM})"),
    ("manager_removes_duty", "duty_rota", f"USING ({IS_MANAGER} AND starts_at > clock_timestamp())"),
    ("lead_sees_restricted_cases", "restricted_cases", f"USING ({IS_STAFF})"),
    ("lead_sees_restricted_case_staff", "restricted_case_staff", f"USING ({IS_STAFF})"),
    ("overseer_restricts", "restricted_cases", f"WITH CHECK ({IS_LEAD} OR {IS_MANAGER} AND {VISIBLE})"),
    ("overseer_restricts", "restricted_cases", f"WITH CHECK ({IS_STEPPED_UP} AND ({IS_LEAD} OR {IS_MANAGER}))"),
    ("overseer_lifts", "restricted_cases", f"USING ({IS_LEAD} OR {IS_MANAGER} AND {VISIBLE})"),
    ("overseer_lifts", "restricted_cases", f"USING ({IS_STEPPED_UP})"),
    ("overseer_names", "restricted_case_staff", f"WITH CHECK ({IS_STEPPED_UP} AND ({IS_LEAD} OR {IS_MANAGER}))"),
    ("overseer_names", "restricted_case_staff", f"WITH CHECK ({IS_LEAD} OR {IS_MANAGER} AND {VISIBLE})"),
    ("overseer_removes_names", "restricted_case_staff", f"USING ({IS_STEPPED_UP})"),
    ("overseer_removes_names", "restricted_case_staff", f"USING ({IS_LEAD})"),
    ("own_enrolment_codes", "enrolment_codes", f"USING ({VISIBLE})"),
    ("own_enrolment_codes", "enrolment_codes", "USING (made_by_staff_id = (SELECT w.staff_id FROM sec.who() AS w))"),
    ("visible_history", "record_history", f"USING ({IS_STAFF})"),
    ("seen_pathway_plans", "pathway_plans", f"USING ({PLAN_SEEN})"),
    ("seen_pathway_plans", "pathway_plans", f"USING ({IS_STAFF} OR {PLAN_SEEN})"),
    ("seen_plan_sections", "plan_sections", f"USING ({PLAN_SEEN})"),
    ("seen_plan_sections", "plan_sections", f"USING ({IS_STAFF} OR {OF_SEEN_PLAN})"),
    ("seen_plan_actions", "plan_actions", f"USING ({PLAN_SEEN})"),
    ("seen_plan_actions", "plan_actions", f"USING ({IN_TOUCH} AND ({IS_STAFF} OR {OF_SEEN_PLAN}))"),
    ("seen_needs_assessments", "needs_assessments", f"USING ({PLAN_SEEN})"),
    ("seen_needs_assessments", "needs_assessments", f"USING ({IS_STAFF} OR {VISIBLE})"),
    ("seen_plan_reviews", "plan_reviews", f"USING ({IN_TOUCH})"),
    ("seen_plan_reviews", "plan_reviews", f"USING ({IS_STAFF} OR {VISIBLE})"),
    ("seen_visits_and_contacts", "visits_and_contacts", f"USING ({VISIBLE})"),
    ("seen_visits_and_contacts", "visits_and_contacts", f"USING ({IS_STAFF} AND {PLAN_SEEN})"),
    ("staff_start_needs_assessments", "needs_assessments", f"WITH CHECK ({IS_STAFF})"),
    ("staff_start_needs_assessments", "needs_assessments", f"WITH CHECK ({VISIBLE})"),
    ("staff_change_needs_assessments", "needs_assessments", f"USING ({IS_STAFF})"),
    ("staff_change_needs_assessments", "needs_assessments", f"USING ({VISIBLE})"),
    ("staff_start_pathway_plans", "pathway_plans", f"WITH CHECK ({IS_STAFF} AND {PLAN_SEEN})"),
    ("staff_start_pathway_plans", "pathway_plans", f"WITH CHECK ({VISIBLE})"),
    ("staff_change_pathway_plans", "pathway_plans", f"USING ({IS_STAFF})"),
    ("staff_change_pathway_plans", "pathway_plans", f"USING ({VISIBLE})"),
    ("staff_add_plan_sections", "plan_sections", f"WITH CHECK ({IS_STAFF})"),
    ("staff_add_plan_sections", "plan_sections", f"WITH CHECK ({VISIBLE})"),
    ("staff_change_plan_sections", "plan_sections", f"USING ({IS_STAFF})"),
    ("staff_add_plan_actions", "plan_actions", f"WITH CHECK ({PLAN_SEEN})"),
    ("staff_change_plan_actions", "plan_actions", f"USING ({IS_STAFF})"),
    ("own_plan_actions", "plan_actions", f"USING ({OF_SIGNED_PLAN})"),
    ("staff_add_plan_reviews", "plan_reviews", f"WITH CHECK ({IS_STAFF})"),
    ("staff_add_plan_reviews", "plan_reviews", f"WITH CHECK ({VISIBLE})"),
    ("own_plan_reviews", "plan_reviews", "WITH CHECK (trigger = 'asked_by_young_person')"),
    ("own_plan_reviews", "plan_reviews", f"WITH CHECK ({OWN_PERSON})"),
    ("own_plan_reviews", "plan_reviews", f"WITH CHECK (trigger = 'asked_by_young_person' AND {OWN_PERSON})"),
    ("staff_change_plan_reviews", "plan_reviews", f"USING ({IS_STAFF} AND {PLAN_SEEN})"),
    ("staff_change_plan_reviews", "plan_reviews", f"USING ({PLAN_SEEN})"),
    ("staff_record_visits_and_contacts", "visits_and_contacts", f"WITH CHECK ({IS_STAFF})"),
    ("staff_correct_visits_and_contacts", "visits_and_contacts", f"USING ({IS_STAFF})"),
    ("staff_correct_visits_and_contacts", "visits_and_contacts", "USING (true)"),
    ("staff_book_appointments", "appointments", f"WITH CHECK ({IS_STAFF})"),
    ("staff_book_appointments", "appointments", f"WITH CHECK ({IN_TOUCH})"),
    ("staff_change_appointments", "appointments", f"USING ({IS_STAFF})"),
    ("own_appointments_answered", "appointments", f"USING ({OWN_PERSON} AND {VISIBLE})"),
    ("own_appointments_answered", "appointments", "USING (true)"),
    ("own_calendar_feeds", "calendar_feeds", f"USING ({IS_STAFF})"),
    ("own_calendar_feeds", "calendar_feeds", f"WITH CHECK ({IS_STAFF})"),
    ("worker_pathway_plans", "pathway_plans", "USING ((SELECT sec.acting_as()) IS NOT NULL)"),
    ("worker_visits_and_contacts", "visits_and_contacts", "USING (true)"),
    ("own_adviser_told", "jobs", "WITH CHECK (kind = 'tell_adviser')"),
    ("own_adviser_told", "jobs", "WITH CHECK ((SELECT sec.acting_person_id()) IS NOT NULL)"),
    *WEAKENED_RECORDS,
]


@pytest.mark.parametrize(("policy", "table", "weakened"), WEAKENED_POLICIES)
async def test_policy_when_weakened_then_a_cell_differs(matrix: Matrix, policy: str, table: str, weakened: str) -> None:
    await matrix.admin.execute(f"ALTER POLICY {policy} ON {table} {weakened}")
    assert (await matrix.run(tables={table})).wrong


# Function, what it says, what it says when weakened, and a table on which that shows.
WEAKENED_FUNCTIONS = [
    ("visible_people", "AND (a.ended_on IS NULL OR a.ended_on >= me.today)", "", "young_people"),
    ("visible_people", "a.ended_on >= me.today", "a.ended_on > me.today", "young_people"),
    ("visible_people", "a.starts_on <= me.today", "true", "young_people"),
    ("visible_people", "c.person_id = r.person_id", "false", "young_people"),
    ("visible_people", "AND g.ends_at > clock_timestamp()", "", "young_people"),
    ("visible_people", "g.starts_at <= clock_timestamp()", "true", "young_people"),
    ("visible_people", "g.staff_id = me.staff_id", "true", "young_people"),
    ("visible_people", "AND d.ends_at > clock_timestamp()", "", "young_people"),
    ("visible_people", "AND d.starts_at <= clock_timestamp()", "", "young_people"),
    ("visible_people", "d.staff_id = me.staff_id", "true", "young_people"),
    ("visible_people", "p.team_id = me.team_id", "true", "young_people"),
    ("visible_people", "n.staff_id = me.staff_id", "true", "young_people"),
    ("visible_people", "AND me.level = 'full'", "", "young_people"),
    ("visible_people", "a.staff_id = me.staff_id", "true", "young_people"),
    ("people_in_touch", "w.person_id IS NOT NULL", "false", "appointments"),
    ("history_starts_at", "w.signed_in_at", "'-infinity'::timestamptz", "messages"),
    ("who", "session_user = 'fifteenplus_signed_in'", "true", "appointments"),
    ("who", "AND s.revoked_at IS NULL", "", "appointments"),
    ("who", "AND t.expires_at > clock_timestamp()", "", "appointments"),
    ("who", "AND p.died_on IS NULL", "", "appointments"),
    ("who", "AND (f.left_on IS NULL", "AND (true", "young_people"),
    ("people_under_review", "r.reviewing_officer_id = w.staff_id", "true", "pathway_plans"),
    ("people_under_review", "w.staff_role = 'reviewing_officer'", "true", "pathway_plans"),
    ("people_under_review", "::date - 28)", "::date - 29)", "pathway_plans"),
    ("people_under_review", "r.held_on IS NULL OR", "false OR", "plan_reviews"),
    ("people_under_review", "c.person_id = r.person_id", "false", "needs_assessments"),
    ("people_under_review", "n.staff_id = w.staff_id", "true", "plan_sections"),
    ("people_under_review", "n.person_id = r.person_id", "true", "plan_actions"),
    ("may_advise", "s.role IN ('personal_adviser', 'duty_worker', 'manager')", "true", "allocations"),
    ("who", "AND f.disabled_at IS NULL", "", "young_people"),
    ("who", "AND s.created_at > clock_timestamp() - interval '8 hours'", "", "duty_rota"),
    ("who", "AND coalesce(s.last_used_at, s.created_at) > clock_timestamp() - interval '15 minutes'", "", "duty_rota"),
    ("stepped_up_at", "AND s.stepped_up_at > clock_timestamp() - interval '5 minutes'", "", "break_glass_grants"),
    ("acting_as", "SESSION_USER = 'fifteenplus_api'::name", "true", "conversations"),
    ("acting_as", "SESSION_USER = 'fifteenplus_worker'::name", "true", "rate_limits"),
]


@pytest.mark.parametrize(("name", "said", "weakened", "table"), WEAKENED_FUNCTIONS)
async def test_function_when_weakened_then_a_cell_differs(
    matrix: Matrix, name: str, said: str, weakened: str, table: str
) -> None:
    body = await matrix.admin.fetchval("SELECT pg_get_functiondef(('sec.' || $1)::regproc)", name)
    assert said in body, body
    await matrix.admin.execute(body.replace(said, weakened))
    assert (await matrix.run(tables={table})).wrong


@pytest.mark.parametrize(
    ("fault", "table"),
    [
        ("ALTER TABLE young_people DISABLE ROW LEVEL SECURITY", "young_people"),
        ("ALTER TABLE messages DISABLE ROW LEVEL SECURITY", "messages"),
        ("CREATE POLICY more ON young_people FOR SELECT TO fifteenplus_signed_in USING (born_on < now())",
         "young_people"),
        ("CREATE POLICY more ON appointments FOR DELETE TO fifteenplus_signed_in USING (true);"
         " GRANT DELETE ON appointments TO fifteenplus_signed_in", "appointments"),
        ("CREATE POLICY more ON concerns FOR UPDATE TO fifteenplus_worker USING (true);"
         " GRANT UPDATE ON concerns TO fifteenplus_worker", "concerns"),
        ("CREATE POLICY more ON data_keys FOR UPDATE TO fifteenplus_worker USING (true);"
         " GRANT UPDATE (wrapped_key) ON data_keys TO fifteenplus_worker", "data_keys"),
        ("REVOKE SELECT ON young_people FROM fifteenplus_signed_in", "young_people"),
        ("DROP POLICY visible_conversations ON conversations", "messages"),
        ("CREATE POLICY more ON allowances TO fifteenplus_signed_in USING (true);"
         " GRANT SELECT, UPDATE ON allowances TO fifteenplus_signed_in", "allowances"),
        ("CREATE POLICY more ON rate_limits FOR SELECT TO fifteenplus_signed_in USING (true);"
         " GRANT SELECT ON rate_limits TO fifteenplus_signed_in", "rate_limits"),
        ("ALTER TABLE pathway_plans DISABLE ROW LEVEL SECURITY", "pathway_plans"),
        ("ALTER TABLE placements DISABLE ROW LEVEL SECURITY", "placements"),
        ("GRANT DELETE ON accommodation_spells TO fifteenplus_signed_in;"
         " CREATE POLICY more ON accommodation_spells FOR DELETE TO fifteenplus_signed_in USING (true)",
         "accommodation_spells"),
        ("GRANT SELECT ON entitlement_claims TO fifteenplus_worker;"
         " ALTER POLICY visible_entitlement_claims ON entitlement_claims TO fifteenplus_worker USING (true)",
         "entitlement_claims"),
        ("ALTER TABLE visits_and_contacts DISABLE ROW LEVEL SECURITY", "visits_and_contacts"),
        ("GRANT DELETE ON plan_reviews TO fifteenplus_signed_in;"
         " CREATE POLICY more ON plan_reviews FOR DELETE TO fifteenplus_signed_in USING (true)", "plan_reviews"),
        ("GRANT SELECT ON needs_assessments TO fifteenplus_worker;"
         " ALTER POLICY seen_needs_assessments ON needs_assessments TO fifteenplus_worker", "needs_assessments"),
    ],
)  # fmt: skip
async def test_wall_when_it_has_a_hole_then_a_cell_differs(matrix: Matrix, fault: str, table: str) -> None:
    await matrix.admin.execute(fault)
    assert (await matrix.run(tables={table})).wrong
