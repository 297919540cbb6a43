-- migrate:up
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

CREATE TABLE messages (
    message_id uuid PRIMARY KEY DEFAULT uuidv7(),
    conversation_id uuid REFERENCES conversations,
    direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    kind text NOT NULL CHECK (kind IN ('text', 'reply', 'notice', 'alert')),
    phone_e164 text NOT NULL,
    body text NOT NULL,
    media_count smallint NOT NULL DEFAULT 0 CHECK (media_count >= 0),
    provider_sid text UNIQUE,
    status text NOT NULL CHECK (status IN (
        'received', 'stored', 'sending', 'unknown', 'accepted', 'queued', 'sent',
        'suppressed', 'canceled', 'failed', 'undelivered', 'delivered'
    )),
    error_code integer,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    turn_id uuid,
    answered_at timestamptz,
    sending_at timestamptz,
    about_message_id uuid REFERENCES messages,
    CHECK ((direction = 'inbound') = (kind = 'text')),
    CHECK ((direction = 'inbound') = (status = 'received')),
    CHECK (direction = 'outbound' OR (provider_sid IS NOT NULL AND conversation_id IS NOT NULL)),
    CHECK (kind NOT IN ('reply', 'notice') OR conversation_id IS NOT NULL),
    CHECK (kind = 'alert' OR about_message_id IS NULL)
);
CREATE INDEX messages_thread ON messages (conversation_id, created_at, message_id);
CREATE INDEX messages_unanswered ON messages (conversation_id, created_at, message_id)
WHERE direction = 'inbound' AND answered_at IS NULL;
CREATE INDEX messages_alerts ON messages (about_message_id) WHERE about_message_id IS NOT NULL;

-- Every receipt as it came, never changed; the message's own status is the furthest of them.
CREATE TABLE message_events (
    message_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id uuid NOT NULL REFERENCES messages,
    provider_status text NOT NULL,
    error_code integer,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX message_events_message ON message_events (message_id);

-- Our own ledger of who asked for no texts, by which word or from whom we learned it.
CREATE TABLE opt_out_events (
    opt_out_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phone_e164 text NOT NULL,
    is_opted_out boolean NOT NULL,
    source text NOT NULL CHECK (source IN ('keyword', 'provider', 'staff')),
    detail text NOT NULL,
    message_id uuid REFERENCES messages,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (message_id)
);
CREATE INDEX opt_out_events_phone ON opt_out_events (phone_e164, opt_out_event_id DESC);

-- What a person of the team still has to look at, and why.
CREATE TABLE attention_flags (
    message_id uuid NOT NULL REFERENCES messages,
    reason text NOT NULL CHECK (reason IN (
        'bot_unavailable', 'left_for_adviser', 'asked_for_person', 'unknown_number', 'shared_number',
        'opted_out', 'worry', 'person_has_died', 'held_by_staff', 'not_answered', 'not_delivered', 'media',
        'not_understood', 'nobody_told', 'number_changed'
    )),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz,
    seen_by_staff_id uuid REFERENCES staff,
    PRIMARY KEY (message_id, reason),
    CHECK ((seen_at IS NULL) = (seen_by_staff_id IS NULL))
);
CREATE INDEX attention_flags_unseen ON attention_flags (created_at) WHERE seen_at IS NULL;

GRANT INSERT (conversation_id, direction, kind, phone_e164, body, media_count, provider_sid, status)
ON messages TO fifteenplus_api;
GRANT SELECT (message_id, conversation_id, direction, provider_sid, status, error_code, turn_id, answered_at), UPDATE (status, provider_sid, error_code)
ON messages TO fifteenplus_api;
GRANT INSERT (message_id, provider_status, error_code) ON message_events TO fifteenplus_api;
GRANT INSERT (message_id, reason) ON attention_flags TO fifteenplus_api;
GRANT SELECT, INSERT ON messages TO fifteenplus_worker;
GRANT UPDATE (status, provider_sid, error_code, turn_id, answered_at, sending_at) ON messages TO fifteenplus_worker;
GRANT INSERT (message_id, provider_status, error_code) ON message_events TO fifteenplus_worker;
GRANT SELECT, INSERT (phone_e164, is_opted_out, source, detail, message_id) ON opt_out_events TO fifteenplus_worker;
GRANT SELECT, INSERT (message_id, reason) ON attention_flags TO fifteenplus_worker;

ALTER TABLE messages ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE message_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE opt_out_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE attention_flags ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY twilio_messages_insert ON messages FOR INSERT TO fifteenplus_api
WITH CHECK ((SELECT sec.acting_as()) = 'twilio' AND direction = 'inbound');
CREATE POLICY twilio_messages_select ON messages FOR SELECT TO fifteenplus_api
USING ((SELECT sec.acting_as()) = 'twilio');
CREATE POLICY twilio_messages_update ON messages FOR UPDATE TO fifteenplus_api
USING ((SELECT sec.acting_as()) = 'twilio' AND direction = 'outbound');
CREATE POLICY own_messages ON messages FOR SELECT TO fifteenplus_api, fifteenplus_worker
USING (conversation_id = (SELECT sec.acting_conversation_id()));
CREATE POLICY worker_messages ON messages TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker') WITH CHECK ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY twilio_message_events ON message_events FOR INSERT TO fifteenplus_api
WITH CHECK ((SELECT sec.acting_as()) = 'twilio');
CREATE POLICY worker_message_events ON message_events FOR INSERT TO fifteenplus_worker
WITH CHECK ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY worker_opt_out_events ON opt_out_events TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker') WITH CHECK ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY own_attention_flags ON attention_flags FOR INSERT TO fifteenplus_api, fifteenplus_worker
WITH CHECK (message_id IN (
    SELECT m.message_id FROM messages AS m WHERE m.conversation_id = (SELECT sec.acting_conversation_id())
));
CREATE POLICY twilio_attention_flags ON attention_flags FOR INSERT TO fifteenplus_api
WITH CHECK ((SELECT sec.acting_as()) = 'twilio' AND reason IN ('not_delivered'));
CREATE POLICY worker_attention_flags ON attention_flags TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker') WITH CHECK ((SELECT sec.acting_as()) = 'worker');
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
