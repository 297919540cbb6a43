"""A member of staff signs in to the whole service with a browser's cookies, through the provider of `make run`."""

from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api.demo import STAFF, demo_subject
from tests.stack.service import LocalService
from tests.stack.settings import StackSettings


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    with LocalService(StackSettings.for_tests(tmp_path_factory.mktemp("whole"))) as running:
        yield running


class Browser:
    """It takes this machine for a safe place without https, as browsers do and Python's cookie jar does not."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.cookies: dict[str, str] = {}

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """One request with the cookies of this host."""
        is_ours = not url.startswith("http") or url.startswith(str(self.http.base_url).rstrip("/"))
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value) if is_ours else ""
        answer = self.http.request(method, url, headers={"cookie": sent} if sent else {}, **options)
        for line in answer.headers.get_list("set-cookie") if is_ours else []:
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer

    def sign_in(self, subject: str, **asked: str) -> httpx.Response:
        """To the provider, its button, and back."""
        there = self.request("GET", "/admin/v1/sign-in", params=asked).headers["location"]
        assert subject in self.request("GET", there).text
        back = self.request("POST", there, data={"sub": subject})
        returned = self.request("GET", back.headers["location"])
        return self.request("GET", returned.headers["location"])


@pytest.fixture
def browser(service: LocalService) -> Iterator[Browser]:
    with httpx.Client(base_url=service.api_url, trust_env=False) as http:
        yield Browser(http)


@pytest.mark.parametrize(("shown_name", "role"), [(shown, role) for _, shown, role, _ in STAFF])
def test_member_when_they_sign_in_then_they_are_who_they_are_until_they_sign_out(
    browser: Browser, shown_name: str, role: str
) -> None:
    assert browser.request("GET", "/admin/v1/session").status_code == 401
    session = browser.sign_in(demo_subject(shown_name)).json()
    assert (session["shown_name"], session["role"], session["stepped_up_until"]) == (shown_name, role, None)
    assert browser.request("DELETE", "/admin/v1/session").status_code == 204
    assert browser.request("GET", "/admin/v1/session").status_code == 401


def test_member_when_they_step_up_then_it_counts(browser: Browser) -> None:
    browser.sign_in("sam")
    assert browser.sign_in("sam", step_up="true").json()["stepped_up_until"] is not None


def test_stranger_when_the_provider_knows_them_then_we_do_not(browser: Browser) -> None:
    there = browser.request("GET", "/admin/v1/sign-in").headers["location"]
    assert parse_qs(urlsplit(there).query)["code_challenge_method"] == ["S256"]
    back = browser.request("POST", there, data={"sub": "stranger"})
    refused = browser.request("GET", back.headers["location"])
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    assert browser.request("GET", "/admin/v1/session").status_code == 401
