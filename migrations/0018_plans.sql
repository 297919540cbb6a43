-- migrate:up
-- Needs assessments, pathway plans with their sections and actions, reviews, visits and contacts. A signed plan stays
-- as it was signed; what changes goes into a new version.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_resolver;
GRANT EXECUTE ON FUNCTION sec.keep_history() TO fifteenplus_owner;
RESET ROLE;

SET LOCAL ROLE fifteenplus_owner;
-- What an assessment must consider and who is asked: SI 2010/959, reg 42(2).
CREATE TABLE needs_assessments (
    needs_assessment_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    started_on date NOT NULL,
    completed_on date CHECK (completed_on >= started_on),
    considerations jsonb NOT NULL DEFAULT '{}' CHECK (
        jsonb_typeof(considerations) = 'object'
        AND considerations - ARRAY[
            'health_and_development', 'education_training_employment', 'asylum_or_trafficking', 'support_from_family',
            'finances', 'practical_skills', 'continuing_care_and_accommodation', 'wishes', 'views_of_others'
        ] = '{}'
        AND NOT jsonb_path_exists(considerations, '$.* ? (@.type() != "string" || @ == "")')
    ),
    own_words text NOT NULL DEFAULT '',
    views jsonb NOT NULL DEFAULT '{}' CHECK (
        jsonb_typeof(views) = 'object'
        AND views - ARRAY[
            'young_person', 'parents', 'appropriate_person', 'education_provider', 'reviewing_officer', 'health',
            'personal_adviser', 'others'
        ] = '{}'
        AND NOT jsonb_path_exists(views, '$.* ? (@.type() != "string")')
    ),
    copy_given_on date CHECK (copy_given_on >= started_on),
    started_by_staff_id uuid REFERENCES staff,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT needs_assessments_complete CHECK (
        completed_on IS NULL OR considerations ?& ARRAY[
            'health_and_development', 'education_training_employment', 'asylum_or_trafficking', 'support_from_family',
            'finances', 'practical_skills', 'continuing_care_and_accommodation', 'wishes', 'views_of_others'
        ]
    ),
    CHECK (copy_given_on IS NULL OR completed_on IS NOT NULL)
);
CREATE UNIQUE INDEX needs_assessments_open ON needs_assessments (person_id) WHERE completed_on IS NULL;
CREATE INDEX needs_assessments_person ON needs_assessments (person_id, needs_assessment_id);
CREATE INDEX needs_assessments_staff ON needs_assessments (started_by_staff_id);
COMMENT ON COLUMN needs_assessments.views IS 'Who was asked, and what they said; an empty text for who said nothing.';

CREATE TABLE pathway_plans (
    plan_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    version_no integer NOT NULL CHECK (version_no > 0),
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'with_young_person', 'signed', 'superseded')),
    basis text NOT NULL CHECK (basis IN ('eligible', 'relevant', 'former_relevant', '23CA', '23CZB', 'qualifying')),
    effective_from date,
    signed_on date,
    signed_by_staff_id uuid REFERENCES staff,
    young_person_signed_on date CHECK (young_person_signed_on <= signed_on),
    disagreement text CHECK (disagreement <> ''),
    copy_given_on date CHECK (copy_given_on >= signed_on),
    made_from_plan_id uuid REFERENCES pathway_plans CHECK (made_from_plan_id <> plan_id),
    started_by_staff_id uuid REFERENCES staff,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    version integer NOT NULL DEFAULT 1,
    UNIQUE (person_id, version_no),
    UNIQUE (plan_id, person_id),
    CHECK (
        CASE WHEN status IN ('signed', 'superseded')
            THEN num_nulls(signed_on, signed_by_staff_id, effective_from) = 0
            ELSE num_nonnulls(signed_on, signed_by_staff_id, effective_from, young_person_signed_on, copy_given_on) = 0
        END
    ),
    -- A young person who does not sign is heard on why.
    CHECK (signed_on IS NULL OR young_person_signed_on IS NOT NULL OR disagreement IS NOT NULL)
);
CREATE UNIQUE INDEX pathway_plans_draft ON pathway_plans (person_id) WHERE status IN ('draft', 'with_young_person');
CREATE UNIQUE INDEX pathway_plans_signed ON pathway_plans (person_id) WHERE status = 'signed';
CREATE INDEX pathway_plans_made_from ON pathway_plans (made_from_plan_id);
CREATE INDEX pathway_plans_signed_by ON pathway_plans (signed_by_staff_id);
CREATE INDEX pathway_plans_started_by ON pathway_plans (started_by_staff_id);

