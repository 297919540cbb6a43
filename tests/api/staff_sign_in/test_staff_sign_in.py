"""Staff sign in: only whoever the provider means, in the browser that asked, under a new token every time."""

import json
import re
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from api.kit.db import WORKER, Database
from api.settings import AdministratorSettings, SettingsError, read_settings
from api.staff_sign_in import service
from tests.api.staff_sign_in import provider as fakes
from tests.api.staff_sign_in.browser import PATH, SESSION_COOKIE, SIGN_IN_COOKIE, Office
from tests.conftest import TestDatabase


async def test_browser_when_it_comes_back_then_it_is_signed_in_and_the_audit_says_so(
    office: Office, sam: UUID, admin: asyncpg.Connection
) -> None:
    browser = office.browser()
    back = await browser.sign_in("sam", return_to="/admin/v1/session")
    assert (back.status_code, back.headers["location"]) == (303, "/admin/v1/session")
    shown = (await browser.session()).json()
    assert (shown["shown_name"], shown["role"], shown["staff_id"]) == ("Sam", "personal_adviser", str(sam))
    assert shown["stepped_up_until"] is None
    assert await admin.fetch("SELECT actor_id, verb, table_name FROM audit_entries WHERE table_name = 'sessions'") == [
        (sam, "signed_in", "sessions")
    ]


async def test_cookies_when_they_are_set_then_they_are_for_this_host_no_script_and_no_other_site(
    office: Office, sam: UUID
) -> None:
    browser = office.browser()
    await browser.sign_in("sam")
    assert {line.partition("=")[0] for line in browser.seen} == {SESSION_COOKIE, SIGN_IN_COOKIE}
    for line in browser.seen:
        parts = {part.strip().lower() for part in line.split(";")}
        assert {"path=/", "secure", "httponly", "samesite=lax"} <= parts
        assert not any(part.startswith("domain") for part in parts)
    session_line = next(line for line in browser.seen if line.startswith(f"{SESSION_COOKIE}="))
    assert "max-age" not in session_line.lower()


async def test_token_when_looked_for_in_the_database_then_neither_it_nor_state_nor_verifier_is_there(
    office: Office, sam: UUID, admin: asyncpg.Connection
) -> None:
    waiting, browser = office.browser(), office.browser()
    started = await waiting.start()
    await browser.sign_in("sam")
    kept = " ".join(
        [
            str(await admin.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} AS t"))  # noqa: S608
            for table in ("sessions", "session_tokens", "staff_sign_ins")
        ]
    )
    state = office.provider.authorize(started.headers["location"])["state"]
    for secret in (browser.cookies[SESSION_COOKIE], waiting.cookies[SIGN_IN_COOKIE], state):
        assert re.fullmatch("[0-9a-f]{64}", secret)
        assert secret not in kept


async def test_browser_when_it_signs_in_again_then_it_gets_a_new_token_and_the_old_one_is_dead(
    office: Office, sam: UUID
) -> None:
    browser, other = office.browser(), office.browser()
    # What somebody planted in a browser before its owner signs in opens nothing after.
    browser.cookies[SESSION_COOKIE] = planted = "a" * 64
    await browser.sign_in("sam")
    first = browser.cookies[SESSION_COOKIE]
    await browser.sign_in("sam")
    assert len({planted, first, browser.cookies[SESSION_COOKIE]}) == 3
    statuses = []
    for token in (planted, first, browser.cookies[SESSION_COOKIE]):
        other.cookies[SESSION_COOKIE] = token
        statuses.append((await other.session()).status_code)
    assert statuses == [401, 401, 200]


async def assert_refused(office: Office, answer: Any) -> None:
    """A plain refusal without a word about what was wrong."""
    assert answer.status_code == 403
    body = answer.json()
    assert body["detail"] == "You could not be signed in. Go back and try again, or ask your administrator."
    assert set(body) == {"type", "title", "status", "detail", "instance"}
    assert SESSION_COOKIE not in answer.headers.get("set-cookie", "").replace(SIGN_IN_COOKIE, "")
    assert await office.admin.fetchval("SELECT count(*) FROM sessions") == 0


