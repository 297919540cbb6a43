-- migrate:up
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

CREATE TABLE teams (
    team_id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL UNIQUE CHECK (name <> '')
);

CREATE TABLE staff (
    staff_id uuid PRIMARY KEY DEFAULT uuidv7(),
    team_id uuid NOT NULL REFERENCES teams,
    role text NOT NULL CHECK (role IN ('personal_adviser', 'duty_worker', 'manager')),
    full_name text NOT NULL CHECK (full_name <> ''),
    shown_name text NOT NULL CHECK (shown_name <> ''),
    phone_e164 text CHECK (phone_e164 ~ '^\+[1-9][0-9]{6,14}$'),
    left_on date
);

CREATE TABLE working_hours (
    staff_id uuid NOT NULL REFERENCES staff,
    iso_weekday smallint NOT NULL CHECK (iso_weekday BETWEEN 1 AND 7),
    starts_at_wall time NOT NULL,
    ends_at_wall time NOT NULL CHECK (ends_at_wall > starts_at_wall),
    PRIMARY KEY (staff_id, iso_weekday)
);

CREATE TABLE young_people (
    person_id uuid PRIMARY KEY DEFAULT uuidv7(),
    full_name text NOT NULL CHECK (full_name <> ''),
    preferred_name text NOT NULL CHECK (preferred_name <> ''),
    born_on date NOT NULL,
    died_on date CHECK (died_on >= born_on),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE contact_points (
    contact_point_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    phone_e164 text NOT NULL CHECK (phone_e164 ~ '^\+[1-9][0-9]{6,14}$'),
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz CHECK (retired_at >= created_at)
);
CREATE UNIQUE INDEX contact_points_in_use ON contact_points (phone_e164, person_id) WHERE retired_at IS NULL;
CREATE INDEX contact_points_person ON contact_points (person_id);

CREATE FUNCTION london_today() RETURNS date
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (clock_timestamp() AT TIME ZONE 'Europe/London')::date;
GRANT EXECUTE ON FUNCTION london_today() TO fifteenplus_api, fifteenplus_worker;

CREATE TABLE allocations (
    allocation_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    staff_id uuid NOT NULL REFERENCES staff,
    starts_on date NOT NULL,
    ended_on date CHECK (ended_on >= starts_on)
);
CREATE UNIQUE INDEX allocations_current ON allocations (person_id) WHERE ended_on IS NULL;
CREATE INDEX allocations_staff ON allocations (staff_id) WHERE ended_on IS NULL;

-- One thread per young person; a number that is not exactly one person's has a thread of its own.
-- The id is random and tells nothing: it is all that Rasa is ever given.
CREATE TABLE conversations (
    conversation_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    person_id uuid REFERENCES young_people,
    phone_e164 text,
    owner text NOT NULL DEFAULT 'bot' CHECK (owner IN ('bot', 'staff')),
    owner_staff_id uuid REFERENCES staff,
    owner_epoch integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((person_id IS NULL) <> (phone_e164 IS NULL)),
    CHECK ((owner = 'staff') = (owner_staff_id IS NOT NULL)),
    UNIQUE NULLS NOT DISTINCT (person_id, phone_e164)
);

-- The person of the conversation a connection acts for; no actor, or another kind of actor, is nobody.
-- Owned by the resolver, who may read this one column pair and nothing else.
GRANT SELECT (conversation_id, person_id) ON conversations TO fifteenplus_resolver;
RESET ROLE;
SET LOCAL ROLE fifteenplus_resolver;
CREATE FUNCTION sec.acting_person_id() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.person_id FROM public.conversations AS c
    WHERE c.conversation_id = substring(sec.acting_as() FROM '^conversation:([0-9a-f-]{36})$')::uuid
$$;
CREATE FUNCTION sec.acting_conversation_id() RETURNS uuid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN substring(sec.acting_as() FROM '^conversation:([0-9a-f-]{36})$')::uuid;
GRANT EXECUTE ON FUNCTION sec.acting_person_id(), sec.acting_conversation_id()
TO fifteenplus_api, fifteenplus_worker;
RESET ROLE;

SET LOCAL ROLE fifteenplus_owner;
GRANT SELECT ON working_hours, allocations TO fifteenplus_api, fifteenplus_worker;
GRANT SELECT (staff_id, shown_name, left_on) ON staff TO fifteenplus_api;
GRANT SELECT ON staff TO fifteenplus_worker;
GRANT SELECT ON young_people, contact_points TO fifteenplus_worker;
GRANT SELECT (phone_e164, person_id, retired_at) ON contact_points TO fifteenplus_api;
GRANT SELECT (conversation_id, person_id, phone_e164) ON conversations TO fifteenplus_api;
GRANT INSERT (person_id, phone_e164) ON conversations TO fifteenplus_api;
GRANT SELECT ON conversations TO fifteenplus_worker;
GRANT UPDATE (owner_epoch) ON conversations TO fifteenplus_worker;

ALTER TABLE teams ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE staff ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE working_hours ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE young_people ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE contact_points ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE allocations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE conversations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- A conversation sees its own person's adviser and nobody else's. The worker sees who works here
-- and whose number is whose, which it needs to answer and to alert.
CREATE POLICY own_allocations ON allocations FOR SELECT TO fifteenplus_api, fifteenplus_worker
USING (person_id = (SELECT sec.acting_person_id()));
CREATE POLICY worker_allocations ON allocations FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY own_adviser ON staff FOR SELECT TO fifteenplus_api, fifteenplus_worker
USING (staff_id IN (
    SELECT a.staff_id FROM allocations AS a
    WHERE a.starts_on <= london_today() AND (a.ended_on IS NULL OR a.ended_on >= london_today())
));
CREATE POLICY worker_staff ON staff FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY own_adviser_hours ON working_hours FOR SELECT TO fifteenplus_api, fifteenplus_worker
USING (staff_id IN (
    SELECT a.staff_id FROM allocations AS a
    WHERE a.starts_on <= london_today() AND (a.ended_on IS NULL OR a.ended_on >= london_today())
));
CREATE POLICY worker_people ON young_people FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY worker_contact_points ON contact_points FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY twilio_contact_points ON contact_points FOR SELECT TO fifteenplus_api
USING ((SELECT sec.acting_as()) = 'twilio');
CREATE POLICY twilio_conversations ON conversations TO fifteenplus_api
USING ((SELECT sec.acting_as()) = 'twilio') WITH CHECK ((SELECT sec.acting_as()) = 'twilio');
CREATE POLICY worker_conversations ON conversations TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker') WITH CHECK ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY resolver_conversations ON conversations FOR SELECT TO fifteenplus_resolver USING (true);
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