-- The ten sections of SI 2010/2571, Sch 1, and the adviser's for eligible children: SI 2010/959, Sch 8 para 1.
CREATE TABLE plan_sections (
    section_id uuid PRIMARY KEY DEFAULT uuidv7(),
    plan_id uuid NOT NULL,
    person_id uuid NOT NULL,
    section_key text NOT NULL CHECK (section_key IN (
        'personal_support', 'education_training', 'employment', 'contingency', 'accommodation', 'family_relationships',
        'practical_skills', 'financial_support', 'health', 'identity', 'personal_adviser'
    )),
    my_words text NOT NULL DEFAULT '',
    what_happens_now text NOT NULL DEFAULT '',
    staff_text text NOT NULL DEFAULT '',
    contingency text NOT NULL DEFAULT '',
    none_reason text CHECK (none_reason <> ''),
    version integer NOT NULL DEFAULT 1,
    UNIQUE (plan_id, section_key),
    UNIQUE (section_id, plan_id, person_id),
    FOREIGN KEY (plan_id, person_id) REFERENCES pathway_plans (plan_id, person_id)
);
COMMENT ON COLUMN plan_sections.none_reason IS 'Why there is nothing to do in this section.';

CREATE TABLE plan_actions (
    action_id uuid PRIMARY KEY DEFAULT uuidv7(),
    section_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    person_id uuid NOT NULL,
    what text NOT NULL CHECK (what <> ''),
    owner_kind text NOT NULL CHECK (owner_kind IN ('young_person', 'staff', 'other')),
    owner_staff_id uuid REFERENCES staff,
    owner_name text CHECK (owner_name <> ''),
    due_on date NOT NULL,
    status text NOT NULL DEFAULT 'to_do' CHECK (status IN ('to_do', 'done', 'not_done', 'withdrawn')),
    done_on date,
    young_person_says_done_at timestamptz,
    copied_from_action_id uuid REFERENCES plan_actions,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    version integer NOT NULL DEFAULT 1,
    FOREIGN KEY (section_id, plan_id, person_id) REFERENCES plan_sections (section_id, plan_id, person_id),
    CHECK ((owner_kind = 'staff') = (owner_staff_id IS NOT NULL)),
    CHECK ((owner_kind = 'other') = (owner_name IS NOT NULL)),
    CHECK ((status = 'done') = (done_on IS NOT NULL))
);
CREATE INDEX plan_actions_section ON plan_actions (section_id, plan_id, person_id);
CREATE INDEX plan_actions_plan ON plan_actions (plan_id);
CREATE INDEX plan_actions_owner ON plan_actions (owner_staff_id, due_on) WHERE status = 'to_do';
CREATE INDEX plan_actions_copied_from ON plan_actions (copied_from_action_id);

COMMENT ON COLUMN plan_actions.copied_from_action_id IS 'The same action in the version in which it first stood.';

-- A review is due until it was held. What is cancelled is the meeting: the review stays due.
CREATE TABLE plan_reviews (
    review_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    plan_id uuid,
    trigger text NOT NULL CHECK (trigger IN (
        'six_months', 'three_months', 'after_move', 'asked_by_young_person', 'asked_by_adviser', 'asked_by_authority',
        'event'
    )),
    event text CHECK (event IN (
        'unplanned_move', 'home_at_risk', 'offence', 'pregnancy_or_parenting', 'job_or_course_lost',
        'new_adviser_asked_for', 'support_withdrawn', 'missing', 'left_custody_or_hospital'
    )),
    requested_by_staff_id uuid REFERENCES staff,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_on date NOT NULL,
    due_rule text NOT NULL CHECK (due_rule <> ''),
    scheduled_at timestamptz,
    place_shown text CHECK (place_shown <> ''),
    reviewing_officer_id uuid REFERENCES staff,
    held_on date,
    participation text CHECK (participation ~ '^PN[0-7]$'),
    outcome text CHECK (outcome <> ''),
    cancelled_at timestamptz,
    cancel_reason text CHECK (cancel_reason <> ''),
    cancelled_by_staff_id uuid REFERENCES staff,
    version integer NOT NULL DEFAULT 1,
    FOREIGN KEY (plan_id, person_id) REFERENCES pathway_plans (plan_id, person_id),
    CHECK ((trigger = 'event') = (event IS NOT NULL)),
    CHECK (trigger = 'asked_by_young_person' OR requested_by_staff_id IS NOT NULL),
    CHECK (place_shown IS NULL OR scheduled_at IS NOT NULL),
    CHECK (num_nonnulls(held_on, participation, outcome) IN (0, 3)),
    CHECK (num_nonnulls(cancelled_at, cancel_reason, cancelled_by_staff_id) IN (0, 3)),
    CHECK (cancelled_at IS NULL OR (scheduled_at IS NULL AND held_on IS NULL))
);
CREATE UNIQUE INDEX plan_reviews_asked ON plan_reviews (person_id)
WHERE trigger = 'asked_by_young_person' AND held_on IS NULL;
CREATE INDEX plan_reviews_person ON plan_reviews (person_id, due_on, review_id);
CREATE INDEX plan_reviews_officer ON plan_reviews (reviewing_officer_id, held_on) WHERE reviewing_officer_id IS NOT NULL;
CREATE INDEX plan_reviews_plan ON plan_reviews (plan_id, person_id);
CREATE INDEX plan_reviews_requested_by ON plan_reviews (requested_by_staff_id);
CREATE INDEX plan_reviews_cancelled_by ON plan_reviews (cancelled_by_staff_id);

