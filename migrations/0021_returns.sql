-- migrate:up
-- What a council files about its children and care leavers and the other tables do not hold: days missing, reviews of
-- children who are looked after, what was filed around a birthday, and rows that the team keeps for the return alone.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

ALTER TABLE young_people
    ADD COLUMN is_mother boolean,
    ADD COLUMN first_child_born_on date CHECK (first_child_born_on > born_on),
    ADD CONSTRAINT young_people_mother CHECK (first_child_born_on IS NULL OR is_mother);
GRANT UPDATE (is_mother, first_child_born_on) ON young_people TO fifteenplus_signed_in;
COMMENT ON COLUMN young_people.is_mother IS 'The return asks it of young women who are looked after; none: not asked.';

-- What was known of somebody around a birthday, where it was recorded as one: from a return filed before, or by staff.
ALTER TABLE in_touch_records
    ADD COLUMN activity text CHECK (activity ~ '^([A-Z][0-9]|0)$'),
    ADD COLUMN accommodation text CHECK (accommodation ~ '^([A-Z][12]|0)$'),
    ADD CONSTRAINT in_touch_records_whole CHECK ((activity IS NULL) = (accommodation IS NULL));
GRANT INSERT (activity, accommodation), UPDATE (activity, accommodation) ON in_touch_records TO fifteenplus_signed_in;
COMMENT ON COLUMN in_touch_records.accommodation IS 'The SSDA903 ACCOM code: its letter, and 1 suitable or 2 unsuitable.';

-- M missing, A away without authorisation. `ended_on` is the day somebody was found, which may be the same.
CREATE TABLE missing_episodes (
    missing_episode_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    kind text NOT NULL CHECK (kind IN ('M', 'A')),
    started_on date NOT NULL,
    ended_on date CHECK (ended_on >= started_on),
    version integer NOT NULL DEFAULT 1,
    UNIQUE (person_id, started_on),
    CONSTRAINT missing_episodes_one_at_a_time EXCLUDE USING gist (
        uuid_range(person_id, person_id, '[]') WITH &&, daterange(started_on, ended_on) WITH &&
    )
);

-- Reviews of the care plan of a child who is looked after (SI 2010/959, reg 33), not of a pathway plan.
CREATE TABLE looked_after_reviews (
    looked_after_review_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    held_on date NOT NULL,
    participation text NOT NULL CHECK (participation ~ '^PN[0-7]$'),
    version integer NOT NULL DEFAULT 1,
    UNIQUE (person_id, held_on)
);

-- Rows of the return's other files (health, adoption, social workers …), kept as they were filed and filed again.
CREATE TABLE filed_rows (
    filed_row_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    collection_year integer NOT NULL CHECK (collection_year BETWEEN 2000 AND 2100),
    file text NOT NULL CHECK (file ~ '^[A-Za-z0-9]{1,30}$'),
    row_key text NOT NULL CHECK (length(row_key) <= 100),
    cells jsonb NOT NULL CHECK (jsonb_typeof(cells) = 'object'),
    version integer NOT NULL DEFAULT 1,
    UNIQUE (person_id, collection_year, file, row_key)
);
CREATE INDEX filed_rows_year ON filed_rows (collection_year, file, person_id);

-- What the council's case system said of a care leaver when it was last read: Data to Insight's ssd_care_leavers.
CREATE TABLE care_leaver_extracts (
    care_leaver_extract_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL UNIQUE REFERENCES young_people,
    table_ref text NOT NULL CHECK (length(table_ref) <= 100),
    eligibility text CHECK (length(eligibility) BETWEEN 1 AND 100),
    in_touch text CHECK (length(in_touch) BETWEEN 1 AND 100),
    last_contact_on date,
    accommodation text CHECK (length(accommodation) BETWEEN 1 AND 100),
    suitability text CHECK (length(suitability) BETWEEN 1 AND 100),
    activity text CHECK (length(activity) BETWEEN 1 AND 100),
    plan_reviewed_on date,
    personal_adviser text CHECK (length(personal_adviser) BETWEEN 1 AND 100),
    allocated_team text CHECK (length(allocated_team) BETWEEN 1 AND 100),
    worker_ref text CHECK (length(worker_ref) BETWEEN 1 AND 100),
    version integer NOT NULL DEFAULT 1
);

ALTER TABLE missing_episodes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE looked_after_reviews ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE filed_rows ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE care_leaver_extracts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

GRANT SELECT ON missing_episodes, looked_after_reviews, filed_rows, care_leaver_extracts TO fifteenplus_signed_in;
GRANT INSERT (person_id, kind, started_on, ended_on), UPDATE (kind, started_on, ended_on)
ON missing_episodes TO fifteenplus_signed_in;
GRANT INSERT (person_id, held_on, participation), UPDATE (held_on, participation)
ON looked_after_reviews TO fifteenplus_signed_in;

-- Staff who see the person see these; a young person's own device does not. What was filed, nobody but an
-- administrator's import writes.
DO $$
DECLARE
    t text;
    of_staff CONSTANT text := '(SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL'
        ' AND person_id = ANY(ARRAY(SELECT sec.visible_people()))';
BEGIN
    FOREACH t IN ARRAY ARRAY['missing_episodes', 'looked_after_reviews', 'filed_rows', 'care_leaver_extracts'] LOOP
        EXECUTE format(
            'CREATE POLICY visible_%1$s ON %1$I FOR SELECT TO fifteenplus_signed_in USING (%2$s)', t, of_staff
        );
        IF t IN ('missing_episodes', 'looked_after_reviews') THEN
            EXECUTE format(
                'CREATE POLICY staff_add_%1$s ON %1$I FOR INSERT TO fifteenplus_signed_in WITH CHECK (%2$s)',
                t, of_staff
            );
            EXECUTE format(
                'CREATE POLICY staff_change_%1$s ON %1$I FOR UPDATE TO fifteenplus_signed_in'
                ' USING (%2$s) WITH CHECK (%2$s)', t, of_staff
            );
        END IF;
        EXECUTE format(
            'CREATE TRIGGER %1$s_history BEFORE UPDATE ON %1$I'
            ' FOR EACH ROW EXECUTE FUNCTION sec.keep_history(%2$L)', t, left(t, -1) || '_id'
        );
        EXECUTE format(
            'CREATE TRIGGER %1$s_audit AFTER INSERT OR UPDATE ON %1$I'
            ' FOR EACH ROW EXECUTE FUNCTION audit_notes_change(%2$L)', t, left(t, -1) || '_id'
        );
    END LOOP;
END
$$;
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
