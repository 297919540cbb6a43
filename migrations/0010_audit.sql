-- migrate:up
-- Who saw or changed what of whom, when and why: rows are only ever added, and sealed in blocks whose hashes chain.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

-- Without foreign keys: an entry outlives what it is about, and must tell nobody whether that is there.
CREATE TABLE audit_entries (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xact_id bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN (
        'worker', 'twilio', 'monitor', 'sign-in', 'conversation', 'young_person', 'staff', 'administrator'
    )),
    actor_id uuid,
    session_id uuid,
    login text NOT NULL,
    verb text NOT NULL CHECK (verb IN (
        'viewed', 'opened', 'answered', 'raised', 'alerted', 'opted_out', 'opted_in'
    )),
    person_id uuid,
    table_name text NOT NULL,
    record_id text,
    reason text CHECK (reason <> ''),
    request_id uuid,
    row_hash bytea NOT NULL
);
CREATE INDEX audit_entries_transaction ON audit_entries (xact_id);
CREATE INDEX audit_entries_person ON audit_entries (person_id, recorded_at DESC, entry_id DESC);
COMMENT ON TABLE audit_entries IS 'Who saw or changed what of whom; never what it said.';

-- A block holds every entry of the transactions from one number up to, and without, another.
CREATE TABLE audit_blocks (
    block_no bigint PRIMARY KEY CHECK (block_no > 0),
    from_xact_id bigint NOT NULL,
    to_xact_id bigint NOT NULL CHECK (to_xact_id > from_xact_id),
    entry_ids bigint[] NOT NULL,
    row_hashes bytea[] NOT NULL CHECK (cardinality(row_hashes) = cardinality(entry_ids)),
    previous_hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    block_hash bytea NOT NULL
);

CREATE FUNCTION audit_refuses() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RAISE EXCEPTION 'The audit is only ever added to.' USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses();
CREATE TRIGGER audit_blocks_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_blocks
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses();

-- Who acts is what the database knows of the connection: a caller can give none of it.
CREATE FUNCTION audit_fills_entry() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    acting text := sec.acting_as();
    signed_in record;
BEGIN
    NEW.xact_id := pg_current_xact_id()::text::bigint;
    NEW.recorded_at := clock_timestamp();
    NEW.login := session_user;
    NEW.session_id := NULL;
    IF session_user = 'fifteenplus_signed_in' THEN
        SELECT * INTO signed_in FROM sec.who();
        NEW.session_id := signed_in.session_id;
        NEW.actor_id := coalesce(signed_in.staff_id, signed_in.person_id);
        NEW.actor_kind := CASE
            WHEN signed_in.staff_id IS NOT NULL THEN 'staff'
            WHEN signed_in.person_id IS NOT NULL THEN 'young_person'
        END;
    ELSIF acting IS NOT NULL THEN
        NEW.actor_kind := split_part(acting, ':', 1);
        NEW.actor_id := nullif(split_part(acting, ':', 2), '')::uuid;
    ELSE
        NEW.actor_id := NULL;
        NEW.actor_kind := CASE WHEN session_user NOT LIKE 'fifteenplus%' THEN 'administrator' END;
    END IF;
    IF NEW.request_id IS NULL AND NEW.actor_kind = 'conversation' THEN
        NEW.request_id := (
            SELECT m.turn_id FROM public.messages AS m
            WHERE m.conversation_id = NEW.actor_id AND m.direction = 'inbound'
                AND m.answered_at IS NULL AND m.turn_id IS NOT NULL
            LIMIT 1
        );
    END IF;
    NEW.row_hash := sha256(convert_to(jsonb_build_array(
        NEW.entry_id, NEW.xact_id, (extract(epoch FROM NEW.recorded_at) * 1000000)::bigint,
        NEW.actor_kind, NEW.actor_id, NEW.session_id, NEW.login, NEW.verb, NEW.person_id,
        NEW.table_name, NEW.record_id, NEW.reason, NEW.request_id
    )::text, 'UTF8'));
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_entries_filled BEFORE INSERT ON audit_entries
FOR EACH ROW EXECUTE FUNCTION audit_fills_entry();