-- An attempt is not a visit, and only who was seen where they live was seen at that accommodation.
CREATE TABLE visits_and_contacts (
    contact_id uuid PRIMARY KEY DEFAULT uuidv7(),
    person_id uuid NOT NULL REFERENCES young_people,
    staff_id uuid NOT NULL REFERENCES staff,
    happened_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('visit', 'call', 'video_call', 'text', 'letter')),
    purpose text NOT NULL CHECK (purpose IN (
        'after_move', 'regular', 'before_review', 'birthday', 'keep_in_touch', 'other'
    )),
    was_reached boolean NOT NULL,
    was_seen boolean NOT NULL DEFAULT false,
    was_seen_alone boolean NOT NULL DEFAULT false,
    at_accommodation boolean NOT NULL DEFAULT false,
    note text NOT NULL DEFAULT '',
    recorded_by_staff_id uuid NOT NULL REFERENCES staff,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    version integer NOT NULL DEFAULT 1,
    CHECK (happened_at <= recorded_at + interval '1 minute'),
    CHECK (NOT was_seen OR was_reached AND kind = 'visit'),
    CHECK (NOT was_seen_alone OR was_seen),
    CHECK (NOT at_accommodation OR kind = 'visit')
);
CREATE INDEX visits_and_contacts_person ON visits_and_contacts (person_id, happened_at DESC, contact_id DESC);
CREATE INDEX visits_and_contacts_staff ON visits_and_contacts (staff_id);
CREATE INDEX visits_and_contacts_recorded_by ON visits_and_contacts (recorded_by_staff_id);

-- For columns of staff who are given something to do: not somebody who has left by that day.
CREATE FUNCTION refuse_staff_who_left() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    given uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
BEGIN
    IF given IS NULL OR TG_OP = 'UPDATE' AND to_jsonb(OLD) ->> TG_ARGV[0] IS NOT DISTINCT FROM given::text THEN
        RETURN NULL;
    END IF;
    IF EXISTS (
        SELECT FROM public.staff AS s WHERE s.staff_id = given AND s.left_on <= public.london_today()
            OR s.staff_id = given AND TG_ARGV[1] IS NOT NULL AND s.role <> TG_ARGV[1]
    ) THEN
        RAISE EXCEPTION 'That member of staff can not be given this.'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_' || TG_ARGV[0] || '_is_here';
    END IF;
    RETURN NULL;
END
$$;

