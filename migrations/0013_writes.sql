-- migrate:up
-- What every write by somebody who is signed in has in common: it is done once however often it is sent, the row
-- it changes keeps what it said before, and the audit notes it.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

-- Signing a connection on and knowing for whom, in one round trip; a token that is not alive is nobody.
CREATE FUNCTION sec.sign_on(
    token text,
    OUT session_id uuid, OUT person_id uuid, OUT staff_id uuid, OUT team_id uuid,
    OUT staff_role text, OUT level text, OUT signed_in_at timestamptz
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
END
$$;
GRANT EXECUTE ON FUNCTION sec.sign_on(text) TO fifteenplus_signed_in;

-- A write's answer, for whoever sends the same again: where the thing is and its version, never what it says.
CREATE TABLE idempotency_keys (
    actor_id uuid NOT NULL,
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 8 AND 64),
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    answer jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (actor_id, idempotency_key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- What a row said before it was changed, by whom and when. Filled by a trigger alone; nobody may add, change or remove.
CREATE TABLE record_history (
    history_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_name text NOT NULL,
    record_id uuid NOT NULL,
    person_id uuid,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by_kind text NOT NULL,
    changed_by_id uuid,
    row_before jsonb NOT NULL
);
CREATE INDEX record_history_record ON record_history (record_id, version);
CREATE INDEX record_history_person ON record_history (person_id);

GRANT SELECT ON idempotency_keys TO fifteenplus_signed_in;
GRANT INSERT (actor_id, idempotency_key, request_hash), UPDATE (answer) ON idempotency_keys TO fifteenplus_signed_in;
GRANT SELECT (actor_id, idempotency_key, created_at), DELETE ON idempotency_keys TO fifteenplus_worker;
GRANT SELECT ON record_history TO fifteenplus_signed_in;
GRANT INSERT (table_name, record_id, person_id, version, changed_by_kind, changed_by_id, row_before)
ON record_history TO fifteenplus_resolver;

ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE record_history ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_idempotency_keys ON idempotency_keys TO fifteenplus_signed_in
USING (actor_id = (SELECT coalesce(w.staff_id, w.person_id) FROM sec.who() AS w))
WITH CHECK (actor_id = (SELECT coalesce(w.staff_id, w.person_id) FROM sec.who() AS w));
CREATE POLICY worker_old_idempotency_keys ON idempotency_keys FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker' AND created_at < clock_timestamp() - interval '1 day');
CREATE POLICY worker_forgets_idempotency_keys ON idempotency_keys FOR DELETE TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker' AND created_at < clock_timestamp() - interval '1 day');
CREATE POLICY visible_history ON record_history FOR SELECT TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY resolver_keeps_history ON record_history FOR INSERT TO fifteenplus_resolver WITH CHECK (true);
RESET ROLE;

-- For every table of records: BEFORE UPDATE, with the name of its uuid key and whether it has a person_id.
SET LOCAL ROLE fifteenplus_resolver;
CREATE FUNCTION sec.keep_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb := to_jsonb(OLD);
    me record;
BEGIN
    SELECT w.staff_id, w.person_id INTO me FROM sec.who() AS w;
    INSERT INTO public.record_history (
        table_name, record_id, person_id, version, changed_by_kind, changed_by_id, row_before
    ) VALUES (
        TG_TABLE_NAME, (before ->> TG_ARGV[0])::uuid, (before ->> 'person_id')::uuid, OLD.version,
        CASE
            WHEN me.staff_id IS NOT NULL THEN 'staff'
            WHEN me.person_id IS NOT NULL THEN 'young_person'
            ELSE coalesce(split_part(sec.acting_as(), ':', 1), 'administrator')
        END,
        coalesce(me.staff_id, me.person_id), before
    );
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
RESET ROLE;

SET LOCAL ROLE fifteenplus_owner;
ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_verb_check;
ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_verb_check CHECK (verb IN (
    'viewed', 'opened', 'answered', 'raised', 'alerted', 'opted_out', 'opted_in',
    'added', 'changed', 'exported', 'imported', 'erased', 'signed_in', 'signed_out', 'stepped_up'
));

-- For every table of records: AFTER INSERT OR UPDATE, with the name of its uuid key.
CREATE FUNCTION audit_notes_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    after jsonb := to_jsonb(NEW);
BEGIN
    INSERT INTO public.audit_entries (verb, person_id, table_name, record_id)
    VALUES (
        CASE TG_OP WHEN 'INSERT' THEN 'added' ELSE 'changed' END,
        (after ->> 'person_id')::uuid, TG_TABLE_NAME, after ->> TG_ARGV[0]
    );
    RETURN NULL;
END
$$;

-- Looks at many people's records, noted by the statement that reads them.
CREATE FUNCTION audit_notes_views(seen_person_ids uuid[], seen_table_name text) RETURNS boolean
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO public.audit_entries (verb, person_id, table_name)
    SELECT 'viewed', p.person_id, seen_table_name FROM unnest(seen_person_ids) AS p (person_id);
    SELECT true;
$$;
GRANT EXECUTE ON FUNCTION audit_notes_views(uuid[], text) TO fifteenplus_signed_in, fifteenplus_api, fifteenplus_worker;
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
