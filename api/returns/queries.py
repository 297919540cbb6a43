"""The returns in the database: many people's records at once, for an administrator's import and export.

Rows go in as one JSON document, whose shape is the table's own.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from api.kit.db import Connection
from api.returns.models import Record

ONE_AT_A_TIME = 903

MAY_READ_ALL = "SELECT NOT row_security_active('young_people') AND has_table_privilege('young_people', 'INSERT')"


async def may_read_all(connection: Connection) -> bool:
    """Whether the connection is an administrator's, past every policy."""
    may: bool = await connection.fetchval(MAY_READ_ALL)
    return may


TRY_LOCK = "SELECT pg_try_advisory_lock($1)"


async def try_lock(connection: Connection) -> bool:
    """Keeps other imports out until the connection ends; False when one is at work."""
    locked: bool = await connection.fetchval(TRY_LOCK, ONE_AT_A_TIME)
    return locked


LIST_TEAMS = "SELECT team_id, name FROM teams ORDER BY name"


async def list_teams(connection: Connection) -> dict[str, UUID]:
    """The teams by name."""
    return {row["name"]: row["team_id"] for row in await connection.fetch(LIST_TEAMS)}


ADD_TEAM = "INSERT INTO teams (name) VALUES ($1) ON CONFLICT DO NOTHING"


async def add_team(connection: Connection, name: str) -> None:
    """Has a team of this name."""
    await connection.execute(ADD_TEAM, name)


HAS_OTHERS_THAN = "SELECT EXISTS (SELECT FROM young_people WHERE full_name !~ $1)"


async def has_others_than(connection: Connection, pattern: str) -> bool:
    """Whether somebody has a name that does not match the pattern."""
    found: bool = await connection.fetchval(HAS_OTHERS_THAN, pattern)
    return found


LOCK_PEOPLE = """
    SELECT person_id, child_id_la, full_name, preferred_name, born_on, died_on, sex, ethnic, upn, uasc_from,
        uasc_until, is_mother, first_child_born_on
    FROM young_people WHERE child_id_la = ANY($1) ORDER BY person_id FOR UPDATE
"""


async def lock_people(connection: Connection, children: Sequence[str]) -> list[Record]:
    """Those who are here of the children with these numbers, kept from changing until the transaction ends."""
    return [dict(row) for row in await connection.fetch(LOCK_PEOPLE, children)]


LIST_CARE_PERIODS = """
    SELECT care_period_id, person_id, started_on, ended_on, is_short_break
    FROM care_periods WHERE person_id = ANY($1) ORDER BY person_id, started_on
"""


async def list_care_periods(connection: Connection, person_ids: Sequence[UUID]) -> list[Record]:
    """The periods of care of these people."""
    return [dict(row) for row in await connection.fetch(LIST_CARE_PERIODS, person_ids)]


LIST_EPISODES = """
    SELECT episode_id, care_period_id, person_id, started_on, reason_new, legal_status, category_of_need, place,
        place_provider, ended_on, reason_ended, reason_place_change, home_post_enc, pl_post_enc, urn
    FROM episodes WHERE person_id = ANY($1) ORDER BY person_id, started_on
"""


async def list_episodes(connection: Connection, person_ids: Sequence[UUID]) -> list[Record]:
    """The episodes of care of these people, by their start; their postcodes encrypted."""
    return [dict(row) for row in await connection.fetch(LIST_EPISODES, person_ids)]


LIST_MISSING = """
    SELECT missing_episode_id, person_id, kind, started_on, ended_on
    FROM missing_episodes WHERE person_id = ANY($1) ORDER BY person_id, started_on
"""


async def list_missing(connection: Connection, person_ids: Sequence[UUID]) -> list[Record]:
    """When these people were missing or away without authorisation."""
    return [dict(row) for row in await connection.fetch(LIST_MISSING, person_ids)]


LIST_REVIEWS = """
    SELECT looked_after_review_id, person_id, held_on, participation
    FROM looked_after_reviews WHERE person_id = ANY($1) ORDER BY person_id, held_on
"""


async def list_reviews(connection: Connection, person_ids: Sequence[UUID]) -> list[Record]:
    """The looked-after reviews of these people."""
    return [dict(row) for row in await connection.fetch(LIST_REVIEWS, person_ids)]


LIST_IN_TOUCH = """
    SELECT in_touch_record_id, person_id, birthday_on, status, contact_on, activity, accommodation
    FROM in_touch_records WHERE person_id = ANY($1) ORDER BY person_id, birthday_on
"""


async def list_in_touch(connection: Connection, person_ids: Sequence[UUID]) -> list[Record]:
    """What was known of these people around their birthdays."""
    return [dict(row) for row in await connection.fetch(LIST_IN_TOUCH, person_ids)]


