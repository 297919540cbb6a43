-- migrate:up
-- What the bot remembers of each conversation: one small row, nothing of what people wrote.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

CREATE SCHEMA bot;
REVOKE ALL ON SCHEMA bot FROM PUBLIC;
GRANT USAGE ON SCHEMA bot TO fifteenplus_bot, fifteenplus_worker;

CREATE TABLE bot.trackers (
    conversation_id uuid PRIMARY KEY,
    last_turn_id uuid,
    state bytea NOT NULL CHECK (octet_length(state) <= 16384),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE bot.trackers IS 'The dialogue state of each conversation, bounded; deleted after 30 days of silence.';
COMMENT ON COLUMN bot.trackers.state IS 'Deflated JSON: slots, the open form, the last turn as names, the last replies.';
CREATE INDEX trackers_by_age ON bot.trackers (updated_at);

ALTER TABLE bot.trackers ENABLE ROW LEVEL SECURITY;
ALTER TABLE bot.trackers FORCE ROW LEVEL SECURITY;
REVOKE ALL ON bot.trackers FROM PUBLIC;

GRANT SELECT, INSERT, UPDATE ON bot.trackers TO fifteenplus_bot;
CREATE POLICY bot_keeps_trackers ON bot.trackers TO fifteenplus_bot USING (true) WITH CHECK (true);

-- The worker may see that a row is old, and delete it, and nothing else:
--   DELETE FROM bot.trackers WHERE updated_at < now() - interval '30 days'
GRANT SELECT (updated_at), DELETE ON bot.trackers TO fifteenplus_worker;
CREATE POLICY worker_sees_old_trackers ON bot.trackers FOR SELECT TO fifteenplus_worker
USING (updated_at < now() - interval '30 days');
CREATE POLICY worker_deletes_old_trackers ON bot.trackers FOR DELETE TO fifteenplus_worker
USING (updated_at < now() - interval '30 days');
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
