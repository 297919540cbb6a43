-- migrate:up
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

-- A worry that a person must look at. Rows are only ever added: no role may change or delete one.
CREATE TABLE concerns (
    concern_id uuid PRIMARY KEY DEFAULT uuidv7(),
    conversation_id uuid NOT NULL REFERENCES conversations,
    message_id uuid NOT NULL REFERENCES messages,
    risk text NOT NULL CHECK (risk IN ('low', 'high', 'immediate')),
    kinds text[] NOT NULL CHECK (cardinality(kinds) > 0),
    rules_hit text[] NOT NULL,
    screen_version text NOT NULL,
    raised_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (message_id)
);
CREATE INDEX concerns_conversation ON concerns (conversation_id, raised_at);

GRANT SELECT, INSERT ON concerns TO fifteenplus_worker;
ALTER TABLE concerns ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY worker_concerns_insert ON concerns FOR INSERT TO fifteenplus_worker
WITH CHECK ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY worker_concerns_select ON concerns FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
