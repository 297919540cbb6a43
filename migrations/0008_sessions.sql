-- migrate:up
-- Whoever is signed in is known to the database by the token alone, never by an id somebody sets. These
-- connections have a role of their own: it can claim no service actor, so injected SQL cannot either.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fifteenplus_signed_in') THEN
        CREATE ROLE fifteenplus_signed_in LOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT;
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO fifteenplus_signed_in', current_database());
END
$$;
GRANT USAGE ON SCHEMA public TO fifteenplus_signed_in;

SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;
GRANT USAGE ON SCHEMA sec TO fifteenplus_signed_in;

-- Who may be claimed by which login: an actor that is not this login's is nobody.
CREATE OR REPLACE FUNCTION sec.acting_as() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN session_user = 'fifteenplus_api'
        AND current_setting('app.actor', true) ~ '^(twilio|monitor|sign-in|conversation:[0-9a-f-]{36})$'
        THEN current_setting('app.actor', true)
    WHEN session_user = 'fifteenplus_worker'
        AND current_setting('app.actor', true) ~ '^(worker|conversation:[0-9a-f-]{36})$'
        THEN current_setting('app.actor', true)
END;

-- One device that is signed in: every token it was ever given belongs to it and dies with it.
CREATE TABLE sessions (
    session_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid REFERENCES young_people,
    staff_id uuid REFERENCES staff,
    level text NOT NULL CHECK (level IN ('limited', 'full')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    revoked_at timestamptz,
    revoked_because text CHECK (revoked_because IN ('signed_out', 'token_reused')),
    CHECK ((person_id IS NULL) <> (staff_id IS NULL)),
    CHECK (staff_id IS NULL OR level = 'full'),
    CHECK ((revoked_at IS NULL) = (revoked_because IS NULL))
);
CREATE INDEX sessions_person ON sessions (person_id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_staff ON sessions (staff_id) WHERE revoked_at IS NULL;

-- Tokens as SHA-256 only. A refresh token's successor is computed from the token itself, its salt and a secret
-- that is not here, so that it can be given again without being kept.
CREATE TABLE session_tokens (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('access', 'refresh')),
    salt bytea CHECK (octet_length(salt) = 16),
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz,
    successor_hash bytea,
    CHECK ((kind = 'refresh') = (salt IS NOT NULL)),
    CHECK ((rotated_at IS NULL) = (successor_hash IS NULL))
);
CREATE INDEX session_tokens_session ON session_tokens (session_id);

-- An asked-for code. The number is forgotten once the code was sent, or was not; unknown numbers have rows alike.
CREATE TABLE sign_in_challenges (
    challenge_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    phone_digest bytea NOT NULL CHECK (octet_length(phone_digest) = 32),
    phone_e164 text,
    person_id uuid REFERENCES young_people,
    message_id uuid REFERENCES messages,
    code_hash text CHECK (code_hash LIKE '$argon2id$%'),
    tries smallint NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at timestamptz,
    CHECK ((person_id IS NULL) = (code_hash IS NULL)),
    CHECK (used_at IS NULL OR code_hash IS NOT NULL)
);
CREATE INDEX sign_in_challenges_phone ON sign_in_challenges (phone_digest, created_at);

-- What an adviser hands over so that a signed-in device may see everything of its person.
CREATE TABLE enrolment_codes (
    code_hash bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
    person_id uuid NOT NULL REFERENCES young_people,
    made_by_staff_id uuid NOT NULL REFERENCES staff,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_by_session_id uuid REFERENCES sessions ON DELETE SET NULL,
    used_at timestamptz
);
CREATE INDEX enrolment_codes_person ON enrolment_codes (person_id);

-- How much of each allowance is left. Lost at a crash of the server, and full again after.
CREATE UNLOGGED TABLE rate_limits (
    bucket text PRIMARY KEY,
    tokens double precision NOT NULL,
    filled_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

ALTER TABLE messages DROP CONSTRAINT messages_kind_check;
ALTER TABLE messages ADD CONSTRAINT messages_kind_check CHECK (kind IN ('text', 'reply', 'notice', 'alert', 'code'));

GRANT SELECT ON session_tokens TO fifteenplus_resolver;
GRANT SELECT (session_id, person_id, staff_id, level, created_at, expires_at, revoked_at)
ON sessions TO fifteenplus_resolver;
GRANT SELECT (person_id, died_on) ON young_people TO fifteenplus_resolver;
GRANT SELECT (staff_id, team_id, role, left_on) ON staff TO fifteenplus_resolver;

GRANT SELECT, INSERT (person_id, level, expires_at), UPDATE (level, revoked_at, revoked_because)
ON sessions TO fifteenplus_api;
GRANT SELECT, INSERT (token_hash, session_id, kind, salt, expires_at), UPDATE (rotated_at, successor_hash)
ON session_tokens TO fifteenplus_api;
GRANT SELECT, INSERT (phone_digest, phone_e164), UPDATE (tries, used_at) ON sign_in_challenges TO fifteenplus_api;
GRANT SELECT, UPDATE (used_by_session_id, used_at) ON enrolment_codes TO fifteenplus_api;
GRANT SELECT, INSERT, UPDATE ON rate_limits TO fifteenplus_api, fifteenplus_worker;
GRANT DELETE ON rate_limits TO fifteenplus_worker;
GRANT SELECT (session_id, expires_at, revoked_at), DELETE ON sessions TO fifteenplus_worker;
GRANT SELECT (token_hash, kind, expires_at), DELETE ON session_tokens TO fifteenplus_worker;
GRANT SELECT, UPDATE (phone_e164, person_id, message_id, code_hash), DELETE ON sign_in_challenges TO fifteenplus_worker;
GRANT SELECT (session_id, person_id, staff_id, level, created_at, expires_at, revoked_at, revoked_because),
    UPDATE (revoked_at, revoked_because)
ON sessions TO fifteenplus_signed_in;

ALTER TABLE sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE session_tokens ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE sign_in_challenges ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE enrolment_codes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE rate_limits ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY resolver_sessions ON sessions FOR SELECT TO fifteenplus_resolver USING (true);
CREATE POLICY resolver_session_tokens ON session_tokens FOR SELECT TO fifteenplus_resolver USING (true);
CREATE POLICY resolver_young_people ON young_people FOR SELECT TO fifteenplus_resolver USING (true);
CREATE POLICY resolver_staff ON staff FOR SELECT TO fifteenplus_resolver USING (true);
RESET ROLE;

-- Whom the token belongs to; no token, one that is not alive, or another login than its own is nobody.
SET LOCAL ROLE fifteenplus_resolver;
CREATE FUNCTION sec.who(
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
    WHERE session_user = 'fifteenplus_signed_in'
        AND t.token_hash = sha256(convert_to(current_setting('app.token', true), 'UTF8'))
        AND t.kind = 'access' AND t.expires_at > clock_timestamp()
        AND s.expires_at > clock_timestamp() AND s.revoked_at IS NULL
        AND (p.person_id IS NOT NULL OR f.staff_id IS NOT NULL)
$$;

-- The young person a connection acts for: of its conversation, or of its token.
CREATE OR REPLACE FUNCTION sec.acting_person_id() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(
        (
            SELECT c.person_id FROM public.conversations AS c
            WHERE c.conversation_id = substring(sec.acting_as() FROM '^conversation:([0-9a-f-]{36})$')::uuid
        ),
        (SELECT w.person_id FROM sec.who() AS w)
    )
$$;
GRANT EXECUTE ON FUNCTION sec.who() TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in;
GRANT EXECUTE ON FUNCTION sec.acting_person_id() TO fifteenplus_signed_in;
RESET ROLE;

SET LOCAL ROLE fifteenplus_owner;
GRANT EXECUTE ON FUNCTION sec.acting_as() TO fifteenplus_signed_in;

CREATE POLICY sign_in_sessions ON sessions TO fifteenplus_api
USING ((SELECT sec.acting_as()) = 'sign-in') WITH CHECK ((SELECT sec.acting_as()) = 'sign-in');
CREATE POLICY own_sessions ON sessions FOR SELECT TO fifteenplus_signed_in
USING (
    person_id = (SELECT w.person_id FROM sec.who() AS w) OR staff_id = (SELECT w.staff_id FROM sec.who() AS w)
);
CREATE POLICY own_sessions_end ON sessions FOR UPDATE TO fifteenplus_signed_in
USING (
    person_id = (SELECT w.person_id FROM sec.who() AS w) OR staff_id = (SELECT w.staff_id FROM sec.who() AS w)
) WITH CHECK (revoked_at IS NOT NULL);
CREATE POLICY worker_ended_sessions ON sessions FOR SELECT TO fifteenplus_worker
USING (
    (SELECT sec.acting_as()) = 'worker' AND least(expires_at, revoked_at) < clock_timestamp() - interval '30 days'
);
CREATE POLICY worker_forgets_sessions ON sessions FOR DELETE TO fifteenplus_worker
USING (
    (SELECT sec.acting_as()) = 'worker' AND least(expires_at, revoked_at) < clock_timestamp() - interval '30 days'
);
CREATE POLICY sign_in_session_tokens ON session_tokens TO fifteenplus_api
USING ((SELECT sec.acting_as()) = 'sign-in') WITH CHECK ((SELECT sec.acting_as()) = 'sign-in');
CREATE POLICY worker_old_session_tokens ON session_tokens FOR SELECT TO fifteenplus_worker
USING (
    (SELECT sec.acting_as()) = 'worker' AND kind = 'access' AND expires_at < clock_timestamp() - interval '1 day'
);
CREATE POLICY worker_forgets_session_tokens ON session_tokens FOR DELETE TO fifteenplus_worker
USING (
    (SELECT sec.acting_as()) = 'worker' AND kind = 'access' AND expires_at < clock_timestamp() - interval '1 day'
);
CREATE POLICY sign_in_challenges_asked ON sign_in_challenges TO fifteenplus_api
USING ((SELECT sec.acting_as()) = 'sign-in') WITH CHECK ((SELECT sec.acting_as()) = 'sign-in');
CREATE POLICY worker_challenges ON sign_in_challenges TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker') WITH CHECK ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY sign_in_enrolment_codes ON enrolment_codes TO fifteenplus_api
USING ((SELECT sec.acting_as()) = 'sign-in') WITH CHECK ((SELECT sec.acting_as()) = 'sign-in');
CREATE POLICY api_rate_limits ON rate_limits TO fifteenplus_api
USING ((SELECT sec.acting_as()) IS NOT NULL) WITH CHECK ((SELECT sec.acting_as()) IS NOT NULL);
CREATE POLICY worker_rate_limits ON rate_limits TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker') WITH CHECK ((SELECT sec.acting_as()) = 'worker');
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
