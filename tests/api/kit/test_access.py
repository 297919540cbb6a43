"""Who calls: by their token, and from where."""

from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest

from api.kit.access import client_address
from tests.api.client import api_client
from tests.conftest import TestDatabase
from tests.factories import create_person, create_session, create_staff


def connection(peer: str | None, forwarded: str = "", trusted: tuple[str, ...] = ()) -> Any:
    """A connection as far as its address goes."""
    app = SimpleNamespace(state=SimpleNamespace(settings=SimpleNamespace(trusted_proxies=trusted)))
    client = SimpleNamespace(host=peer) if peer else None
    return cast(Any, SimpleNamespace(client=client, app=app, headers={"x-forwarded-for": forwarded}))


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("203.0.113.7", "", (), "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", (), "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", ("10.0.0.0/8",), "203.0.113.7"),
        ("10.1.2.3", "198.51.100.1", ("10.0.0.0/8",), "198.51.100.1"),
        ("10.1.2.3", "192.0.2.9, 198.51.100.1", ("10.0.0.0/8",), "198.51.100.1"),
        ("10.1.2.3", "", ("10.0.0.0/8",), "10.1.2.3"),
        ("10.1.2.3", "nonsense", ("10.0.0.0/8",), "unknown"),
        ("2001:db8:1:2:3::4", "", (), "2001:db8:1:2::/64"),
        ("10.1.2.3", "", ("not a network",), "10.1.2.3"),
        (None, "", (), "unknown"),
    ],
)
def test_address_when_a_proxy_names_it_then_only_a_trusted_one_is_believed(
    peer: str | None, forwarded: str, trusted: tuple[str, ...], address: str
) -> None:
    assert client_address(connection(peer, forwarded, trusted)) == address


async def test_young_persons_route_when_one_of_staff_calls_then_it_is_refused(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    tokens = {
        200: await create_session(admin, person=await create_person(admin), level="limited"),
        403: await create_session(admin, staff=await create_staff(admin)),
    }
    async with api_client(database) as api:
        for status, token in tokens.items():
            answer = await api.http.get("/client/v1/sign-in/session", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == status
