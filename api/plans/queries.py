"""Pathway plans in the database. A whole plan is built by PostgreSQL as one JSON document."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from api.kit.db import Connection
from api.plans.models import (
    ActionStatus,
    NewAction,
    NewPlan,
    OwnFacts,
    OwnPlan,
    PlanInList,
    SectionChange,
    SignPlan,
    Status,
)

GET_PLAN = """
    WITH plan AS MATERIALIZED (SELECT * FROM pathway_plans WHERE plan_id = $1),
    actions AS (
        SELECT a.section_id, sum(a.version) AS versions, json_agg(json_build_object(
            'action_id', a.action_id, 'origin_id', coalesce(a.copied_from_action_id, a.action_id), 'what', a.what,
            'owner_kind', a.owner_kind, 'owner_staff_id', a.owner_staff_id,
            'owner_name', coalesce(a.owner_name, f.shown_name), 'due_on', a.due_on, 'status', a.status,
            'done_on', a.done_on, 'young_person_says_done_at', a.young_person_says_done_at, 'version', a.version
        ) ORDER BY a.due_on, a.action_id) AS items
        FROM plan_actions AS a LEFT JOIN staff AS f ON f.staff_id = a.owner_staff_id
        WHERE a.plan_id = $1 GROUP BY a.section_id
    ), sections AS (
        SELECT sum(s.version + coalesce(a.versions, 0)) AS versions, json_agg(json_build_object(
            'section_id', s.section_id, 'key', s.section_key, 'title', k.title,
            'schedule_1_no', CASE WHEN k.place <= 10 THEN k.place END,
            'my_words', s.my_words, 'what_happens_now', s.what_happens_now, 'staff_text', s.staff_text,
            'contingency', s.contingency, 'none_reason', s.none_reason, 'version', s.version,
            'actions', coalesce(a.items, '[]')
        ) ORDER BY k.place) AS items
        FROM plan_sections AS s
        JOIN unnest($2::text[], $3::text[]) WITH ORDINALITY AS k (section_key, title, place) USING (section_key)
        LEFT JOIN actions AS a USING (section_id)
        WHERE s.plan_id = $1
    )
    SELECT json_build_object(
        'plan_id', p.plan_id, 'person_id', p.person_id, 'version_no', p.version_no, 'status', p.status,
        'basis', p.basis, 'effective_from', p.effective_from, 'signed_on', p.signed_on, 'signed_by', f.shown_name,
        'young_person_signed_on', p.young_person_signed_on, 'disagreement', p.disagreement,
        'copy_given_on', p.copy_given_on, 'made_from_plan_id', p.made_from_plan_id, 'created_at', p.created_at,
        'version', p.version + s.versions, 'sections', s.items
    )::text, (p.version + s.versions)::integer, audit_notes_views(ARRAY[p.person_id], 'pathway_plans')
    FROM plan AS p CROSS JOIN sections AS s LEFT JOIN staff AS f ON f.staff_id = p.signed_by_staff_id
"""


async def get_plan(
    connection: Connection, plan_id: UUID, keys: Sequence[str], titles: Sequence[str]
) -> tuple[bytes, int] | None:
    """A plan as JSON with its sections in the order of `keys`, and its version; noted as a look."""
    row = await connection.fetchrow(GET_PLAN, plan_id, keys, titles)
    return None if row is None else (row[0].encode(), row[1])


LIST_PLANS = """
    WITH seen AS MATERIALIZED (SELECT s FROM sec.people_with_plan_seen() AS s WHERE s = $1)
    SELECT CASE WHEN EXISTS (SELECT FROM seen) THEN (
        SELECT coalesce(json_agg(json_build_object(
            'plan_id', p.plan_id, 'version_no', p.version_no, 'status', p.status, 'basis', p.basis,
            'effective_from', p.effective_from, 'signed_on', p.signed_on, 'copy_given_on', p.copy_given_on
        ) ORDER BY p.version_no DESC), '[]') FROM (
            SELECT * FROM pathway_plans WHERE person_id = $1 AND ($2::integer IS NULL OR version_no < $2)
            ORDER BY version_no DESC LIMIT $3
        ) AS p
    ) END::text, audit_notes_views(ARRAY(SELECT s FROM seen), 'pathway_plans')
"""


async def list_plans(
    connection: Connection, person_id: UUID, before_version_no: int | None, count: int
) -> list[PlanInList] | None:
    """A person's versions, the newest first; None when the connection may not see them."""
    text: str | None = await connection.fetchval(LIST_PLANS, person_id, before_version_no, count)
    return None if text is None else msgspec.json.decode(text, type=list[PlanInList])


