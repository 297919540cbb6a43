-- migrate:up
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

ALTER TABLE staff DROP CONSTRAINT staff_role_check;
ALTER TABLE staff ADD CONSTRAINT staff_role_check CHECK (role IN (
    'personal_adviser', 'duty_worker', 'manager', 'reviewing_officer', 'data_protection_lead', 'administrator'
));

-- The team that answers for a young person; without one no manager and nobody on duty sees them.
ALTER TABLE young_people ADD COLUMN team_id uuid REFERENCES teams;
CREATE INDEX young_people_team ON young_people (team_id);

CREATE TABLE duty_rota (
    duty_id uuid PRIMARY KEY DEFAULT uuidv7(),
    staff_id uuid NOT NULL REFERENCES staff,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '24 hours')
);
CREATE INDEX duty_rota_staff ON duty_rota (staff_id, ends_at);

-- A case that only those who are named may see, whatever their role.
CREATE TABLE restricted_cases (
    person_id uuid PRIMARY KEY REFERENCES young_people,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE restricted_case_staff (
    person_id uuid NOT NULL REFERENCES restricted_cases ON DELETE CASCADE,
    staff_id uuid NOT NULL REFERENCES staff,
    PRIMARY KEY (person_id, staff_id)
);
CREATE INDEX restricted_case_staff_staff ON restricted_case_staff (staff_id);

-- Somebody opened a case that is not theirs, said why, and is looked at for it.
CREATE TABLE break_glass_grants (
    break_glass_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    staff_id uuid NOT NULL REFERENCES staff,
    reason text NOT NULL CHECK (length(regexp_replace(reason, '\s+', ' ', 'g')) BETWEEN 20 AND 2000),
    starts_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '4 hours'),
    reviewed_at timestamptz,
    reviewed_by_staff_id uuid REFERENCES staff CHECK (reviewed_by_staff_id <> staff_id),
    CHECK ((reviewed_at IS NULL) = (reviewed_by_staff_id IS NULL))
);
CREATE INDEX break_glass_grants_staff ON break_glass_grants (staff_id, ends_at);
CREATE INDEX break_glass_grants_person ON break_glass_grants (person_id);

GRANT SELECT (team_id) ON young_people TO fifteenplus_resolver;
GRANT SELECT (phone_e164) ON staff TO fifteenplus_resolver;
GRANT SELECT (person_id, staff_id, starts_on, ended_on) ON allocations TO fifteenplus_resolver;
GRANT SELECT ON duty_rota, restricted_cases, restricted_case_staff TO fifteenplus_resolver;
GRANT SELECT (person_id, staff_id, starts_at, ends_at) ON break_glass_grants TO fifteenplus_resolver;

ALTER TABLE duty_rota ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE restricted_cases ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE restricted_case_staff ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE break_glass_grants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY resolver_allocations ON allocations FOR SELECT TO fifteenplus_resolver USING (true);
CREATE POLICY resolver_duty_rota ON duty_rota FOR SELECT TO fifteenplus_resolver USING (true);
CREATE POLICY resolver_restricted_cases ON restricted_cases FOR SELECT TO fifteenplus_resolver USING (true);
CREATE POLICY resolver_restricted_case_staff ON restricted_case_staff FOR SELECT TO fifteenplus_resolver USING (true);
CREATE POLICY resolver_break_glass_grants ON break_glass_grants FOR SELECT TO fifteenplus_resolver USING (true);
RESET ROLE;

