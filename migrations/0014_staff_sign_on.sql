-- migrate:up
-- Staff sign in with the council's own provider. The database itself ends a session that stood idle, that grew too
-- old or whose member of staff was disabled, and knows who proved anew, minutes ago, that it is really them.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

ALTER TABLE staff ADD COLUMN disabled_at timestamptz, ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE allocations ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE duty_rota ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE restricted_cases
    ADD COLUMN reason text CHECK (length(btrim(reason)) BETWEEN 10 AND 2000),
    ADD COLUMN restricted_by_staff_id uuid REFERENCES staff,
    ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE break_glass_grants
    ADD COLUMN finding text CHECK (finding IN ('needed', 'not_needed')),
    ADD COLUMN review_note text CHECK (length(review_note) BETWEEN 1 AND 2000),
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD CHECK (finding IS NULL OR reviewed_at IS NOT NULL);
-- A code to hand over is computed from this id and a secret that is not here, so that its maker can be shown it again.
ALTER TABLE enrolment_codes ADD COLUMN enrolment_code_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE;

-- Of staff only: when a session was last used, to the minute, and when its holder last signed in anew for it.
ALTER TABLE sessions ADD COLUMN last_used_at timestamptz, ADD COLUMN stepped_up_at timestamptz;
ALTER TABLE sessions DROP CONSTRAINT sessions_revoked_because_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_revoked_because_check
CHECK (revoked_because IN ('signed_out', 'token_reused', 'signed_in_again'));
ALTER TABLE sessions ADD CHECK (staff_id IS NOT NULL OR (last_used_at IS NULL AND stepped_up_at IS NULL));

