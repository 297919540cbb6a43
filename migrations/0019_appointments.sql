-- migrate:up
-- Appointments that are booked, moved, answered, cancelled and had an outcome; nobody is booked twice for one time.
-- Each adviser's calendar, read with a secret address that tells no name and no place.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

-- One uuid as a range, which PostgreSQL's own GiST can index beside a range of time without any extension.
DO $$
BEGIN
    IF to_regtype('public.uuid_range') IS NULL THEN
        CREATE TYPE public.uuid_range AS RANGE (subtype = uuid);
    END IF;
END
$$;
RESET ROLE;
-- A range's constructors belong to the server's first superuser, whoever made the type.
REVOKE EXECUTE ON FUNCTION uuid_range(uuid, uuid), uuid_range(uuid, uuid, text),
    uuid_multirange(), uuid_multirange(uuid_range), uuid_multirange(VARIADIC uuid_range[])
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION uuid_range(uuid, uuid, text)
TO fifteenplus_owner, fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in;
SET LOCAL ROLE fifteenplus_owner;

ALTER TABLE appointments
    ADD COLUMN kind text NOT NULL DEFAULT 'meeting' CHECK (kind IN (
        'meeting', 'visit', 'call', 'review', 'health', 'education_or_work', 'home', 'money', 'other'
    )),
    ADD COLUMN place_shown text CHECK (place_shown <> ''),
    ADD COLUMN booked_by_staff_id uuid REFERENCES staff,
    ADD COLUMN calendar_uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN moved_from_starts_at timestamptz,
    ADD COLUMN young_person_answer text CHECK (young_person_answer IN ('confirmed', 'asks_to_change')),
    ADD COLUMN answered_at timestamptz,
    ADD COLUMN cancelled_at timestamptz,
    ADD COLUMN cancelled_by text CHECK (cancelled_by IN ('staff', 'young_person')),
    ADD COLUMN cancel_reason text CHECK (cancel_reason <> ''),
    ADD COLUMN outcome_note text CHECK (outcome_note <> ''),
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD CONSTRAINT appointments_answer CHECK ((young_person_answer IS NULL) = (answered_at IS NULL)),
    ADD CONSTRAINT appointments_cancelled CHECK (num_nonnulls(cancelled_at, cancelled_by) IN (0, 2)),
    ADD CONSTRAINT appointments_cancelled_only CHECK (cancelled_at IS NULL OR status = 'cancelled'),
    ADD CONSTRAINT appointments_staff_say_why CHECK (cancelled_by <> 'staff' OR cancel_reason IS NOT NULL),
    ADD CONSTRAINT appointments_length CHECK (ends_at <= starts_at + interval '12 hours');
CREATE INDEX appointments_history_of_person ON appointments (person_id, starts_at DESC, appointment_id DESC);
CREATE INDEX appointments_asks_to_change ON appointments (staff_id)
WHERE status = 'booked' AND young_person_answer = 'asks_to_change';
CREATE INDEX appointments_booked_by ON appointments (booked_by_staff_id);

