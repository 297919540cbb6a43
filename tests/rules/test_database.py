"""The database's own walls: who owns what, who may log in, which rows anybody sees."""

import asyncpg
import pytest

from tests.conftest import TestDatabase
from tests.factories import create_appointment, create_conversation, create_person, create_staff
from tests.fields import insert_message

# dbmate's list of applied migrations: no role of ours may even read it.
NOT_OURS = {"schema_migrations"}
APP_ROLES = ["fifteenplus_api", "fifteenplus_worker", "fifteenplus_bot", "fifteenplus_signed_in"]

TABLES = """
    SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner) AS owner,
        EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid) AS has_policy
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""


async def find_faults(connection: asyncpg.Connection) -> list[str]:
    """Everything in a database that breaks a rule of the house, in words."""
    faults = []
    for table in await connection.fetch(TABLES):
        if table["relname"] in NOT_OURS:
            continue
        if not (table["relrowsecurity"] and table["relforcerowsecurity"]):
            faults.append(f"{table['relname']}: row-level security is not enabled and forced")
        if not table["has_policy"] and await _is_granted(connection, table["relname"]):
            faults.append(f"{table['relname']}: granted without a policy")
        if table["owner"] != "fifteenplus_owner":
            faults.append(f"{table['relname']}: owned by {table['owner']}")
    faults += [
        f"{row[0]}: {row[1]} lets {row[2]} see every row"
        for row in await connection.fetch(OPEN_POLICIES)
        if (row[0], row[2]) not in OPEN_ON_PURPOSE
    ]
    faults += [f"{row[0]}: may pass row-level security" for row in await connection.fetch(POWERFUL_ROLES)]
    faults += [f"{row[0]}: is a member of {row[1]}" for row in await connection.fetch(MEMBERS, APP_ROLES)]
    faults += [f"{row[0]}: a view or materialised view" for row in await connection.fetch(VIEWS)]
    faults += [f"{row[0]}(): SECURITY DEFINER of {row[1]}" for row in await connection.fetch(DEFINERS)]
    faults += [f"{row[0]}(): open to PUBLIC" for row in await connection.fetch(PUBLIC_FUNCTIONS)]
    faults += [f"{row[0]}: {row[1]} granted to {row[2]}" for row in await connection.fetch(RISKY_GRANTS, APP_ROLES)]
    faults += [f"{row[0]}.{row[1]}: says in plain where somebody lives" for row in await connection.fetch(PLAIN_HOMES)]
    faults += [f"{row[0]}.{row[1]}: {row[2]} may read it" for row in await connection.fetch(HOMES_READ, NOT_TOLD)]
    return faults


async def _is_granted(connection: asyncpg.Connection, table: str) -> bool:
    granted: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM information_schema.column_privileges WHERE table_name = $1 AND grantee = ANY($2))",
        table,
        APP_ROLES,
    )
    return granted


OPEN_POLICIES = """
    SELECT tablename, policyname, role FROM pg_policies, unnest(roles) AS role
    WHERE coalesce(qual, 'true') = 'true' AND coalesce(with_check, 'true') = 'true'
    UNION ALL
    SELECT tablename, policyname, role FROM pg_policies, unnest(roles) AS role WHERE qual = 'true'
"""
# Tables without a word about anybody, Rasa's own table, and what the resolver has to look up.
OPEN_ON_PURPOSE = {
    ("worker_beats", "fifteenplus_api"), ("worker_beats", "fifteenplus_worker"), ("trackers", "fifteenplus_bot"),
    ("conversations", "fifteenplus_resolver"), ("sessions", "fifteenplus_resolver"),
    ("session_tokens", "fifteenplus_resolver"), ("young_people", "fifteenplus_resolver"),
    ("staff", "fifteenplus_resolver"), ("allocations", "fifteenplus_resolver"),
    ("duty_rota", "fifteenplus_resolver"), ("restricted_cases", "fifteenplus_resolver"),
    ("restricted_case_staff", "fifteenplus_resolver"), ("break_glass_grants", "fifteenplus_resolver"),
    ("audit_entries", "fifteenplus_resolver"), ("record_history", "fifteenplus_resolver"),
    ("plan_reviews", "fifteenplus_resolver"), ("calendar_feeds", "fifteenplus_resolver"),
    ("appointments", "fifteenplus_resolver"), ("staff_identities", "fifteenplus_resolver"),
    ("allowances", "fifteenplus_resolver"), ("rate_limits", "fifteenplus_resolver"),
}  # fmt: skip
POWERFUL_ROLES = """
    SELECT rolname FROM pg_roles
    WHERE rolname LIKE 'fifteenplus%' AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolinherit
        OR (rolcanlogin AND rolname IN ('fifteenplus_owner', 'fifteenplus_resolver')))
