"""Caseload, search and one young person whole: each one statement, which notes in the audit that it was read."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from api.caseload.models import Case, Found, Past
from api.kit.db import Connection

# Everybody is put in order by one kept day each; only those on the page are looked at more closely.
LIST_CASES = """
    WITH page AS MATERIALIZED (
        SELECT p.person_id, p.preferred_name, p.full_name, p.born_on, k.person_id IS NOT NULL AS is_worked_out,
            coalesce(k.next_due_on, date '1900-01-01') AS sort_on, k.next_review_on, k.last_contact_at, k.category
        FROM young_people AS p LEFT JOIN duty_checks AS k USING (person_id)
        WHERE p.died_on IS NULL
            AND ($4::uuid IS NULL OR EXISTS (
                SELECT FROM allocations AS n
                WHERE n.person_id = p.person_id AND n.staff_id = $4 AND n.starts_on <= london_today()
                    AND (n.ended_on IS NULL OR n.ended_on >= london_today())
            ))
            AND (
                $1::date IS NULL OR (coalesce(k.next_due_on, date '1900-01-01'), p.person_id) > ($1, $2::uuid)
            )
        ORDER BY sort_on, p.person_id
        LIMIT $3 + 1
    ), shown AS (
        SELECT g.person_id, g.preferred_name, g.full_name, extract(year FROM age(t.today, g.born_on))::int AS age,
            EXISTS (SELECT FROM restricted_cases AS x WHERE x.person_id = g.person_id) AS is_restricted,
            g.category, a.staff_id AS adviser_id, a.shown_name AS adviser_name,
            CASE
                WHEN NOT g.is_worked_out OR d.colour_rank = 0 THEN 'red'
                WHEN d.colour_rank = 1 THEN 'amber' ELSE 'green'
            END AS colour,
            d.code AS next_duty, d.title AS next_duty_title, d.due_on,
            CASE
                WHEN NOT g.is_worked_out THEN 'Nobody has worked out yet what is due.'
                WHEN d.code IS NULL THEN 'Nothing is due.'
                WHEN d.due_on < t.today THEN format('It is %s days late.', t.today - d.due_on)
                WHEN d.due_on = t.today THEN 'It is due today.'
                ELSE format('It is due in %s days.', d.due_on - t.today)
            END AS colour_why,
            d.why, d.source, d.is_verified, g.next_review_on, g.last_contact_at, g.is_worked_out, g.sort_on
        FROM (SELECT london_today() AS today) AS t
        CROSS JOIN (SELECT * FROM page ORDER BY sort_on, person_id LIMIT $3) AS g
        LEFT JOIN LATERAL (
            SELECT n.code, n.title, n.due_on, n.why, n.source, n.is_verified,
                CASE WHEN t.today >= n.red_on THEN 0 WHEN t.today >= n.amber_on THEN 1 ELSE 2 END AS colour_rank
            FROM duty_dates AS n WHERE n.person_id = g.person_id AND NOT n.is_prospective
            ORDER BY colour_rank, n.due_on, n.rank, n.code LIMIT 1
        ) AS d ON true
        LEFT JOIN LATERAL (
            SELECT s.staff_id, s.shown_name FROM allocations AS n JOIN staff AS s USING (staff_id)
            WHERE n.person_id = g.person_id AND n.starts_on <= t.today
                AND (n.ended_on IS NULL OR n.ended_on >= t.today)
            ORDER BY n.starts_on DESC LIMIT 1
        ) AS a ON true
    )
    SELECT audit_notes_views(ARRAY(SELECT g.person_id FROM shown AS g), 'duty_dates'),
        (SELECT coalesce(json_agg(g ORDER BY g.sort_on, g.person_id), '[]')::text FROM shown AS g),
        (SELECT count(*) > $3 FROM page)