SET LOCAL ROLE fifteenplus_resolver;
-- Everybody whose whole record the connection may see: the ONE place in the database that decides it.
CREATE FUNCTION sec.visible_people() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, pg_temp
AS $$
    WITH me AS MATERIALIZED (
        SELECT w.person_id, w.staff_id, w.team_id, w.staff_role, w.level,
            (clock_timestamp() AT TIME ZONE 'Europe/London')::date AS today
        FROM sec.who() AS w
    ), by_relation AS (
        SELECT a.person_id FROM me JOIN public.allocations AS a ON a.staff_id = me.staff_id
        WHERE me.staff_role IN ('personal_adviser', 'duty_worker', 'manager')
            AND a.starts_on <= me.today AND (a.ended_on IS NULL OR a.ended_on >= me.today)
        UNION
        SELECT p.person_id FROM me JOIN public.young_people AS p ON p.team_id = me.team_id
        WHERE me.staff_role = 'manager'
            OR me.staff_role IN ('personal_adviser', 'duty_worker') AND EXISTS (
                SELECT FROM public.duty_rota AS d
                WHERE d.staff_id = me.staff_id AND d.starts_at <= clock_timestamp() AND d.ends_at > clock_timestamp()
            )
    )
    SELECT me.person_id FROM me WHERE me.person_id IS NOT NULL AND me.level = 'full'
    UNION
    SELECT sec.acting_person_id() WHERE sec.acting_as() IS NOT NULL AND sec.acting_person_id() IS NOT NULL
    UNION
    SELECT r.person_id FROM by_relation AS r
    WHERE NOT EXISTS (SELECT FROM public.restricted_cases AS c WHERE c.person_id = r.person_id)
    UNION
    SELECT n.person_id FROM me JOIN public.restricted_case_staff AS n ON n.staff_id = me.staff_id
    WHERE me.staff_role IN ('personal_adviser', 'duty_worker', 'manager')
    UNION
    SELECT g.person_id FROM me JOIN public.break_glass_grants AS g ON g.staff_id = me.staff_id
    WHERE me.staff_role IN ('personal_adviser', 'duty_worker', 'manager')
        AND g.starts_at <= clock_timestamp() AND g.ends_at > clock_timestamp()
$$;

-- The same, and whoever is signed in by a code from a text alone: for chat and appointments.
CREATE FUNCTION sec.people_in_touch() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT sec.visible_people() UNION SELECT w.person_id FROM sec.who() AS w WHERE w.person_id IS NOT NULL
$$;

-- A code from a text opens no history: messages are seen from that sign-in on.
CREATE FUNCTION sec.history_starts_at() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE w.level WHEN 'full' THEN '-infinity' WHEN 'limited' THEN w.signed_in_at END FROM sec.who() AS w
$$;

-- Whose phones are texted when the acting member of staff opens a case that is not theirs.
CREATE FUNCTION sec.break_glass_numbers(opened_person_id uuid) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER ROWS 5
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT s.phone_e164
    FROM sec.who() AS w
    JOIN public.staff AS s ON s.staff_id <> w.staff_id AND s.phone_e164 IS NOT NULL
        AND (s.left_on IS NULL OR s.left_on > (clock_timestamp() AT TIME ZONE 'Europe/London')::date)
    WHERE s.role = 'data_protection_lead' OR s.role = 'manager' AND s.team_id IN (
        SELECT w.team_id UNION SELECT p.team_id FROM public.young_people AS p WHERE p.person_id = opened_person_id
    )
$$;
GRANT EXECUTE ON FUNCTION sec.visible_people() TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in;
GRANT EXECUTE ON FUNCTION sec.people_in_touch() TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in;
GRANT EXECUTE ON FUNCTION sec.history_starts_at(), sec.break_glass_numbers(uuid) TO fifteenplus_signed_in;
RESET ROLE;

SET LOCAL ROLE fifteenplus_owner;
GRANT SELECT ON teams, working_hours, young_people, allocations, appointments, concerns, duty_rota,
    restricted_cases, restricted_case_staff, break_glass_grants
TO fifteenplus_signed_in;
GRANT SELECT (staff_id, team_id, role, shown_name, left_on) ON staff TO fifteenplus_signed_in;
GRANT SELECT (contact_point_id, person_id, phone_e164, created_at, retired_at) ON contact_points TO fifteenplus_signed_in;
GRANT SELECT (conversation_id, person_id, owner, owner_staff_id, created_at) ON conversations TO fifteenplus_signed_in;
GRANT SELECT (message_id, conversation_id, direction, kind, body, media_count, status, created_at, answered_at),
    INSERT (message_id, direction, kind, phone_e164, body, status)
ON messages TO fifteenplus_signed_in;
GRANT SELECT (message_id, reason, created_at, seen_at, seen_by_staff_id) ON attention_flags TO fifteenplus_signed_in;
GRANT INSERT (kind, serial_key, payload, priority, run_at) ON jobs TO fifteenplus_signed_in;
GRANT INSERT (code_hash, person_id, made_by_staff_id) ON enrolment_codes TO fifteenplus_signed_in;
GRANT INSERT (person_id, staff_id, reason, ends_at), UPDATE (reviewed_at, reviewed_by_staff_id)
ON break_glass_grants TO fifteenplus_signed_in;

