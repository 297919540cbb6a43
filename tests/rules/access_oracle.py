"""What each actor may do with each row, said in Python; `test_access` holds the database to it."""

from tests.rules.access_plans import may_of_plan
from tests.rules.access_records import may_of_record
from tests.rules.access_world import (
    MEMBERS,
    ON_CASES,
    PEOPLE,
    Actor,
    Member,
    current_advisers,
    is_here,
    sees_in_touch,
    sees_whole,
)

KEYS = {
    "teams": "team_id",
    "staff": "staff_id",
    "working_hours": "staff_id",
    "young_people": "person_id",
    "contact_points": "contact_point_id",
    "allocations": "allocation_id",
    "conversations": "conversation_id",
    "appointments": "appointment_id",
    "messages": "message_id",
    "message_events": "message_event_id",
    "opt_out_events": "opt_out_event_id",
    "attention_flags": "message_id",
    "jobs": "job_id",
    "worker_beats": "worker_id",
    "concerns": "concern_id",
    "bot.trackers": "conversation_id",
    "sessions": "session_id",
    "session_tokens": "token_hash",
    "sign_in_challenges": "challenge_id",
    "enrolment_codes": "code_hash",
    "rate_limits": "bucket",
    "duty_rota": "duty_id",
    "restricted_cases": "person_id",
    "restricted_case_staff": "staff_id",
    "break_glass_grants": "break_glass_id",
    "audit_entries": "entry_id",
    "audit_blocks": "block_no",
    "data_keys": "subject_id",
    "idempotency_keys": "idempotency_key",
    "record_history": "history_id",
    "allowances": "route_class",
    "needs_assessments": "needs_assessment_id",
    "pathway_plans": "plan_id",
    "plan_sections": "section_id",
    "plan_actions": "action_id",
    "plan_reviews": "review_id",
    "visits_and_contacts": "contact_id",
    "calendar_feeds": "calendar_feed_id",
    "birth_dates": "birth_date_id",
    "staff_absences": "absence_id",
    "care_periods": "care_period_id",
    "episodes": "episode_id",
    "family_placements": "family_placement_id",
    "detentions": "detention_id",
    "special_guardianships": "special_guardianship_id",
    "activity_spells": "activity_spell_id",
    "education_programmes": "education_programme_id",
    "in_touch_records": "in_touch_record_id",
    "entitlement_claims": "entitlement_claim_id",
    "eligibility_decisions": "eligibility_decision_id",
    "providers": "provider_id",
    "provider_registrations": "provider_registration_id",
    "placements": "placement_id",
    "accommodation_spells": "accommodation_spell_id",
    "suitability_assessments": "suitability_assessment_id",
    "duty_triggers": "duty_trigger_id",
    "duty_dates": "person_id",
    "duty_checks": "person_id",
    "duty_recomputes": "duty_recompute_id",
    "staff_identities": "staff_identity_id",
    "staff_sign_ins": "state_hash",
}

CASES = {"young_people", "contact_points"}
IN_TOUCH = {"allocations", "conversations", "appointments", "sessions"}
STAFF_ONLY = {"concerns", "attention_flags", "restricted_cases", "restricted_case_staff", "record_history"} | {
    "visits_and_contacts"
}
KNOWN_TO_STAFF = {"teams", "staff", "working_hours", "duty_rota"}

