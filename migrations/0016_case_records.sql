-- migrate:up
-- Young people as the team keeps their records: who they are, their care, where the law places them, what they claim.
-- Every spell begins on `started_on`; `ended_on` is the first day after it.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_resolver;
GRANT EXECUTE ON FUNCTION sec.keep_history() TO fifteenplus_owner;
RESET ROLE;
SET LOCAL ROLE fifteenplus_owner;

-- One uuid as a range, which PostgreSQL's own GiST can index beside a range of days without any extension: so that
-- two spells of one person that overlap are refused by the database even when they come at the same moment.
CREATE TYPE uuid_range AS RANGE (subtype = uuid);
CREATE TYPE text_range AS RANGE (subtype = text);

RESET ROLE;
-- A range's constructors belong to the server's first superuser, whoever made the type.
REVOKE EXECUTE ON FUNCTION uuid_range(uuid, uuid), uuid_range(uuid, uuid, text),
    uuid_multirange(), uuid_multirange(uuid_range), uuid_multirange(VARIADIC uuid_range[]),
    text_range(text, text), text_range(text, text, text),
    text_multirange(), text_multirange(text_range), text_multirange(VARIADIC text_range[])
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION uuid_range(uuid, uuid, text), text_range(text, text, text)
TO fifteenplus_owner, fifteenplus_signed_in, fifteenplus_api, fifteenplus_worker;
SET LOCAL ROLE fifteenplus_owner;

-- Names as they are looked for: without accents, capitals, apostrophes and other signs, one space between words.
CREATE FUNCTION fold_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN btrim(regexp_replace(
    translate(
        lower(regexp_replace(normalize(name, NFKD), '[\u0300-\u036f''’‘ʼ`]', '', 'g')),
        'øłđðıæœß', 'olddiaos'
    ),
    '[^[:alnum:]]+', ' ', 'g'
));
GRANT EXECUTE ON FUNCTION fold_name(text) TO fifteenplus_signed_in;