"""
MEMBERS = """
    SELECT pg_get_userbyid(member), pg_get_userbyid(roleid) FROM pg_auth_members
    WHERE pg_get_userbyid(member) = ANY($1)
"""
VIEWS = """
    SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
DEFINERS = """
    SELECT p.proname, pg_get_userbyid(p.proowner) FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND (pg_get_userbyid(p.proowner) <> 'fifteenplus_resolver'
            OR NOT coalesce('search_path=pg_catalog, pg_temp' = ANY(p.proconfig), false))
"""
PUBLIC_FUNCTIONS = """
    SELECT p.proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND (p.proacl IS NULL OR EXISTS (
            SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE'
        ))
"""
RISKY_GRANTS = """
    SELECT table_name, privilege_type, grantee FROM information_schema.table_privileges
    WHERE (grantee = ANY($1) OR grantee = 'PUBLIC') AND table_schema NOT IN ('pg_catalog', 'information_schema')
        AND (privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER') OR grantee = 'PUBLIC'
            OR table_name = 'schema_migrations'
            OR (table_name IN ('concerns', 'audit_entries', 'audit_blocks', 'record_history', 'data_keys')
                AND privilege_type IN ('UPDATE', 'DELETE'))
            OR (table_name IN ('messages', 'message_events', 'opt_out_events') AND privilege_type = 'DELETE'))
"""
# A postcode nearly is an address. `client_address` and the like of a computer would have to be called otherwise.
PLAIN_HOMES = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
        AND column_name ~ '(^|_)(post|postcode|address)(_|$)' AND (data_type <> 'bytea' OR column_name !~ '_enc$')
"""
HOMES_READ = """
    SELECT table_name, column_name, grantee FROM information_schema.column_privileges
    WHERE grantee = ANY($1) AND privilege_type = 'SELECT' AND column_name ~ '(^|_)(post|postcode|address)_enc$'