-- A block seals what no transaction can add to any more: everything below the oldest that still runs. Whoever
-- inserts one says nothing about its content. Two at once get the same number, and one of them fails.
CREATE FUNCTION audit_fills_block() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before public.audit_blocks;
    oldest bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
BEGIN
    SELECT * INTO before FROM public.audit_blocks ORDER BY block_no DESC LIMIT 1;
    NEW.block_no := coalesce(before.block_no, 0) + 1;
    NEW.from_xact_id := coalesce(before.to_xact_id, 0);
    NEW.to_xact_id := least(oldest, (
        SELECT e.xact_id + 1 FROM public.audit_entries AS e WHERE e.xact_id >= NEW.from_xact_id
        ORDER BY e.xact_id OFFSET 19999 LIMIT 1
    ));
    SELECT array_agg(e.entry_id ORDER BY e.entry_id), array_agg(e.row_hash ORDER BY e.entry_id)
    INTO NEW.entry_ids, NEW.row_hashes
    FROM public.audit_entries AS e WHERE e.xact_id >= NEW.from_xact_id AND e.xact_id < NEW.to_xact_id;
    IF NEW.entry_ids IS NULL THEN
        RETURN NULL;
    END IF;
    NEW.previous_hash := coalesce(before.block_hash, ''::bytea);
    NEW.sealed_at := clock_timestamp();
    NEW.block_hash := sha256(convert_to(jsonb_build_array(
        NEW.block_no, NEW.from_xact_id, NEW.to_xact_id, NEW.entry_ids,
        (SELECT encode(sha256(string_agg(h.hash, ''::bytea ORDER BY h.place)), 'hex')
         FROM unnest(NEW.row_hashes) WITH ORDINALITY AS h (hash, place)),
        encode(NEW.previous_hash, 'hex'), (extract(epoch FROM NEW.sealed_at) * 1000000)::bigint
    )::text, 'UTF8'));
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_blocks_filled BEFORE INSERT ON audit_blocks
FOR EACH ROW EXECUTE FUNCTION audit_fills_block();

-- Changes are recorded where they happen, without a further round trip, whichever code makes them.
CREATE FUNCTION audit_notes_answer() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO public.audit_entries (verb, person_id, table_name, record_id, request_id)
    SELECT 'answered', c.person_id, 'messages', NEW.message_id::text, NEW.turn_id
    FROM (SELECT) AS always
    LEFT JOIN public.conversations AS c ON c.conversation_id = NEW.conversation_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER messages_answered AFTER UPDATE OF answered_at ON messages
FOR EACH ROW WHEN (OLD.answered_at IS NULL AND NEW.answered_at IS NOT NULL) EXECUTE FUNCTION audit_notes_answer();

CREATE FUNCTION audit_notes_alert() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.about_message_id IS NULL THEN
        INSERT INTO public.audit_entries (verb, table_name, record_id) VALUES ('alerted', 'messages', NEW.message_id);
        RETURN NULL;
    END IF;
    INSERT INTO public.audit_entries (verb, person_id, table_name, record_id, request_id)
    SELECT 'alerted', c.person_id, 'messages', NEW.message_id::text, m.turn_id
    FROM (SELECT) AS always
    LEFT JOIN public.messages AS m ON m.message_id = NEW.about_message_id
    LEFT JOIN public.conversations AS c ON c.conversation_id = m.conversation_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER messages_alerted AFTER INSERT ON messages
FOR EACH ROW WHEN (NEW.kind = 'alert') EXECUTE FUNCTION audit_notes_alert();

CREATE FUNCTION audit_notes_concern() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO public.audit_entries (verb, person_id, table_name, record_id, request_id)
    SELECT 'raised', c.person_id, 'concerns', NEW.concern_id::text, m.turn_id
    FROM (SELECT) AS always
    LEFT JOIN public.messages AS m ON m.message_id = NEW.message_id
    LEFT JOIN public.conversations AS c ON c.conversation_id = NEW.conversation_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER concerns_raised AFTER INSERT ON concerns
FOR EACH ROW EXECUTE FUNCTION audit_notes_concern();

