-- migrate:up
-- What was plain goes. `python -m api migrate` has encrypted it by now; while anything is left, nothing is changed.
SET LOCAL lock_timeout = '4s';
SET LOCAL row_security = off;
LOCK TABLE contact_points, conversations, messages, opt_out_events, sign_in_challenges, staff, jobs
IN ACCESS EXCLUSIVE MODE;
DO $$
BEGIN
    IF EXISTS (SELECT FROM contact_points WHERE phone_e164_enc IS NULL OR phone_index IS NULL)
        OR EXISTS (
            SELECT FROM conversations WHERE phone_e164 IS NOT NULL AND (phone_e164_enc IS NULL OR phone_index IS NULL)
        )
        OR EXISTS (
            SELECT FROM messages
            WHERE subject_id IS NULL OR phone_e164_enc IS NULL OR phone_index IS NULL OR body_enc IS NULL
        )
        OR EXISTS (SELECT FROM opt_out_events WHERE phone_index IS NULL)
        OR EXISTS (SELECT FROM sign_in_challenges WHERE phone_e164 IS NOT NULL AND phone_e164_enc IS NULL)
        OR EXISTS (SELECT FROM staff WHERE phone_e164 IS NOT NULL AND phone_e164_enc IS NULL)
        OR EXISTS (SELECT FROM jobs WHERE kind IN ('deliver', 'alert') AND serial_key !~ ':[0-9a-f]{64}$')
    THEN
        RAISE EXCEPTION 'Plain values are left: `python -m api migrate` encrypts them, with FIELD_KEYS and PHONE_INDEX_KEY.';
    END IF;
END
$$;
RESET row_security;

SET LOCAL ROLE fifteenplus_resolver;
DROP FUNCTION sec.break_glass_numbers(uuid);
RESET ROLE;

SET LOCAL ROLE fifteenplus_owner;
ALTER TABLE contact_points
    DROP COLUMN phone_e164,
    ALTER COLUMN phone_e164_enc SET NOT NULL,
    ALTER COLUMN phone_index SET NOT NULL;
ALTER INDEX contact_points_index_in_use RENAME TO contact_points_in_use;
ALTER TABLE conversations
    DROP COLUMN phone_e164,
    ADD CHECK ((person_id IS NULL) <> (phone_index IS NULL)),
    ADD CHECK ((phone_index IS NULL) = (phone_e164_enc IS NULL)),
    ADD UNIQUE NULLS NOT DISTINCT (person_id, phone_index);
ALTER TABLE messages
    DROP COLUMN phone_e164,
    DROP COLUMN body,
    ALTER COLUMN subject_id SET NOT NULL,
    ALTER COLUMN phone_e164_enc SET NOT NULL,
    ALTER COLUMN phone_index SET NOT NULL,
    ALTER COLUMN body_enc SET NOT NULL;
ALTER TABLE opt_out_events DROP COLUMN phone_e164, ALTER COLUMN phone_index SET NOT NULL;
ALTER INDEX opt_out_events_index RENAME TO opt_out_events_phone;
ALTER TABLE sign_in_challenges DROP COLUMN phone_e164;
ALTER TABLE staff DROP COLUMN phone_e164;

-- A worker says at its start which wrapping key it lacks.
GRANT SELECT (created_at) ON data_keys TO fifteenplus_worker;

-- A text is kept with the service's own key rather than lost when its person's and its thread's were destroyed.
ALTER POLICY twilio_data_keys ON data_keys
USING ((SELECT sec.acting_as()) = 'twilio') WITH CHECK ((SELECT sec.acting_as()) = 'twilio');

-- A column that was dropped stays in the files until its table is written anew.
CLUSTER contact_points USING contact_points_pkey;
CLUSTER conversations USING conversations_pkey;
CLUSTER messages USING messages_pkey;
CLUSTER opt_out_events USING opt_out_events_pkey;
CLUSTER sign_in_challenges USING sign_in_challenges_pkey;
CLUSTER staff USING staff_pkey;
CLUSTER jobs USING jobs_pkey;
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
