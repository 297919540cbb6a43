"""Every route declares who may call it."""

from collections.abc import Iterator

import pytest
from litestar import Litestar, get
from litestar.handlers import HTTPRouteHandler

from api.app import ROUTES
from api.kit import access

GUARDS = {guard for name, guard in vars(access).items() if name == "open_to_all" or name.startswith("requires_")}

# What each route must declare: a new route fails until somebody decides and writes it down here.
EXPECTED = {
    ("POST", "/webhooks/twilio/sms"): access.requires_twilio,
    ("POST", "/webhooks/twilio/status/{message_id:uuid}"): access.requires_twilio,
    ("POST", "/bot/actions"): access.requires_bot,
    ("POST", "/client/v1/sign-in/codes"): access.open_to_all,
    ("POST", "/client/v1/sign-in/sessions"): access.open_to_all,
    ("POST", "/client/v1/sign-in/tokens"): access.open_to_all,
    ("GET", "/client/v1/sign-in/session"): access.requires_young_person,
    ("POST", "/client/v1/sign-in/enrolment"): access.requires_young_person,
    ("DELETE", "/client/v1/sign-in/session"): access.requires_young_person,
    ("DELETE", "/client/v1/sign-in/sessions"): access.requires_young_person,
    ("GET", "/admin/v1/docs"): access.requires_staff,
    ("GET", "/admin/v1/openapi.json"): access.requires_staff,
    ("GET", "/admin/v1/openapi-client.json"): access.requires_staff,
    ("GET", "/admin/v1/sign-in"): access.open_to_all,
    ("GET", "/admin/v1/sign-in/callback"): access.open_to_all,
    ("GET", "/admin/v1/session"): access.requires_staff,
    ("DELETE", "/admin/v1/session"): access.requires_staff,
    ("DELETE", "/admin/v1/sessions"): access.requires_staff,
    ("GET", "/admin/v1/teams"): access.requires_staff,
    ("POST", "/admin/v1/teams"): access.requires_administrator_stepped_up,
    ("GET", "/admin/v1/staff"): access.requires_staff,
    ("POST", "/admin/v1/staff"): access.requires_administrator_stepped_up,
    ("GET", "/admin/v1/staff/{staff_id:uuid}"): access.requires_staff,
    ("PATCH", "/admin/v1/staff/{staff_id:uuid}"): access.requires_administrator_stepped_up,
    ("POST", "/admin/v1/staff/{staff_id:uuid}/identities"): access.requires_administrator_stepped_up,
    ("PATCH", "/admin/v1/staff-identities/{staff_identity_id:uuid}"): access.requires_administrator_stepped_up,
    ("GET", "/admin/v1/duty-rota"): access.requires_staff,
    ("POST", "/admin/v1/duty-rota"): access.requires_manager,
    ("PATCH", "/admin/v1/duty-rota/{duty_id:uuid}"): access.requires_manager,
    ("POST", "/admin/v1/duty-rota/{duty_id:uuid}/withdrawal"): access.requires_manager,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/allocations"): access.requires_reader_of_cases,
    ("PATCH", "/admin/v1/allocations/{allocation_id:uuid}"): access.requires_manager,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/enrolment-codes"): access.requires_case_staff,
    ("GET", "/admin/v1/enrolment-codes/{enrolment_code_id:uuid}"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/sign-outs"): access.requires_case_staff,
    ("POST", "/admin/v1/break-glass"): access.requires_case_staff_stepped_up,
    ("GET", "/admin/v1/break-glass"): access.requires_staff,
    ("POST", "/admin/v1/break-glass/{break_glass_id:uuid}/review"): access.requires_overseer,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/restriction"): access.requires_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/restriction"): access.requires_overseer_stepped_up,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/restriction/names"): access.requires_overseer_stepped_up,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/restriction/removed-names"): access.requires_overseer_stepped_up,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/restriction/lift"): access.requires_overseer_stepped_up,
    ("GET", "/client/v1/record-views"): access.requires_full_level,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/record-views"): access.requires_reader_of_cases,
    ("GET", "/admin/v1/audit"): access.requires_data_protection_lead,
    ("GET", "/admin/v1/audit/week"): access.requires_data_protection_lead,
    ("GET", "/health/live"): access.open_to_all,
    ("GET", "/health/ready"): access.open_to_all,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/needs-assessments"): access.requires_reader_of_cases,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/needs-assessments"): access.requires_case_staff,
    ("PATCH", "/admin/v1/needs-assessments/{assessment_id:uuid}"): access.requires_case_staff,
    ("POST", "/admin/v1/needs-assessments/{assessment_id:uuid}/complete"): access.requires_case_staff,
    ("POST", "/admin/v1/needs-assessments/{assessment_id:uuid}/copy"): access.requires_case_staff,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/plans"): access.requires_reader_of_cases,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/plans"): access.requires_case_staff,
    ("GET", "/admin/v1/plans/{plan_id:uuid}"): access.requires_reader_of_cases,
    ("GET", "/admin/v1/plans/{plan_id:uuid}/missing"): access.requires_reader_of_cases,
    ("GET", "/admin/v1/plans/{plan_id:uuid}/compare"): access.requires_reader_of_cases,
    ("POST", "/admin/v1/plans/{plan_id:uuid}/share"): access.requires_case_staff,
    ("POST", "/admin/v1/plans/{plan_id:uuid}/sign"): access.requires_case_staff,
    ("POST", "/admin/v1/plans/{plan_id:uuid}/copy"): access.requires_case_staff,
    ("PATCH", "/admin/v1/plan-sections/{section_id:uuid}"): access.requires_case_staff,
    ("POST", "/admin/v1/plan-sections/{section_id:uuid}/actions"): access.requires_case_staff,
    ("PUT", "/admin/v1/plan-actions/{action_id:uuid}"): access.requires_case_staff,
    ("POST", "/admin/v1/plan-actions/{action_id:uuid}/outcome"): access.requires_case_staff,
    ("GET", "/client/v1/plan"): access.requires_full_level,
    ("POST", "/client/v1/plan/actions/{action_id:uuid}/done"): access.requires_full_level,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/reviews"): access.requires_reader_of_cases,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/reviews"): access.requires_case_staff,
    ("PUT", "/admin/v1/reviews/{review_id:uuid}/meeting"): access.requires_reader_of_cases,
    ("POST", "/admin/v1/reviews/{review_id:uuid}/meeting/cancel"): access.requires_reader_of_cases,
    ("POST", "/admin/v1/reviews/{review_id:uuid}/held"): access.requires_reader_of_cases,
    ("PUT", "/admin/v1/reviews/{review_id:uuid}/reviewing-officer"): access.requires_case_staff,
    ("POST", "/client/v1/plan/reviews"): access.requires_full_level,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/contacts"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/contacts"): access.requires_case_staff,
    ("PUT", "/admin/v1/contacts/{contact_id:uuid}"): access.requires_case_staff,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/appointments"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/appointments"): access.requires_case_staff,
    ("GET", "/admin/v1/appointments"): access.requires_case_staff,
    ("GET", "/admin/v1/appointments/{appointment_id:uuid}"): access.requires_case_staff,
    ("POST", "/admin/v1/appointments/{appointment_id:uuid}/move"): access.requires_case_staff,
    ("POST", "/admin/v1/appointments/{appointment_id:uuid}/cancel"): access.requires_case_staff,
    ("POST", "/admin/v1/appointments/{appointment_id:uuid}/outcome"): access.requires_case_staff,
    ("GET", "/client/v1/appointments"): access.requires_young_person,
    ("POST", "/client/v1/appointments/{appointment_id:uuid}/confirm"): access.requires_young_person,
    ("POST", "/client/v1/appointments/{appointment_id:uuid}/ask-to-change"): access.requires_young_person,
    ("POST", "/client/v1/appointments/{appointment_id:uuid}/cancel"): access.requires_full_level,
    ("GET", "/admin/v1/calendar-feeds"): access.requires_case_staff,
    ("POST", "/admin/v1/calendar-feeds"): access.requires_case_staff,
    ("POST", "/admin/v1/calendar-feeds/{feed_id:uuid}/revoke"): access.requires_case_staff,
    ("GET", "/calendar/v1/{file_name:str}"): access.open_to_all,
    ("GET", "/client/v1/appointments/{appointment_id:uuid}/calendar.ics"): access.requires_young_person,
    ("POST", "/admin/v1/absences"): access.requires_case_staff,
    ("PUT", "/admin/v1/absences/{absence_id:uuid}"): access.requires_case_staff,
    ("GET", "/admin/v1/providers"): access.requires_case_staff,
    ("POST", "/admin/v1/providers"): access.requires_manager,
    ("POST", "/admin/v1/providers/{provider_id:uuid}/registrations"): access.requires_manager,
    ("PUT", "/admin/v1/providers/{provider_id:uuid}/registrations/{registration_id:uuid}"): access.requires_manager,
    ("GET", "/admin/v1/young-people"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people"): access.requires_manager,
    ("GET", "/admin/v1/young-people/search"): access.requires_case_staff,
    ("GET", "/admin/v1/young-people/{person_id:uuid}"): access.requires_case_staff,
    ("PUT", "/admin/v1/young-people/{person_id:uuid}"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/activities"): access.requires_case_staff,
    ("PUT", "/admin/v1/young-people/{person_id:uuid}/activities/{record_id:uuid}"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/allocations"): access.requires_manager,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/care-periods"): access.requires_case_staff,
    ("PUT", "/admin/v1/young-people/{person_id:uuid}/care-periods/{record_id:uuid}"): access.requires_case_staff,
    (
        "PUT",
        "/admin/v1/young-people/{person_id:uuid}/contact-points/{contact_point_id:uuid}",
    ): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/detentions"): access.requires_case_staff,
    ("PUT", "/admin/v1/young-people/{person_id:uuid}/detentions/{record_id:uuid}"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/education-programmes"): access.requires_case_staff,
    (
        "PUT",
        "/admin/v1/young-people/{person_id:uuid}/education-programmes/{record_id:uuid}",
    ): access.requires_case_staff,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/entitlements"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/entitlements/claims"): access.requires_case_staff,
    ("PUT", "/admin/v1/young-people/{person_id:uuid}/entitlements/claims/{claim_id:uuid}"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/episodes"): access.requires_case_staff,
    ("PUT", "/admin/v1/young-people/{person_id:uuid}/episodes/{record_id:uuid}"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/family-placements"): access.requires_case_staff,
    ("PUT", "/admin/v1/young-people/{person_id:uuid}/family-placements/{record_id:uuid}"): access.requires_case_staff,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/history"): access.requires_case_staff,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/home/address"): access.requires_case_staff_stepped_up,
    ("GET", "/admin/v1/young-people/{person_id:uuid}/homes"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/homes"): access.requires_case_staff,
    ("PUT", "/admin/v1/young-people/{person_id:uuid}/homes/{spell_id:uuid}"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/homes/{spell_id:uuid}/suitability"): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/in-touch-records"): access.requires_case_staff,
    ("PUT", "/admin/v1/young-people/{person_id:uuid}/in-touch-records/{record_id:uuid}"): access.requires_case_staff,
    (
        "PUT",
        "/admin/v1/young-people/{person_id:uuid}/placements/{placement_id:uuid}/address",
    ): access.requires_case_staff,
    ("POST", "/admin/v1/young-people/{person_id:uuid}/special-guardianships"): access.requires_case_staff,
    (
        "PUT",
        "/admin/v1/young-people/{person_id:uuid}/special-guardianships/{record_id:uuid}",
    ): access.requires_case_staff,
    ("GET", "/client/v1/home"): access.requires_full_level,
    ("GET", "/client/v1/team"): access.requires_full_level,
}


def declared(app: Litestar) -> Iterator[tuple[str, str, list[object]]]:
    """Every method and path with the guards of ours on it."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if isinstance(handler, HTTPRouteHandler):
                guards = [getattr(guard, "func", guard) for guard in handler.resolve_guards()]
                for method in handler.http_methods - {"OPTIONS"}:
                    yield method, route.path, [guard for guard in guards if guard in GUARDS]


def faults(app: Litestar) -> list[str]:
    """Routes that declare no access, more than one, or another than was decided."""
    found = []
    for method, path, guards in declared(app):
        if guards != [EXPECTED.get((method, path))]:
            found.append(f"{method} {path}")
    return found


def test_routes_when_listed_then_each_declares_the_access_decided_for_it() -> None:
    app = Litestar(ROUTES, openapi_config=None)
    assert faults(app) == []
    assert {(method, path) for method, path, _ in declared(app)} == EXPECTED.keys()


@pytest.mark.parametrize("guards", [[], [access.open_to_all, access.requires_bot]])
def test_route_when_it_declares_no_access_or_two_then_it_is_found(guards: list[object]) -> None:
    @get("/health/live", guards=guards, sync_to_thread=False)
    def forgotten() -> None: ...

    assert faults(Litestar([forgotten], openapi_config=None)) == ["GET /health/live"]