-- Two that were booked for one time before this came stay as they are: nobody is told of a meeting that is not.
ALTER TABLE appointments ADD COLUMN was_booked_twice boolean NOT NULL DEFAULT false;
-- Forced, the walls would hide every row from their owner too.
ALTER TABLE appointments NO FORCE ROW LEVEL SECURITY;
UPDATE appointments AS a SET was_booked_twice = true
WHERE a.status = 'booked' AND EXISTS (
    SELECT FROM appointments AS b
    WHERE b.appointment_id <> a.appointment_id AND b.status = 'booked'
        AND (b.staff_id = a.staff_id OR b.person_id = a.person_id)
        AND tstzrange(b.starts_at, b.ends_at) && tstzrange(a.starts_at, a.ends_at)
);
ALTER TABLE appointments FORCE ROW LEVEL SECURITY;
ALTER TABLE appointments
    ADD CONSTRAINT appointments_staff_is_free EXCLUDE USING gist (
        uuid_range(staff_id, staff_id, '[]') WITH &&, tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (status = 'booked' AND NOT was_booked_twice),
    ADD CONSTRAINT appointments_person_is_free EXCLUDE USING gist (
        uuid_range(person_id, person_id, '[]') WITH &&, tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (status = 'booked' AND NOT was_booked_twice);

-- What is over stays: only what is booked can be moved, cancelled or had; a young person says yes, asks, or cancels.
CREATE FUNCTION appointments_move() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('booked', 'booked'), ('booked', 'cancelled'), ('booked', 'attended'), ('booked', 'missed'),
        ('attended', 'attended'), ('attended', 'missed'), ('missed', 'missed'), ('missed', 'attended')
    ) OR OLD.status <> 'booked' AND (OLD.starts_at, OLD.ends_at, OLD.staff_id) IS DISTINCT FROM
            (NEW.starts_at, NEW.ends_at, NEW.staff_id)
        OR NEW.status = 'cancelled' AND NEW.cancelled_at IS NULL
        OR NEW.status IN ('attended', 'missed') AND NEW.starts_at > clock_timestamp() THEN
        RAISE EXCEPTION 'What is over stays as it is.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'appointments_status_moves';
    END IF;
    IF sec.acting_person_id() IS NOT NULL AND (
        OLD.status <> 'booked' OR OLD.starts_at <= clock_timestamp() OR NEW.status NOT IN ('booked', 'cancelled')
        OR NEW.cancelled_by = 'staff'
        OR to_jsonb(NEW) - ARRAY[
            'status', 'young_person_answer', 'answered_at', 'cancelled_at', 'cancelled_by', 'version', 'changed_at'
        ] <> to_jsonb(OLD) - ARRAY[
            'status', 'young_person_answer', 'answered_at', 'cancelled_at', 'cancelled_by', 'version', 'changed_at'
        ]
    ) THEN
        RAISE EXCEPTION 'Only staff may change this.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER appointments_a_move BEFORE UPDATE ON appointments
FOR EACH ROW EXECUTE FUNCTION appointments_move();
CREATE TRIGGER appointments_c_staff AFTER INSERT OR UPDATE ON appointments
FOR EACH ROW EXECUTE FUNCTION refuse_staff_who_left('staff_id');
CREATE TRIGGER appointments_history BEFORE UPDATE ON appointments
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('appointment_id');
CREATE TRIGGER appointments_noted AFTER INSERT OR UPDATE ON appointments
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('appointment_id');

GRANT INSERT (person_id, staff_id, starts_at, ends_at, kind, place_shown, booked_by_staff_id),
    UPDATE (staff_id, starts_at, ends_at, status, kind, place_shown, moved_from_starts_at, young_person_answer,
        answered_at, cancelled_at, cancelled_by, cancel_reason, outcome_note)
ON appointments TO fifteenplus_signed_in;
GRANT UPDATE (status, young_person_answer, answered_at, cancelled_at, cancelled_by)
ON appointments TO fifteenplus_api, fifteenplus_worker;

CREATE POLICY staff_book_appointments ON appointments FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    booked_by_staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_change_appointments ON appointments FOR UPDATE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY own_appointments_answered ON appointments FOR UPDATE
TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in
USING (
    person_id = (SELECT sec.acting_person_id()) AND person_id = ANY(ARRAY(SELECT sec.people_in_touch()))
);

-- The address of an adviser's calendar holds a secret, which is kept as SHA-256 only.
CREATE TABLE calendar_feeds (
    calendar_feed_id uuid PRIMARY KEY DEFAULT uuidv7(),
    staff_id uuid NOT NULL REFERENCES staff,
    secret_hash bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz CHECK (revoked_at >= created_at),
    version integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX calendar_feeds_in_use ON calendar_feeds (staff_id) WHERE revoked_at IS NULL;
CREATE INDEX calendar_feeds_staff ON calendar_feeds (staff_id);
CREATE TRIGGER calendar_feeds_history BEFORE UPDATE ON calendar_feeds
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('calendar_feed_id');
CREATE TRIGGER calendar_feeds_noted AFTER INSERT OR UPDATE ON calendar_feeds
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('calendar_feed_id');

GRANT SELECT, INSERT (calendar_feed_id, staff_id, secret_hash), UPDATE (revoked_at) ON calendar_feeds TO fifteenplus_signed_in;
GRANT SELECT (staff_id, secret_hash, revoked_at) ON calendar_feeds TO fifteenplus_resolver;
GRANT SELECT (appointment_id, staff_id, starts_at, ends_at, status, kind, calendar_uid, changed_at, version)
ON appointments TO fifteenplus_resolver;
ALTER TABLE calendar_feeds ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_calendar_feeds ON calendar_feeds TO fifteenplus_signed_in
USING (staff_id = (SELECT w.staff_id FROM sec.who() AS w))
WITH CHECK (staff_id = (SELECT w.staff_id FROM sec.who() AS w));
CREATE POLICY resolver_calendar_feeds ON calendar_feeds FOR SELECT TO fifteenplus_resolver USING (true);
CREATE POLICY resolver_appointments ON appointments FOR SELECT TO fifteenplus_resolver USING (true);

-- A young person may have their own adviser told that something waits.
CREATE POLICY own_adviser_told ON jobs FOR INSERT TO fifteenplus_worker, fifteenplus_signed_in
WITH CHECK (kind = 'tell_adviser' AND payload ->> 'person_id' = (SELECT sec.acting_person_id())::text);
RESET ROLE;

-- What the calendar shows whose secret the connection was given; nobody's is no row, an empty one is a row of nulls.
SET LOCAL ROLE fifteenplus_resolver;
CREATE FUNCTION sec.calendar_of_secret() RETURNS TABLE (
    appointment_id uuid, calendar_uid uuid, starts_at timestamptz, ends_at timestamptz, status text, kind text,
    changed_at timestamptz, version integer
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.appointment_id, a.calendar_uid, a.starts_at, a.ends_at, a.status, a.kind, a.changed_at, a.version
    FROM public.calendar_feeds AS f
    JOIN public.staff AS s ON s.staff_id = f.staff_id
        AND (s.left_on IS NULL OR s.left_on > (clock_timestamp() AT TIME ZONE 'Europe/London')::date)
    LEFT JOIN public.appointments AS a ON a.staff_id = f.staff_id
        AND a.starts_at > clock_timestamp() - interval '31 days'
        AND a.starts_at < clock_timestamp() + interval '366 days'
    WHERE session_user = 'fifteenplus_signed_in' AND f.revoked_at IS NULL
        AND f.secret_hash = sha256(convert_to(current_setting('app.token', true), 'UTF8'))
    ORDER BY a.starts_at, a.appointment_id
$$;
GRANT EXECUTE ON FUNCTION sec.calendar_of_secret() TO fifteenplus_signed_in;
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
