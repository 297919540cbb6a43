-- migrate:up
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

CREATE TABLE appointments (
    appointment_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    staff_id uuid NOT NULL REFERENCES staff,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    status text NOT NULL DEFAULT 'booked' CHECK (status IN ('booked', 'cancelled', 'attended', 'missed')),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX appointments_person ON appointments (person_id, starts_at, appointment_id) WHERE status = 'booked';
CREATE INDEX appointments_staff ON appointments (staff_id, starts_at);

GRANT SELECT ON appointments TO fifteenplus_api, fifteenplus_worker;
ALTER TABLE appointments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_appointments ON appointments FOR SELECT TO fifteenplus_api, fifteenplus_worker
USING (person_id = (SELECT sec.acting_person_id()));
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