LIST_FILED_ROWS = """
    SELECT filed_row_id, person_id, collection_year, file, row_key, cells::text AS cells
    FROM filed_rows WHERE person_id = ANY($1) AND collection_year = $2 ORDER BY person_id, file, row_key
"""


async def list_filed_rows(connection: Connection, person_ids: Sequence[UUID], year: int) -> list[Record]:
    """The rows of these people that are kept as they were filed in a year."""
    rows = await connection.fetch(LIST_FILED_ROWS, person_ids, year)
    return [{**row, "cells": msgspec.json.decode(row["cells"])} for row in rows]


LIST_EXTRACTS = """
    SELECT care_leaver_extract_id, person_id, table_ref, eligibility, in_touch, last_contact_on, accommodation,
        suitability, activity, plan_reviewed_on, personal_adviser, allocated_team, worker_ref
    FROM care_leaver_extracts WHERE person_id = ANY($1) ORDER BY person_id
"""


async def list_extracts(connection: Connection, person_ids: Sequence[UUID]) -> list[Record]:
    """What the council's case system said of these people."""
    return [dict(row) for row in await connection.fetch(LIST_EXTRACTS, person_ids)]


ADD_PEOPLE = """
    INSERT INTO young_people (
        person_id, child_id_la, full_name, preferred_name, born_on, team_id, sex, ethnic, upn, uasc_from, uasc_until,
        is_mother, first_child_born_on
    )
    SELECT r.person_id, r.child_id_la, r.full_name, r.preferred_name, r.born_on, r.team_id, r.sex, r.ethnic, r.upn,
        r.uasc_from, r.uasc_until, r.is_mother, r.first_child_born_on
    FROM json_populate_recordset(NULL::young_people, $1::json) AS r
"""
CHANGE_PEOPLE = """
    UPDATE young_people AS t SET full_name = r.full_name, preferred_name = r.preferred_name, sex = r.sex,
        ethnic = r.ethnic, upn = r.upn, uasc_from = r.uasc_from, uasc_until = r.uasc_until, is_mother = r.is_mother,
        first_child_born_on = r.first_child_born_on
    FROM json_populate_recordset(NULL::young_people, $1::json) AS r WHERE t.person_id = r.person_id
"""
ADD_CARE_PERIODS = """
    INSERT INTO care_periods (care_period_id, person_id, started_on, ended_on, is_short_break)
    SELECT r.care_period_id, r.person_id, r.started_on, r.ended_on, r.is_short_break
    FROM json_populate_recordset(NULL::care_periods, $1::json) AS r
"""
CHANGE_CARE_PERIODS = """
    UPDATE care_periods AS t SET started_on = r.started_on, ended_on = r.ended_on, is_short_break = r.is_short_break
    FROM json_populate_recordset(NULL::care_periods, $1::json) AS r WHERE t.care_period_id = r.care_period_id
"""
ADD_EPISODES = """
    INSERT INTO episodes (
        episode_id, care_period_id, person_id, started_on, reason_new, legal_status, category_of_need, place,
        place_provider, ended_on, reason_ended, reason_place_change, home_post_enc, pl_post_enc, urn
    )
    SELECT r.episode_id, r.care_period_id, r.person_id, r.started_on, r.reason_new, r.legal_status,
        r.category_of_need, r.place, r.place_provider, r.ended_on, r.reason_ended, r.reason_place_change,
        r.home_post_enc, r.pl_post_enc, r.urn
    FROM json_populate_recordset(NULL::episodes, $1::json) AS r
"""
CHANGE_EPISODES = """
    UPDATE episodes AS t SET reason_new = r.reason_new, legal_status = r.legal_status,
        category_of_need = r.category_of_need, place = r.place, place_provider = r.place_provider,
        ended_on = r.ended_on, reason_ended = r.reason_ended, reason_place_change = r.reason_place_change,
        home_post_enc = r.home_post_enc, pl_post_enc = r.pl_post_enc, urn = r.urn
    FROM json_populate_recordset(NULL::episodes, $1::json) AS r WHERE t.episode_id = r.episode_id
"""
ADD_MISSING = """
    INSERT INTO missing_episodes (missing_episode_id, person_id, kind, started_on, ended_on)
    SELECT r.missing_episode_id, r.person_id, r.kind, r.started_on, r.ended_on
    FROM json_populate_recordset(NULL::missing_episodes, $1::json) AS r
"""
CHANGE_MISSING = """
    UPDATE missing_episodes AS t SET kind = r.kind, ended_on = r.ended_on
    FROM json_populate_recordset(NULL::missing_episodes, $1::json) AS r
    WHERE t.missing_episode_id = r.missing_episode_id
"""
ADD_REVIEWS = """
    INSERT INTO looked_after_reviews (looked_after_review_id, person_id, held_on, participation)
    SELECT r.looked_after_review_id, r.person_id, r.held_on, r.participation
    FROM json_populate_recordset(NULL::looked_after_reviews, $1::json) AS r
"""
CHANGE_REVIEWS = """
    UPDATE looked_after_reviews AS t SET participation = r.participation
    FROM json_populate_recordset(NULL::looked_after_reviews, $1::json) AS r
    WHERE t.looked_after_review_id = r.looked_after_review_id
"""
ADD_IN_TOUCH = """
    INSERT INTO in_touch_records (in_touch_record_id, person_id, birthday_on, status, activity, accommodation)
    SELECT r.in_touch_record_id, r.person_id, r.birthday_on, r.status, r.activity, r.accommodation
    FROM json_populate_recordset(NULL::in_touch_records, $1::json) AS r
"""
CHANGE_IN_TOUCH = """
    UPDATE in_touch_records AS t SET status = r.status, activity = r.activity, accommodation = r.accommodation
    FROM json_populate_recordset(NULL::in_touch_records, $1::json) AS r
    WHERE t.in_touch_record_id = r.in_touch_record_id
"""
ADD_FILED_ROWS = """
    INSERT INTO filed_rows (filed_row_id, person_id, collection_year, file, row_key, cells)
    SELECT r.filed_row_id, r.person_id, r.collection_year, r.file, r.row_key, r.cells
    FROM json_populate_recordset(NULL::filed_rows, $1::json) AS r
"""
CHANGE_FILED_ROWS = """
    UPDATE filed_rows AS t SET cells = r.cells
    FROM json_populate_recordset(NULL::filed_rows, $1::json) AS r WHERE t.filed_row_id = r.filed_row_id
"""
ADD_EXTRACTS = """
    INSERT INTO care_leaver_extracts (
        care_leaver_extract_id, person_id, table_ref, eligibility, in_touch, last_contact_on, accommodation,
        suitability, activity, plan_reviewed_on, personal_adviser, allocated_team, worker_ref
    )
    SELECT r.care_leaver_extract_id, r.person_id, r.table_ref, r.eligibility, r.in_touch, r.last_contact_on,
        r.accommodation, r.suitability, r.activity, r.plan_reviewed_on, r.personal_adviser, r.allocated_team,
        r.worker_ref
    FROM json_populate_recordset(NULL::care_leaver_extracts, $1::json) AS r
"""
CHANGE_EXTRACTS = """
    UPDATE care_leaver_extracts AS t SET table_ref = r.table_ref, eligibility = r.eligibility,
        in_touch = r.in_touch, last_contact_on = r.last_contact_on, accommodation = r.accommodation,
        suitability = r.suitability, activity = r.activity, plan_reviewed_on = r.plan_reviewed_on,
        personal_adviser = r.personal_adviser, allocated_team = r.allocated_team, worker_ref = r.worker_ref
    FROM json_populate_recordset(NULL::care_leaver_extracts, $1::json) AS r
    WHERE t.care_leaver_extract_id = r.care_leaver_extract_id
"""
# In this order: what others refer to comes first, and what makes room before what takes it.
WRITES = {
    "young_people": (ADD_PEOPLE, CHANGE_PEOPLE),
    "care_periods": (ADD_CARE_PERIODS, CHANGE_CARE_PERIODS),
    "episodes": (ADD_EPISODES, CHANGE_EPISODES),
    "missing_episodes": (ADD_MISSING, CHANGE_MISSING),
    "looked_after_reviews": (ADD_REVIEWS, CHANGE_REVIEWS),
    "in_touch_records": (ADD_IN_TOUCH, CHANGE_IN_TOUCH),
    "filed_rows": (ADD_FILED_ROWS, CHANGE_FILED_ROWS),
    "care_leaver_extracts": (ADD_EXTRACTS, CHANGE_EXTRACTS),
}