GET_OWN_PLANS = """
    WITH plan AS MATERIALIZED (
        SELECT * FROM pathway_plans
        WHERE person_id = sec.acting_person_id() AND status IN ('signed', 'with_young_person')
    ), actions AS (
        SELECT a.section_id, json_agg(json_build_object(
            'action_id', a.action_id, 'what', a.what, 'who', CASE a.owner_kind
                WHEN 'young_person' THEN $3 ELSE coalesce(a.owner_name, f.shown_name, $4) END,
            'by_when', a.due_on, 'is_yours', a.owner_kind = 'young_person', 'is_done', a.status = 'done',
            'you_said_done', a.young_person_says_done_at IS NOT NULL, 'version', a.version
        ) ORDER BY a.due_on, a.action_id) AS items
        FROM plan_actions AS a LEFT JOIN staff AS f ON f.staff_id = a.owner_staff_id
        WHERE a.plan_id = ANY(ARRAY(SELECT p.plan_id FROM plan AS p)) AND a.status IN ('to_do', 'done')
        GROUP BY a.section_id
    ), sections AS (
        SELECT s.plan_id, json_agg(json_build_object(
            'title', k.title, 'my_words', s.my_words, 'what_happens_now', s.what_happens_now,
            'what_the_team_wrote', s.staff_text, 'if_it_does_not_work', s.contingency,
            'nothing_to_do_because', s.none_reason, 'actions', coalesce(a.items, '[]')
        ) ORDER BY k.place) AS items
        FROM plan_sections AS s
        JOIN unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (section_key, title, place) USING (section_key)
        LEFT JOIN actions AS a USING (section_id)
        WHERE s.plan_id = ANY(ARRAY(SELECT p.plan_id FROM plan AS p))
        GROUP BY s.plan_id
    ), documents AS (
        SELECT p.status, json_build_object(
            'plan_id', p.plan_id, 'version_no', p.version_no, 'agreed_on', p.signed_on, 'parts', s.items
        )::text AS document
        FROM plan AS p JOIN sections AS s USING (plan_id)
    )
    SELECT (SELECT d.document FROM documents AS d WHERE d.status = 'signed'),
        (SELECT d.document FROM documents AS d WHERE d.status = 'with_young_person'),
        (SELECT min(p.effective_from) FROM pathway_plans AS p WHERE p.person_id = sec.acting_person_id()),
        ARRAY(SELECT r.held_on FROM plan_reviews AS r
            WHERE r.person_id = sec.acting_person_id() AND r.held_on IS NOT NULL ORDER BY r.held_on),
        (SELECT min(r.due_on) FROM plan_reviews AS r
            WHERE r.person_id = sec.acting_person_id() AND r.held_on IS NULL),
        (SELECT min(r.scheduled_at) FROM plan_reviews AS r
            WHERE r.person_id = sec.acting_person_id() AND r.held_on IS NULL),
        (SELECT (r.requested_at AT TIME ZONE 'Europe/London')::date FROM plan_reviews AS r
            WHERE r.person_id = sec.acting_person_id() AND r.held_on IS NULL AND r.trigger = 'asked_by_young_person'),
        audit_notes_views(ARRAY[sec.acting_person_id()], 'pathway_plans')
"""


async def get_own_plans(
    connection: Connection, keys: Sequence[str], titles: Sequence[str], you: str, the_team: str
) -> OwnFacts:
    """The plans of the young person the connection acts for; noted as a look."""
    row: Any = await connection.fetchrow(GET_OWN_PLANS, keys, titles, you, the_team)
    plans = [None if text is None else msgspec.json.decode(text, type=OwnPlan) for text in row[:2]]
    return OwnFacts(plans[0], plans[1], *row[2:7])


LOCK_PLAN = "SELECT person_id, status, basis FROM pathway_plans WHERE plan_id = $1 FOR UPDATE"


async def lock_plan(connection: Connection, plan_id: UUID) -> tuple[UUID, Status, str] | None:
    """Whose plan it is, its status and basis; nobody else changes anything in it until the transaction ends."""
    row = await connection.fetchrow(LOCK_PLAN, plan_id)
    return None if row is None else (row[0], Status(row[1]), row[2])