-- A young person changes of their records only what is named in the trigger.
CREATE FUNCTION young_person_changes_only() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_jsonb(NEW) - TG_ARGV - 'version' <> to_jsonb(OLD) - TG_ARGV - 'version'
        AND sec.acting_person_id() IS NOT NULL THEN
        RAISE EXCEPTION 'Only staff may change this.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION plans_stay_as_signed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('draft', 'draft'), ('draft', 'with_young_person'), ('draft', 'signed'),
        ('with_young_person', 'with_young_person'), ('with_young_person', 'draft'), ('with_young_person', 'signed'),
        ('signed', 'signed'), ('signed', 'superseded'), ('superseded', 'superseded')
    ) OR OLD.status IN ('signed', 'superseded')
        AND to_jsonb(NEW) - ARRAY['status', 'copy_given_on', 'version']
            <> to_jsonb(OLD) - ARRAY['status', 'copy_given_on', 'version'] THEN
        RAISE EXCEPTION 'A signed plan stays as it was signed.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pathway_plans_stay';
    END IF;
    IF NEW.status = 'signed' AND OLD.status <> 'signed' AND (
        (SELECT count(*) FROM public.plan_sections AS s WHERE s.plan_id = NEW.plan_id AND s.section_key <> 'personal_adviser')
            < 10
        OR NEW.basis = 'eligible' AND NOT EXISTS (
            SELECT FROM public.plan_sections AS s WHERE s.plan_id = NEW.plan_id AND s.section_key = 'personal_adviser'
        )
        OR EXISTS (
            SELECT FROM public.plan_sections AS s
            WHERE s.plan_id = NEW.plan_id AND (s.none_reason IS NULL OR s.section_key = 'personal_adviser') AND (
                btrim(s.my_words || s.what_happens_now || s.staff_text) = ''
                OR s.section_key <> 'personal_adviser' AND NOT EXISTS (
                    SELECT FROM public.plan_actions AS a WHERE a.section_id = s.section_id AND a.status <> 'withdrawn'
                )
            )
        )
    ) THEN
        RAISE EXCEPTION 'The plan is not complete.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pathway_plans_complete';
    END IF;
    RETURN NEW;
END
$$;

-- The words of sections and actions change in a draft only; how far an action has come, also in a signed plan.
CREATE FUNCTION plan_parts_stay_as_signed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    progress text[] := ARRAY['status', 'done_on', 'young_person_says_done_at', 'version'];
    in_status text[] := ARRAY['draft', 'with_young_person'];
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'plan_actions' THEN
        IF to_jsonb(NEW) - progress = to_jsonb(OLD) - progress THEN
            in_status := in_status || 'signed'::text;
        END IF;
        IF sec.acting_person_id() IS NOT NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    -- Whoever signs waits for this change, and sees it.
    PERFORM FROM public.pathway_plans AS p WHERE p.plan_id = NEW.plan_id AND p.status = ANY(in_status) FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'A signed plan stays as it was signed.'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_stay';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION finished_records_stay() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- The first argument says when a record is finished, the others what may change after.
    IF to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL
        AND to_jsonb(NEW) - TG_ARGV[1:] - 'version' <> to_jsonb(OLD) - TG_ARGV[1:] - 'version' THEN
        RAISE EXCEPTION 'What is finished stays as it is.'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_stay';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER needs_assessments_a_stay BEFORE UPDATE ON needs_assessments
FOR EACH ROW EXECUTE FUNCTION finished_records_stay('completed_on', 'copy_given_on');
CREATE TRIGGER pathway_plans_a_stay BEFORE UPDATE ON pathway_plans
FOR EACH ROW EXECUTE FUNCTION plans_stay_as_signed();
CREATE TRIGGER plan_sections_a_stay AFTER INSERT OR UPDATE ON plan_sections
FOR EACH ROW EXECUTE FUNCTION plan_parts_stay_as_signed();
CREATE TRIGGER plan_actions_a_stay AFTER INSERT OR UPDATE ON plan_actions
FOR EACH ROW EXECUTE FUNCTION plan_parts_stay_as_signed();
CREATE TRIGGER plan_actions_b_own BEFORE UPDATE ON plan_actions
FOR EACH ROW EXECUTE FUNCTION young_person_changes_only('young_person_says_done_at');
CREATE TRIGGER plan_actions_c_owner AFTER INSERT OR UPDATE ON plan_actions
FOR EACH ROW EXECUTE FUNCTION refuse_staff_who_left('owner_staff_id');
CREATE TRIGGER plan_reviews_a_stay BEFORE UPDATE ON plan_reviews
FOR EACH ROW EXECUTE FUNCTION finished_records_stay('held_on', 'participation', 'outcome');
CREATE TRIGGER plan_reviews_c_officer AFTER INSERT OR UPDATE ON plan_reviews
FOR EACH ROW EXECUTE FUNCTION refuse_staff_who_left('reviewing_officer_id', 'reviewing_officer');

CREATE TRIGGER needs_assessments_history BEFORE UPDATE ON needs_assessments
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('needs_assessment_id');
CREATE TRIGGER pathway_plans_history BEFORE UPDATE ON pathway_plans
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('plan_id');
CREATE TRIGGER plan_sections_history BEFORE UPDATE ON plan_sections
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('section_id');
CREATE TRIGGER plan_actions_history BEFORE UPDATE ON plan_actions
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('action_id');
CREATE TRIGGER plan_reviews_history BEFORE UPDATE ON plan_reviews
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('review_id');
CREATE TRIGGER visits_and_contacts_history BEFORE UPDATE ON visits_and_contacts
FOR EACH ROW EXECUTE FUNCTION sec.keep_history('contact_id');