"""


async def list_cases(
    connection: Connection, after: tuple[date, UUID] | None, count: int, adviser_id: UUID | None
) -> tuple[list[Case], bool]:
    """The cases that the connection sees, the most overdue first, after a place in that order; and whether more follow.

    Only who is shown is noted in the audit, not whoever follows.
    """
    place = after or (None, None)
    row: Any = await connection.fetchrow(LIST_CASES, *place, count, adviser_id)
    return msgspec.json.decode(row[1], type=list[Case]), row[2]


# A name is looked for by the beginnings of its words, in the order of their letters without accents.
SEARCH = """
    WITH page AS (
        SELECT p.person_id, p.preferred_name, p.full_name,
            extract(year FROM age(london_today(), p.born_on))::int AS age, p.died_on IS NOT NULL AS has_died,
            (
                SELECT n.category FROM eligibility_decisions AS n WHERE n.person_id = p.person_id
                ORDER BY n.eligibility_decision_id DESC LIMIT 1
            ) AS category,
            (
                SELECT s.shown_name FROM allocations AS n JOIN staff AS s USING (staff_id)
                WHERE n.person_id = p.person_id AND n.starts_on <= london_today()
                    AND (n.ended_on IS NULL OR n.ended_on >= london_today())
                ORDER BY n.starts_on DESC LIMIT 1
            ) AS adviser_name,
            p.name_folded
        FROM young_people AS p
        WHERE (
                SELECT bool_and(position(' ' || w.word IN ' ' || p.name_folded) > 0)
                FROM string_to_table(fold_name($1), ' ') AS w (word)
            )
            AND ($2::text IS NULL OR (p.name_folded, p.person_id) > ($2, $3::uuid))
        ORDER BY p.name_folded, p.person_id
        LIMIT $4 + 1
    ), shown AS (
        SELECT * FROM page ORDER BY name_folded, person_id LIMIT $4
    )
    SELECT audit_notes_views(ARRAY(SELECT g.person_id FROM shown AS g), 'young_people'),
        (SELECT coalesce(json_agg(g ORDER BY g.name_folded, g.person_id), '[]')::text FROM shown AS g),
        (SELECT count(*) > $4 FROM page)
"""


async def search(
    connection: Connection, name: str, after: tuple[str, UUID] | None, count: int
) -> tuple[list[Found], bool]:
    """Those the connection sees whose names have words that begin so, after a place in their order; and if more do."""
    row: Any = await connection.fetchrow(SEARCH, name, *(after or (None, None)), count)
    return msgspec.json.decode(row[1], type=list[Found]), row[2]


class EncryptedWhole(NamedTuple):
    """The document, the encrypted note, the contact points with encrypted numbers, and episodes' postcodes by id."""

    document: str
    note_enc: bytes | None
    contact_points: str
    postcodes: dict[UUID, tuple[bytes | None, bytes | None]]


