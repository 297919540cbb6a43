-- migrate:up
-- Who may connect. The owner of every object cannot log in; the roles that can own nothing.
-- Roles belong to the whole server, so a second database on it finds them already there.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['fifteenplus_owner', 'fifteenplus_resolver'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT', role_name);
        END IF;
        EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
    END LOOP;
    FOREACH role_name IN ARRAY ARRAY['fifteenplus_api', 'fifteenplus_worker', 'fifteenplus_bot'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT', role_name);
        END IF;
    END LOOP;
    EXECUTE format('GRANT CREATE ON DATABASE %I TO fifteenplus_owner', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO fifteenplus_api, fifteenplus_worker, fifteenplus_bot',
        current_database()
    );
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO fifteenplus_owner;
GRANT USAGE ON SCHEMA public TO fifteenplus_api, fifteenplus_worker, fifteenplus_resolver;

ALTER DEFAULT PRIVILEGES FOR ROLE fifteenplus_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE fifteenplus_resolver REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

SET LOCAL ROLE fifteenplus_owner;
CREATE SCHEMA sec;
GRANT USAGE ON SCHEMA sec TO fifteenplus_api, fifteenplus_worker, fifteenplus_resolver;
GRANT CREATE ON SCHEMA sec TO fifteenplus_resolver;

-- Whoever a connection acts for is set at every checkout (api/kit/db.py); '' and unset both mean nobody.
CREATE FUNCTION sec.acting_as() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN nullif(current_setting('app.actor', true), '');
GRANT EXECUTE ON FUNCTION sec.acting_as()
TO fifteenplus_api, fifteenplus_worker, fifteenplus_resolver;
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