CREATE TRIGGER needs_assessments_noted AFTER INSERT OR UPDATE ON needs_assessments
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('needs_assessment_id');
CREATE TRIGGER pathway_plans_noted AFTER INSERT OR UPDATE ON pathway_plans
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('plan_id');
CREATE TRIGGER plan_sections_noted AFTER INSERT OR UPDATE ON plan_sections
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('section_id');
CREATE TRIGGER plan_actions_noted AFTER INSERT OR UPDATE ON plan_actions
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('action_id');
CREATE TRIGGER plan_reviews_noted AFTER INSERT OR UPDATE ON plan_reviews
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('review_id');
CREATE TRIGGER visits_and_contacts_noted AFTER INSERT OR UPDATE ON visits_and_contacts
FOR EACH ROW EXECUTE FUNCTION audit_notes_change('contact_id');

GRANT SELECT ON needs_assessments, pathway_plans, plan_sections, plan_actions, plan_reviews, visits_and_contacts
TO fifteenplus_signed_in;
GRANT INSERT (person_id, started_on, considerations, own_words, views, started_by_staff_id),
    UPDATE (completed_on, considerations, own_words, views, copy_given_on)
ON needs_assessments TO fifteenplus_signed_in;
GRANT INSERT (person_id, version_no, basis, made_from_plan_id, started_by_staff_id),
    UPDATE (status, basis, effective_from, signed_on, signed_by_staff_id, young_person_signed_on, disagreement,
        copy_given_on)
ON pathway_plans TO fifteenplus_signed_in;
GRANT INSERT (plan_id, person_id, section_key, my_words, what_happens_now, staff_text, contingency, none_reason),
    UPDATE (my_words, what_happens_now, staff_text, contingency, none_reason)
ON plan_sections TO fifteenplus_signed_in;
GRANT INSERT (section_id, plan_id, person_id, what, owner_kind, owner_staff_id, owner_name, due_on,
        copied_from_action_id),
    UPDATE (what, owner_kind, owner_staff_id, owner_name, due_on, status, done_on, young_person_says_done_at)
ON plan_actions TO fifteenplus_signed_in;
GRANT INSERT (person_id, plan_id, trigger, event, requested_by_staff_id, due_on, due_rule),
    UPDATE (plan_id, scheduled_at, place_shown, reviewing_officer_id, held_on, participation, outcome, cancelled_at,
        cancel_reason, cancelled_by_staff_id)
ON plan_reviews TO fifteenplus_signed_in;
GRANT INSERT (person_id, staff_id, happened_at, kind, purpose, was_reached, was_seen, was_seen_alone,
        at_accommodation, note, recorded_by_staff_id),
    UPDATE (staff_id, happened_at, kind, purpose, was_reached, was_seen, was_seen_alone, at_accommodation, note)
ON visits_and_contacts TO fifteenplus_signed_in;
-- A thread may ask for a review, and be told of it; it is never told the plan.
GRANT SELECT (review_id, person_id, trigger, requested_at, due_on, scheduled_at, held_on, cancelled_at, version)
ON plan_reviews TO fifteenplus_api, fifteenplus_worker;
GRANT INSERT (person_id, trigger, due_on, due_rule) ON plan_reviews TO fifteenplus_api, fifteenplus_worker;
GRANT SELECT (person_id, reviewing_officer_id, held_on) ON plan_reviews TO fifteenplus_resolver;

ALTER TABLE needs_assessments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE pathway_plans ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE plan_sections ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE plan_actions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE plan_reviews ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE visits_and_contacts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY resolver_plan_reviews ON plan_reviews FOR SELECT TO fifteenplus_resolver USING (true);
RESET ROLE;

SET LOCAL ROLE fifteenplus_resolver;
-- Whose plan the acting reviewing officer reviews: while a review of theirs is due, and four weeks after it was held.
CREATE FUNCTION sec.people_under_review() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT r.person_id
    FROM sec.who() AS w JOIN public.plan_reviews AS r ON r.reviewing_officer_id = w.staff_id
    WHERE w.staff_role = 'reviewing_officer'
        AND (r.held_on IS NULL OR r.held_on > (clock_timestamp() AT TIME ZONE 'Europe/London')::date - 28)
        AND (
            NOT EXISTS (SELECT FROM public.restricted_cases AS c WHERE c.person_id = r.person_id)
            OR EXISTS (
                SELECT FROM public.restricted_case_staff AS n
                WHERE n.person_id = r.person_id AND n.staff_id = w.staff_id
            )
        )