GET_VERSION = """
    SELECT (p.version + coalesce((SELECT sum(s.version) FROM plan_sections AS s WHERE s.plan_id = p.plan_id), 0)
        + coalesce((SELECT sum(a.version) FROM plan_actions AS a WHERE a.plan_id = p.plan_id), 0))::integer
    FROM pathway_plans AS p WHERE p.plan_id = $1
"""


async def get_version(connection: Connection, plan_id: UUID) -> int:
    """The version of a plan with everything in it."""
    version: int = await connection.fetchval(GET_VERSION, plan_id)
    return version


INSERT_PLAN = """
    INSERT INTO pathway_plans (person_id, version_no, basis, made_from_plan_id, started_by_staff_id)
    SELECT $1, coalesce(max(p.version_no), 0) + 1, $2, $3, $4 FROM pathway_plans AS p WHERE p.person_id = $1
    RETURNING plan_id
"""


async def insert_plan(
    connection: Connection, person_id: UUID, new: NewPlan, made_from: UUID | None, staff_id: UUID | None
) -> UUID:
    """A draft without sections."""
    plan_id: UUID = await connection.fetchval(INSERT_PLAN, person_id, new.basis, made_from, staff_id)
    return plan_id


GET_SIGNED_PLAN_ID = "SELECT plan_id FROM pathway_plans WHERE person_id = $1 AND status = 'signed'"


async def get_signed_plan_id(connection: Connection, person_id: UUID) -> UUID | None:
    """The version that counts."""
    plan_id: UUID | None = await connection.fetchval(GET_SIGNED_PLAN_ID, person_id)
    return plan_id


INSERT_SECTIONS = """
    INSERT INTO plan_sections (
        plan_id, person_id, section_key, my_words, what_happens_now, staff_text, contingency, none_reason
    )
    SELECT $1, $2, k, coalesce(s.my_words, ''), coalesce(s.what_happens_now, ''), coalesce(s.staff_text, ''),
        coalesce(s.contingency, ''), s.none_reason
    FROM unnest($3::text[]) AS k LEFT JOIN plan_sections AS s ON s.plan_id = $4 AND s.section_key = k
"""


async def insert_sections(
    connection: Connection, plan_id: UUID, person_id: UUID, keys: Sequence[str], copied_from: UUID | None
) -> None:
    """The sections of a draft, empty or as another version has them."""
    await connection.execute(INSERT_SECTIONS, plan_id, person_id, keys, copied_from)


COPY_OPEN_ACTIONS = """
    INSERT INTO plan_actions (
        section_id, plan_id, person_id, what, owner_kind, owner_staff_id, owner_name, due_on, copied_from_action_id
    )
    SELECT s.section_id, s.plan_id, s.person_id, a.what,
        CASE WHEN f.staff_id IS NULL THEN a.owner_kind ELSE 'other' END,
        CASE WHEN f.staff_id IS NULL THEN a.owner_staff_id END, coalesce(f.shown_name, a.owner_name), a.due_on,
        coalesce(a.copied_from_action_id, a.action_id)
    FROM plan_actions AS a JOIN plan_sections AS o USING (section_id)
    JOIN plan_sections AS s ON s.plan_id = $1 AND s.section_key = o.section_key
    LEFT JOIN staff AS f ON f.staff_id = a.owner_staff_id AND f.left_on <= london_today()
    WHERE a.plan_id = $2 AND a.status = 'to_do'
"""


async def copy_open_actions(connection: Connection, plan_id: UUID, from_plan_id: UUID) -> None:
    """What is still to do goes on into the next version; whoever has left stays in it by name only."""
    await connection.execute(COPY_OPEN_ACTIONS, plan_id, from_plan_id)


SET_STATUS = "UPDATE pathway_plans SET status = $2 WHERE plan_id = $1"


async def set_status(connection: Connection, plan_id: UUID, status: Status) -> None:
    """Moves a plan on."""
    await connection.execute(SET_STATUS, plan_id, status)


SUPERSEDE = "UPDATE pathway_plans SET status = 'superseded' WHERE person_id = $1 AND status = 'signed'"


async def supersede(connection: Connection, person_id: UUID) -> None:
    """The version that counted until now counts no more."""
    await connection.execute(SUPERSEDE, person_id)


SIGN = """
    UPDATE pathway_plans SET status = 'signed', effective_from = $2, signed_on = $3, signed_by_staff_id = $4,
        young_person_signed_on = $5, disagreement = $6
    WHERE plan_id = $1
"""


