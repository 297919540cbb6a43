"""Providers and their registrations with Ofsted."""

from typing import Any

import pytest

from tests.api.casework import Team, errors

PATH = "/admin/v1/providers"
REGISTRATION: dict[str, Any] = {"urn": "SC123456", "kind": "childrens_home", "registered_from": "2024-01-01"}


async def test_provider_when_added_and_registered_then_the_whole_team_reads_it(team: Team) -> None:
    added = await team.manager.post(PATH, {"name": "Elm Homes"})
    registrations = f"{added.headers['location']}/registrations"
    first = await team.manager.post(registrations, REGISTRATION)
    assert first.status_code == 201, first.text
    ended = REGISTRATION | {"registered_until": "2025-01-01"}
    assert (await team.manager.put(f"{registrations}/{first.json()['id']}", ended)).status_code == 200
    assert (await team.manager.put(f"{registrations}/{first.json()['id']}", ended)).status_code == 412
    again = await team.manager.post(registrations, REGISTRATION | {"registered_from": "2025-01-01"})
    assert again.status_code == 201
    (provider,) = (await team.adviser.get(PATH)).json()["items"]
    assert provider["name"] == "Elm Homes"
    assert [(r["registered_from"], r["registered_until"]) for r in provider["registrations"]] == [
        ("2025-01-01", None),
        ("2024-01-01", "2025-01-01"),
    ]


async def test_provider_when_an_adviser_adds_one_then_it_is_refused(team: Team) -> None:
    assert (await team.adviser.post(PATH, {"name": "Elm Homes"})).status_code == 403


async def test_provider_when_there_is_one_of_that_name_then_it_is_refused(team: Team) -> None:
    await team.manager.post(PATH, {"name": "Elm Homes"})
    answer = await team.manager.post(PATH, {"name": "Elm Homes"})
    assert (answer.status_code, errors(answer)[0][0]) == (409, "name")


async def test_providers_when_there_are_many_then_they_go_page_by_page(team: Team) -> None:
    for number in range(5):
        await team.manager.post(PATH, {"name": f"Homes {number}"})
    found, cursor = [], None
    while True:
        page = (await team.adviser.get(PATH, count=2, **({"cursor": cursor} if cursor else {}))).json()
        found += [item["name"] for item in page["items"]]
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert found == [f"Homes {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"urn": "12"}, 400, "urn"),
        ({"kind": "hotel"}, 400, "kind"),
        ({"registered_from": "2026-02-30"}, 400, "registered_from"),
        ({"registered_until": "2024-01-01"}, 422, "registered_until"),
        ({"registered_from": "2023-01-01"}, 409, "registered_from"),
        ({"registered_from": "2025-01-01"}, 409, "registered_from"),
    ],
)
async def test_registration_when_it_cannot_be_then_it_is_refused(
    team: Team, change: dict[str, Any], status: int, path: str
) -> None:
    added = await team.manager.post(PATH, {"name": "Elm Homes"})
    other = await team.manager.post(PATH, {"name": "Oak Homes"})
    await team.manager.post(f"{added.headers['location']}/registrations", REGISTRATION)
    answer = await team.manager.post(f"{other.headers['location']}/registrations", REGISTRATION | change)
    assert (answer.status_code, errors(answer)[0][0]) == (status, path), answer.text
    assert await team.admin.fetchval("SELECT count(*) FROM provider_registrations") == 1


async def test_registration_when_its_number_or_kind_is_changed_then_it_is_refused(team: Team) -> None:
    added = await team.manager.post(PATH, {"name": "Elm Homes"})
    registrations = f"{added.headers['location']}/registrations"
    first = await team.manager.post(registrations, REGISTRATION)
    for change in ({"urn": "SC654321"}, {"kind": "fostering_service"}):
        answer = await team.manager.put(f"{registrations}/{first.json()['id']}", REGISTRATION | change)
        assert (answer.status_code, errors(answer)[0][0]) == (422, "urn")
    assert (await team.manager.put(f"{registrations}/{team.person_id}", REGISTRATION)).status_code == 404
