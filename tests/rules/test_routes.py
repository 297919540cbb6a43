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
