"""Every requirement of ASVS 5.0 that applies is answered by tests that exist, by what is written, or an exception."""

import re
import tomllib
from typing import Any

import asyncpg
import pytest

from api.app import ROUTES
from tests.api.client import api_client
from tests.api.identity.staff import as_staff
from tests.conftest import TestDatabase
from tests.factories import create_session, create_staff
from tests.rules.source import ROOT

# Level 1, then level 2, of those that apply: no passwords, uploads, WebSockets, GraphQL, WebRTC or OAuth server here.
LEVEL_1 = """
    1.2.{1,2,3,4,5} 1.3.{1,2} 2.1.{1} 2.2.{1,2} 2.3.{1} 3.2.{1,2} 3.3.{1} 3.4.{1,2} 3.5.{1,2,3} 4.1.{1} 6.1.{1}
    6.3.{1,2} 6.4.{1,2} 7.2.{1,2,3,4} 7.4.{1,2} 8.1.{1} 8.2.{1,2} 8.3.{1} 9.1.{1,2,3} 9.2.{1} 10.4.{5} 11.3.{1,2}
    11.4.{1} 12.1.{1} 12.2.{1,2} 13.4.{1} 14.2.{1} 14.3.{1} 15.1.{1} 15.2.{1} 15.3.{1}
"""
LEVEL_2 = """
    1.1.{1,2} 1.2.{9} 1.3.{3,5,6,7,10} 1.4.{2} 1.5.{2} 2.1.{2,3} 2.2.{3} 2.3.{2,3,4} 2.4.{1} 3.3.{2,3,4} 3.4.{3,4,5,6}
    3.5.{4} 3.7.{2} 4.1.{2,3} 4.2.{1} 6.1.{3} 6.3.{3,4} 6.4.{3,4} 6.5.{1,2,3,4,5} 6.6.{1,2,3} 6.8.{1,2,4} 7.1.{1,2,3}
    7.3.{1,2} 7.4.{3,4,5} 7.5.{1,2} 7.6.{1,2} 8.1.{2} 8.2.{3} 8.4.{1} 9.2.{2,3,4} 10.1.{1,2} 10.2.{1,2} 10.3.{1,2,3,4}
    10.4.{8,9} 10.5.{1,2,3,4} 11.1.{1,2} 11.2.{1,2,3} 11.3.{3} 11.4.{2,3,4} 11.5.{1} 11.6.{1} 12.1.{2,3}
    12.3.{1,2,3,4} 13.1.{1} 13.2.{1,2,3,4,5} 13.3.{1,2} 13.4.{2,3,4,5} 14.1.{1,2} 14.2.{2,3,4} 14.3.{2,3} 15.1.{2,3}
    15.2.{2,3} 15.3.{2,3,4,5,7} 16.1.{1} 16.2.{1,2,3,4,5} 16.3.{1,2,3,4} 16.4.{1,2,3} 16.5.{1,2,3}
"""
ANSWERS: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "tests/rules/asvs.toml").read_text())
HEADINGS = set(re.findall(r"^## (.+)$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE))


def ids_of(written: str) -> list[str]:
    """The ids of a list such as `1.2.{1,2} 1.3.{1}`."""
    return [
        f"{section}{number}"
        for section, numbers in re.findall(r"([\d.]+)\{([\d,]+)\}", written)
        for number in numbers.split(",")
    ]


def test_requirements_when_listed_then_each_is_answered_and_no_other() -> None:
    applicable = ids_of(LEVEL_1) + ids_of(LEVEL_2)
    assert len(set(applicable)) == len(applicable) == 190
    assert set(ANSWERS) == set(applicable)


@pytest.mark.parametrize("requirement", ANSWERS)
def test_requirement_when_answered_then_what_shows_it_is_there(requirement: str) -> None:
    answer = ANSWERS[requirement]
    assert answer.keys() <= {"about", "tests", "written", "exception"}
    assert answer["about"]
    assert answer.keys() & {"tests", "written", "exception"}, "nothing shows it"
    assert [test for test in answer.get("tests", ()) if not is_there(test)] == []
    assert answer.get("written", next(iter(HEADINGS))) in HEADINGS
    assert len(answer.get("exception", "long enough to say something")) > 10


def is_there(test: str) -> bool:
    """Whether there is such a test, or a file with tests."""
    path, _, name = test.partition("::")
    file = ROOT / path
    return file.exists() and re.search(rf"^(async )?def {name or 'test_'}", file.read_text(), re.MULTILINE) is not None


@pytest.mark.parametrize("test", ["tests/rules/test_asvs.py::test_that_is_not_there", "tests/rules/no_such_file.py"])
def test_answer_when_its_test_is_not_there_then_it_is_found(test: str) -> None:
    assert not is_there(test)


SECURITY = (ROOT / "SECURITY.md").read_text()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:api|bot|tests|migrations)/[\w./-]*)`", SECURITY))))
def test_security_page_when_it_names_a_path_then_there_is_one(path: str) -> None:
    assert (ROOT / path).exists()


def test_types_when_checked_then_strictly() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["strict"] is True


def test_routes_when_listed_then_their_addresses_take_no_secret_and_no_name() -> None:
    written = [path for handler in ROUTES for path in handler.paths]
    parameters = {name for path in written for name in re.findall(r"\{(\w+)", path)}
    telling = {"token", "code", "phone", "phone_e164", "name", "email", "secret", "password"}
    assert parameters & telling == set()


async def test_database_when_migrated_then_nobody_can_sign_in(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    for table in ("staff", "young_people", "sessions", "session_tokens"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608


async def test_answer_when_another_origin_asks_then_no_cors_header_is_given(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    staff = as_staff(await create_session(admin, staff=await create_staff(admin)), origin="https://elsewhere.example")
    async with api_client(database) as api:
        for method in ("GET", "OPTIONS"):
            answer = await api.http.request(
                method, "/admin/v1/docs", headers={**staff, "access-control-request-method": "GET"}
            )
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_read_when_carried_out_then_nothing_but_its_trace_is_written(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    staff = as_staff(await create_session(admin, staff=await create_staff(admin)))
    before = await count_rows(admin)
    async with api_client(database) as api:
        for handler in ROUTES:
            for path in handler.paths:
                if "GET" in handler.http_methods and "{" not in path:
                    await api.http.get(path, headers=staff)
    changed = {table for table, count in (await count_rows(admin)).items() if count != before[table]}
    assert changed <= {"audit_entries", "rate_limits", "staff_sign_ins"}


async def count_rows(admin: asyncpg.Connection) -> dict[str, int]:
    """How many rows there are of each table."""
    tables = await admin.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    return {name: await admin.fetchval(f'SELECT count(*) FROM "{name}"') for (name,) in tables}  # noqa: S608
