-- migrate:up
-- Where young people live, who provides it, whether it suits them; and the day by which the law wants what.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;

CREATE TABLE providers (
    provider_id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
    version integer NOT NULL DEFAULT 1
);

-- A provider's registration with Ofsted. `registered_until` is the first day without it.
CREATE TABLE provider_registrations (
    provider_registration_id uuid PRIMARY KEY DEFAULT uuidv7(),
    provider_id uuid NOT NULL REFERENCES providers,
    urn text NOT NULL CHECK (urn ~ '^(SC[0-9]{6}|[0-9]{7})$'),
    kind text NOT NULL CHECK (kind IN (
        'supported_accommodation_self_contained', 'supported_accommodation_shared_ring_fenced',
        'supported_accommodation_shared', 'supported_accommodation_private_home',
        'childrens_home', 'fostering_service', 'residential_school', 'family_centre'
    )),
    registered_from date NOT NULL,
    registered_until date CHECK (registered_until > registered_from),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT provider_registrations_one_at_a_time EXCLUDE USING gist (
        text_range(urn, urn, '[]') WITH &&, daterange(registered_from, registered_until) WITH &&
    )
);
CREATE INDEX provider_registrations_provider ON provider_registrations (provider_id, registered_from);

-- A home of one young person's. Its address is theirs alone: encrypted with their own key, read by a route of its own.
CREATE TABLE placements (
    placement_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 100),
    address_enc bytea,
    provider_id uuid REFERENCES providers,
    ofsted_urn text CHECK (ofsted_urn ~ '^(SC[0-9]{6}|[0-9]{7}|X{7})$'),
    place text CHECK (place ~ '^[A-Z][0-9]{1,2}$'),
    place_provider text CHECK (place_provider ~ '^PR[0-9]$'),
    version integer NOT NULL DEFAULT 1,
    CHECK (place IS NOT NULL OR place_provider IS NULL),
    UNIQUE (placement_id, person_id)
);
CREATE INDEX placements_person ON placements (person_id);
CREATE INDEX placements_provider ON placements (provider_id);
COMMENT ON COLUMN placements.place IS 'The SSDA903 PLACE code of somebody who is looked after; none for others.';

ALTER TABLE episodes
    ADD COLUMN placement_id uuid,
    ADD FOREIGN KEY (placement_id, person_id) REFERENCES placements (placement_id, person_id);
CREATE INDEX episodes_placement ON episodes (placement_id);

-- When somebody lives where, by the letter of its SSDA903 ACCOM code. `ended_on` is the first day elsewhere.
CREATE TABLE accommodation_spells (
    accommodation_spell_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    placement_id uuid NOT NULL,
    accommodation text NOT NULL CHECK (accommodation ~ '^[A-Z]$'),
    tenancy text NOT NULL CHECK (tenancy IN (
        'none', 'licence', 'introductory_tenancy', 'assured_shorthold_tenancy', 'secure_tenancy', 'own'
    )),
    rent_pence_a_week integer CHECK (rent_pence_a_week >= 0),
    is_staying_put boolean NOT NULL DEFAULT false,
    is_staying_close boolean NOT NULL DEFAULT false,
    started_on date NOT NULL,
    ended_on date CHECK (ended_on > started_on),
    version integer NOT NULL DEFAULT 1,
    UNIQUE (accommodation_spell_id, person_id),
    FOREIGN KEY (placement_id, person_id) REFERENCES placements (placement_id, person_id),
    CONSTRAINT accommodation_spells_one_at_a_time EXCLUDE USING gist (
        uuid_range(person_id, person_id, '[]') WITH &&, daterange(started_on, ended_on) WITH &&
    )
);
CREATE INDEX accommodation_spells_person ON accommodation_spells (person_id, started_on DESC);
CREATE INDEX accommodation_spells_placement ON accommodation_spells (placement_id);