-- Whom the provider means. Never an e-mail address: those are given to somebody else one day.
CREATE TABLE staff_identities (
    staff_identity_id uuid PRIMARY KEY DEFAULT uuidv7(),
    staff_id uuid NOT NULL REFERENCES staff,
    issuer text NOT NULL CHECK (issuer LIKE 'http%'),
    tenant_id text CHECK (tenant_id <> ''),
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    linked_by_staff_id uuid REFERENCES staff CHECK (linked_by_staff_id <> staff_id),
    linked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz CHECK (ended_at >= linked_at),
    version integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX staff_identities_in_use ON staff_identities (issuer, tenant_id, subject)
NULLS NOT DISTINCT WHERE ended_at IS NULL;
CREATE UNIQUE INDEX staff_identities_staff ON staff_identities (staff_id) WHERE ended_at IS NULL;

-- A browser that went to the provider and is expected back, once and within minutes. What goes with it, nonce and
-- PKCE verifier, is computed from the state, which only that browser holds, and a secret that is not here.
CREATE TABLE staff_sign_ins (
    state_hash bytea PRIMARY KEY CHECK (octet_length(state_hash) = 32),
    browser_hash bytea NOT NULL CHECK (octet_length(browser_hash) = 32),
    return_to text NOT NULL CHECK (return_to ~ '^/([A-Za-z0-9_~-]+(/[A-Za-z0-9_~-]+)*)?$'),
    is_step_up boolean NOT NULL,
    for_staff_id uuid REFERENCES staff,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX staff_sign_ins_age ON staff_sign_ins (created_at);

-- For whoever asks by time, and for the weekly look.
CREATE INDEX audit_entries_time ON audit_entries (recorded_at, entry_id);
ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_verb_check;
ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_verb_check CHECK (verb IN (
    'viewed', 'opened', 'answered', 'raised', 'alerted', 'opted_out', 'opted_in', 'added', 'changed', 'removed',
    'exported', 'imported', 'erased', 'signed_in', 'signed_out', 'stepped_up'
));

GRANT SELECT (disabled_at) ON staff TO fifteenplus_resolver;
GRANT SELECT (full_name, born_on) ON young_people TO fifteenplus_resolver;
GRANT SELECT (last_used_at, stepped_up_at), UPDATE (last_used_at) ON sessions TO fifteenplus_resolver;
GRANT SELECT ON staff_identities TO fifteenplus_resolver;
GRANT SELECT (recorded_at), INSERT (verb, person_id, table_name, record_id) ON audit_entries TO fifteenplus_resolver;

GRANT INSERT (staff_id, stepped_up_at) ON sessions TO fifteenplus_api;
GRANT SELECT, DELETE, INSERT (state_hash, browser_hash, return_to, is_step_up, for_staff_id)
ON staff_sign_ins TO fifteenplus_api;
GRANT SELECT (created_at), DELETE ON staff_sign_ins TO fifteenplus_worker;

GRANT SELECT (full_name, disabled_at, version),
    INSERT (team_id, role, full_name, shown_name, phone_e164),
    UPDATE (team_id, role, full_name, shown_name, phone_e164, left_on, disabled_at)
ON staff TO fifteenplus_signed_in;
GRANT EXECUTE ON FUNCTION london_today() TO fifteenplus_signed_in;
GRANT INSERT (name) ON teams TO fifteenplus_signed_in;
GRANT SELECT, INSERT (staff_id, issuer, tenant_id, subject, linked_by_staff_id), UPDATE (ended_at)
ON staff_identities TO fifteenplus_signed_in;
GRANT INSERT (person_id, staff_id, starts_on), UPDATE (ended_on) ON allocations TO fifteenplus_signed_in;
GRANT INSERT (staff_id, starts_at, ends_at), UPDATE (ends_at), DELETE ON duty_rota TO fifteenplus_signed_in;
GRANT INSERT (person_id, reason, restricted_by_staff_id), DELETE ON restricted_cases TO fifteenplus_signed_in;
GRANT INSERT, DELETE ON restricted_case_staff TO fifteenplus_signed_in;
GRANT UPDATE (finding, review_note) ON break_glass_grants TO fifteenplus_signed_in;
GRANT INSERT (break_glass_id) ON break_glass_grants TO fifteenplus_signed_in;
GRANT SELECT (enrolment_code_id, person_id, made_by_staff_id, created_at, used_at), INSERT (enrolment_code_id)
ON enrolment_codes TO fifteenplus_signed_in;

ALTER TABLE staff_identities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE staff_sign_ins ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY resolver_staff_identities ON staff_identities FOR SELECT TO fifteenplus_resolver USING (true);
CREATE POLICY resolver_notes_removals ON audit_entries FOR INSERT TO fifteenplus_resolver
WITH CHECK (verb = 'removed');
CREATE POLICY resolver_notes_use ON sessions FOR UPDATE TO fifteenplus_resolver USING (true) WITH CHECK (true);
RESET ROLE;

SET LOCAL ROLE fifteenplus_resolver;
-- As before, and of staff: not disabled, used within 15 minutes, signed in within 8 hours.
CREATE OR REPLACE FUNCTION sec.who(
    OUT session_id uuid, OUT person_id uuid, OUT staff_id uuid, OUT team_id uuid,
    OUT staff_role text, OUT level text, OUT signed_in_at timestamptz
) RETURNS record
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s.session_id, s.person_id, s.staff_id, f.team_id, f.role, s.level, s.created_at
    FROM public.session_tokens AS t
    JOIN public.sessions AS s USING (session_id)
    LEFT JOIN public.young_people AS p ON p.person_id = s.person_id AND p.died_on IS NULL
    LEFT JOIN public.staff AS f ON f.staff_id = s.staff_id
        AND (f.left_on IS NULL OR f.left_on > (clock_timestamp() AT TIME ZONE 'Europe/London')::date)
        AND f.disabled_at IS NULL
        AND s.created_at > clock_timestamp() - interval '8 hours'
        AND coalesce(s.last_used_at, s.created_at) > clock_timestamp() - interval '15 minutes'
    WHERE session_user = 'fifteenplus_signed_in'
        AND t.token_hash = sha256(convert_to(current_setting('app.token', true), 'UTF8'))
        AND t.kind = 'access' AND t.expires_at > clock_timestamp()
        AND s.expires_at > clock_timestamp() AND s.revoked_at IS NULL
        AND (p.person_id IS NOT NULL OR f.staff_id IS NOT NULL)
$$;

-- When whoever acts last signed in anew, for as long as that counts: five minutes.
CREATE FUNCTION sec.stepped_up_at() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s.stepped_up_at FROM sec.who() AS w JOIN public.sessions AS s ON s.session_id = w.session_id
    WHERE w.staff_id IS NOT NULL AND s.stepped_up_at > clock_timestamp() - interval '5 minutes'
$$;

-- Notes, at most once a minute, that the acting member of staff is still there; nothing that stood idle comes back.
CREATE FUNCTION sec.note_use() RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE public.sessions AS s SET last_used_at = clock_timestamp()
    FROM public.session_tokens AS t
    WHERE session_user = 'fifteenplus_signed_in' AND t.session_id = s.session_id AND t.kind = 'access'
        AND t.token_hash = sha256(convert_to(current_setting('app.token', true), 'UTF8'))
        AND s.staff_id IS NOT NULL AND s.revoked_at IS NULL
        AND coalesce(s.last_used_at, s.created_at) < clock_timestamp() - interval '1 minute'
        AND coalesce(s.last_used_at, s.created_at) > clock_timestamp() - interval '15 minutes'
$$;

-- The member of staff whom a provider means, while they work here; for signing in and for nothing else.
CREATE FUNCTION sec.staff_of_identity(of_issuer text, of_tenant_id text, of_subject text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT f.staff_id FROM public.staff_identities AS i JOIN public.staff AS f USING (staff_id)
    WHERE sec.acting_as() = 'sign-in'
        AND i.issuer = of_issuer AND i.tenant_id IS NOT DISTINCT FROM of_tenant_id AND i.subject = of_subject
        AND i.ended_at IS NULL AND f.disabled_at IS NULL
        AND (f.left_on IS NULL OR f.left_on > (clock_timestamp() AT TIME ZONE 'Europe/London')::date)
$$;

-- The phones of staff, for whoever keeps the list of staff.
CREATE FUNCTION sec.staff_numbers() RETURNS TABLE (staff_id uuid, phone_e164 text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s.staff_id, s.phone_e164 FROM sec.who() AS w JOIN public.staff AS s ON w.staff_role = 'administrator'
$$;

-- As before, and the young person's own adviser, unless the case is restricted and the adviser is not named.
CREATE OR REPLACE FUNCTION sec.break_glass_numbers(opened_person_id uuid) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER ROWS 5
SET search_path = pg_catalog, pg_temp
AS $$
    WITH london AS (SELECT (clock_timestamp() AT TIME ZONE 'Europe/London')::date AS today)
    SELECT DISTINCT s.phone_e164
    FROM sec.who() AS w
    CROSS JOIN london AS l
    JOIN public.staff AS s ON s.staff_id <> w.staff_id AND s.phone_e164 IS NOT NULL
        AND (s.left_on IS NULL OR s.left_on > l.today) AND s.disabled_at IS NULL
    WHERE s.role = 'data_protection_lead'
        OR s.role = 'manager' AND s.team_id IN (
            SELECT w.team_id UNION SELECT p.team_id FROM public.young_people AS p WHERE p.person_id = opened_person_id
        )
        OR s.staff_id IN (
            SELECT a.staff_id FROM public.allocations AS a
            WHERE a.person_id = opened_person_id
                AND a.starts_on <= l.today AND (a.ended_on IS NULL OR a.ended_on >= l.today)
        ) AND (
            NOT EXISTS (SELECT FROM public.restricted_cases AS c WHERE c.person_id = opened_person_id)
            OR EXISTS (
                SELECT FROM public.restricted_case_staff AS n
                WHERE n.person_id = opened_person_id AND n.staff_id = s.staff_id
            )
        )
$$;

-- Whose case is to be opened, for whoever knows full name and birthday but finds them in no list of theirs: exactly
-- one living person, or nobody. Only with the step-up that opening the case takes anyway.
CREATE FUNCTION sec.person_to_open(asked_name text, asked_born_on date) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (array_agg(p.person_id))[1] FROM public.young_people AS p
    WHERE (SELECT w.staff_role FROM sec.who() AS w) IN ('personal_adviser', 'duty_worker', 'manager')
        AND (SELECT sec.stepped_up_at()) IS NOT NULL
        AND p.born_on = asked_born_on AND p.died_on IS NULL
        AND lower(regexp_replace(btrim(p.full_name), '\s+', ' ', 'g')) = lower(asked_name)
    HAVING count(*) = 1
$$;

-- What the data protection lead looks at every week, a row for each member of staff who looked at anybody: at how
-- many, how often without a relation to them, and how often outside the hours given and without being on duty.
CREATE FUNCTION sec.looks_of_staff(
    since timestamptz, until timestamptz, day_starts_at time, day_ends_at time
) RETURNS TABLE (
    staff_id uuid, shown_name text, staff_role text, look_count bigint, person_count bigint,
    without_relation_count bigint, after_hours_count bigint, opened_count bigint
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    WITH looks AS MATERIALIZED (
        SELECT e.actor_id, e.person_id, e.verb, e.recorded_at, e.recorded_at AT TIME ZONE 'Europe/London' AS at_wall
        FROM public.audit_entries AS e
        WHERE (SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead'
            AND e.recorded_at >= since AND e.recorded_at < until
            AND e.actor_kind = 'staff' AND e.verb IN ('viewed', 'opened') AND e.person_id IS NOT NULL
    ), judged AS (
        SELECT k.*, f.shown_name, f.role,
            EXISTS (
                SELECT FROM public.duty_rota AS d
                WHERE d.staff_id = k.actor_id AND d.starts_at <= k.recorded_at AND d.ends_at > k.recorded_at
            ) AS is_on_duty,
            p.team_id IS NOT DISTINCT FROM f.team_id AS is_of_team,
            EXISTS (
                SELECT FROM public.allocations AS a
                WHERE a.staff_id = k.actor_id AND a.person_id = k.person_id
                    AND a.starts_on <= k.at_wall::date AND (a.ended_on IS NULL OR a.ended_on >= k.at_wall::date)
            ) OR EXISTS (
                SELECT FROM public.restricted_case_staff AS n
                WHERE n.staff_id = k.actor_id AND n.person_id = k.person_id
            ) AS is_own
        FROM looks AS k
        JOIN public.staff AS f ON f.staff_id = k.actor_id
        LEFT JOIN public.young_people AS p ON p.person_id = k.person_id
    )
    SELECT j.actor_id, j.shown_name, j.role, count(*), count(DISTINCT j.person_id),
        count(*) FILTER (WHERE NOT (j.is_own OR j.is_of_team AND (j.role = 'manager' OR j.is_on_duty))),
        count(*) FILTER (WHERE NOT j.is_on_duty AND (
            extract(isodow FROM j.at_wall) > 5
            OR j.at_wall::time < day_starts_at OR j.at_wall::time >= day_ends_at
        )),
        count(*) FILTER (WHERE j.verb = 'opened')
    FROM judged AS j GROUP BY j.actor_id, j.shown_name, j.role
$$;

-- What somebody may see is taken away by removing a row; the history and the audit keep that it was there. Both are
-- written here, with the resolver's rights: a row that goes with another goes with the owner's, who may write neither.
CREATE FUNCTION sec.keep_history_of_removed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb := to_jsonb(OLD);
    me record;
BEGIN
    SELECT w.staff_id INTO me FROM sec.who() AS w;
    INSERT INTO public.record_history (
        table_name, record_id, person_id, version, changed_by_kind, changed_by_id, row_before
    ) VALUES (
        TG_TABLE_NAME, (before ->> TG_ARGV[0])::uuid, (before ->> 'person_id')::uuid,
        coalesce((before ->> 'version')::integer, 1),
        CASE WHEN me.staff_id IS NOT NULL THEN 'staff' ELSE 'administrator' END, me.staff_id, before
    );
    INSERT INTO public.audit_entries (verb, person_id, table_name, record_id)
    VALUES ('removed', (before ->> 'person_id')::uuid, TG_TABLE_NAME, before ->> TG_ARGV[0]);
    RETURN OLD;
END
$$;

GRANT EXECUTE ON FUNCTION sec.stepped_up_at(), sec.note_use(), sec.staff_numbers(), sec.person_to_open(text, date),
    sec.looks_of_staff(timestamptz, timestamptz, time, time)
TO fifteenplus_signed_in;
GRANT EXECUTE ON FUNCTION sec.staff_of_identity(text, text, text) TO fifteenplus_api;
GRANT EXECUTE ON FUNCTION sec.keep_history(), sec.keep_history_of_removed() TO fifteenplus_owner;
RESET ROLE;

SET LOCAL ROLE fifteenplus_owner;
-- As before, and until when whoever signed in anew counts as such. A sign-on notes that a session is still used.
DROP FUNCTION sec.sign_on(text);
CREATE FUNCTION sec.sign_on(
    token text,
    OUT session_id uuid, OUT person_id uuid, OUT staff_id uuid, OUT team_id uuid,
    OUT staff_role text, OUT level text, OUT signed_in_at timestamptz, OUT stepped_up_at timestamptz
) RETURNS record
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('app.actor', '', false), set_config('app.token', token, false),
        set_config('synchronous_commit', 'off', false);
    SELECT w.session_id, w.person_id, w.staff_id, w.team_id, w.staff_role, w.level, w.signed_in_at
    INTO sign_on.session_id, sign_on.person_id, sign_on.staff_id, sign_on.team_id,
        sign_on.staff_role, sign_on.level, sign_on.signed_in_at
    FROM sec.who() AS w;
    IF sign_on.staff_id IS NOT NULL THEN
        PERFORM sec.note_use();
        sign_on.stepped_up_at := sec.stepped_up_at();
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION sec.sign_on(text) TO fifteenplus_signed_in;

-- Signing in.
CREATE POLICY sign_in_staff_sign_ins ON staff_sign_ins TO fifteenplus_api
USING ((SELECT sec.acting_as()) = 'sign-in') WITH CHECK ((SELECT sec.acting_as()) = 'sign-in');
CREATE POLICY worker_old_staff_sign_ins ON staff_sign_ins FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker' AND created_at < clock_timestamp() - interval '1 hour');
CREATE POLICY worker_forgets_staff_sign_ins ON staff_sign_ins FOR DELETE TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker' AND created_at < clock_timestamp() - interval '1 hour');

-- The administrator keeps the list of staff, after a step-up; nobody changes their own row or links themselves.
CREATE POLICY administrator_adds_staff ON staff FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT w.staff_role FROM sec.who() AS w) = 'administrator' AND (SELECT sec.stepped_up_at()) IS NOT NULL
);
CREATE POLICY administrator_changes_staff ON staff FOR UPDATE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_role FROM sec.who() AS w) = 'administrator' AND (SELECT sec.stepped_up_at()) IS NOT NULL
    AND staff_id <> (SELECT w.staff_id FROM sec.who() AS w)
);
CREATE POLICY administrator_adds_teams ON teams FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT w.staff_role FROM sec.who() AS w) = 'administrator' AND (SELECT sec.stepped_up_at()) IS NOT NULL
);
CREATE POLICY administrator_sees_identities ON staff_identities FOR SELECT TO fifteenplus_signed_in
USING ((SELECT w.staff_role FROM sec.who() AS w) = 'administrator');
CREATE POLICY administrator_links ON staff_identities FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT w.staff_role FROM sec.who() AS w) = 'administrator' AND (SELECT sec.stepped_up_at()) IS NOT NULL
    AND linked_by_staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    AND staff_id <> (SELECT w.staff_id FROM sec.who() AS w)
);
CREATE POLICY administrator_unlinks ON staff_identities FOR UPDATE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_role FROM sec.who() AS w) = 'administrator' AND (SELECT sec.stepped_up_at()) IS NOT NULL
    AND staff_id <> (SELECT w.staff_id FROM sec.who() AS w)
) WITH CHECK (ended_at IS NOT NULL);

