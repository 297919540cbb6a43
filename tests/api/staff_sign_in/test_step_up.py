"""A step-up is a sign-in anew: by the same person, proved since it was asked for, and good for five minutes."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.api.staff_sign_in.browser import SESSION_COOKIE, Browser, Office
from tests.factories import create_staff


async def stepped_up(browser: Browser) -> bool:
    return (await browser.session()).json()["stepped_up_until"] is not None


async def test_step_up_when_proved_anew_then_it_counts_for_five_minutes_under_a_new_token(
    office: Office, sam: UUID, admin: asyncpg.Connection
) -> None:
    browser = office.browser()
    await browser.sign_in("sam")
    before = browser.cookies[SESSION_COOKIE]
    assert (await browser.sign_in("sam", step_up=True)).status_code == 303
    assert browser.cookies[SESSION_COOKIE] != before
    assert await stepped_up(browser)
    await office.later("4 minutes 59 seconds")
    assert await stepped_up(browser)
    await office.later("2 seconds")
    assert not await stepped_up(browser)
    assert await admin.fetchval("SELECT count(*) FROM audit_entries WHERE verb = 'stepped_up'") == 1


@pytest.mark.parametrize("claims", [{"auth_time": 1}, {"auth_time": None}])
async def test_step_up_when_the_proof_is_old_or_not_told_then_it_is_refused(
    office: Office, sam: UUID, claims: dict[str, Any]
) -> None:
    browser = office.browser()
    await browser.sign_in("sam")
    assert (await browser.sign_in("sam", step_up=True, claims=claims)).status_code == 403
    assert not await stepped_up(browser)


@pytest.mark.parametrize(
    ("claims", "status"), [({}, 403), ({"acrs": "c2"}, 403), ({"acrs": ["c1"]}, 303), ({"acr": "c1"}, 303)]
)
async def test_step_up_when_a_context_is_set_then_it_has_to_be_met(
    office: Office, sam: UUID, claims: dict[str, Any], status: int
) -> None:
    office.app.state.oidc.step_up_acr = "c1"
    browser = office.browser()
    await browser.sign_in("sam")
    assert (await browser.sign_in("sam", step_up=True, claims=claims)).status_code == status
    assert await stepped_up(browser) == (status == 303)


async def test_step_up_when_somebody_else_signs_in_then_it_is_refused(
    office: Office, sam: UUID, admin: asyncpg.Connection
) -> None:
    await office.link(await create_staff(admin, role="manager"), "max")
    browser = office.browser()
    await browser.sign_in("sam")
    assert (await browser.sign_in("max", step_up=True)).status_code == 403
    assert (await browser.session()).json()["staff_id"] == str(sam)


async def test_sign_in_when_it_is_an_ordinary_one_then_it_is_no_step_up_however_fresh(
    office: Office, sam: UUID
) -> None:
    browser = office.browser()
    await browser.sign_in("sam")
    assert not await stepped_up(browser)
