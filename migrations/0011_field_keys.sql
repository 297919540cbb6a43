-- migrate:up
-- Fields that only the service can read, beside the plain ones: `python -m api migrate` fills them before 0012 drops those.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

-- One key for each person, for each thread of nobody's, and for the service itself (api/kit/field_keys.py), wrapped by a
-- key that is not here. Once destroyed it is never made again.
CREATE TABLE data_keys (
    subject_id uuid PRIMARY KEY,
    wrapped_key bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    destroyed_at timestamptz,
    made_by_xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL))
);

CREATE FUNCTION data_keys_stay() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RAISE EXCEPTION 'A data key stays, or is destroyed for good.' USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE TRIGGER data_keys_are_not_removed BEFORE DELETE OR TRUNCATE ON data_keys
FOR EACH STATEMENT EXECUTE FUNCTION data_keys_stay();
CREATE TRIGGER data_keys_do_not_return BEFORE UPDATE ON data_keys
FOR EACH ROW WHEN (OLD.destroyed_at IS NOT NULL OR NEW.subject_id <> OLD.subject_id) EXECUTE FUNCTION data_keys_stay();

ALTER TABLE contact_points
    ADD COLUMN phone_e164_enc bytea,
    ADD COLUMN phone_index bytea CHECK (octet_length(phone_index) = 32);
CREATE UNIQUE INDEX contact_points_index_in_use ON contact_points (phone_index, person_id) WHERE retired_at IS NULL;
ALTER TABLE conversations
    ADD COLUMN phone_e164_enc bytea,
    ADD COLUMN phone_index bytea CHECK (octet_length(phone_index) = 32);
ALTER TABLE messages
    ADD COLUMN subject_id uuid REFERENCES data_keys,
    ADD COLUMN phone_e164_enc bytea,
    ADD COLUMN phone_index bytea CHECK (octet_length(phone_index) = 32),
    ADD COLUMN body_enc bytea;
ALTER TABLE opt_out_events ADD COLUMN phone_index bytea CHECK (octet_length(phone_index) = 32);
CREATE INDEX opt_out_events_index ON opt_out_events (phone_index, opt_out_event_id DESC);
ALTER TABLE sign_in_challenges ADD COLUMN phone_e164_enc bytea;
ALTER TABLE staff ADD COLUMN phone_e164_enc bytea;

-- That a record was erased is recorded where it happens, whoever does it; why, by whoever sets `app.reason`.
CREATE FUNCTION audit_notes_erasure() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO public.audit_entries (verb, person_id, table_name, record_id, reason)
    VALUES ('erased', NEW.subject_id, 'data_keys', NEW.subject_id, nullif(current_setting('app.reason', true), ''));
    RETURN NULL;
END
$$;
CREATE TRIGGER data_keys_destroyed AFTER UPDATE ON data_keys
FOR EACH ROW WHEN (OLD.destroyed_at IS NULL AND NEW.destroyed_at IS NOT NULL) EXECUTE FUNCTION audit_notes_erasure();

GRANT SELECT (subject_id, wrapped_key, destroyed_at, made_by_xact), INSERT (subject_id, wrapped_key) ON data_keys
TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in;
GRANT SELECT (phone_index) ON contact_points TO fifteenplus_api;
GRANT SELECT (phone_e164_enc) ON contact_points TO fifteenplus_signed_in;
GRANT SELECT (phone_index), INSERT (conversation_id, phone_e164_enc, phone_index) ON conversations TO fifteenplus_api;
GRANT INSERT (message_id, subject_id, phone_e164_enc, phone_index, body_enc) ON messages
TO fifteenplus_api, fifteenplus_signed_in;
GRANT SELECT (subject_id, body_enc) ON messages TO fifteenplus_signed_in;
GRANT INSERT (phone_index) ON opt_out_events TO fifteenplus_worker;
GRANT INSERT (challenge_id, phone_e164_enc) ON sign_in_challenges TO fifteenplus_api;
GRANT UPDATE (phone_e164_enc) ON sign_in_challenges TO fifteenplus_worker;
GRANT SELECT (phone_e164_enc) ON staff TO fifteenplus_resolver;

ALTER TABLE data_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY worker_data_keys ON data_keys TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker') WITH CHECK ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY twilio_data_keys ON data_keys TO fifteenplus_api
USING ((SELECT sec.acting_as()) = 'twilio' AND subject_id <> '00000000-0000-0000-0000-00000000000f')
WITH CHECK ((SELECT sec.acting_as()) = 'twilio' AND subject_id <> '00000000-0000-0000-0000-00000000000f');
CREATE POLICY sign_in_data_keys ON data_keys TO fifteenplus_api
USING ((SELECT sec.acting_as()) = 'sign-in' AND subject_id = '00000000-0000-0000-0000-00000000000f')
WITH CHECK ((SELECT sec.acting_as()) = 'sign-in' AND subject_id = '00000000-0000-0000-0000-00000000000f');
CREATE POLICY own_data_keys ON data_keys TO fifteenplus_api, fifteenplus_worker
USING (subject_id IN ((SELECT sec.acting_person_id()), (SELECT sec.acting_conversation_id())))
WITH CHECK (subject_id IN ((SELECT sec.acting_person_id()), (SELECT sec.acting_conversation_id())));
CREATE POLICY visible_data_keys ON data_keys TO fifteenplus_signed_in
USING (
    subject_id = ANY(ARRAY(SELECT sec.people_in_touch()))
    OR subject_id = ANY(ARRAY(SELECT c.conversation_id FROM conversations AS c))
) WITH CHECK (
    subject_id = ANY(ARRAY(SELECT sec.people_in_touch()))
    OR subject_id = ANY(ARRAY(SELECT c.conversation_id FROM conversations AS c))
);
CREATE POLICY staff_service_key ON data_keys TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND subject_id = '00000000-0000-0000-0000-00000000000f'
) WITH CHECK (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND subject_id = '00000000-0000-0000-0000-00000000000f'
);
RESET ROLE;

-- Whose phones are texted when the acting member of staff opens a case that is not theirs.
SET LOCAL ROLE fifteenplus_resolver;
CREATE FUNCTION sec.break_glass_phones(opened_person_id uuid) RETURNS TABLE (staff_id uuid, phone_e164_enc bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 5
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s.staff_id, s.phone_e164_enc
    FROM sec.who() AS w
    JOIN public.staff AS s ON s.staff_id <> w.staff_id AND s.phone_e164_enc IS NOT NULL
        AND (s.left_on IS NULL OR s.left_on > (clock_timestamp() AT TIME ZONE 'Europe/London')::date)
    WHERE s.role = 'data_protection_lead' OR s.role = 'manager' AND s.team_id IN (
        SELECT w.team_id UNION SELECT p.team_id FROM public.young_people AS p WHERE p.person_id = opened_person_id
    )
$$;
GRANT EXECUTE ON FUNCTION sec.break_glass_phones(uuid) TO fifteenplus_signed_in;
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