-- The manager says who is whose adviser, of those whom they see, and who of their team is on duty.
CREATE POLICY manager_allocates ON allocations FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY manager_ends_allocations ON allocations FOR UPDATE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
) WITH CHECK (ended_on IS NOT NULL);
CREATE POLICY manager_adds_duty ON duty_rota FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND staff_id IN (
        SELECT s.staff_id FROM staff AS s WHERE s.team_id = (SELECT w.team_id FROM sec.who() AS w)
    )
);
CREATE POLICY manager_ends_duty ON duty_rota FOR UPDATE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND staff_id IN (
        SELECT s.staff_id FROM staff AS s WHERE s.team_id = (SELECT w.team_id FROM sec.who() AS w)
    )
);
CREATE POLICY manager_removes_duty ON duty_rota FOR DELETE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND starts_at > clock_timestamp() AND staff_id IN (
        SELECT s.staff_id FROM staff AS s WHERE s.team_id = (SELECT w.team_id FROM sec.who() AS w)
    )
);

-- A case is restricted, and opened to those who are named, by a manager who sees it or by the data protection lead.
CREATE POLICY lead_sees_restricted_cases ON restricted_cases FOR SELECT TO fifteenplus_signed_in
USING ((SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead');
CREATE POLICY lead_sees_restricted_case_staff ON restricted_case_staff FOR SELECT TO fifteenplus_signed_in
USING ((SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead');
CREATE POLICY overseer_restricts ON restricted_cases FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT sec.stepped_up_at()) IS NOT NULL
    AND restricted_by_staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    AND (
        (SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead'
        OR (SELECT w.staff_role FROM sec.who() AS w) = 'manager'
        AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
    )
);
CREATE POLICY overseer_lifts ON restricted_cases FOR DELETE TO fifteenplus_signed_in
USING (
    (SELECT sec.stepped_up_at()) IS NOT NULL AND (
        (SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead'
        OR (SELECT w.staff_role FROM sec.who() AS w) = 'manager'
        AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
    )
);
CREATE POLICY overseer_names ON restricted_case_staff FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT sec.stepped_up_at()) IS NOT NULL AND (
        (SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead'
        OR (SELECT w.staff_role FROM sec.who() AS w) = 'manager'
        AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
    )
);
CREATE POLICY overseer_removes_names ON restricted_case_staff FOR DELETE TO fifteenplus_signed_in
USING (
    (SELECT sec.stepped_up_at()) IS NOT NULL AND (
        (SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead'
        OR (SELECT w.staff_role FROM sec.who() AS w) = 'manager'
        AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
    )
);

-- Break-glass after a step-up only; looked at also by the manager of the team that answers for the young person.
ALTER POLICY own_break_glass ON break_glass_grants WITH CHECK (
    staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    AND (SELECT w.staff_role FROM sec.who() AS w) IN ('personal_adviser', 'duty_worker', 'manager')
    AND (SELECT sec.stepped_up_at()) IS NOT NULL
);
ALTER POLICY seen_break_glass ON break_glass_grants USING (
    staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    OR (SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead'
    OR (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND (
        staff_id IN (SELECT s.staff_id FROM staff AS s WHERE s.team_id = (SELECT w.team_id FROM sec.who() AS w))
        OR person_id IN (
            SELECT p.person_id FROM young_people AS p WHERE p.team_id = (SELECT w.team_id FROM sec.who() AS w)
        )
    )
);
ALTER POLICY reviewed_break_glass ON break_glass_grants USING (
    staff_id <> (SELECT w.staff_id FROM sec.who() AS w)
    AND (
        (SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead'
        OR (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND (
            staff_id IN (SELECT s.staff_id FROM staff AS s WHERE s.team_id = (SELECT w.team_id FROM sec.who() AS w))
            OR person_id IN (
                SELECT p.person_id FROM young_people AS p WHERE p.team_id = (SELECT w.team_id FROM sec.who() AS w)
            )
        )
    )
);

-- A code to hand over is shown again to its maker, while they still see whose it is.
CREATE POLICY own_enrolment_codes ON enrolment_codes FOR SELECT TO fifteenplus_signed_in
USING (
    made_by_staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);

CREATE TRIGGER staff_history BEFORE UPDATE ON staff
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('staff_id');
CREATE TRIGGER staff_identities_history BEFORE UPDATE ON staff_identities
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('staff_identity_id');
CREATE TRIGGER allocations_history BEFORE UPDATE ON allocations
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('allocation_id');
CREATE TRIGGER duty_rota_history BEFORE UPDATE ON duty_rota
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('duty_id');
CREATE TRIGGER break_glass_grants_history BEFORE UPDATE ON break_glass_grants
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('break_glass_id');
CREATE TRIGGER duty_rota_removed BEFORE DELETE ON duty_rota
FOR EACH ROW EXECUTE FUNCTION sec.keep_history_of_removed('duty_id');
CREATE TRIGGER restricted_cases_removed BEFORE DELETE ON restricted_cases
FOR EACH ROW EXECUTE FUNCTION sec.keep_history_of_removed('person_id');
CREATE TRIGGER restricted_case_staff_removed BEFORE DELETE ON restricted_case_staff
FOR EACH ROW EXECUTE FUNCTION sec.keep_history_of_removed('staff_id');

CREATE TRIGGER teams_noted AFTER INSERT OR UPDATE ON teams
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('team_id');
CREATE TRIGGER staff_noted AFTER INSERT OR UPDATE ON staff
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('staff_id');
CREATE TRIGGER staff_identities_noted AFTER INSERT OR UPDATE ON staff_identities
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('staff_identity_id');
CREATE TRIGGER allocations_noted AFTER INSERT OR UPDATE ON allocations
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('allocation_id');
CREATE TRIGGER duty_rota_noted AFTER INSERT OR UPDATE ON duty_rota
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('duty_id');
CREATE TRIGGER restricted_cases_noted AFTER INSERT OR UPDATE ON restricted_cases
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('person_id');
CREATE TRIGGER restricted_case_staff_noted AFTER INSERT OR UPDATE ON restricted_case_staff
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('staff_id');
CREATE TRIGGER break_glass_reviewed AFTER UPDATE ON break_glass_grants
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('break_glass_id');
CREATE TRIGGER enrolment_codes_noted AFTER INSERT ON enrolment_codes
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('enrolment_code_id');
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
