"""An adviser hands over a code, in letters and as an image, and ends every device when a phone is lost."""

from urllib.parse import unquote
from uuid import uuid4

import asyncpg
import pytest
import segno

from tests.api.identity.staff import as_young_person
from tests.api.team import Team
from tests.factories import create_session


async def test_code_when_made_then_its_maker_alone_is_shown_it_and_a_device_that_is_given_it_sees_everything(
    north: Team, admin: asyncpg.Connection
) -> None:
    adviser = north["personal_adviser"]
    made = await adviser.post(f"/young-people/{north.person}/enrolment-codes")
    assert made.status_code == 201
    assert set(made.json()) == {"id", "version", "location"}
    place = made.json()["location"].removeprefix("/admin/v1")
    shown = (await adviser.get(place)).json()
    assert len(shown["code"]) == 14
    assert shown["person_id"] == str(north.person)
    assert unquote(shown["qr_svg"]) == unquote(segno.make_qr(shown["code"]).svg_data_uri(scale=8))
    assert (await adviser.get(place)).json() == shown
    assert (await north["manager"].get(place)).status_code == 404
    device = as_young_person(await create_session(admin, person=north.person, level="limited"))
    enrolled = await north.http.post("/client/v1/sign-in/enrolment", json={"code": shown["code"]}, headers=device)
    assert enrolled.status_code == 204
    assert (await north.http.get("/client/v1/sign-in/session", headers=device)).json()["level"] == "full"
    assert (await adviser.get(place)).status_code == 404


async def test_code_when_an_hour_has_gone_then_it_is_shown_to_nobody(north: Team, admin: asyncpg.Connection) -> None:
    adviser = north["personal_adviser"]
    made = (await adviser.post(f"/young-people/{north.person}/enrolment-codes")).json()
    await admin.execute("UPDATE enrolment_codes SET created_at = created_at - interval '1 hour'")
    assert (await adviser.get(f"/enrolment-codes/{made['id']}")).status_code == 404


async def test_code_when_sent_for_twice_with_one_key_then_there_is_one(north: Team, admin: asyncpg.Connection) -> None:
    adviser, path = north["personal_adviser"], f"/young-people/{north.person}/enrolment-codes"
    ids = {(await adviser.post(path, idempotency_key="once-only")).json()["id"] for _ in range(2)}
    assert len(ids) == await admin.fetchval("SELECT count(*) FROM enrolment_codes") == 1


@pytest.mark.parametrize("what", ["enrolment-codes", "sign-outs"])
async def test_device_when_it_is_of_somebody_else_s_young_person_or_nobody_s_then_nothing_is_found(
    north: Team, south: Team, what: str
) -> None:
    for member in (north["personal_adviser"], north["manager"], north["duty_worker"]):
        assert (await member.post(f"/young-people/{south.person}/{what}")).status_code == 404
        assert (await member.post(f"/young-people/{uuid4()}/{what}")).status_code == 404
    for role in ("administrator", "reviewing_officer", "data_protection_lead"):
        assert (await north[role].post(f"/young-people/{north.person}/{what}")).status_code == 403


async def test_phone_when_lost_then_every_device_of_that_young_person_is_out_at_once_and_no_other(
    north: Team, admin: asyncpg.Connection
) -> None:
    other = await north.add_person("personal_adviser")
    devices = [
        as_young_person(await create_session(admin, person=north.person, level=lv)) for lv in ("full", "limited")
    ]
    others = as_young_person(await create_session(admin, person=other))
    done = await north["personal_adviser"].post(f"/young-people/{north.person}/sign-outs")
    assert done.status_code == 201
    statuses = [
        (await north.http.get("/client/v1/sign-in/session", headers=headers)).status_code
        for headers in (*devices, others)
    ]
    assert statuses == [401, 401, 200]
    noted = await admin.fetchrow("SELECT actor_id, person_id FROM audit_entries WHERE verb = 'signed_out'")
    assert tuple(noted) == (north["personal_adviser"].staff_id, north.person)