# Actors that are a part of the service see all or nothing of a table.
SERVICE_SEES = {
    "twilio": {"contact_points", "conversations", "messages", "rate_limits"},
    "monitor": {"rate_limits"},
    "sign-in": {
        "sessions", "session_tokens", "sign_in_challenges", "enrolment_codes", "rate_limits", "staff_sign_ins",
    },
    "worker": {
        "staff", "young_people", "contact_points", "allocations", "conversations", "messages", "opt_out_events",
        "attention_flags", "jobs", "concerns", "rate_limits", "sign_in_challenges", "audit_entries", "audit_blocks",
        "data_keys",
    },
    "thread on api": {"rate_limits"},
}  # fmt: skip
SERVICE_UPDATES = {
    "twilio": {"rate_limits"},
    "monitor": {"rate_limits"},
    "sign-in": {"sessions", "session_tokens", "sign_in_challenges", "enrolment_codes", "rate_limits"},
    "worker": {"conversations", "messages", "jobs", "rate_limits", "sign_in_challenges"},
    "thread on api": {"rate_limits"},
}
SERVICE_DELETES = {"worker": {"jobs", "rate_limits", "sign_in_challenges"}, "sign-in": {"staff_sign_ins"}}
SERVICE_INSERTS = {
    "twilio": {"conversations", "messages", "message_events", "jobs", "rate_limits"},
    "monitor": {"jobs", "rate_limits"},
    "sign-in": {"sessions", "session_tokens", "sign_in_challenges", "jobs", "rate_limits", "staff_sign_ins"},
    "worker": {
        "messages",
        "message_events",
        "opt_out_events",
        "attention_flags",
        "jobs",
        "concerns",
        "rate_limits",
        "audit_entries",
        "data_keys",
    },
    "thread on api": {"jobs", "rate_limits"},
}
# What a login may do whoever it acts for: who is at work, and Rasa's own table.
OPEN = {
    ("fifteenplus_api", "worker_beats", "SELECT"),
    *(("fifteenplus_worker", "worker_beats", verb) for verb in ("SELECT", "INSERT", "UPDATE", "DELETE")),
    *(("fifteenplus_bot", "bot.trackers", verb) for verb in ("SELECT", "INSERT", "UPDATE")),
}


def service_of(actor: Actor) -> str | None:
    """Which part of the service an actor is, if their login may claim it."""
    may_claim = {
        "fifteenplus_api": {"twilio", "monitor", "sign-in"},
        "fifteenplus_worker": {"worker"},
    }.get(actor.login, set())
    if actor.claim in may_claim:
        return actor.claim
    is_thread = actor.claim.startswith("conversation:") and actor.login != "fifteenplus_signed_in"
    return f"thread on {actor.login.rpartition('_')[2]}" if is_thread else None


def may(actor: Actor, verb: str, table: str, owner: str) -> bool:
    """Whether an actor may do that with a row of that owner."""
    if (actor.login, table, verb) in OPEN:
        return True
    service = service_of(actor)
    decided = may_of_plan(actor, service, verb, table, owner)
    if decided is None:
        decided = may_of_record(actor, service, verb, table, owner)
    if decided is not None:
        return decided
    if service is not None:
        return _service_may(actor, service, verb, table, owner)
    return _signed_in_may(actor, verb, table, owner)


def _service_may(actor: Actor, service: str, verb: str, table: str, owner: str) -> bool:
    plain = {"SELECT": SERVICE_SEES, "UPDATE": SERVICE_UPDATES, "DELETE": SERVICE_DELETES, "INSERT": SERVICE_INSERTS}
    if service == "twilio" and (verb, table) == ("INSERT", "messages"):
        return owner != "alert"
    if table in plain[verb].get(service, set()):
        return True
    if service == "twilio" and (verb, table) == ("UPDATE", "messages"):
        return owner == "alert"
    if service == "worker" and (verb, table) == ("SELECT", "working_hours"):
        return any(owner in current_advisers(person) for person in {p.name for p in PEOPLE})
    if table == "data_keys" and verb in {"SELECT", "INSERT"} and service in {"twilio", "sign-in"}:
        return (owner == "the service") == (service == "sign-in")
    if not service.startswith("thread"):
        return False
    person = owner.removesuffix(" (old)").removesuffix(" (not a look)").removesuffix(" (thread)")
    if table == "data_keys":
        return verb in {"SELECT", "INSERT"} and person == actor.person
    if (verb, table) == ("INSERT", "jobs"):
        return service == "thread on worker" and person == actor.person
    if (verb, table) in {("INSERT", "attention_flags"), ("INSERT", "audit_entries")}:
        return person == actor.person
    if verb != "SELECT":
        return False
    if table == "audit_entries":
        return owner == actor.person
    if table in {"staff", "working_hours"}:
        return owner in current_advisers(actor.person)
    return table in {"allocations", "appointments", "messages"} and person == actor.person


