"""The documentation: for staff only, in a page that loads and runs nothing."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import asyncpg
import pytest

from api.app import DOCUMENTS, ROUTES
from api.kit.docs import POLICY, write_page
from api.kit.openapi import Documents
from tests.api.client import api_client
from tests.api.identity.staff import as_staff, as_young_person
from tests.conftest import TestDatabase
from tests.factories import create_person, create_session, create_staff

PATHS = ["/admin/v1/docs", "/admin/v1/openapi.json", "/admin/v1/openapi-client.json"]


@pytest.mark.parametrize("path", PATHS)
async def test_documentation_when_asked_for_then_staff_alone_read_it(
    database: TestDatabase, admin: asyncpg.Connection, path: str
) -> None:
    staff = await create_session(admin, staff=await create_staff(admin, role="administrator"))
    person = await create_session(admin, person=await create_person(admin))
    async with api_client(database) as api:
        answers = [
            await api.http.get(path, headers=headers)
            for headers in (as_staff(staff), as_staff("0" * 64), as_young_person(person), as_staff(person), {})
        ]
    assert [answer.status_code for answer in answers] == [200, 401, 401, 403, 401]
    assert all("client/v1" not in answer.text for answer in answers[1:])


async def test_page_when_shown_then_its_policy_allows_its_style_alone(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    staff = await create_session(admin, staff=await create_staff(admin))
    async with api_client(database) as api:
        answer = await api.http.get(PATHS[0], headers=as_staff(staff))
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style
    assert answer.headers.get_list("content-security-policy") == [POLICY]
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()}'" in POLICY
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


class Page(HTMLParser):
    """What a page loads, names and points to; and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta"}:
            self.open.append(tag)
        told = dict(attrs)
        self.ids += [told["id"] or ""] if "id" in told else []
        self.links |= {told["href"] or ""} if "href" in told else set()
        self.loaded += [tag] if tag in {"script", "link", "img", "iframe", "object", "form"} or "style" in told else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_when_written_then_it_is_whole_loads_nothing_and_every_operation_is_on_it() -> None:
    built = Documents(ROUTES, DOCUMENTS)
    documents = [built.get(name) for name in DOCUMENTS]
    page = Page()
    page.feed(write_page(documents))
    methods = [one for document in documents for some in document["paths"].values() for one in some.values()]
    assert (page.open, page.loaded) == ([], [])
    assert {one["operationId"] for one in methods} <= set(page.ids)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


def test_page_when_a_document_holds_markup_then_it_is_shown_and_not_obeyed() -> None:
    document = Documents(ROUTES, DOCUMENTS).get("client")
    document["info"]["title"] = "<script>alert(1)</script>"
    assert "<script>" not in write_page([document])
