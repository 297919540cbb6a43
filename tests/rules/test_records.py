"""Every record keeps what it said before and tells the audit; every reference to another can be followed quickly."""

import asyncpg
import pytest

from tests.conftest import TestDatabase

# A record has a version. What a person is noted for in other ways, or whose rows never change, has none.
RECORDS = """
    SELECT c.oid::regclass::text AS table_name, array_remove(array_agg(p.proname::text), NULL) AS functions
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'version' AND NOT a.attisdropped
    LEFT JOIN pg_trigger AS t ON t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled = 'O'
    LEFT JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
        AND c.relname NOT IN ('schema_migrations', 'record_history')
    GROUP BY c.oid ORDER BY 1
"""
# A row that refers to another is looked for whenever that is changed: its columns have to lead an index.
LINKS_WITHOUT_INDEX = """
    SELECT k.conrelid::regclass::text || '.' || string_agg(a.attname, ', ' ORDER BY o.place) AS link
    FROM pg_constraint AS k
    CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS o (attnum, place)
    JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = o.attnum
    WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = k.conrelid AND i.indisvalid AND (i.indkey::smallint[])[0] = ANY(k.conkey)
    )
    GROUP BY k.oid, k.conrelid ORDER BY 1
"""
# Of these tables nobody ever deletes or renames what is referred to, or they are emptied by age.
WITHOUT_INDEX = {
    "conversations.owner_staff_id", "messages.conversation_id", "attention_flags.seen_by_staff_id",
    "enrolment_codes.made_by_staff_id", "enrolment_codes.used_by_session_id", "sign_in_challenges.person_id",
    "sign_in_challenges.message_id", "staff_sign_ins.for_staff_id", "restricted_cases.restricted_by_staff_id",
    "staff_identities.linked_by_staff_id", "break_glass_grants.reviewed_by_staff_id", "staff.team_id",
    "messages.subject_id",
}  # fmt: skip


# What is withdrawn or lifted is removed, and the audit is told by whom: a shift, a restriction.
TAKEN_AWAY = {"duty_rota", "restricted_cases"}


async def find_faults(connection: asyncpg.Connection) -> list[str]:
    """Records that forget or are silent, in words."""
    faults = []
    for table, functions in await connection.fetch(RECORDS):
        if "keep_history" not in functions and table not in TAKEN_AWAY:
            faults.append(f"{table}: forgets what it said before")
        if "audit_notes_change" not in functions:
            faults.append(f"{table}: the audit is not told")
    return faults


async def test_records_when_migrated_then_each_keeps_its_history_and_tells_the_audit(template: TestDatabase) -> None:
    connection = await asyncpg.connect(template.admin_url)
    faults, count = await find_faults(connection), len(await connection.fetch(RECORDS))
    await connection.close()
    assert faults == []
    assert count >= 20


@pytest.mark.parametrize(
    "fault",
    [
        "DROP TRIGGER placements_history ON placements",
        "ALTER TABLE episodes DISABLE TRIGGER USER",
        "DROP TRIGGER young_people_audit ON young_people",
        "CREATE TABLE forgotten (version integer)",
    ],
)
async def test_record_when_a_fault_is_planted_then_it_is_found(database: TestDatabase, fault: str) -> None:
    connection = await asyncpg.connect(database.admin_url)
    await connection.execute(fault)
    faults = await find_faults(connection)
    await connection.close()
    assert faults != []


async def test_links_when_listed_then_each_leads_an_index(database: TestDatabase) -> None:
    connection = await asyncpg.connect(database.admin_url)
    missing = {row[0] for row in await connection.fetch(LINKS_WITHOUT_INDEX)}
    await connection.execute("DROP INDEX placements_provider")
    planted = {row[0] for row in await connection.fetch(LINKS_WITHOUT_INDEX)}
    await connection.close()
    assert missing - WITHOUT_INDEX == set()
    assert planted - missing == {"placements.provider_id"}


async def test_added_to_only_when_somebody_tries_to_change_or_remove_then_nobody_may(template: TestDatabase) -> None:
    connection = await asyncpg.connect(template.admin_url)
    granted = await connection.fetch(
        "SELECT table_name, privilege_type, grantee FROM information_schema.column_privileges"
        " WHERE table_name IN ('birth_dates', 'eligibility_decisions', 'duty_triggers', 'record_history')"
        " AND privilege_type = 'UPDATE' AND grantee <> 'fifteenplus_owner'"
        " UNION ALL SELECT table_name, privilege_type, grantee FROM information_schema.table_privileges"
        " WHERE privilege_type = 'DELETE' AND grantee IN"
        " ('fifteenplus_api', 'fifteenplus_worker', 'fifteenplus_bot', 'fifteenplus_signed_in')"
        " AND table_name IN (SELECT table_name FROM information_schema.columns WHERE column_name = 'version')"
    )
    await connection.close()
    assert {row[0] for row in granted} == TAKEN_AWAY