async def write(connection: Connection, added: dict[str, list[Record]], changed: dict[str, list[Record]]) -> None:
    """Changes and adds rows of many tables, many people's at once."""
    for table, (add, change) in WRITES.items():
        if rows := changed.get(table):
            await connection.execute(change, msgspec.json.encode(rows).decode())
        if rows := added.get(table):
            await connection.execute(add, msgspec.json.encode(rows).decode())


ASK_RECOMPUTES = """
    INSERT INTO duty_recomputes (person_id) SELECT p.person_id FROM unnest($1::uuid[]) AS p (person_id)
"""


async def ask_recomputes(connection: Connection, person_ids: Sequence[UUID]) -> None:
    """Has the worker work out again what is due for these people."""
    await connection.execute(ASK_RECOMPUTES, person_ids)


NOTE = """
    INSERT INTO audit_entries (verb, person_id, table_name, reason)
    SELECT $1, p.person_id, $2, $3 FROM unnest($4::uuid[]) AS p (person_id)
"""


async def note(connection: Connection, verb: str, what: str, reason: str, person_ids: Sequence[UUID | None]) -> None:
    """Records in the audit what was imported or exported of whom; None for the run itself."""
    await connection.execute(NOTE, verb, what, reason, person_ids)


# Whoever has anything to be filed of a year: care or a leaver's birthday, or a row that is kept as it was filed.
LIST_TO_FILE = """
    SELECT p.person_id, p.child_id_la, p.full_name, p.preferred_name, p.born_on, p.died_on, p.sex, p.ethnic, p.upn,
        p.uasc_from, p.uasc_until, p.is_mother, p.first_child_born_on
    FROM young_people AS p
    WHERE p.child_id_la IS NOT NULL AND p.child_id_la > $1 AND p.born_on BETWEEN $2 AND $3
    ORDER BY p.child_id_la
    LIMIT $4
"""


