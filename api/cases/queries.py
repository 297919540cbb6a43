"""What decides somebody's duties, read across the records in one statement; and the days that follow from it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from api.cases.models import Facts
from api.duties.models import CategoryDecision
from api.kit.db import Connection

# One at a time for each person: whoever comes second sees what the first has changed.
MAY_RECOMPUTE = """
    SELECT sec.acting_as() = 'worker'
        OR (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND $1 IN (SELECT sec.visible_people()),
        pg_advisory_xact_lock(hashtextextended('duties:' || $1::text, 0))
"""


async def may_recompute(connection: Connection, person_id: UUID) -> bool:
    """Whether the connection sees all that decides somebody's duties; nobody else works them out until it ends."""
    return bool(await connection.fetchval(MAY_RECOMPUTE, person_id))


ASK_FOR_RECOMPUTE = "INSERT INTO duty_recomputes (person_id) VALUES ($1)"


async def ask_for_recompute(connection: Connection, person_id: UUID) -> None:
    """Has the worker work out somebody's duties."""
    await connection.execute(ASK_FOR_RECOMPUTE, person_id)


GET_FACTS = """
    SELECT json_build_object(
        'history', json_build_object(
            'died_on', p.died_on,
            'births', (
                SELECT coalesce(json_agg(json_build_object(
                    'born_on', b.born_on, 'status', b.status, 'accepted_on', b.accepted_on
                ) ORDER BY b.recorded_at DESC, b.birth_date_id DESC), '[]')
                FROM birth_dates AS b WHERE b.person_id = p.person_id
            ),
            'episodes', (
                SELECT coalesce(json_agg(json_build_object(
                    'started_on', e.started_on, 'ended_on', e.ended_on, 'legal_status', e.legal_status,
                    'reason_new', e.reason_new, 'reason_ended', e.reason_ended, 'place', e.place,
                    'place_provider', e.place_provider, 'category_of_need', e.category_of_need,
                    'authority_code', c.authority_code
                )), '[]')
                FROM episodes AS e JOIN care_periods AS c USING (care_period_id) WHERE e.person_id = p.person_id
            ),
            'family_placements', (
                SELECT coalesce(json_agg(json_build_object(
                    'with_whom', f.with_whom, 'started_on', f.started_on, 'ended_on', f.ended_on,
                    'broke_down_on', f.broke_down_on
                )), '[]')
                FROM family_placements AS f WHERE f.person_id = p.person_id
            ),
            'detentions', (
                SELECT coalesce(json_agg(json_build_object(
                    'kind', d.kind, 'started_on', d.started_on, 'ended_on', d.ended_on
                )), '[]')
                FROM detentions AS d WHERE d.person_id = p.person_id
            ),
            'special_guardianships', (
                SELECT coalesce(json_agg(json_build_object(
                    'made_on', g.started_on, 'ended_on', g.ended_on,
                    'was_looked_after_before', g.was_looked_after_before
                )), '[]')
                FROM special_guardianships AS g WHERE g.person_id = p.person_id
            ),
            'education_programmes', (
                SELECT coalesce(json_agg(json_build_object(
                    'informed_on', s.informed_on, 'started_on', s.started_on, 'ends_on', s.ended_on
                )), '[]')
                FROM education_programmes AS s WHERE s.person_id = p.person_id
            )
        ),
        'adviser_since', (
            SELECT max(a.starts_on) FROM allocations AS a
            WHERE a.person_id = p.person_id AND a.starts_on <= t.today AND (a.ended_on IS NULL OR a.ended_on >= t.today)
        ),
        'care_started_on', (
            SELECT max(c.started_on) FROM care_periods AS c
            WHERE c.person_id = p.person_id AND c.started_on <= t.today
                AND (c.ended_on IS NULL OR c.ended_on > t.today)
        ),
        'home', (
            SELECT json_build_object('started_on', h.started_on, 'accommodation', h.accommodation)
            FROM accommodation_spells AS h
            WHERE h.person_id = p.person_id AND h.started_on <= t.today
                AND (h.ended_on IS NULL OR h.ended_on > t.today)
        ),
        'unregulated_since', (
            SELECT max(x.happened_on) FROM duty_triggers AS x JOIN accommodation_spells AS h
                ON h.accommodation_spell_id = x.record_id AND (h.ended_on IS NULL OR h.ended_on > t.today)
            WHERE x.person_id = p.person_id AND x.code = 'moved_to_unregulated'
        ),
        'assessed_on', (SELECT max(n.completed_on) FROM needs_assessments AS n WHERE n.person_id = p.person_id),
        'plan_started_on', (
            SELECT min(l.effective_from) FROM pathway_plans AS l
            WHERE l.person_id = p.person_id AND l.status IN ('signed', 'superseded')
        ),
        'next_review_on', (
            SELECT min((r.scheduled_at AT TIME ZONE 'Europe/London')::date) FROM plan_reviews AS r
            WHERE r.person_id = p.person_id AND r.held_on IS NULL AND r.scheduled_at IS NOT NULL
        ),
        'reviews', (
            SELECT coalesce(json_agg(json_build_object('arranged_for', r.held_on, 'held_on', r.held_on)), '[]')
            FROM plan_reviews AS r WHERE r.person_id = p.person_id AND r.held_on IS NOT NULL
        ),
        'looked_after_reviews', (
            SELECT coalesce(json_agg(r.held_on), '[]') FROM looked_after_reviews AS r WHERE r.person_id = p.person_id
        ),
        'requests', (
            SELECT coalesce(json_agg(json_build_object(
                'asked_on', (r.requested_at AT TIME ZONE 'Europe/London')::date,
                'by', CASE r.trigger
                    WHEN 'asked_by_young_person' THEN 'young_person' WHEN 'asked_by_adviser' THEN 'personal_adviser'
                    WHEN 'asked_by_authority' THEN 'authority' ELSE 'event'
                END,
                'event', r.event
            )), '[]')
            FROM plan_reviews AS r
            WHERE r.person_id = p.person_id AND r.held_on IS NULL
                AND r.trigger IN ('asked_by_young_person', 'asked_by_adviser', 'asked_by_authority', 'event')
        ),
        'visits', (
            SELECT coalesce(json_agg(json_build_object(
                'on_date', (v.happened_at AT TIME ZONE 'Europe/London')::date, 'was_seen', v.was_seen,
                'at_accommodation', v.at_accommodation
            )), '[]')
            FROM visits_and_contacts AS v WHERE v.person_id = p.person_id AND v.kind = 'visit'
        ),
        'contacts', (
            SELECT coalesce(json_agg(json_build_object(
                'on_date', (v.happened_at AT TIME ZONE 'Europe/London')::date, 'was_reached', v.was_reached
            )), '[]')
            FROM visits_and_contacts AS v WHERE v.person_id = p.person_id
        ),
        'birthdays_recorded', (
            SELECT coalesce(json_agg(i.birthday_on), '[]') FROM in_touch_records AS i WHERE i.person_id = p.person_id
        ),
        'decided', (
            SELECT json_build_object(
                'category', e.category, 'support', e.support, 'since_on', e.since_on, 'rules_version', e.rules_version
            )
            FROM eligibility_decisions AS e WHERE e.person_id = p.person_id
            ORDER BY e.eligibility_decision_id DESC LIMIT 1
        )
    )::text
    FROM young_people AS p, (SELECT london_today() AS today) AS t
    WHERE p.person_id = $1
"""


async def get_facts(connection: Connection, person_id: UUID) -> Facts | None:
    """All that decides somebody's duties; None if there is nobody."""
    found: str | None = await connection.fetchval(GET_FACTS, person_id)
    return None if found is None else msgspec.json.decode(found, type=Facts)


DROP_DUTY_DATES = "DELETE FROM duty_dates WHERE person_id = $1"


async def drop_duty_dates(connection: Connection, person_id: UUID) -> None:
    """Forgets what was due, so that it can be written anew."""
    await connection.execute(DROP_DUTY_DATES, person_id)


ADD_DUTY_DATES = """
    INSERT INTO duty_dates (
        person_id, code, due_on, due_at, since_on, amber_on, red_on, rank, title, why, source, is_verified,
        is_prospective, rules_version
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""


async def add_duty_dates(connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """Writes what is due, in one round trip."""
    await connection.executemany(ADD_DUTY_DATES, rows)


NOTE_CHECK = """
    INSERT INTO duty_checks (person_id, checked_at, next_due_on, next_review_on, last_contact_at, category)
    SELECT $1, clock_timestamp(), coalesce(min(d.due_on), date '2999-12-31'),
        min(d.due_on) FILTER (WHERE d.code ~ '^(looked_after_.*)?review'),
        (SELECT max(v.happened_at) FROM visits_and_contacts AS v WHERE v.person_id = $1 AND v.was_reached),
        (
            SELECT e.category FROM eligibility_decisions AS e WHERE e.person_id = $1
            ORDER BY e.eligibility_decision_id DESC LIMIT 1
        )
    FROM duty_dates AS d WHERE d.person_id = $1 AND NOT d.is_prospective
    ON CONFLICT (person_id) DO UPDATE SET checked_at = excluded.checked_at, next_due_on = excluded.next_due_on,
        next_review_on = excluded.next_review_on, last_contact_at = excluded.last_contact_at,
        category = excluded.category
"""


async def note_check(connection: Connection, person_id: UUID) -> None:
    """Notes that somebody's duties were worked out now, and keeps what a caseload is sorted by and shows."""
    await connection.execute(NOTE_CHECK, person_id)


ADD_DECISION = """
    INSERT INTO eligibility_decisions (
        person_id, category, support, since_on, on_date, reasons, warnings, rules_version
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


async def add_decision(connection: Connection, person_id: UUID, decision: CategoryDecision) -> None:
    """Keeps a decision on somebody's category with every step on the way."""
    await connection.execute(
        ADD_DECISION,
        person_id,
        decision.category,
        decision.support,
        decision.since,
        decision.on_date,
        msgspec.to_builtins(decision.reasons),
        msgspec.to_builtins(decision.warnings),
        decision.rules_version,
    )


TAKE_ASKED = """
    DELETE FROM duty_recomputes WHERE duty_recompute_id IN (
        SELECT q.duty_recompute_id FROM duty_recomputes AS q ORDER BY q.duty_recompute_id LIMIT $1
    ) RETURNING person_id
"""


async def take_asked(connection: Connection, count: int) -> set[UUID]:
    """Whose duties somebody asked to be worked out, the first to ask first; they are not asked for again."""
    return {row[0] for row in await connection.fetch(TAKE_ASKED, count)}


LIST_OLD_CHECKS = """
    SELECT p.person_id FROM young_people AS p LEFT JOIN duty_checks AS c USING (person_id)
    WHERE c.checked_at IS NULL OR c.checked_at < (london_today()::timestamp AT TIME ZONE 'Europe/London')
    ORDER BY c.checked_at NULLS FIRST, p.person_id LIMIT $1
"""


async def list_old_checks(connection: Connection, count: int) -> list[UUID]:
    """Whose duties were last worked out on an earlier London day, or never."""
    return [row[0] for row in await connection.fetch(LIST_OLD_CHECKS, count)]
