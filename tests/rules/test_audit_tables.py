"""The audit's own walls: added to only, filled in by the database, and told of every change."""

import asyncpg
import pytest

from tests.conftest import TestDatabase

COLUMN_GRANTS = """
    SELECT table_name || '.' || column_name AS place, privilege_type, grantee FROM information_schema.column_privileges
    WHERE table_name IN ('audit_entries', 'audit_blocks') AND grantee <> grantor
        AND (privilege_type NOT IN ('SELECT', 'INSERT') OR privilege_type = 'INSERT' AND column_name NOT IN (
            'verb', 'person_id', 'table_name', 'record_id', 'reason', 'request_id', 'block_no'
        ))
"""
POLICIES = """
    SELECT tablename AS place, policyname AS privilege_type, cmd AS grantee FROM pg_policies
    WHERE tablename IN ('audit_entries', 'audit_blocks') AND cmd NOT IN ('SELECT', 'INSERT')
"""
TRIGGERS = """
    SELECT t.tgname FROM pg_trigger AS t WHERE NOT t.tgisinternal AND t.tgenabled = 'O'
"""
NEEDED = {
    "audit_entries_stay", "audit_blocks_stay", "audit_entries_filled", "audit_blocks_filled", "messages_answered",
    "messages_alerted", "concerns_raised", "opt_out_events_noted", "break_glass_opened",
    "data_keys_destroyed", "data_keys_are_not_removed", "data_keys_do_not_return",
    "teams_noted", "staff_noted", "staff_identities_noted", "allocations_noted", "duty_rota_noted",
    "restricted_cases_noted", "restricted_case_staff_noted", "break_glass_reviewed", "enrolment_codes_noted",
    "duty_rota_removed", "restricted_cases_removed", "restricted_case_staff_removed",
}  # fmt: skip


async def find_faults(connection: asyncpg.Connection) -> list[str]:
    """What would let somebody change the audit, or leave something out of it, in words."""
    rows = [*await connection.fetch(COLUMN_GRANTS), *await connection.fetch(POLICIES)]
    missing = NEEDED - {row[0] for row in await connection.fetch(TRIGGERS)}
    return [f"{row[0]}: {row[1]} {row[2]}" for row in rows] + [f"{name}: no such trigger is on" for name in missing]


async def test_audit_when_migrated_then_it_can_only_be_added_to(template: TestDatabase) -> None:
    connection = await asyncpg.connect(template.admin_url)
    faults = await find_faults(connection)
    await connection.close()
    assert faults == []


@pytest.mark.parametrize(
    "fault",
    [
        "GRANT UPDATE (reason) ON audit_entries TO fifteenplus_worker",
        "GRANT UPDATE ON audit_blocks TO fifteenplus_api",
        "GRANT INSERT (actor_id) ON audit_entries TO fifteenplus_api",
        "GRANT INSERT ON audit_entries TO fifteenplus_worker",
        "GRANT INSERT (entry_ids) ON audit_blocks TO fifteenplus_worker",
        "CREATE POLICY forgotten ON audit_entries FOR UPDATE TO fifteenplus_worker USING (person_id IS NULL)",
        "CREATE POLICY forgotten ON audit_blocks TO fifteenplus_worker USING (block_no > 1)",
        "ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_stay",
        "DROP TRIGGER audit_blocks_stay ON audit_blocks",
        "DROP TRIGGER audit_entries_filled ON audit_entries",
        "ALTER TABLE messages DISABLE TRIGGER USER",
        "DROP TRIGGER concerns_raised ON concerns",
        "ALTER TABLE break_glass_grants DISABLE TRIGGER break_glass_opened",
        "DROP TRIGGER staff_noted ON staff",
        "ALTER TABLE restricted_case_staff DISABLE TRIGGER restricted_case_staff_removed",
        "DROP TRIGGER allocations_noted ON allocations",
    ],
)
async def test_audit_when_a_fault_is_planted_then_it_is_found(database: TestDatabase, fault: str) -> None:
    connection = await asyncpg.connect(database.admin_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(fault)
    faults = await find_faults(connection)
    await transaction.rollback()
    await connection.close()
    assert faults != []
