"""A code by text signs a device in, once, for a short time, for few tries."""

import asyncio

import asyncpg
import pytest

from api.identity import service, tokens
from api.kit.limits import Limit
from tests.api.identity.signing_in import SigningIn
from tests.factories import create_person, next_number


@pytest.fixture
async def number(admin: asyncpg.Connection) -> str:
    """The number of one person."""
    phone = next_number()
    await create_person(admin, phone=phone)
    return phone


async def test_code_when_it_is_right_then_the_device_is_signed_in_at_the_low_level(
    phone: SigningIn, number: str
) -> None:
    given = await phone.sign_in(number)
    assert given["level"] == "limited"
    assert 590 <= given["expires_in_s"] <= 600
    assert len({given["access_token"], given["refresh_token"]}) == 2
    shown = await phone.call("GET", "session", given["access_token"])
    assert (shown.status_code, shown.json()["level"]) == (200, "limited")


async def test_code_when_given_again_then_it_is_refused(phone: SigningIn, number: str) -> None:
    challenge, code = await phone.ask_and_read(number)
    answers = await asyncio.gather(*(phone.give(challenge, code) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]
    assert await phone.admin.fetchval("SELECT count(*) FROM sessions") == 1


async def test_code_when_it_is_too_old_then_it_is_refused(phone: SigningIn, number: str) -> None:
    challenge, code = await phone.ask_and_read(number)
    await phone.later("5 minutes")
    assert (await phone.give(challenge, code)).status_code == 401


async def test_code_when_tried_five_times_then_the_right_one_is_refused_as_well(phone: SigningIn, number: str) -> None:
    challenge, code = await phone.ask_and_read(number)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    answers = await asyncio.gather(*(phone.give(challenge, wrong) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {401}
    assert (await phone.give(challenge, code)).status_code == 401
    assert await phone.admin.fetchval("SELECT tries FROM sign_in_challenges") == 5


async def test_code_when_it_is_of_another_challenge_then_it_is_refused(phone: SigningIn, number: str) -> None:
    first, first_code = await phone.ask_and_read(number)
    second, second_code = await phone.ask_and_read(number)
    if first_code != second_code:
        assert (await phone.give(first, second_code)).status_code == 401
    assert (await phone.give(second, second_code)).status_code == 201


async def test_number_when_it_asks_too_often_then_it_is_told_to_wait_and_gets_no_more_texts(
    phone: SigningIn, number: str
) -> None:
    waits_s = []
    for span, allowed in (("0 s", 3), ("16 minutes", 3), ("16 minutes", 0), ("23 hours", 0), ("1 hour", 3)):
        await phone.later(span)
        answers = [await phone.ask(number) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [202] * allowed + [429] * (4 - allowed), span
        waits_s.append(int(answers[-1].headers["retry-after"]))
        await phone.work.settle()
    assert len(phone.codes(number)) == 9
    # A quarter of an hour; then until the first of the six is a day old.
    assert waits_s == [900, 24 * 3600 - 16 * 60, 24 * 3600 - 32 * 60, 3600 - 32 * 60, 900]


async def test_number_when_many_ask_at_once_then_no_more_than_three_are_sent(phone: SigningIn, number: str) -> None:
    answers = await asyncio.gather(*(phone.ask(number) for _ in range(7)))
    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [429] * 4


async def test_address_when_it_asks_for_many_numbers_then_it_is_told_to_wait(phone: SigningIn) -> None:
    answers = [await phone.ask(next_number()) for _ in range(22)]
    assert [answer.status_code for answer in answers] == [202] * 20 + [429] * 2
    # Twenty an hour: the next after three minutes.
    assert 170 <= int(answers[-1].headers["retry-after"]) <= 180
    await phone.later(f"{answers[-1].headers['retry-after']} s")
    assert (await phone.ask(next_number())).status_code == 202


async def test_service_when_it_has_sent_enough_for_an_hour_then_nobody_gets_a_code_but_all_the_same_answer(
    phone: SigningIn, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CODES_OF_ALL", Limit("code-all", count=2, per_s=3600))
    numbers = [next_number() for _ in range(4)]
    for number in numbers:
        await create_person(admin, phone=number)
        assert (await phone.ask(number)).status_code == 202
    await phone.work.settle()
    assert sum(len(phone.codes(number)) for number in numbers) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("codes", {"phone": 447700900101}),
        ("codes", {"phone": "\x00\x00\x00\x00\x00\x00"}),
        ("codes", {"phone": "+447700900101", "person_id": "1"}),
        ("codes", {}),
        ("sessions", {"challenge_id": "1", "code": "123456"}),
        ("sessions", {"challenge_id": "7e0a2f0e-6a0f-4f0c-8a0e-000000000000", "code": "12345"}),
        ("sessions", {"challenge_id": "7e0a2f0e-6a0f-4f0c-8a0e-000000000000", "code": 123456}),
        ("tokens", {"refresh_token": "0" * 63}),
        ("tokens", {"refresh_token": "0" * 64, "level": "full"}),
        ("tokens", [[[[]]]]),
    ],
)
async def test_body_when_it_is_not_what_was_asked_for_then_it_is_refused(
    phone: SigningIn, path: str, body: object
) -> None:
    assert (await phone.http.post(f"/client/v1/sign-in/{path}", json=body)).status_code == 400


async def test_code_when_asked_for_what_is_no_number_then_it_says_so(phone: SigningIn) -> None:
    answer = await phone.ask("not a number")
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "phone")


async def test_body_when_it_is_no_json_by_its_type_then_it_is_refused(phone: SigningIn) -> None:
    headers = {"Content-Type": "text/plain"}
    answer = await phone.http.post("/client/v1/sign-in/codes", content='{"phone": "+447700900101"}', headers=headers)
    assert answer.status_code == 415


async def test_codes_when_many_are_made_then_they_are_spread_over_all_there_are() -> None:
    codes = [tokens.new_code() for _ in range(3000)]
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert len(set(codes)) > 2900
    assert {code[0] for code in codes} == set("0123456789")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic " + "0" * 64, "Bearer " + "0" * 64])
async def test_call_when_nobody_is_signed_in_then_it_is_refused(phone: SigningIn, header: str) -> None:
    for method, path in (("GET", "session"), ("DELETE", "session"), ("DELETE", "sessions"), ("POST", "enrolment")):
        answer = await phone.http.request(
            method, f"/client/v1/sign-in/{path}", headers={"Authorization": header} if header else {}
        )
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_device_when_it_signs_out_then_its_tokens_are_dead_and_others_live(phone: SigningIn, number: str) -> None:
    ours, theirs = await phone.sign_in(number), await phone.sign_in(number)
    assert (await phone.call("DELETE", "session", ours["access_token"])).status_code == 204
    assert (await phone.call("GET", "session", ours["access_token"])).status_code == 401
    assert (await phone.renew(ours["refresh_token"])).status_code == 401
    assert (await phone.call("GET", "session", theirs["access_token"])).status_code == 200


async def test_device_when_it_signs_out_everywhere_then_every_token_of_that_person_is_dead_and_nobody_elses(
    phone: SigningIn, number: str, admin: asyncpg.Connection
) -> None:
    ours = [await phone.sign_in(number) for _ in range(2)]
    other_number = next_number()
    await create_person(admin, phone=other_number)
    other = await phone.sign_in(other_number)
    assert (await phone.call("DELETE", "sessions", ours[0]["access_token"])).status_code == 204
    for device in ours:
        assert (await phone.call("GET", "session", device["access_token"])).status_code == 401
        assert (await phone.renew(device["refresh_token"])).status_code == 401
    assert (await phone.call("GET", "session", other["access_token"])).status_code == 200


async def test_tokens_when_looked_for_in_the_database_then_they_are_nowhere(
    phone: SigningIn, number: str, admin: asyncpg.Connection
) -> None:
    first = await phone.sign_in(number)
    second = (await phone.renew(first["refresh_token"])).json()
    kept = ""
    for table in ("sessions", "session_tokens", "sign_in_challenges", "messages", "jobs", "rate_limits"):
        rows = await admin.fetch(f"SELECT t::text FROM {table} AS t")  # noqa: S608 - names from above
        kept += "".join(row[0] for row in rows)
    for given in (first, second):
        for name in ("access_token", "refresh_token"):
            assert given[name] not in kept
            assert bytes.fromhex(given[name]).hex() not in kept