"""
# Whoever needs to know where nobody lives.
NOT_TOLD = ["fifteenplus_api", "fifteenplus_worker", "fifteenplus_bot", "PUBLIC"]


async def test_database_when_migrated_then_no_rule_is_broken(template: TestDatabase) -> None:
    connection = await asyncpg.connect(template.admin_url)
    try:
        assert await find_faults(connection) == []
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "fault",
    [
        "ALTER TABLE messages NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE appointments DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE forgotten (person_id uuid)",
        "ALTER TABLE staff OWNER TO postgres",
        "CREATE VIEW everybody AS SELECT * FROM young_people",
        "CREATE MATERIALIZED VIEW everybody AS SELECT * FROM young_people",
        "CREATE FUNCTION sec.all_people() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
        " AS 'SELECT count(*) FROM public.young_people'",
        "ALTER FUNCTION sec.acting_person_id() RESET search_path",
        "GRANT EXECUTE ON FUNCTION sec.acting_person_id() TO PUBLIC",
        "GRANT SELECT ON young_people TO PUBLIC",
        "GRANT DELETE ON concerns TO fifteenplus_worker",
        "GRANT UPDATE ON audit_entries TO fifteenplus_worker",
        "GRANT UPDATE ON data_keys TO fifteenplus_worker",
        "GRANT DELETE ON audit_blocks TO fifteenplus_worker",
        "GRANT TRUNCATE ON audit_entries TO fifteenplus_signed_in",
        "GRANT UPDATE ON record_history TO fifteenplus_signed_in",
        "ALTER TABLE audit_entries NO FORCE ROW LEVEL SECURITY",
        "ALTER POLICY visible_views ON audit_entries USING (true)",
        "GRANT TRUNCATE ON messages TO fifteenplus_worker",
        "GRANT SELECT ON schema_migrations TO fifteenplus_api",
        "DROP POLICY worker_opt_out_events ON opt_out_events",
        "ALTER POLICY own_appointments ON appointments USING (true)",
        "ALTER TABLE episodes ADD COLUMN home_post text",
        "ALTER TABLE appointments ADD COLUMN postcode bytea",
        "ALTER TABLE placements ALTER COLUMN address_enc TYPE text USING ''",
        "GRANT SELECT ON episodes TO fifteenplus_worker",
        "GRANT SELECT (address_enc) ON placements TO fifteenplus_worker",
        "CREATE POLICY forgotten ON staff FOR SELECT TO fifteenplus_api USING (true)",
        "CREATE POLICY forgotten ON concerns FOR INSERT TO fifteenplus_worker WITH CHECK (true)",
    ],
)
async def test_database_when_a_fault_is_planted_then_it_is_found(database: TestDatabase, fault: str) -> None:
    connection = await asyncpg.connect(database.admin_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(fault)
    faults = await find_faults(connection)
    await transaction.rollback()
    await connection.close()
    assert faults != []


async def fill(connection: asyncpg.Connection) -> dict[str, int]:
    """Puts a row into every table that holds anything about people; returns how many rows each has."""
    staff_id = await create_staff(connection, phone="+447700900201")
    person_id = await create_person(connection, phone="+447700900101", adviser=staff_id)
    await create_appointment(connection, person_id, staff_id)
    conversation_id, _ = await create_conversation(connection, person_id)
    message_id = await insert_message(
        connection,
        "+447700900101",
        "hi",
        conversation_id=conversation_id,
        direction="inbound",
        kind="text",
        provider_sid="SM1",
        status="received",
    )
    for statement in FILL:
        await connection.execute(statement, message_id)
    await connection.execute(
        "INSERT INTO concerns (conversation_id, message_id, risk, kinds, rules_hit, screen_version)"
        " VALUES ($1, $2, 'high', '{x}', '{x}', 'x')",
        conversation_id,
        message_id,
    )
    tables = [row["relname"] for row in await connection.fetch(TABLES) if row["relname"] in MUST_BE_FILLED]
    return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}  # noqa: S608


FILL = [
    "INSERT INTO message_events (message_id, provider_status) VALUES ($1, 'sent')",
    "INSERT INTO attention_flags (message_id, reason) VALUES ($1, 'worry')",
    "INSERT INTO opt_out_events (phone_index, is_opted_out, source, detail, message_id)"
    " VALUES (sha256(''), true, 'keyword', 'STOP', $1)",
    "INSERT INTO jobs (kind, serial_key, payload) VALUES ('answer', 'x', jsonb_build_object('m', $1::uuid))",
    "INSERT INTO audit_entries (verb, table_name, record_id, person_id)"
    " SELECT 'viewed', 'messages', m.message_id, c.person_id FROM messages AS m JOIN conversations AS c"
    " USING (conversation_id) WHERE m.message_id = $1",
    "INSERT INTO audit_blocks (block_no) SELECT 0 FROM messages WHERE message_id = $1",
]
MUST_BE_FILLED = {
    "teams", "staff", "working_hours", "young_people", "contact_points", "allocations", "conversations", "appointments",
    "messages", "message_events", "opt_out_events", "attention_flags", "jobs", "concerns",
    "audit_entries", "audit_blocks", "data_keys",
}  # fmt: skip


@pytest.mark.parametrize("actor", ["", "nobody", "conversation:00000000-0000-4000-8000-000000000000", "worker "])
@pytest.mark.parametrize("role", APP_ROLES)
async def test_role_when_it_acts_for_nobody_we_know_then_it_sees_no_row(
    database: TestDatabase, role: str, actor: str
) -> None:
    admin = await asyncpg.connect(database.admin_url)
    filled = await fill(admin)
    await admin.close()
    assert filled.keys() == MUST_BE_FILLED
    assert all(filled.values())
    connection = await asyncpg.connect(database.url(role))
    await connection.execute("SELECT set_config('app.actor', $1, false)", actor)
    seen = {}
    for table in filled:
        try:
            seen[table] = await connection.fetchval(f"SELECT count(*) FROM public.{table}")  # noqa: S608
        except asyncpg.InsufficientPrivilegeError:
            continue
    await connection.close()
    assert {table: count for table, count in seen.items() if count} == {}


async def test_conversation_when_it_is_acted_for_then_only_its_own_rows_are_seen(database: TestDatabase) -> None:
    admin = await asyncpg.connect(database.admin_url)
    await fill(admin)
    other, _ = await create_conversation(admin, await create_person(admin))
    await admin.close()
    for role in ("fifteenplus_api", "fifteenplus_worker"):
        connection = await asyncpg.connect(database.url(role))
        await connection.execute("SELECT set_config('app.actor', $1, false)", f"conversation:{other}")
        for table in ("appointments", "allocations", "staff", "working_hours", "messages", "audit_entries"):
            column = {"messages": "message_id", "audit_entries": "entry_id"}.get(table, "staff_id")
            assert await connection.fetchval(f"SELECT count({column}) FROM {table}") == 0  # noqa: S608
        await connection.close()