GET_WHOLE = """
    SELECT audit_notes_views(ARRAY[p.person_id], 'young_people'), json_build_object(
        'person_id', p.person_id, 'version', p.version,
        'details', json_build_object(
            'full_name', p.full_name, 'preferred_name', p.preferred_name, 'born_on', p.born_on,
            'dob_status', p.dob_status, 'died_on', p.died_on, 'pronouns', p.pronouns,
            'first_language', p.first_language, 'needs_interpreter', p.needs_interpreter,
            'needs_reading_support', p.needs_reading_support, 'sex', p.sex, 'ethnic', p.ethnic, 'upn', p.upn,
            'child_id_la', p.child_id_la, 'uasc_from', p.uasc_from, 'uasc_until', p.uasc_until,
            'has_disability', p.has_disability
        ),
        'age', extract(year FROM age(london_today(), p.born_on))::int,
        'is_restricted', EXISTS (SELECT FROM restricted_cases AS x WHERE x.person_id = p.person_id),
        'team_name', (SELECT t.name FROM teams AS t WHERE t.team_id = p.team_id),
        'allocations', (
            SELECT coalesce(json_agg(json_build_object(
                'allocation_id', n.allocation_id, 'staff_id', n.staff_id, 'adviser_name', s.shown_name,
                'starts_on', n.starts_on, 'ended_on', n.ended_on, 'version', n.version
            ) ORDER BY n.starts_on DESC), '[]')
            FROM allocations AS n JOIN staff AS s USING (staff_id) WHERE n.person_id = p.person_id
        ),
        'category', (
            SELECT row_to_json(n) FROM eligibility_decisions AS n WHERE n.person_id = p.person_id
            ORDER BY n.eligibility_decision_id DESC LIMIT 1
        ),
        'duties', (
            SELECT coalesce(json_agg(n ORDER BY n.due_on, n.rank, n.code), '[]')
            FROM duty_dates AS n WHERE n.person_id = p.person_id
        ),
        'homes', (
            SELECT coalesce(json_agg(json_build_object(
                'accommodation_spell_id', n.accommodation_spell_id, 'placement_id', n.placement_id,
                'display_name', h.display_name, 'accommodation', n.accommodation, 'tenancy', n.tenancy,
                'started_on', n.started_on, 'ended_on', n.ended_on, 'version', n.version
            ) ORDER BY n.started_on DESC), '[]')
            FROM accommodation_spells AS n JOIN placements AS h USING (placement_id) WHERE n.person_id = p.person_id
        ),
        'suitability_assessments', (
            SELECT coalesce(json_agg(n ORDER BY n.assessed_on DESC, n.suitability_assessment_id), '[]')
            FROM suitability_assessments AS n WHERE n.person_id = p.person_id
        ),
        'care_periods', (
            SELECT coalesce(json_agg(n ORDER BY n.started_on), '[]') FROM care_periods AS n
            WHERE n.person_id = p.person_id
        ),
        'episodes', (
            SELECT coalesce(json_agg(to_jsonb(n) - '{home_post_enc,pl_post_enc}'::text[] ORDER BY n.started_on), '[]')
            FROM episodes AS n WHERE n.person_id = p.person_id
        ),
        'family_placements', (
            SELECT coalesce(json_agg(n ORDER BY n.started_on), '[]') FROM family_placements AS n
            WHERE n.person_id = p.person_id
        ),
        'detentions', (
            SELECT coalesce(json_agg(n ORDER BY n.started_on), '[]') FROM detentions AS n
            WHERE n.person_id = p.person_id
        ),
        'special_guardianships', (
            SELECT coalesce(json_agg(n ORDER BY n.started_on), '[]') FROM special_guardianships AS n
            WHERE n.person_id = p.person_id
        ),
        'activities', (
            SELECT coalesce(json_agg(n ORDER BY n.started_on), '[]') FROM activity_spells AS n
            WHERE n.person_id = p.person_id
        ),
        'education_programmes', (
            SELECT coalesce(json_agg(n ORDER BY n.started_on, n.education_programme_id), '[]')
            FROM education_programmes AS n WHERE n.person_id = p.person_id
        ),
        'in_touch_records', (
            SELECT coalesce(json_agg(n ORDER BY n.birthday_on), '[]') FROM in_touch_records AS n
            WHERE n.person_id = p.person_id
        ),
        'entitlement_claims', (
            SELECT coalesce(json_agg(n ORDER BY n.claimed_on, n.entitlement_claim_id), '[]')
            FROM entitlement_claims AS n WHERE n.person_id = p.person_id
        ),
        'birth_dates', (
            SELECT coalesce(json_agg(n ORDER BY n.recorded_at, n.birth_date_id), '[]') FROM birth_dates AS n
            WHERE n.person_id = p.person_id
        ),
        'restricted_to', (
            SELECT coalesce(json_agg(json_build_object('staff_id', s.staff_id, 'name', s.shown_name)), '[]')
            FROM restricted_case_staff AS n JOIN staff AS s USING (staff_id) WHERE n.person_id = p.person_id
        )
    )::text, p.safe_contact_note_enc, (
        SELECT coalesce(json_agg(json_build_object(
            'contact_point_id', n.contact_point_id, 'phone_enc', encode(n.phone_e164_enc, 'base64'),
            'version', n.version, 'verified_on', n.verified_on, 'is_safe_to_use', n.is_safe_to_use,
            'is_shared', n.is_shared, 'safe_from_wall', n.safe_from_wall, 'safe_until_wall', n.safe_until_wall
        ) ORDER BY n.contact_point_id), '[]')::text
        FROM contact_points AS n WHERE n.person_id = p.person_id AND n.retired_at IS NULL
    ), ARRAY(
        SELECT (n.episode_id, n.home_post_enc, n.pl_post_enc) FROM episodes AS n
        WHERE n.person_id = p.person_id AND (n.home_post_enc IS NOT NULL OR n.pl_post_enc IS NOT NULL)
    )
    FROM young_people AS p WHERE p.person_id = $1
"""


async def get_whole(connection: Connection, person_id: UUID) -> EncryptedWhole | None:
    """One young person, with what is encrypted beside the document."""
    row: Any = await connection.fetchrow(GET_WHOLE, person_id)
    return None if row is None else EncryptedWhole(row[1], row[2], row[3], {n[0]: (n[1], n[2]) for n in row[4]})


LIST_HISTORY = """
    WITH page AS (
        SELECT h.history_id, h.table_name, h.record_id, h.version, h.changed_at, h.changed_by_kind, h.changed_by_id,
            s.shown_name AS changed_by_name, (
                SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') FROM jsonb_each(h.row_before) AS f
                WHERE f.key !~ '_enc$|_index$|^phone_e164$'
            ) AS row_before
        FROM record_history AS h LEFT JOIN staff AS s ON s.staff_id = h.changed_by_id
        WHERE h.person_id = $1 AND ($2::bigint IS NULL OR h.history_id < $2) AND ($3::uuid IS NULL OR h.record_id = $3)
        ORDER BY h.history_id DESC LIMIT $4
    )
    SELECT audit_notes_views(ARRAY[$1]::uuid[], 'record_history'),
        (SELECT coalesce(json_agg(g ORDER BY g.history_id DESC), '[]')::text FROM page AS g),
        EXISTS (SELECT FROM young_people AS p WHERE p.person_id = $1)
"""


async def list_history(
    connection: Connection, person_id: UUID, before: int | None, record_id: UUID | None, count: int
) -> list[Past] | None:
    """What somebody's records said before they were changed, the latest change first; None if there is nobody."""
    row: Any = await connection.fetchrow(LIST_HISTORY, person_id, before, record_id, count)
    return msgspec.json.decode(row[1], type=list[Past]) if row[2] else None
