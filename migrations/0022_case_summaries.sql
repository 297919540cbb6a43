-- migrate:up
-- What a caseload is sorted by and shows of everybody, kept with the day their duties were worked out: a manager's
-- four hundred are then put in order without looking at what each of them is owed.
SET LOCAL lock_timeout = '4s';
SET LOCAL ROLE fifteenplus_owner;
ALTER TABLE duty_checks
    ADD COLUMN next_due_on date NOT NULL DEFAULT date '1900-01-01',
    ADD COLUMN next_review_on date,
    ADD COLUMN last_contact_at timestamptz,
    ADD COLUMN category text;
COMMENT ON COLUMN duty_checks.next_due_on IS 'In 1900: not worked out since this column came. In 2999: nothing is due.';
GRANT INSERT (next_due_on, next_review_on, last_contact_at, category),
    UPDATE (next_due_on, next_review_on, last_contact_at, category)
ON duty_checks TO fifteenplus_signed_in, fifteenplus_worker;

-- Of looked-after reviews the worker reads the days, which decide when the next one is due.
GRANT SELECT (person_id, held_on) ON looked_after_reviews TO fifteenplus_worker;
CREATE POLICY worker_looked_after_reviews ON looked_after_reviews FOR SELECT TO fifteenplus_worker
USING ((SELECT sec.acting_as()) = 'worker');
RESET ROLE;

-- migrate:down
DO $$ BEGIN RAISE EXCEPTION 'Migrations only go forward: write a new one.'; END $$;
