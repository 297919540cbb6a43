-- migrate:up
-- The worker works out at night what is due: of plans, reviews and visits it reads the days, and never a word.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;
GRANT SELECT (person_id, completed_on) ON needs_assessments TO fifteenplus_worker;
GRANT SELECT (person_id, status, effective_from) ON pathway_plans TO fifteenplus_worker;
GRANT SELECT (event, plan_id) ON plan_reviews TO fifteenplus_worker;
GRANT SELECT (person_id, happened_at, kind, was_reached, was_seen, at_accommodation) ON visits_and_contacts
TO fifteenplus_worker;
CREATE POLICY worker_needs_assessments ON needs_assessments FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY worker_pathway_plans ON pathway_plans FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY worker_plan_reviews ON plan_reviews FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
CREATE POLICY worker_visits_and_contacts ON visits_and_contacts FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