-- Regulation 9 and Schedule 2 of SI 2010/2571: what was looked at before a home was called suitable, a column each.
CREATE TABLE suitability_assessments (
    suitability_assessment_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL,
    accommodation_spell_id uuid NOT NULL,
    assessed_on date NOT NULL,
    is_suitable boolean NOT NULL,
    facilities_and_services text NOT NULL CHECK (length(facilities_and_services) BETWEEN 1 AND 4000),
    repair text NOT NULL CHECK (length(repair) BETWEEN 1 AND 4000),
    safety text NOT NULL CHECK (length(safety) BETWEEN 1 AND 4000),
    location text NOT NULL CHECK (length(location) BETWEEN 1 AND 4000),
    support text NOT NULL CHECK (length(support) BETWEEN 1 AND 4000),
    tenancy_status text NOT NULL CHECK (length(tenancy_status) BETWEEN 1 AND 4000),
    costs_and_affordability text NOT NULL CHECK (length(costs_and_affordability) BETWEEN 1 AND 4000),
    young_persons_views text NOT NULL CHECK (length(young_persons_views) BETWEEN 1 AND 4000),
    rights_and_responsibilities text NOT NULL CHECK (length(rights_and_responsibilities) BETWEEN 1 AND 4000),
    funding_arrangements text NOT NULL CHECK (length(funding_arrangements) BETWEEN 1 AND 4000),
    landlord_checked_on date,
    version integer NOT NULL DEFAULT 1,
    FOREIGN KEY (accommodation_spell_id, person_id) REFERENCES accommodation_spells (accommodation_spell_id, person_id)
);
CREATE INDEX suitability_assessments_spell ON suitability_assessments (accommodation_spell_id, assessed_on);
CREATE INDEX suitability_assessments_person ON suitability_assessments (person_id);