async def list_to_file(
    connection: Connection, after_child: str, born_from: date, born_until: date, count: int
) -> list[Record]:
    """The next people who may belong into a return, by their child's number."""
    return [dict(row) for row in await connection.fetch(LIST_TO_FILE, after_child, born_from, born_until, count)]


COUNT_UNNUMBERED = "SELECT count(*) FROM young_people WHERE child_id_la IS NULL"


async def count_unnumbered(connection: Connection) -> int:
    """How many have no child's number and can be in no return."""
    count: int = await connection.fetchval(COUNT_UNNUMBERED)
    return count


LIST_BIRTH_DATES = """
    SELECT person_id, born_on, status, accepted_on FROM birth_dates WHERE person_id = ANY($1)
    ORDER BY person_id, recorded_at
"""


async def list_birth_dates(connection: Connection, person_ids: Sequence[UUID]) -> list[Record]:
    """Every date of birth that was gone by."""
    return [dict(row) for row in await connection.fetch(LIST_BIRTH_DATES, person_ids)]


LIST_SPELLS = """
    SELECT 'family' AS kind, person_id, with_whom AS code, started_on, ended_on, broke_down_on AS on_date,
        NULL::boolean AS is_so
    FROM family_placements WHERE person_id = ANY($1)
    UNION ALL
    SELECT 'detention', person_id, kind, started_on, ended_on, NULL, NULL FROM detentions WHERE person_id = ANY($1)
    UNION ALL
    SELECT 'guardianship', person_id, '', started_on, ended_on, NULL, was_looked_after_before
    FROM special_guardianships WHERE person_id = ANY($1)
    UNION ALL
    SELECT 'education', person_id, kind, started_on, ended_on, informed_on, NULL
    FROM education_programmes WHERE person_id = ANY($1)
    UNION ALL
    SELECT 'activity', person_id, activity, started_on, ended_on, NULL, NULL
    FROM activity_spells WHERE person_id = ANY($1)
    UNION ALL
    SELECT 'home', person_id, accommodation, started_on, ended_on, NULL, NULL
    FROM accommodation_spells WHERE person_id = ANY($1)
    UNION ALL
    SELECT 'judgement', person_id, '', assessed_on, NULL, NULL, is_suitable
    FROM suitability_assessments WHERE person_id = ANY($1)
    UNION ALL
    SELECT 'contact', person_id, kind, (happened_at AT TIME ZONE 'Europe/London')::date, NULL, NULL, was_reached
    FROM visits_and_contacts WHERE person_id = ANY($1)
    ORDER BY kind, person_id, started_on
"""


async def list_spells(connection: Connection, person_ids: Sequence[UUID]) -> list[Record]:
    """Everything else that decides a category or a row of a return, of these people."""
    return [dict(row) for row in await connection.fetch(LIST_SPELLS, person_ids)]


LIST_INSPECTED = """
    SELECT p.person_id, t.name AS team, a.full_name AS personal_adviser, p.has_disability,
        (SELECT min(s.effective_from) FROM pathway_plans AS s WHERE s.person_id = p.person_id) AS plan_started_on,
        (SELECT max(r.held_on) FROM plan_reviews AS r WHERE r.person_id = p.person_id) AS last_reviewed_on
    FROM young_people AS p
    LEFT JOIN teams AS t ON t.team_id = p.team_id
    LEFT JOIN LATERAL (
        SELECT s.full_name FROM allocations AS l JOIN staff AS s ON s.staff_id = l.staff_id
        WHERE l.person_id = p.person_id AND l.starts_on <= $2 AND (l.ended_on IS NULL OR l.ended_on >= $2)
    ) AS a ON true
    WHERE p.person_id = ANY($1)
    ORDER BY p.person_id
"""


async def list_inspected(connection: Connection, person_ids: Sequence[UUID], on: date) -> list[Record]:
    """What an inspection asks beyond the returns, on a day, of these people."""
    return [dict(row) for row in await connection.fetch(LIST_INSPECTED, person_ids, on)]