@pytest.mark.parametrize("change", ["no cookie", "other cookie", "other state", "no state", "no code", "denied"])
async def test_browser_when_it_did_not_ask_or_brings_no_code_then_it_is_refused(
    office: Office, sam: UUID, change: str
) -> None:
    browser = office.browser()
    answered = office.provider.authorize((await browser.start()).headers["location"], "sam")
    if change == "no cookie":
        browser.cookies.clear()
    elif change == "other cookie":
        browser.cookies[SIGN_IN_COOKIE] = "b" * 64
    elif change == "other state":
        answered["state"] = "c" * 64
    elif change == "no state":
        del answered["state"]
    else:
        del answered["code"]
        answered |= {"error": "access_denied", "error_description": "<script>"} if change == "denied" else {}
    await assert_refused(office, await browser.come_back(answered))


async def test_browser_when_somebody_else_started_its_sign_in_then_it_is_refused(office: Office, sam: UUID) -> None:
    attacker, victim = office.browser(), office.browser()
    answered = office.provider.authorize((await attacker.start()).headers["location"], "sam")
    await victim.start()
    await assert_refused(office, await victim.come_back(answered))
    # The attempt used the state up, for the attacker too.
    await assert_refused(office, await attacker.come_back(answered))


async def test_browser_when_two_of_its_tabs_sign_in_at_once_then_both_come_back_and_one_session_is_left(
    office: Office, sam: UUID, admin: asyncpg.Connection
) -> None:
    browser = office.browser()
    tabs = [office.provider.authorize((await browser.start()).headers["location"], "sam") for _ in range(2)]
    assert [(await browser.come_back(answered)).status_code for answered in tabs] == [303, 303]
    assert (await browser.session()).status_code == 200
    assert await admin.fetchval("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 1


async def test_state_when_it_is_brought_twice_or_late_then_it_is_refused(office: Office, sam: UUID) -> None:
    late = office.browser()
    answered = office.provider.authorize((await late.start()).headers["location"], "sam")
    await office.later("10 minutes 1 second")
    await assert_refused(office, await late.come_back(answered))
    browser = office.browser()
    answered = office.provider.authorize((await browser.start()).headers["location"], "sam")
    cookie = browser.cookies[SIGN_IN_COOKIE]
    assert (await browser.come_back(answered)).status_code == 303
    browser.cookies[SIGN_IN_COOKIE] = cookie
    assert (await browser.come_back(answered)).status_code == 403


@pytest.mark.parametrize(
    "forge", [fakes.unsigned, fakes.signed_with_the_public_key, fakes.signed_by_somebody_else, lambda _: "junk"]
)
async def test_token_when_it_is_forged_then_nobody_is_signed_in(office: Office, sam: UUID, forge: Any) -> None:
    office.provider.make_token = forge
    await assert_refused(office, await office.browser().sign_in("sam"))


@pytest.mark.parametrize(
    "claims", [{"iss": "https://other.example"}, {"aud": "other"}, {"exp": 1}, {"nonce": "n"}, {"iat": 1}]
)
async def test_token_when_it_is_for_somebody_else_or_another_time_then_nobody_is_signed_in(
    office: Office, sam: UUID, claims: dict[str, Any]
) -> None:
    await assert_refused(office, await office.browser().sign_in("sam", claims=claims))


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE staff SET disabled_at = now()",
        "UPDATE staff SET left_on = '2026-01-01'",
        "UPDATE staff_identities SET ended_at = now()",
        "UPDATE staff_identities SET tenant_id = 'another'",
        "UPDATE staff_identities SET issuer = 'https://other.example'",
        "UPDATE staff_identities SET subject = 'SAM'",
    ],
)
async def test_browser_when_the_provider_means_nobody_who_works_here_then_it_is_refused(
    office: Office, sam: UUID, admin: asyncpg.Connection, end: str
) -> None:
    await admin.execute(end)
    await assert_refused(office, await office.browser().sign_in("sam"))


