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
    ("POST", "/admin/v1/young-people/{person_id:uuid}/allocations"): access.requires_manager,
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