def _signed_in_may(actor: Actor, verb: str, table: str, owner: str) -> bool:
    member = _member(actor)
    if table == "idempotency_keys":
        return verb != "DELETE" and _is_own(actor, owner)
    if verb == "SELECT":
        return _signed_in_sees(actor, table, owner)
    if (verb, table) == ("INSERT", "data_keys"):
        return _signed_in_sees(actor, table, owner)
    if (verb, table) == ("UPDATE", "sessions"):
        return _signed_in_sees(actor, table, owner)
    if (verb, table) == ("INSERT", "audit_entries"):
        return member is not None or owner.removesuffix(" (not a look)") in sees_in_touch(actor)
    if (verb, table) == ("INSERT", "jobs") and owner in {p.name for p in PEOPLE}:
        return owner == actor.person and owner in sees_in_touch(actor)
    if member is None:
        return False
    if (verb, table) == ("UPDATE", "break_glass_grants"):
        return owner.partition(" of ")[0] != member.name and _oversees(member, owner)
    if (verb, table) == ("INSERT", "enrolment_codes"):
        return owner in sees_whole(actor)
    if (verb, table) == ("INSERT", "break_glass_grants"):
        return member.role in ON_CASES and actor.is_stepped_up
    if (verb, table) == ("INSERT", "messages"):
        return owner == "alert"
    if (verb, table) == ("INSERT", "jobs"):
        return owner == "alert"
    return _keeps_relations(actor, member, verb, table, owner)


def _keeps_relations(actor: Actor, member: Member, verb: str, table: str, owner: str) -> bool:
    """What decides who sees whom: staff and who they are, allocations, shifts, restrictions."""
    if table in {"staff", "staff_identities", "teams"}:
        changed = {"INSERT"} if table == "teams" else {"INSERT", "UPDATE"}
        is_other = owner != member.name or (verb, table) == ("INSERT", "staff")
        return member.role == "administrator" and actor.is_stepped_up and verb in changed and is_other
    if table == "allocations":
        return member.role == "manager" and verb in {"INSERT", "UPDATE"} and owner in sees_whole(actor)
    if table == "duty_rota":
        shift = next(m for m in MEMBERS if m.name == owner)
        is_to_come = verb != "DELETE" or (shift.shift or 0) > 0
        return member.role == "manager" and shift.team == member.team and is_to_come
    if table in {"restricted_cases", "restricted_case_staff"}:
        is_theirs = member.role == "data_protection_lead" or (member.role == "manager" and owner in sees_whole(actor))
        return actor.is_stepped_up and is_theirs and verb in {"INSERT", "DELETE"}
    return False


def _member(actor: Actor) -> Member | None:
    return next((m for m in MEMBERS if m.name == actor.member and is_here(m)), None)


def _signed_in_sees(actor: Actor, table: str, owner: str) -> bool:
    member = _member(actor)
    is_staff = member is not None
    role = member.role if member else ""
    person = owner.removesuffix(" (old)")
    if table == "data_keys":
        return is_staff if owner == "the service" else owner.removesuffix(" (thread)") in sees_in_touch(actor)
    if table in CASES:
        return owner in sees_whole(actor)
    if table in IN_TOUCH:
        return owner in sees_in_touch(actor) or (table == "sessions" and is_staff and owner == actor.member)
    if table in {"restricted_cases", "restricted_case_staff"} and role == "data_protection_lead":
        return True
    if table in STAFF_ONLY:
        return is_staff and person in sees_whole(actor)
    if table == "staff_identities":
        return role == "administrator"
    if table == "enrolment_codes":
        return actor.member == "adviser n" and is_staff and owner in sees_whole(actor)
    if table == "audit_entries":
        return owner in sees_whole(actor) or role == "data_protection_lead"
    if table == "messages":
        return person in sees_whole(actor) or (owner in sees_in_touch(actor))
    if table == "break_glass_grants":
        return member is not None and (owner.partition(" of ")[0] == actor.member or _oversees(member, owner))
    if table in {"staff", "working_hours"} and actor.person in sees_in_touch(actor):
        return owner in current_advisers(actor.person)
    return is_staff and table in KNOWN_TO_STAFF


def _is_own(actor: Actor, owner: str) -> bool:
    """Whether it is the actor's own, of a member of staff who is here or a young person who lives."""
    is_member = _member(actor) is not None
    is_person = any(p.name == actor.person and not p.has_died for p in PEOPLE) and not actor.claim
    return (is_member and owner == actor.member) or (is_person and owner == actor.person)


def _oversees(member: Member, grant: str) -> bool:
    """A grant is named after who opened it and whose record: the team of either answers for it."""
    opener, _, person = grant.partition(" of ")
    teams = {next(m.team for m in MEMBERS if m.name == opener)}
    teams |= {p.team for p in PEOPLE if p.name == person and p.name in sees_whole(Actor("", "", member=member.name))}
    return member.role == "data_protection_lead" or (member.role == "manager" and member.team in teams)
