"""Staff's sessions end by themselves, with their holder's place here, and when their holder says so."""

from uuid import UUID

import asyncpg
import pytest

from tests.api.client import PUBLIC_BASE_URL
from tests.api.staff_sign_in.browser import SESSION_COOKIE, Office


@pytest.mark.parametrize(("span", "status"), [("14 minutes", 200), ("15 minutes 1 second", 401)])
async def test_session_when_it_stood_idle_then_it_is_over(office: Office, sam: UUID, span: str, status: int) -> None:
    browser = office.browser()
    await browser.sign_in("sam")
    await office.later(span)
    assert (await browser.session()).status_code == status
    assert (await browser.session()).status_code == status


async def test_session_when_it_is_used_all_day_then_it_ends_after_eight_hours(office: Office, sam: UUID) -> None:
    browser = office.browser()
    await browser.sign_in("sam")
    for _ in range(34):
        await office.later("14 minutes")
        assert (await browser.session()).status_code == 200
    await office.later("14 minutes")
    assert (await browser.session()).status_code == 401


async def test_use_when_it_was_noted_less_than_a_minute_ago_then_nothing_is_written(
    office: Office, sam: UUID, admin: asyncpg.Connection
) -> None:
    browser = office.browser()
    await browser.sign_in("sam")
    noted = []
    for span in ("59 seconds", "2 seconds", "30 seconds"):
        await office.later(span)
        before = await admin.fetchval("SELECT last_used_at FROM sessions")
        await browser.session()
        noted.append(await admin.fetchval("SELECT last_used_at FROM sessions") != before)
    assert noted == [False, True, False]


@pytest.mark.parametrize("end", ["disabled_at = now()", "left_on = '2026-01-01'"])
async def test_member_when_disabled_or_gone_then_their_sessions_are_dead_at_once(
    office: Office, sam: UUID, admin: asyncpg.Connection, end: str
) -> None:
    browser = office.browser()
    await browser.sign_in("sam")
    assert (await browser.session()).status_code == 200
    await admin.execute(f"UPDATE staff SET {end}")  # noqa: S608 - from above
    assert (await browser.session()).status_code == 401


async def test_sign_out_when_asked_for_then_this_browser_or_every_browser_is_out(
    office: Office, sam: UUID, admin: asyncpg.Connection
) -> None:
    browsers = [office.browser() for _ in range(3)]
    for browser in browsers:
        await browser.sign_in("sam")
    kept = browsers[0].cookies[SESSION_COOKIE]
    assert (await browsers[0].request("DELETE", "/admin/v1/session")).status_code == 204
    assert browsers[0].cookies[SESSION_COOKIE] == ""
    browsers[0].cookies[SESSION_COOKIE] = kept
    assert [(await browser.session()).status_code for browser in browsers] == [401, 200, 200]
    assert (await browsers[1].request("DELETE", "/admin/v1/sessions")).status_code == 204
    assert [(await browser.session()).status_code for browser in browsers] == [401, 401, 401]
    assert await admin.fetchval("SELECT count(*) FROM audit_entries WHERE verb = 'signed_out'") == 2


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
async def test_sign_out_when_another_site_asks_then_it_is_refused(
    office: Office, sam: UUID, headers: dict[str, str]
) -> None:
    browser = office.browser()
    await browser.sign_in("sam")
    assert (await browser.request("DELETE", "/admin/v1/sessions", headers=headers)).status_code == 403
    assert (await browser.session()).status_code == 200
    given = {"sec-fetch-site": "same-origin", "origin": PUBLIC_BASE_URL}
    assert (await browser.request("DELETE", "/admin/v1/sessions", headers=given)).status_code == 204
