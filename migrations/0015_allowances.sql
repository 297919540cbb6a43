-- migrate:up
-- How often one session may call, by class of route, counted by the database so that every process counts alike.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

-- So many at once, and as many again spread over `refilled_in_s`. Changed with UPDATE by an administrator: the
-- next request is counted by the new number.
CREATE TABLE allowances (
    route_class text PRIMARY KEY,
    at_once integer NOT NULL CHECK (at_once > 0),
    refilled_in_s integer NOT NULL CHECK (refilled_in_s > 0),
    why text NOT NULL
);
INSERT INTO allowances (route_class, at_once, refilled_in_s, why) VALUES
('read', 300, 60, 'A screen that opens every case of 25, with ten parts each, does not reach it; a copying program does.'),
('write', 60, 60, 'One a second is more than a person types, and an app that comes back from a day offline.'),
('search', 30, 60, 'Looking for a name takes a few tries; trying every name takes thousands.'),
('export', 10, 3600, 'A whole record leaves the service seldom, and each time somebody should have thought about it.');

GRANT SELECT ON allowances TO fifteenplus_resolver;
GRANT SELECT, INSERT, UPDATE ON rate_limits TO fifteenplus_resolver;
ALTER TABLE allowances ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY resolver_allowances ON allowances FOR SELECT TO fifteenplus_resolver USING (true);
CREATE POLICY resolver_rate_limits ON rate_limits TO fifteenplus_resolver USING (true) WITH CHECK (true);
RESET ROLE;

-- Takes one of the acting session's allowance: 0 when it was there, else the seconds until it will be. No class, and
-- nobody, take nothing. A class that is not listed is an error, never without a limit.
SET LOCAL ROLE fifteenplus_resolver;
CREATE FUNCTION sec.take_allowance(wanted_class text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    holder uuid;
    most double precision;
    per_s double precision;
    wait_s integer;
BEGIN
    SELECT w.session_id INTO holder FROM sec.who() AS w;
    IF holder IS NULL OR wanted_class IS NULL THEN
        RETURN 0;
    END IF;
    SELECT a.at_once, a.at_once / a.refilled_in_s::double precision INTO STRICT most, per_s
    FROM public.allowances AS a WHERE a.route_class = wanted_class;
    WITH taken AS (
        INSERT INTO public.rate_limits AS r (bucket, tokens) VALUES (wanted_class || ':' || holder, most - 1)
        ON CONFLICT (bucket) DO UPDATE SET
            tokens = least(most, r.tokens + extract(epoch FROM clock_timestamp() - r.filled_at) * per_s) - 1,
            filled_at = clock_timestamp()
        WHERE least(most, r.tokens + extract(epoch FROM clock_timestamp() - r.filled_at) * per_s) >= 1
        RETURNING r.bucket
    )
    SELECT CASE WHEN EXISTS (SELECT FROM taken) THEN 0 ELSE coalesce((
        SELECT greatest(1, ceil((1 - r.tokens) / per_s - extract(epoch FROM clock_timestamp() - r.filled_at)))
        FROM public.rate_limits AS r WHERE r.bucket = wanted_class || ':' || holder
    ), 1) END INTO wait_s;
    RETURN wait_s;
END
$$;
GRANT EXECUTE ON FUNCTION sec.take_allowance(text) TO fifteenplus_signed_in;
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