async def test_stranger_when_the_provider_knows_them_then_an_address_like_a_colleagues_does_not_help(
    office: Office, sam: UUID
) -> None:
    claims = {"email": "sam@council.example", "preferred_username": "sam"}
    await assert_refused(office, await office.browser().sign_in("another", claims=claims))


@pytest.mark.parametrize(
    "return_to",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/../x",
        "/a?b=c",
        "/a#b",
        "javascript:x",
        "",
        "/a\n",
    ],
)
async def test_return_path_when_it_could_lead_away_then_it_is_refused(office: Office, return_to: str) -> None:
    assert (await office.browser().start(return_to=return_to)).status_code == 400


async def test_provider_when_it_is_away_then_staff_are_asked_to_come_again(office: Office) -> None:
    await office.app.state.oidc.aclose()
    from api.clients.oidc import OidcClient

    office.app.state.oidc = OidcClient(
        issuer="http://127.0.0.1:1", client_id="x", client_secret="y", redirect_url="https://x.example/"
    )
    answer = await office.browser().start()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    await office.app.state.oidc.aclose()


async def test_sign_in_when_it_fails_then_the_log_has_a_code_and_nothing_that_was_sent(
    office: Office, sam: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    import structlog

    with structlog.testing.capture_logs() as logs:
        await office.browser().sign_in("a-subject-nobody-knows", claims={"email": "canary@council.example"})
    assert [(entry["event"], entry.get("code")) for entry in logs] == [
        ("staff_sign_in_failed", "nobody_here"),
        ("turned_away", None),
    ]
    assert "canary" not in json.dumps(logs)
    assert "subject" not in json.dumps(logs)


async def test_sign_in_when_the_query_is_nonsense_then_it_is_a_client_error(office: Office) -> None:
    for query in ("step_up=perhaps", "return_to=" + "/a" * 200):
        assert (await office.http.get(f"{PATH}?{query}")).status_code == 400
    assert (await office.http.get(f"{PATH}/callback?code={'x' * 5000}")).status_code == 400
    assert (await office.http.get(f"{PATH}/callback?code=%00&state=%00&iss=%00")).status_code == 400
    assert (await office.http.get(f"{PATH}/callback?code=%C3&state=%F0%9F&iss=%ED%A0%80")).status_code == 403


async def test_sign_in_when_nobody_came_back_for_an_hour_then_it_is_forgotten(
    office: Office, database: TestDatabase, admin: asyncpg.Connection
) -> None:
    await office.browser().start()
    await office.later("2 hours")
    await office.browser().start()
    worker = Database(database.worker_url, size=1)
    async with worker.acting_as(WORKER) as connection:
        await service.forget_old(connection)
    await worker.close()
    assert await admin.fetchval("SELECT count(*) FROM staff_sign_ins") == 1


@pytest.mark.parametrize(
    ("issuer", "is_taken"),
    [
        ("https://login.example.org/tenant/v2.0", True),
        ("http://127.0.0.1:8018", True),
        ("http://login.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("login.example.org", False),
        ("https://", False),
    ],
)
def test_issuer_when_somebody_on_the_way_could_pose_as_it_then_the_start_is_refused(
    issuer: str, is_taken: bool
) -> None:
    given = {
        "MIGRATION_DATABASE_URL": "x", "OIDC_ISSUER": issuer, "ADMINISTRATOR_NAME": "x", "ADMINISTRATOR_SUBJECT": "x",
    }  # fmt: skip
    if is_taken:
        assert read_settings(AdministratorSettings, given).oidc_issuer == issuer
    else:
        with pytest.raises(SettingsError, match=r"^OIDC_ISSUER has to be an https address"):
            read_settings(AdministratorSettings, given)