ALTER TABLE young_people
    ADD COLUMN pronouns text CHECK (length(pronouns) BETWEEN 1 AND 40),
    ADD COLUMN first_language text NOT NULL DEFAULT 'en' CHECK (first_language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    ADD COLUMN needs_interpreter boolean NOT NULL DEFAULT false,
    ADD COLUMN needs_reading_support boolean NOT NULL DEFAULT false,
    ADD COLUMN sex text CHECK (sex IN ('M', 'F', 'U')),
    ADD COLUMN ethnic text CHECK (ethnic ~ '^[A-Z]{4}$'),
    ADD COLUMN upn text CHECK (upn ~ '^([A-Z][0-9]{11}[0-9A-Z]|UN[1-7])$'),
    ADD COLUMN child_id_la text UNIQUE CHECK (child_id_la ~ '^[A-Za-z0-9_/-]{1,20}$'),
    ADD COLUMN dob_status text NOT NULL DEFAULT 'verified' CHECK (dob_status IN ('verified', 'assessed', 'disputed')),
    ADD COLUMN uasc_from date CHECK (uasc_from >= born_on),
    ADD COLUMN uasc_until date CHECK (uasc_until > uasc_from),
    ADD COLUMN has_disability boolean,
    ADD COLUMN safe_contact_note_enc bytea,
    ADD COLUMN name_folded text NOT NULL GENERATED ALWAYS AS (fold_name(full_name || ' ' || preferred_name)) STORED,
    ADD COLUMN version integer NOT NULL DEFAULT 1;

-- One adviser at a time; only the day of a handover may be both advisers' own.
ALTER TABLE allocations ADD CONSTRAINT allocations_one_at_a_time EXCLUDE USING gist (
    uuid_range(person_id, person_id, '[]') WITH &&, daterange(starts_on, ended_on) WITH &&
);
CREATE INDEX allocations_person ON allocations (person_id, starts_on DESC);
CREATE INDEX allocations_ever_staff ON allocations (staff_id);

-- How a number may be used. A note for those who ring or write; the hours are London wall time.
ALTER TABLE contact_points
    ADD COLUMN verified_on date,
    ADD COLUMN is_safe_to_use boolean NOT NULL DEFAULT true,
    ADD COLUMN is_shared boolean NOT NULL DEFAULT false,
    ADD COLUMN safe_from_wall time,
    ADD COLUMN safe_until_wall time CHECK (safe_until_wall > safe_from_wall),
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD CHECK ((safe_from_wall IS NULL) = (safe_until_wall IS NULL));
GRANT SELECT (verified_on, is_safe_to_use, is_shared, safe_from_wall, safe_until_wall, version),
    UPDATE (verified_on, is_safe_to_use, is_shared, safe_from_wall, safe_until_wall)
ON contact_points TO fifteenplus_signed_in;
CREATE POLICY staff_change_contact_points ON contact_points FOR UPDATE TO fifteenplus_signed_in
USING ((SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people())))
WITH CHECK (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE TRIGGER contact_points_history BEFORE UPDATE ON contact_points
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('contact_point_id');
CREATE TRIGGER contact_points_audit AFTER INSERT OR UPDATE ON contact_points
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('contact_point_id');

-- Every date of birth the council ever went by: since which day, and when that was recorded. Only ever added to.
CREATE TABLE birth_dates (
    birth_date_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    born_on date NOT NULL,
    status text NOT NULL CHECK (status IN ('verified', 'assessed', 'disputed')),
    accepted_on date NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX birth_dates_person ON birth_dates (person_id, accepted_on);

CREATE TABLE staff_absences (
    absence_id uuid PRIMARY KEY DEFAULT uuidv7(),
    staff_id uuid NOT NULL REFERENCES staff,
    started_on date NOT NULL,
    ended_on date NOT NULL CHECK (ended_on > started_on),
    covered_by_staff_id uuid REFERENCES staff CHECK (covered_by_staff_id <> staff_id),
    version integer NOT NULL DEFAULT 1,
    EXCLUDE USING gist (
        uuid_range(staff_id, staff_id, '[]') WITH &&, daterange(started_on, ended_on) WITH &&
    )
);
CREATE INDEX staff_absences_staff ON staff_absences (staff_id, started_on);
CREATE INDEX staff_absences_cover ON staff_absences (covered_by_staff_id);

CREATE TABLE care_periods (
    care_period_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    started_on date NOT NULL,
    ended_on date CHECK (ended_on > started_on),
    is_short_break boolean NOT NULL DEFAULT false,
    authority_code text CHECK (authority_code ~ '^E[0-9]{8}$'),
    version integer NOT NULL DEFAULT 1,
    UNIQUE (care_period_id, person_id),
    CONSTRAINT care_periods_one_at_a_time EXCLUDE USING gist (
        uuid_range(person_id, person_id, '[]') WITH &&, daterange(started_on, ended_on) WITH &&
    )
);
CREATE INDEX care_periods_person ON care_periods (person_id, started_on);
COMMENT ON COLUMN care_periods.authority_code IS 'The other council that looked after the person; none: this one.';

-- SSDA903 episodes: DECOM, RNE, LS, CIN, PLACE, PLACE_PROVIDER, DEC, REC, REASON_PLACE_CHANGE, HOME_POST, PL_POST, URN.
-- A postcode nearly is an address: both are encrypted with the young person's own key.
CREATE TABLE episodes (
    episode_id uuid PRIMARY KEY DEFAULT uuidv7(),
    care_period_id uuid NOT NULL,
    person_id uuid NOT NULL,
    started_on date NOT NULL,
    reason_new text NOT NULL CHECK (reason_new ~ '^[A-Z]$'),
    legal_status text NOT NULL CHECK (legal_status ~ '^[A-Z][0-9]$'),
    category_of_need text NOT NULL CHECK (category_of_need ~ '^N[0-9]$'),
    place text NOT NULL CHECK (place ~ '^[A-Z][0-9]{1,2}$'),
    place_provider text CHECK (place_provider ~ '^PR[0-9]$'),
    ended_on date CHECK (ended_on > started_on),
    reason_ended text CHECK (reason_ended ~ '^[A-Z][0-9]{1,2}[A-Z]?$'),
    reason_place_change text CHECK (reason_place_change ~ '^[A-Z]{5,6}$'),
    home_post_enc bytea,
    pl_post_enc bytea,
    urn text CHECK (urn ~ '^(SC[0-9]{6}|[0-9]{7}|X{7})$'),
    version integer NOT NULL DEFAULT 1,
    CHECK ((ended_on IS NULL) = (reason_ended IS NULL)),
    CHECK (reason_place_change IS NULL OR ended_on IS NOT NULL),
    FOREIGN KEY (care_period_id, person_id) REFERENCES care_periods (care_period_id, person_id),
    CONSTRAINT episodes_one_at_a_time EXCLUDE USING gist (
        uuid_range(person_id, person_id, '[]') WITH &&, daterange(started_on, ended_on) WITH &&
    )
);
CREATE INDEX episodes_period ON episodes (care_period_id);
CREATE INDEX episodes_person ON episodes (person_id, started_on);

CREATE TABLE family_placements (
    family_placement_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    with_whom text NOT NULL CHECK (with_whom IN ('parent', 'parental_responsibility')),
    started_on date NOT NULL,
    ended_on date CHECK (ended_on > started_on),
    broke_down_on date CHECK (broke_down_on >= started_on AND broke_down_on <= ended_on),
    version integer NOT NULL DEFAULT 1,
    CHECK (broke_down_on IS NULL OR ended_on IS NOT NULL),
    CONSTRAINT family_placements_one_at_a_time EXCLUDE USING gist (
        uuid_range(person_id, person_id, '[]') WITH &&, daterange(started_on, ended_on) WITH &&
    )
);
CREATE INDEX family_placements_person ON family_placements (person_id, started_on);

CREATE TABLE detentions (
    detention_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    kind text NOT NULL CHECK (kind IN ('prison', 'young_offender_institution', 'secure_training_centre', 'hospital')),
    started_on date NOT NULL,
    ended_on date CHECK (ended_on > started_on),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT detentions_one_at_a_time EXCLUDE USING gist (
        uuid_range(person_id, person_id, '[]') WITH &&, daterange(started_on, ended_on) WITH &&
    )
);
CREATE INDEX detentions_person ON detentions (person_id, started_on);

CREATE TABLE special_guardianships (
    special_guardianship_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    started_on date NOT NULL,
    ended_on date CHECK (ended_on > started_on),
    was_looked_after_before boolean NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT special_guardianships_one_at_a_time EXCLUDE USING gist (
        uuid_range(person_id, person_id, '[]') WITH &&, daterange(started_on, ended_on) WITH &&
    )
);
CREATE INDEX special_guardianships_person ON special_guardianships (person_id, started_on);
COMMENT ON COLUMN special_guardianships.started_on IS 'The day the order was made.';

-- What somebody does, by its SSDA903 ACTIV code; one at a time.
CREATE TABLE activity_spells (
    activity_spell_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    activity text NOT NULL CHECK (activity ~ '^([A-Z][0-9]|0)$'),
    started_on date NOT NULL,
    ended_on date CHECK (ended_on > started_on),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT activity_spells_one_at_a_time EXCLUDE USING gist (
        uuid_range(person_id, person_id, '[]') WITH &&, daterange(started_on, ended_on) WITH &&
    )
);
CREATE INDEX activity_spells_person ON activity_spells (person_id, started_on);

-- Courses and apprenticeships that the council was told of: they carry duties and money past 21. May overlap.
CREATE TABLE education_programmes (
    education_programme_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    kind text NOT NULL CHECK (kind IN ('higher_education', 'apprenticeship', 'education_16_to_19', 'other')),
    informed_on date NOT NULL,
    started_on date NOT NULL,
    ended_on date CHECK (ended_on > started_on),
    version integer NOT NULL DEFAULT 1
);
CREATE INDEX education_programmes_person ON education_programmes (person_id, started_on);

-- Whether the team was in touch around a birthday, by its SSDA903 code, and the day of the contact that shows it.
CREATE TABLE in_touch_records (
    in_touch_record_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    birthday_on date NOT NULL,
    status text NOT NULL CHECK (status ~ '^[A-Z]{2,4}$'),
    contact_on date,
    version integer NOT NULL DEFAULT 1,
    UNIQUE (person_id, birthday_on)
);

-- Money asked for and paid; the amount and source are those of the rule on that day.
CREATE TABLE entitlement_claims (
    entitlement_claim_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    code text NOT NULL CHECK (code ~ '^[a-z0-9_]{1,60}$'),
    amount_pence integer NOT NULL CHECK (amount_pence > 0),
    source text NOT NULL CHECK (source <> ''),
    claimed_on date NOT NULL,
    paid_on date CHECK (paid_on >= claimed_on),
    version integer NOT NULL DEFAULT 1
);
CREATE INDEX entitlement_claims_person ON entitlement_claims (person_id, code);

-- Which category somebody had by which rules, and every step on the way. Only ever added to.
CREATE TABLE eligibility_decisions (
    eligibility_decision_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    category text NOT NULL CHECK (category IN (
        'pre_eligible', 'eligible', 'relevant', 'former_relevant', 'qualifying', 'none'
    )),
    support text,
    since_on date,
    on_date date NOT NULL,
    reasons jsonb NOT NULL CHECK (jsonb_typeof(reasons) = 'array'),
    warnings jsonb NOT NULL CHECK (jsonb_typeof(warnings) = 'array'),
    rules_version text NOT NULL CHECK (rules_version <> ''),
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX eligibility_decisions_person ON eligibility_decisions (person_id, eligibility_decision_id DESC);

-- A new date of birth is kept beside those before it, whoever records it.
CREATE FUNCTION keep_birth_date() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.birth_dates (person_id, born_on, status, accepted_on)
        VALUES (NEW.person_id, NEW.born_on, NEW.dob_status, NEW.born_on);
    ELSIF (NEW.born_on, NEW.dob_status) IS DISTINCT FROM (OLD.born_on, OLD.dob_status) THEN
        INSERT INTO public.birth_dates (person_id, born_on, status, accepted_on)
        VALUES (NEW.person_id, NEW.born_on, NEW.dob_status, public.london_today());
    END IF;
    RETURN NULL;
END
$$;
INSERT INTO birth_dates (person_id, born_on, status, accepted_on)
SELECT person_id, born_on, dob_status, born_on FROM young_people;
CREATE TRIGGER young_people_birth_date AFTER INSERT OR UPDATE ON young_people
FOR EACH ROW EXECUTE FUNCTION keep_birth_date();
GRANT EXECUTE ON FUNCTION london_today() TO fifteenplus_signed_in;

-- History and audit for every record; every policy says who sees the person. A young person's own device sees what
-- their own pages show (claims, decisions) and not the rest: a phone can be in somebody else's hand.
ALTER TABLE birth_dates ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE staff_absences ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE care_periods ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE episodes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE family_placements ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE detentions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE special_guardianships ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE activity_spells ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE education_programmes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE in_touch_records ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE entitlement_claims ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE eligibility_decisions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

GRANT SELECT ON birth_dates, staff_absences, care_periods, episodes, family_placements, detentions,
    special_guardianships, activity_spells, education_programmes, in_touch_records, entitlement_claims,
    eligibility_decisions
TO fifteenplus_signed_in;
-- The worker works out duties at night: it reads what decides them and notes the category it came to. Where the home of
-- an episode was does not decide anything.
GRANT SELECT ON birth_dates, care_periods, family_placements, detentions, special_guardianships,
    activity_spells, education_programmes, in_touch_records, eligibility_decisions
TO fifteenplus_worker;
GRANT SELECT (
    episode_id, care_period_id, person_id, started_on, reason_new, legal_status, category_of_need, place,
    place_provider, ended_on, reason_ended, reason_place_change, urn, version
) ON episodes TO fifteenplus_worker;
GRANT INSERT (person_id, category, support, since_on, on_date, reasons, warnings, rules_version)
ON eligibility_decisions TO fifteenplus_signed_in, fifteenplus_worker;

GRANT INSERT (
    person_id, full_name, preferred_name, born_on, team_id, pronouns, first_language, needs_interpreter,
    needs_reading_support, sex, ethnic, upn, child_id_la, dob_status, uasc_from, uasc_until, has_disability,
    safe_contact_note_enc
), UPDATE (
    full_name, preferred_name, born_on, died_on, team_id, pronouns, first_language, needs_interpreter,
    needs_reading_support, sex, ethnic, upn, child_id_la, dob_status, uasc_from, uasc_until, has_disability,
    safe_contact_note_enc
) ON young_people TO fifteenplus_signed_in;
GRANT INSERT (person_id, born_on, status, accepted_on) ON birth_dates TO fifteenplus_signed_in;
GRANT INSERT (staff_id, started_on, ended_on, covered_by_staff_id), UPDATE (started_on, ended_on, covered_by_staff_id)
ON staff_absences TO fifteenplus_signed_in;
GRANT INSERT (person_id, started_on, ended_on, is_short_break, authority_code),
    UPDATE (started_on, ended_on, is_short_break, authority_code)
ON care_periods TO fifteenplus_signed_in;
GRANT INSERT (
    episode_id, care_period_id, person_id, started_on, reason_new, legal_status, category_of_need, place,
    place_provider, ended_on, reason_ended, reason_place_change, home_post_enc, pl_post_enc, urn
), UPDATE (
    started_on, reason_new, legal_status, category_of_need, place, place_provider, ended_on,
    reason_ended, reason_place_change, home_post_enc, pl_post_enc, urn
) ON episodes TO fifteenplus_signed_in;
GRANT INSERT (person_id, with_whom, started_on, ended_on, broke_down_on),
    UPDATE (with_whom, started_on, ended_on, broke_down_on)
ON family_placements TO fifteenplus_signed_in;
GRANT INSERT (person_id, kind, started_on, ended_on), UPDATE (kind, started_on, ended_on)
ON detentions TO fifteenplus_signed_in;
GRANT INSERT (person_id, started_on, ended_on, was_looked_after_before),
    UPDATE (started_on, ended_on, was_looked_after_before)
ON special_guardianships TO fifteenplus_signed_in;
GRANT INSERT (person_id, activity, started_on, ended_on), UPDATE (activity, started_on, ended_on)
ON activity_spells TO fifteenplus_signed_in;
GRANT INSERT (person_id, kind, informed_on, started_on, ended_on), UPDATE (kind, informed_on, started_on, ended_on)
ON education_programmes TO fifteenplus_signed_in;
GRANT INSERT (person_id, birthday_on, status, contact_on), UPDATE (status, contact_on)
ON in_touch_records TO fifteenplus_signed_in;
GRANT INSERT (person_id, code, amount_pence, source, claimed_on, paid_on), UPDATE (paid_on)
ON entitlement_claims TO fifteenplus_signed_in;

-- The same four for every table of a person's records.
DO $$
DECLARE
    t text;
    is_staff CONSTANT text := '(SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL';
    visible CONSTANT text := 'person_id = ANY(ARRAY(SELECT sec.visible_people()))';
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'care_periods', 'episodes', 'family_placements', 'detentions', 'special_guardianships', 'activity_spells',
        'education_programmes', 'in_touch_records', 'entitlement_claims', 'birth_dates', 'eligibility_decisions'
    ] LOOP
        EXECUTE format(
            'CREATE POLICY visible_%1$s ON %1$I FOR SELECT TO fifteenplus_signed_in USING (%2$s)', t,
            CASE WHEN t IN ('entitlement_claims', 'eligibility_decisions') THEN visible
                ELSE is_staff || ' AND ' || visible END
        );
        EXECUTE format(
            'CREATE POLICY staff_add_%1$s ON %1$I FOR INSERT TO fifteenplus_signed_in WITH CHECK (%2$s AND %3$s)',
            t, is_staff, visible
        );
        IF t NOT IN ('birth_dates', 'eligibility_decisions') THEN
            EXECUTE format(
                'CREATE POLICY staff_change_%1$s ON %1$I FOR UPDATE TO fifteenplus_signed_in'
                ' USING (%2$s AND %3$s) WITH CHECK (%2$s AND %3$s)', t, is_staff, visible
            );
            EXECUTE format(
                'CREATE TRIGGER %1$s_history BEFORE UPDATE ON %1$I'
                ' FOR EACH ROW EXECUTE FUNCTION sec.keep_history(%2$L)', t, left(t, -1) || '_id'
            );
        END IF;
        EXECUTE format(
            'CREATE TRIGGER %1$s_audit AFTER INSERT OR UPDATE ON %1$I'
            ' FOR EACH ROW EXECUTE FUNCTION audit_notes_change(%2$L)', t, left(t, -1) || '_id'
        );
        IF t NOT IN ('entitlement_claims') THEN
            EXECUTE format(
                'CREATE POLICY worker_%1$s ON %1$I FOR SELECT TO fifteenplus_worker'
                ' USING ((SELECT sec.acting_as()) = ''worker'')', t
            );
        END IF;
    END LOOP;
END
$$;
CREATE POLICY worker_add_eligibility_decisions ON eligibility_decisions FOR INSERT TO fifteenplus_worker
WITH CHECK ((SELECT sec.acting_as()) = 'worker');

CREATE TRIGGER young_people_history BEFORE UPDATE ON young_people
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('person_id');
CREATE TRIGGER young_people_audit AFTER INSERT OR UPDATE ON young_people
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('person_id');
CREATE TRIGGER staff_absences_history BEFORE UPDATE ON staff_absences
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('absence_id');
CREATE TRIGGER staff_absences_audit AFTER INSERT OR UPDATE ON staff_absences
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('absence_id');

RESET ROLE;
SET LOCAL ROLE fifteenplus_resolver;
-- Whether one of the staff works on cases and is here on a day. A policy on allocations cannot ask `staff` itself,
-- whose own policy asks the allocations.
CREATE FUNCTION sec.may_advise(adviser_id uuid, on_date date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM public.staff AS s
        WHERE s.staff_id = adviser_id AND s.role IN ('personal_adviser', 'duty_worker', 'manager')
            AND (s.left_on IS NULL OR s.left_on > on_date)
    )
$$;
GRANT EXECUTE ON FUNCTION sec.may_advise(uuid, date) TO fifteenplus_signed_in;
RESET ROLE;
SET LOCAL ROLE fifteenplus_owner;

-- A manager takes young people into their own team, and gives nobody an adviser who has left.
CREATE POLICY manager_adds_young_people ON young_people FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND team_id = (SELECT w.team_id FROM sec.who() AS w)
);
CREATE POLICY staff_change_young_people ON young_people FOR UPDATE TO fifteenplus_signed_in
USING ((SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people())))
WITH CHECK (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
ALTER POLICY manager_allocates ON allocations WITH CHECK (
    (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
    AND sec.may_advise(staff_id, starts_on)
);

-- Colleagues know who is away, and a young person of their own adviser; everybody says so of themselves, and a
-- manager of their team.
CREATE POLICY colleagues_absences ON staff_absences FOR SELECT TO fifteenplus_signed_in
USING (staff_id IN (SELECT s.staff_id FROM staff AS s));
CREATE POLICY staff_add_absences ON staff_absences FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    OR (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND staff_id IN (
        SELECT s.staff_id FROM staff AS s WHERE s.team_id = (SELECT w.team_id FROM sec.who() AS w)
    )
);
CREATE POLICY staff_change_absences ON staff_absences FOR UPDATE TO fifteenplus_signed_in
USING (
    staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    OR (SELECT w.staff_role FROM sec.who() AS w) = 'manager' AND staff_id IN (
        SELECT s.staff_id FROM staff AS s WHERE s.team_id = (SELECT w.team_id FROM sec.who() AS w)
    )
);
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