-- What starts a clock: facts, not due dates. What is due follows from them by the rules of the day. Only ever added to.
CREATE TABLE duty_triggers (
    duty_trigger_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    code text NOT NULL CHECK (code IN ('moved', 'moved_to_unregulated', 'moved_in_an_emergency')),
    happened_on date NOT NULL,
    record_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX duty_triggers_person ON duty_triggers (person_id, happened_on);

-- What the law wants next of the team for each young person, as the rules made it from the records. Worked out again
-- whenever these change, and every night; nobody writes it by hand, so it has no history of its own.
CREATE TABLE duty_dates (
    person_id uuid NOT NULL REFERENCES young_people,
    code text NOT NULL,
    due_on date NOT NULL,
    due_at timestamptz,
    since_on date NOT NULL,
    amber_on date NOT NULL,
    red_on date NOT NULL CHECK (red_on >= amber_on),
    rank smallint NOT NULL CHECK (rank >= 0),
    title text NOT NULL,
    why text NOT NULL,
    source text NOT NULL,
    is_verified boolean NOT NULL,
    is_prospective boolean NOT NULL,
    rules_version text NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (person_id, due_on, code)
);
COMMENT ON COLUMN duty_dates.red_on IS 'The first London day on which it is red; amber from amber_on on.';
COMMENT ON COLUMN duty_dates.rank IS 'Which comes first where two are equally late.';

-- When the duties of somebody were last worked out, however many these are.
CREATE TABLE duty_checks (
    person_id uuid PRIMARY KEY REFERENCES young_people,
    checked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX duty_checks_age ON duty_checks (checked_at);

-- Whose duties are to be worked out again by the worker, because whoever changed a record may not read what decides
-- them: a young person who asks for a review, an officer who holds one. Without a foreign key, which would tell
-- whoever asks whether somebody is there.
CREATE TABLE duty_recomputes (
    duty_recompute_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

ALTER TABLE providers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE provider_registrations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE placements ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE accommodation_spells ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE suitability_assessments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE duty_triggers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE duty_dates ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE duty_checks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE duty_recomputes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

GRANT SELECT ON providers, provider_registrations, placements, accommodation_spells, suitability_assessments,
    duty_triggers, duty_dates, duty_checks
TO fifteenplus_signed_in;
GRANT INSERT (name), UPDATE (name) ON providers TO fifteenplus_signed_in;
GRANT INSERT (provider_id, urn, kind, registered_from, registered_until), UPDATE (registered_from, registered_until)
ON provider_registrations TO fifteenplus_signed_in;
GRANT INSERT (placement_id, person_id, display_name, address_enc, provider_id, ofsted_urn, place, place_provider),
    UPDATE (display_name, address_enc)
ON placements TO fifteenplus_signed_in;
GRANT INSERT (placement_id), UPDATE (placement_id) ON episodes TO fifteenplus_signed_in;
GRANT INSERT (
    person_id, placement_id, accommodation, tenancy, rent_pence_a_week, is_staying_put, is_staying_close, started_on,
    ended_on
), UPDATE (accommodation, tenancy, rent_pence_a_week, is_staying_put, is_staying_close, started_on, ended_on)
ON accommodation_spells TO fifteenplus_signed_in;
GRANT INSERT (
    person_id, accommodation_spell_id, assessed_on, is_suitable, facilities_and_services, repair, safety,
    location, support, tenancy_status, costs_and_affordability, young_persons_views, rights_and_responsibilities,
    funding_arrangements, landlord_checked_on
), UPDATE (landlord_checked_on)
ON suitability_assessments TO fifteenplus_signed_in;
GRANT INSERT (person_id, code, happened_on, record_id) ON duty_triggers TO fifteenplus_signed_in;
GRANT INSERT (
    person_id, code, due_on, due_at, since_on, amber_on, red_on, rank, title, why, source, is_verified, is_prospective,
    rules_version
), DELETE
ON duty_dates TO fifteenplus_signed_in, fifteenplus_worker;
GRANT INSERT (person_id) ON duty_recomputes TO fifteenplus_signed_in, fifteenplus_api, fifteenplus_worker;
-- The worker does not need to know where anybody lives, only since when and in which kind of home.
GRANT SELECT (placement_id, person_id, provider_id, ofsted_urn, place) ON placements TO fifteenplus_worker;
GRANT SELECT ON provider_registrations, accommodation_spells, duty_triggers, duty_dates, duty_checks, duty_recomputes
TO fifteenplus_worker;
GRANT INSERT (person_id, checked_at), UPDATE (checked_at) ON duty_checks TO fifteenplus_signed_in, fifteenplus_worker;
GRANT SELECT (person_id, accommodation_spell_id, assessed_on, is_suitable) ON suitability_assessments
TO fifteenplus_worker;
GRANT DELETE ON duty_recomputes TO fifteenplus_worker;

DO $$
DECLARE
    t text;
    is_staff CONSTANT text := '(SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL';
    visible CONSTANT text := 'person_id = ANY(ARRAY(SELECT sec.visible_people()))';
BEGIN
    FOREACH t IN ARRAY ARRAY['placements', 'accommodation_spells', 'suitability_assessments', 'duty_triggers'] LOOP
        EXECUTE format(
            'CREATE POLICY visible_%1$s ON %1$I FOR SELECT TO fifteenplus_signed_in USING (%2$s)', t,
            CASE WHEN t IN ('placements', 'accommodation_spells') THEN visible ELSE is_staff || ' AND ' || visible END
        );
        EXECUTE format(
            'CREATE POLICY staff_add_%1$s ON %1$I FOR INSERT TO fifteenplus_signed_in WITH CHECK (%2$s AND %3$s)',
            t, is_staff, visible
        );
        IF t <> 'duty_triggers' THEN
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
        EXECUTE format(
            'CREATE POLICY worker_%1$s ON %1$I FOR SELECT TO fifteenplus_worker'
            ' USING ((SELECT sec.acting_as()) = ''worker'')', t
        );
    END LOOP;
    FOREACH t IN ARRAY ARRAY['providers', 'provider_registrations'] LOOP
        EXECUTE format(
            'CREATE POLICY staff_see_%1$s ON %1$I FOR SELECT TO fifteenplus_signed_in USING (%2$s)', t, is_staff
        );
        EXECUTE format(
            'CREATE POLICY manager_adds_%1$s ON %1$I FOR INSERT TO fifteenplus_signed_in'
            ' WITH CHECK ((SELECT w.staff_role FROM sec.who() AS w) = ''manager'')', t
        );
        EXECUTE format(
            'CREATE POLICY manager_changes_%1$s ON %1$I FOR UPDATE TO fifteenplus_signed_in'
            ' USING ((SELECT w.staff_role FROM sec.who() AS w) = ''manager'')', t
        );
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
CREATE POLICY worker_provider_registrations ON provider_registrations FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');

CREATE POLICY visible_duty_dates ON duty_dates FOR SELECT TO fifteenplus_signed_in
USING ((SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people())));
CREATE POLICY staff_add_duty_dates ON duty_dates FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_replace_duty_dates ON duty_dates FOR DELETE TO fifteenplus_signed_in
USING ((SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people())));
CREATE POLICY staff_duty_checks ON duty_checks TO fifteenplus_signed_in
USING ((SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people())))
WITH CHECK (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY worker_duty_checks ON duty_checks TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker') WITH CHECK ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY worker_duty_dates ON duty_dates TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker') WITH CHECK ((SELECT sec.acting_as()) = 'worker');

CREATE POLICY signed_in_ask_duty_recomputes ON duty_recomputes FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL OR person_id = (SELECT w.person_id FROM sec.who() AS w)
);
CREATE POLICY thread_asks_duty_recomputes ON duty_recomputes FOR INSERT TO fifteenplus_api, fifteenplus_worker
WITH CHECK (person_id = (SELECT sec.acting_person_id()));
CREATE POLICY worker_duty_recomputes ON duty_recomputes TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
