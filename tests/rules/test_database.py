"""The database's own walls: who owns what, who may log in, which rows anybody sees."""

import asyncpg
import pytest

from tests.conftest import TestDatabase

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
    faults += [f"{row[0]}: may pass row-level security" for row in await connection.fetch(POWERFUL_ROLES)]
    faults += [f"{row[0]}: is a member of {row[1]}" for row in await connection.fetch(MEMBERS, APP_ROLES)]
    faults += [f"{row[0]}: a view or materialised view" for row in await connection.fetch(VIEWS)]
    faults += [f"{row[0]}(): SECURITY DEFINER of {row[1]}" for row in await connection.fetch(DEFINERS)]
    faults += [f"{row[0]}(): open to PUBLIC" for row in await connection.fetch(PUBLIC_FUNCTIONS)]
    faults += [f"{row[0]}: {row[1]} granted to {row[2]}" for row in await connection.fetch(RISKY_GRANTS, APP_ROLES)]
    return faults


async def _is_granted(connection: asyncpg.Connection, table: str) -> bool:
    granted: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM information_schema.column_privileges WHERE table_name = $1 AND grantee = ANY($2))",
        table,
        APP_ROLES,
    )
    return granted


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
            OR (table_name = 'concerns' AND privilege_type IN ('UPDATE', 'DELETE'))
            OR (table_name IN ('messages', 'message_events', 'opt_out_events') AND privilege_type = 'DELETE'))
"""


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
        "GRANT TRUNCATE ON messages TO fifteenplus_worker",
        "GRANT SELECT ON schema_migrations TO fifteenplus_api",
        "DROP POLICY own_appointments ON appointments",
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


@pytest.mark.parametrize("role", APP_ROLES)
async def test_role_when_nobody_is_acted_for_then_it_sees_no_row(database: TestDatabase, role: str) -> None:
    admin = await asyncpg.connect(database.admin_url)
    tables = [row["relname"] for row in await admin.fetch(TABLES) if row["relname"] not in NOT_OURS]
    await admin.close()
    connection = await asyncpg.connect(database.url(role))
    seen = {}
    for table in tables:
        try:
            seen[table] = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - names from the catalogue
        except (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedTableError):
            continue
    await connection.close()
    assert {table: count for table, count in seen.items() if count} == {}