CREATE FUNCTION audit_notes_opt_out() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO public.audit_entries (verb, person_id, table_name, record_id, reason, request_id)
    SELECT CASE WHEN NEW.is_opted_out THEN 'opted_out' ELSE 'opted_in' END,
        c.person_id, 'opt_out_events', NEW.opt_out_event_id::text, NEW.source, m.turn_id
    FROM (SELECT) AS always
    LEFT JOIN public.messages AS m ON m.message_id = NEW.message_id
    LEFT JOIN public.conversations AS c ON c.conversation_id = m.conversation_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER opt_out_events_noted AFTER INSERT ON opt_out_events
FOR EACH ROW EXECUTE FUNCTION audit_notes_opt_out();

CREATE FUNCTION audit_notes_break_glass() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO public.audit_entries (verb, person_id, table_name, record_id, reason)
    VALUES ('opened', NEW.person_id, 'break_glass_grants', NEW.break_glass_id, NEW.reason);
    RETURN NULL;
END
$$;
CREATE TRIGGER break_glass_opened AFTER INSERT ON break_glass_grants
FOR EACH ROW EXECUTE FUNCTION audit_notes_break_glass();

GRANT INSERT (verb, person_id, table_name, record_id, reason, request_id) ON audit_entries
TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in;
GRANT SELECT (entry_id, recorded_at, actor_kind, actor_id, verb, person_id, table_name) ON audit_entries
TO fifteenplus_api, fifteenplus_signed_in;
GRANT SELECT ON audit_entries, audit_blocks TO fifteenplus_worker;
GRANT INSERT (block_no) ON audit_blocks TO fifteenplus_worker;
GRANT SELECT (actor_kind, actor_id, person_id, verb) ON audit_entries TO fifteenplus_resolver;
GRANT SELECT (shown_name) ON staff TO fifteenplus_resolver;

ALTER TABLE audit_entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_blocks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY conversation_records ON audit_entries FOR INSERT TO fifteenplus_api, fifteenplus_worker
WITH CHECK (
    (SELECT sec.acting_as()) LIKE 'conversation:%'
    AND person_id IS NOT DISTINCT FROM (SELECT sec.acting_person_id())
);
CREATE POLICY worker_records ON audit_entries FOR INSERT TO fifteenplus_worker
WITH CHECK ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY signed_in_records ON audit_entries FOR INSERT TO fifteenplus_signed_in
WITH CHECK (actor_kind = 'staff' OR person_id = (SELECT sec.acting_person_id()));
-- Only who looked: that a worry was raised must not be read from a phone that somebody else may hold. A device
-- that signed in with a text's code alone sees nothing of it, and staff see it for those whose record they see.
CREATE POLICY visible_views ON audit_entries FOR SELECT TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in
USING (verb IN ('viewed', 'opened') AND person_id = ANY(ARRAY(SELECT sec.visible_people())));
CREATE POLICY lead_reads_audit ON audit_entries FOR SELECT TO fifteenplus_signed_in
USING ((SELECT w.staff_role FROM sec.who() AS w) = 'data_protection_lead');
CREATE POLICY worker_reads_audit ON audit_entries FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY worker_seals ON audit_blocks FOR INSERT TO fifteenplus_worker
WITH CHECK ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY worker_reads_blocks ON audit_blocks FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY resolver_audit_entries ON audit_entries FOR SELECT TO fifteenplus_resolver USING (true);
RESET ROLE;

-- The shown names of the staff who looked at somebody whose record the connection may see, and of nobody else.
SET LOCAL ROLE fifteenplus_resolver;
CREATE FUNCTION sec.who_viewed(viewed_person_id uuid) RETURNS TABLE (staff_id uuid, shown_name text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s.staff_id, s.shown_name FROM public.staff AS s
    WHERE viewed_person_id IN (SELECT sec.visible_people()) AND s.staff_id IN (
        SELECT e.actor_id FROM public.audit_entries AS e
        WHERE e.person_id = viewed_person_id AND e.actor_kind = 'staff' AND e.verb IN ('viewed', 'opened')
    )
$$;
GRANT EXECUTE ON FUNCTION sec.who_viewed(uuid) TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in;
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