$$;
-- Whose plan the connection may see: of those whose whole record it sees, and of those under review.
CREATE FUNCTION sec.people_with_plan_seen() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT sec.visible_people() UNION SELECT sec.people_under_review()
$$;
GRANT EXECUTE ON FUNCTION sec.people_under_review(), sec.people_with_plan_seen()
TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in;
RESET ROLE;

SET LOCAL ROLE fifteenplus_owner;
-- A young person sees a plan from when it was shared with them; staff who see it, every version.
CREATE POLICY seen_pathway_plans ON pathway_plans FOR SELECT TO fifteenplus_signed_in
USING (
    person_id = ANY(ARRAY(SELECT sec.people_with_plan_seen()))
    AND (status <> 'draft' OR (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL)
);
CREATE POLICY seen_plan_sections ON plan_sections FOR SELECT TO fifteenplus_signed_in
USING (
    person_id = ANY(ARRAY(SELECT sec.people_with_plan_seen()))
    AND ((SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL OR plan_id IN (SELECT p.plan_id FROM pathway_plans AS p))
);
CREATE POLICY seen_plan_actions ON plan_actions FOR SELECT TO fifteenplus_signed_in
USING (
    person_id = ANY(ARRAY(SELECT sec.people_with_plan_seen()))
    AND ((SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL OR plan_id IN (SELECT p.plan_id FROM pathway_plans AS p))
);
CREATE POLICY seen_needs_assessments ON needs_assessments FOR SELECT TO fifteenplus_signed_in
USING (
    person_id = ANY(ARRAY(SELECT sec.people_with_plan_seen()))
    AND (completed_on IS NOT NULL OR (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL)
);
CREATE POLICY seen_plan_reviews ON plan_reviews FOR SELECT
TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in
USING (person_id = ANY(ARRAY(SELECT sec.people_with_plan_seen())));
CREATE POLICY seen_visits_and_contacts ON visits_and_contacts FOR SELECT TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);

-- Written by staff who work on the case, in their own name.
CREATE POLICY staff_start_needs_assessments ON needs_assessments FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    started_by_staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_change_needs_assessments ON needs_assessments FOR UPDATE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_start_pathway_plans ON pathway_plans FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    started_by_staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_change_pathway_plans ON pathway_plans FOR UPDATE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_add_plan_sections ON plan_sections FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_change_plan_sections ON plan_sections FOR UPDATE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_add_plan_actions ON plan_actions FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_change_plan_actions ON plan_actions FOR UPDATE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY own_plan_actions ON plan_actions FOR UPDATE TO fifteenplus_signed_in
USING (
    person_id = (SELECT sec.acting_person_id()) AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
    AND plan_id IN (SELECT p.plan_id FROM pathway_plans AS p WHERE p.status = 'signed')
);
CREATE POLICY staff_add_plan_reviews ON plan_reviews FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    requested_by_staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
-- Asked for by the young person, over the app or a thread: nobody can refuse it.
CREATE POLICY own_plan_reviews ON plan_reviews FOR INSERT
TO fifteenplus_api, fifteenplus_worker, fifteenplus_signed_in
WITH CHECK (
    trigger = 'asked_by_young_person' AND requested_by_staff_id IS NULL
    AND person_id = (SELECT sec.acting_person_id()) AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_change_plan_reviews ON plan_reviews FOR UPDATE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL
    AND (
        person_id = ANY(ARRAY(SELECT sec.visible_people()))
        OR reviewing_officer_id = (SELECT w.staff_id FROM sec.who() AS w)
            AND person_id = ANY(ARRAY(SELECT sec.people_under_review()))
    )
);
CREATE POLICY staff_record_visits_and_contacts ON visits_and_contacts FOR INSERT TO fifteenplus_signed_in
WITH CHECK (
    recorded_by_staff_id = (SELECT w.staff_id FROM sec.who() AS w)
    AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
CREATE POLICY staff_correct_visits_and_contacts ON visits_and_contacts FOR UPDATE TO fifteenplus_signed_in
USING (
    (SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL AND person_id = ANY(ARRAY(SELECT sec.visible_people()))
);
GRANT EXECUTE ON FUNCTION london_today() TO fifteenplus_signed_in;
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
