-- migrate:up
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

-- Work to do later. A row is leased while it runs, deleted when done, kept with parked_at when
-- no try is left. The unique index is what makes one serial_key run one job at a time.
CREATE TABLE jobs (
    job_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    serial_key text NOT NULL,
    payload jsonb NOT NULL,
    priority smallint NOT NULL DEFAULT 5,
    run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempt integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    leased_until timestamptz,
    parked_at timestamptz,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (leased_until IS NULL OR parked_at IS NULL)
);
CREATE INDEX jobs_due ON jobs (priority, run_at, job_id) WHERE leased_until IS NULL AND parked_at IS NULL;
CREATE UNIQUE INDEX jobs_one_at_a_time ON jobs (serial_key) WHERE leased_until IS NOT NULL;
CREATE INDEX jobs_parked ON jobs (parked_at) WHERE parked_at IS NOT NULL;

CREATE FUNCTION notify_jobs() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_notify('jobs', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER jobs_notify AFTER INSERT ON jobs FOR EACH STATEMENT EXECUTE FUNCTION notify_jobs();

-- Who is at work. Lost at a crash of the server, and written again a second later.
CREATE UNLOGGED TABLE worker_beats (
    worker_id uuid PRIMARY KEY,
    beat_at timestamptz NOT NULL
);

GRANT INSERT (kind, serial_key, payload, priority, run_at) ON jobs TO fifteenplus_api, fifteenplus_worker;
GRANT SELECT, UPDATE, DELETE ON jobs TO fifteenplus_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON worker_beats TO fifteenplus_worker;
GRANT SELECT ON worker_beats TO fifteenplus_api;

ALTER TABLE jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE worker_beats ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY api_jobs ON jobs FOR INSERT TO fifteenplus_api WITH CHECK ((SELECT sec.acting_as()) IS NOT NULL);
CREATE POLICY worker_jobs ON jobs TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker') WITH CHECK ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY api_worker_beats ON worker_beats FOR SELECT TO fifteenplus_api USING (true);
CREATE POLICY worker_worker_beats ON worker_beats TO fifteenplus_worker USING (true) WITH CHECK (true);
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