async def sign(connection: Connection, plan_id: UUID, signed: SignPlan, on_date: date, staff_id: UUID | None) -> None:
    """Signs a draft; the database refuses one that is not complete."""
    await connection.execute(
        SIGN, plan_id, signed.effective_from, on_date, staff_id, signed.young_person_signed_on, signed.disagreement
    )


SET_COPY_GIVEN = "UPDATE pathway_plans SET copy_given_on = $2 WHERE plan_id = $1"


async def set_copy_given(connection: Connection, plan_id: UUID, given_on: date) -> None:
    """Notes the day on which the young person was given their plan."""
    await connection.execute(SET_COPY_GIVEN, plan_id, given_on)


GET_SECTION = "SELECT plan_id, person_id, version FROM plan_sections WHERE section_id = $1"


async def get_section(connection: Connection, section_id: UUID) -> tuple[UUID, UUID, int] | None:
    """The plan and person of a section, and its version."""
    row = await connection.fetchrow(GET_SECTION, section_id)
    return None if row is None else (row[0], row[1], row[2])


UPDATE_SECTION = """
    UPDATE plan_sections SET my_words = coalesce($3, my_words), what_happens_now = coalesce($4, what_happens_now),
        staff_text = coalesce($5, staff_text), contingency = coalesce($6, contingency),
        none_reason = CASE WHEN $7 THEN $8 ELSE none_reason END
    WHERE section_id = $1 AND version = $2 RETURNING version
"""


async def update_section(connection: Connection, section_id: UUID, version: int, change: SectionChange) -> int | None:
    """Writes what a section says; None when it is another version by now."""
    texts = [
        None if text is msgspec.UNSET else text
        for text in (change.my_words, change.what_happens_now, change.staff_text, change.contingency)
    ]
    is_reason_given = change.none_reason is not msgspec.UNSET
    reason = change.none_reason if is_reason_given else None
    now: int | None = await connection.fetchval(UPDATE_SECTION, section_id, version, *texts, is_reason_given, reason)
    return now


INSERT_ACTION = """
    INSERT INTO plan_actions (section_id, plan_id, person_id, what, owner_kind, owner_staff_id, owner_name, due_on)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING action_id
"""


async def insert_action(
    connection: Connection, section_id: UUID, plan_id: UUID, person_id: UUID, new: NewAction
) -> UUID:
    """Something to do in a section."""
    action_id: UUID = await connection.fetchval(
        INSERT_ACTION, section_id, plan_id, person_id, new.what, new.owner_kind, new.owner_staff_id, new.owner_name,
        new.due_on,
    )  # fmt: skip
    return action_id


GET_ACTION = "SELECT plan_id, person_id, version, status FROM plan_actions WHERE action_id = $1"


async def get_action(connection: Connection, action_id: UUID) -> tuple[UUID, UUID, int, ActionStatus] | None:
    """The plan and person of an action, its version and status."""
    row = await connection.fetchrow(GET_ACTION, action_id)
    return None if row is None else (row[0], row[1], row[2], ActionStatus(row[3]))


UPDATE_ACTION = """
    UPDATE plan_actions SET what = $3, owner_kind = $4, owner_staff_id = $5, owner_name = $6, due_on = $7
    WHERE action_id = $1 AND version = $2 RETURNING version
"""


async def update_action(connection: Connection, action_id: UUID, version: int, new: NewAction) -> int | None:
    """Writes who does what by when; None when it is another version by now."""
    now: int | None = await connection.fetchval(
        UPDATE_ACTION, action_id, version, new.what, new.owner_kind, new.owner_staff_id, new.owner_name, new.due_on
    )
    return now


SET_OUTCOME = """
    UPDATE plan_actions SET status = $3, done_on = $4 WHERE action_id = $1 AND version = $2 RETURNING version
"""


async def set_outcome(
    connection: Connection, action_id: UUID, version: int, status: ActionStatus, done_on: date | None
) -> int | None:
    """Writes what became of an action; None when it is another version by now."""
    now: int | None = await connection.fetchval(SET_OUTCOME, action_id, version, status, done_on)
    return now


SAY_DONE = """
    UPDATE plan_actions SET young_person_says_done_at = coalesce(young_person_says_done_at, clock_timestamp())
    WHERE action_id = $1 AND version = $2 AND person_id = sec.acting_person_id() RETURNING version
"""


async def say_done(connection: Connection, action_id: UUID, version: int) -> int | None:
    """The young person says that it is done; None when it is another version by now, or not theirs to say."""
    now: int | None = await connection.fetchval(SAY_DONE, action_id, version)
    return now
