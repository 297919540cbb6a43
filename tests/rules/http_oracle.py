"""What each caller is answered by each route, said in plain Python; `test_http` holds the service to it.

A new route needs a line in SCOPES, a new guard one in LETS_IN.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.rules.access_world import MEMBERS, ON_CASES, PEOPLE, Actor, is_here, sees_in_touch, sees_plan, sees_whole

# Whose data a route is about.
#   none    nobody's
#   self    the caller's own, and whom they are in touch with
#   record  of the person that its path or body names, in it: for those who see their record
#   touch   the same, for those who are in touch with them
#   plan    the same, for those who see their plan: its reviewing officer too
#   list    of everybody whose record the caller sees
#   oversee names people by their id whose record the caller need not see
SCOPES = {
    ("POST", "/webhooks/twilio/sms"): "none",
    ("POST", "/webhooks/twilio/status/{message_id}"): "none",
    ("POST", "/bot/actions"): "none",
    ("POST", "/client/v1/sign-in/codes"): "none",
    ("POST", "/client/v1/sign-in/sessions"): "none",
    ("POST", "/client/v1/sign-in/tokens"): "none",
    ("GET", "/client/v1/sign-in/session"): "self",
    ("POST", "/client/v1/sign-in/enrolment"): "self",
    ("DELETE", "/client/v1/sign-in/session"): "self",
    ("DELETE", "/client/v1/sign-in/sessions"): "self",
    ("GET", "/admin/v1/sign-in"): "none",
    ("GET", "/admin/v1/sign-in/callback"): "none",
    ("GET", "/admin/v1/session"): "none",
    ("DELETE", "/admin/v1/session"): "none",
    ("DELETE", "/admin/v1/sessions"): "none",
    ("GET", "/admin/v1/teams"): "none",
    ("POST", "/admin/v1/teams"): "none",
    ("GET", "/admin/v1/staff"): "none",
    ("POST", "/admin/v1/staff"): "none",
    ("GET", "/admin/v1/staff/{staff_id}"): "none",
    ("PATCH", "/admin/v1/staff/{staff_id}"): "none",
    ("POST", "/admin/v1/staff/{staff_id}/identities"): "none",
    ("PATCH", "/admin/v1/staff-identities/{staff_identity_id}"): "none",
    ("GET", "/admin/v1/duty-rota"): "none",
    ("POST", "/admin/v1/duty-rota"): "none",
    ("PATCH", "/admin/v1/duty-rota/{duty_id}"): "none",
    ("POST", "/admin/v1/duty-rota/{duty_id}/withdrawal"): "none",
    ("GET", "/admin/v1/young-people/{person_id}/allocations"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/allocations"): "record",
    ("PATCH", "/admin/v1/allocations/{allocation_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/enrolment-codes"): "record",
    ("GET", "/admin/v1/enrolment-codes/{enrolment_code_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/sign-outs"): "record",
    ("POST", "/admin/v1/break-glass"): "oversee",
    ("GET", "/admin/v1/break-glass"): "oversee",
    ("POST", "/admin/v1/break-glass/{break_glass_id}/review"): "oversee",
    ("GET", "/admin/v1/young-people/{person_id}/restriction"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/restriction"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/restriction/names"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/restriction/removed-names"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/restriction/lift"): "record",
    ("GET", "/client/v1/record-views"): "self",
    ("GET", "/admin/v1/young-people/{person_id}/record-views"): "record",
    ("GET", "/admin/v1/audit"): "oversee",
    ("GET", "/admin/v1/audit/week"): "oversee",
    ("POST", "/admin/v1/young-people"): "none",
    ("GET", "/admin/v1/young-people"): "list",
    ("GET", "/admin/v1/young-people/search"): "list",
    ("PUT", "/admin/v1/young-people/{person_id}"): "record",
    ("GET", "/admin/v1/young-people/{person_id}"): "record",
    ("GET", "/admin/v1/young-people/{person_id}/history"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/contact-points/{contact_point_id}"): "record",
    ("POST", "/admin/v1/absences"): "none",
    ("PUT", "/admin/v1/absences/{absence_id}"): "none",
    ("POST", "/admin/v1/young-people/{person_id}/care-periods"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/care-periods/{record_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/episodes"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/episodes/{record_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/family-placements"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/family-placements/{record_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/detentions"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/detentions/{record_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/special-guardianships"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/special-guardianships/{record_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/activities"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/activities/{record_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/education-programmes"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/education-programmes/{record_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/in-touch-records"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/in-touch-records/{record_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/homes"): "record",
    ("GET", "/admin/v1/young-people/{person_id}/homes"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/homes/{spell_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/homes/{spell_id}/suitability"): "record",
    ("GET", "/admin/v1/young-people/{person_id}/home/address"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/placements/{placement_id}/address"): "record",
    ("GET", "/client/v1/home"): "self",
    ("GET", "/client/v1/team"): "self",
    ("POST", "/admin/v1/providers"): "none",
    ("GET", "/admin/v1/providers"): "none",
    ("POST", "/admin/v1/providers/{provider_id}/registrations"): "none",
    ("PUT", "/admin/v1/providers/{provider_id}/registrations/{registration_id}"): "none",
    ("GET", "/admin/v1/young-people/{person_id}/entitlements"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/entitlements/claims"): "record",
    ("PUT", "/admin/v1/young-people/{person_id}/entitlements/claims/{claim_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/needs-assessments"): "plan",
    ("GET", "/admin/v1/young-people/{person_id}/needs-assessments"): "plan",
    ("PATCH", "/admin/v1/needs-assessments/{assessment_id}"): "plan",
    ("POST", "/admin/v1/needs-assessments/{assessment_id}/complete"): "plan",
    ("POST", "/admin/v1/needs-assessments/{assessment_id}/copy"): "plan",
    ("POST", "/admin/v1/young-people/{person_id}/plans"): "plan",
    ("GET", "/admin/v1/young-people/{person_id}/plans"): "plan",
    ("GET", "/admin/v1/plans/{plan_id}"): "plan",
    ("GET", "/admin/v1/plans/{plan_id}/missing"): "plan",
    ("GET", "/admin/v1/plans/{plan_id}/compare"): "plan",
    ("POST", "/admin/v1/plans/{plan_id}/share"): "plan",
    ("POST", "/admin/v1/plans/{plan_id}/sign"): "plan",
    ("POST", "/admin/v1/plans/{plan_id}/copy"): "plan",
    ("PATCH", "/admin/v1/plan-sections/{section_id}"): "plan",
    ("POST", "/admin/v1/plan-sections/{section_id}/actions"): "plan",
    ("PUT", "/admin/v1/plan-actions/{action_id}"): "plan",
    ("POST", "/admin/v1/plan-actions/{action_id}/outcome"): "plan",
    ("GET", "/client/v1/plan"): "self",
    ("POST", "/client/v1/plan/actions/{action_id}/done"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/reviews"): "plan",
    ("GET", "/admin/v1/young-people/{person_id}/reviews"): "plan",
    ("PUT", "/admin/v1/reviews/{review_id}/meeting"): "plan",
    ("POST", "/admin/v1/reviews/{review_id}/meeting/cancel"): "plan",
    ("POST", "/admin/v1/reviews/{review_id}/held"): "plan",
    ("PUT", "/admin/v1/reviews/{review_id}/reviewing-officer"): "plan",
    ("POST", "/client/v1/plan/reviews"): "self",
    ("POST", "/admin/v1/young-people/{person_id}/contacts"): "record",
    ("GET", "/admin/v1/young-people/{person_id}/contacts"): "record",
    ("PUT", "/admin/v1/contacts/{contact_id}"): "record",
    ("POST", "/admin/v1/young-people/{person_id}/appointments"): "record",
    ("GET", "/admin/v1/young-people/{person_id}/appointments"): "record",
    ("GET", "/admin/v1/appointments"): "list",
    ("GET", "/admin/v1/appointments/{appointment_id}"): "record",
    ("POST", "/admin/v1/appointments/{appointment_id}/move"): "record",
    ("POST", "/admin/v1/appointments/{appointment_id}/cancel"): "record",
    ("POST", "/admin/v1/appointments/{appointment_id}/outcome"): "record",
    ("GET", "/client/v1/appointments"): "self",
    ("POST", "/client/v1/appointments/{appointment_id}/confirm"): "touch",
    ("POST", "/client/v1/appointments/{appointment_id}/ask-to-change"): "touch",
    ("GET", "/client/v1/appointments/{appointment_id}/calendar.ics"): "touch",
    ("POST", "/client/v1/appointments/{appointment_id}/cancel"): "touch",
    ("POST", "/admin/v1/calendar-feeds"): "none",
    ("GET", "/admin/v1/calendar-feeds"): "none",
    ("POST", "/admin/v1/calendar-feeds/{feed_id}/revoke"): "none",
    ("GET", "/calendar/v1/{file_name}"): "none",
    ("GET", "/admin/v1/docs"): "none",
    ("GET", "/admin/v1/openapi.json"): "none",
    ("GET", "/admin/v1/openapi-client.json"): "none",
    ("GET", "/health/live"): "none",
    ("GET", "/health/ready"): "none",
}

OF_ONE = {"record", "touch", "plan"}

# Whom a guard lets in: levels of young people, roles of staff.
_LEVELS = {"limited", "full"}
_ROLES = ON_CASES | {"reviewing_officer", "data_protection_lead", "administrator"}
LETS_IN: dict[str, set[str]] = {
    "requires_young_person": _LEVELS,
    "requires_full_level": {"full"},
    "requires_staff": _ROLES,
    "requires_case_staff": ON_CASES,
    "requires_reader_of_cases": ON_CASES | {"reviewing_officer"},
    "requires_manager": {"manager"},
    "requires_overseer": {"manager", "data_protection_lead"},
    "requires_data_protection_lead": {"data_protection_lead"},
    "requires_administrator": {"administrator"},
}

NOT_SIGNED_IN, NOT_ALLOWED, NOT_FOUND = 401, 403, 404
DONE = {200, 201, 202, 204}
# A write that gets as far as its rules may be refused by them; and what else its body names may not be there.
REFUSED_BY_RULES = {400, 404, 409, 412, 422, 428}
# Guards that let in whoever signed in anew minutes ago, of those whom the guard without it lets in.
STEPPED_UP = "_stepped_up"
# What is answered to somebody let in, where that is something else: the codes, tokens and actions asked with are none.
ANSWERS: dict[tuple[str, str], set[int]] = {
    ("POST", "/client/v1/sign-in/codes"): {202},
    ("POST", "/client/v1/sign-in/sessions"): {NOT_SIGNED_IN},
    ("POST", "/client/v1/sign-in/tokens"): {NOT_SIGNED_IN},
    ("POST", "/client/v1/sign-in/enrolment"): {NOT_SIGNED_IN},
    ("POST", "/bot/actions"): {NOT_FOUND},
    ("POST", "/webhooks/twilio/sms"): {200},
    ("POST", "/webhooks/twilio/status/{message_id}"): {204},
    ("GET", "/health/ready"): {200},
    ("GET", "/calendar/v1/{file_name}"): {NOT_FOUND},
    ("GET", "/admin/v1/sign-in"): {303, 503},
    ("GET", "/admin/v1/sign-in/callback"): {NOT_ALLOWED},
}


@dataclass(frozen=True)
class Caller:
    """How a request says who sends it, and who that is."""

    name: str
    shows: str = "nothing"  # nothing | bearer | cookie | bot | twilio
    secret: str = ""
    actor: Actor | None = None
    is_elsewhere: bool = False

    @property
    def is_alive(self) -> bool:
        """Whether what they show belongs to somebody who may sign in today."""
        if self.actor is None:
            return False
        member = next((m for m in MEMBERS if m.name == self.actor.member), None)
        person = next((p for p in PEOPLE if p.name == self.actor.person), None)
        return (member is not None and is_here(member)) or (person is not None and not person.has_died)

    @property
    def is_young(self) -> bool:
        """Whether it is a young person who shows a token, alive or not."""
        return self.actor is not None and self.actor.member is None and self.shows in {"bearer", "cookie"}

    @property
    def rank(self) -> str:
        """The role of a member of staff, the level of a young person."""
        assert self.actor is not None
        return next((m.role for m in MEMBERS if m.name == self.actor.member), self.actor.level)


@dataclass(frozen=True)
class Route:
    """A route, as far as its answer depends on it."""

    method: str
    path: str
    guard: str
    scope: str

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.method in {"GET", "HEAD"}


def refused(route: Route, caller: Caller) -> int | None:
    """With what a caller is turned away whatever they ask for; None when they are let in."""
    if route.guard == "open_to_all":
        return None
    if route.guard in {"requires_bot", "requires_twilio"}:
        shown = route.guard.removeprefix("requires_")
        is_right = caller.shows == shown and caller.secret == "right"
        return None if is_right else (NOT_SIGNED_IN if shown == "bot" else NOT_ALLOWED)
    needs_step_up = route.guard.endswith(STEPPED_UP)
    let_in = LETS_IN[route.guard.removesuffix(STEPPED_UP)]
    way = {"bearer": bool(let_in & _LEVELS), "cookie": bool(let_in & _ROLES)}
    if not way.get(caller.shows, False) or not caller.secret:
        return NOT_SIGNED_IN
    if caller.shows == "cookie" and caller.is_elsewhere and not route.is_read:
        return NOT_ALLOWED
    if not caller.is_alive:
        return NOT_SIGNED_IN
    assert caller.actor is not None
    is_let_in = caller.rank in let_in and (caller.actor.is_stepped_up or not needs_step_up)
    return None if is_let_in else NOT_ALLOWED


def may_answer(route: Route, caller: Caller, target: str) -> set[int]:
    """The statuses that are right when a route is called about a person."""
    turned_away = refused(route, caller)
    if turned_away is not None:
        return {turned_away}
    if route.scope in OF_ONE and target not in sees(route, caller):
        # What an unseen record is asked with is looked at after whether it may be seen, or is no different without.
        return {NOT_FOUND}
    if (route.method, route.path) in ANSWERS:
        return ANSWERS[route.method, route.path]
    return {200} if route.is_read else DONE | REFUSED_BY_RULES


def _sees_restriction(actor: Actor) -> set[str]:
    return _may_restrict(actor) & {p.name for p in PEOPLE if p.is_restricted}


def _may_restrict(actor: Actor) -> set[str]:
    """Managers whom they see; the data protection lead whomever."""
    is_lead = any(m.name == actor.member and m.role == "data_protection_lead" for m in MEMBERS)
    return {p.name for p in PEOPLE} if is_lead else sees_whole(actor)


# Whom a caller sees by a route, where that is not whose record they see.
_RESTRICTION = "/admin/v1/young-people/{person_id}/restriction"
SEES: dict[tuple[str, str], Callable[[Actor], set[str]]] = {
    ("GET", "/admin/v1/enrolment-codes/{enrolment_code_id}"): (
        lambda actor: sees_whole(actor) if actor.member == "adviser n" else set()
    ),
    ("GET", _RESTRICTION): _sees_restriction,
    ("POST", _RESTRICTION): _may_restrict,
    **{("POST", f"{_RESTRICTION}/{name}"): _sees_restriction for name in ("names", "removed-names", "lift")},
}


def sees(route: Route, caller: Caller) -> set[str]:
    """Of whom there may be something in an answer of this route to this caller."""
    if caller.actor is None or refused(route, caller) is not None:
        return set()
    if (route.method, route.path) in SEES:
        return SEES[route.method, route.path](caller.actor)
    if route.scope == "plan":
        return sees_plan(caller.actor)
    if route.scope in {"self", "touch"}:
        return sees_in_touch(caller.actor)
    return sees_whole(caller.actor) if route.scope in {"record", "list"} else set()