-- Every table with a person: those whose record the connection may see, and nobody else.
CREATE POLICY visible_young_people ON young_people FOR SELECT TO fifteenplus_signed_in
USING (person_id = ANY(ARRAY(SELECT sec.visible_people())));
CREATE POLICY visible_contact_points ON contact_points FOR SELECT TO fifteenplus_signed_in
USING (person_id = ANY(ARRAY(SELECT sec.visible_people())));
ALTER POLICY own_allocations ON allocations TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in
USING (person_id = ANY(ARRAY(SELECT sec.people_in_touch())));
CREATE POLICY visible_conversations ON conversations FOR SELECT TO fifteenplus_signed_in
USING (person_id = ANY(ARRAY(SELECT sec.people_in_touch())));
ALTER POLICY own_appointments ON appointments TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in
USING (person_id = ANY(ARRAY(SELECT sec.people_in_touch())));
ALTER POLICY own_sessions ON sessions USING (
    person_id = ANY(ARRAY(SELECT sec.people_in_touch())) OR staff_id = (SELECT w.staff_id FROM sec.who() AS w)
);
ALTER POLICY own_sessions_end ON sessions USING (
    person_id = ANY(ARRAY(SELECT sec.people_in_touch())) OR staff_id = (SELECT w.staff_id FROM sec.who() AS w)
);
CREATE POLICY visible_restricted_cases ON restricted_cases FOR SELECT TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY visible_restricted_case_staff ON restricted_case_staff FOR SELECT TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_enrolment_codes ON enrolment_codes FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    made_by_staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);

-- What hangs on a conversation is seen by whoever sees the conversation; worries and marks by staff only.
CREATE POLICY visible_messages ON messages FOR SELECT TO fifteenplus_signed_in
USING (
    conversation_id = ANY(ARRAY(SELECT c.conversation_id FROM conversations AS c))
    AND created_at >= (SELECT sec.history_starts_at())
);
CREATE POLICY visible_concerns ON concerns FOR SELECT TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL
    AND conversation_id = ANY(ARRAY(SELECT c.conversation_id FROM conversations AS c))
);
CREATE POLICY visible_attention_flags ON attention_flags FOR SELECT TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND message_id IN (SELECT m.message_id FROM messages AS m)
);

-- Colleagues know each other; a young person knows their adviser.
CREATE POLICY staff_teams ON teams FOR SELECT TO fifteenplus_signed_in
USING ((SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL);
CREATE POLICY staff_colleagues ON staff FOR SELECT TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL OR staff_id IN (
        SELECT a.staff_id FROM allocations AS a
        WHERE a.starts_on <= (clock_timestamp() AT TIME ZONE 'Europe/London')::date
            AND (a.ended_on IS NULL OR a.ended_on >= (clock_timestamp() AT TIME ZONE 'Europe/London')::date)
    )
);
CREATE POLICY staff_colleagues_hours ON working_hours FOR SELECT TO fifteenplus_signed_in
USING (staff_id IN (SELECT s.staff_id FROM staff AS s));
CREATE POLICY staff_duty_rota ON duty_rota FOR SELECT TO fifteenplus_signed_in
USING ((SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL);

-- Break-glass is in one's own name, and looked at by one's manager or the data protection lead.
CREATE POLICY own_break_glass ON break_glass_grants FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    AND (SELECT w.staff_role FROM sec.who() AS w) IN ('personal_adviser', 'duty_worker', 'manager')
);
CREATE POLICY seen_break_glass ON break_glass_grants FOR SELECT TO fifteenplus_signed_in
USING (
    staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    OR (SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead'
    OR (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND staff_id IN (
        SELECT s.staff_id FROM staff AS s WHERE s.team_id = (SELECT w.team_id FROM sec.who() AS w)
    )
);
CREATE POLICY reviewed_break_glass ON break_glass_grants FOR UPDATE TO fifteenplus_signed_in
USING (
    staff_id <> (SELECT w.staff_id FROM sec.who() AS w)
    AND (
        (SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead'
        OR (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND staff_id IN (
            SELECT s.staff_id FROM staff AS s WHERE s.team_id = (SELECT w.team_id FROM sec.who() AS w)
        )
    )
) WITH CHECK (reviewed_by_staff_id = (SELECT w.staff_id FROM sec.who() AS w));
-- The alert that goes with it: a text to colleagues, which its writer cannot read again.
CREATE POLICY staff_alerts ON messages FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL
    AND kind = 'alert' AND direction = 'outbound' AND status = 'stored' AND conversation_id IS NULL
);
CREATE POLICY staff_jobs ON jobs FOR INSERT TO fifteenplus_signed_in
WITH CHECK ((SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND kind = 'deliver');
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
