"""Who came back from the provider: only whom its own token for this sign-in names; hostile replies are refusals."""

import gzip
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from api.clients.id_tokens import Identity, SignInRefused
from api.clients.oidc import LARGEST_REPLY_BYTES, OidcClient, ProviderUnavailable
from tests.api.staff_sign_in import provider as fakes
from tests.api.staff_sign_in.provider import CLIENT_ID, CLIENT_SECRET, ISSUER, KEY, OTHER_KEY, REDIRECT_URL, Provider

TENANT = "6b1c1b5e-0000-4000-8000-000000000001"


def client_of(provider: Provider, **changes: Any) -> OidcClient:
    given: dict[str, Any] = {
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_url": REDIRECT_URL,
        "transport": provider.transport(),
    }
    return OidcClient(**(given | changes))


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def oidc(provider: Provider) -> AsyncIterator[OidcClient]:
    client = client_of(provider)
    yield client
    await client.aclose()


async def sign_in(oidc: OidcClient, provider: Provider, **changes: Any) -> Identity:
    """There and back."""
    state, nonce, verifier = (secrets.token_hex(32) for _ in range(3))
    url = await oidc.authorization_url(
        state=state, nonce=nonce, code_verifier=verifier, is_step_up=changes.pop("is_step_up", False)
    )
    answered = provider.authorize(url, **changes.pop("claims", {}))
    given = {"code": answered["code"], "code_verifier": verifier, "nonce": nonce, "answered_issuer": None}
    return await oidc.identify(now=datetime.now(UTC), **(given | changes))


async def refusal(oidc: OidcClient, provider: Provider, **changes: Any) -> str:
    with pytest.raises(SignInRefused) as refused:
        await sign_in(oidc, provider, **changes)
    return refused.value.code


@pytest.mark.parametrize("methods", [None, ["client_secret_basic"], ["client_secret_post", "private_key_jwt"]])
async def test_browser_when_it_comes_back_then_its_subject_is_known_by_either_way_to_give_the_secret(
    methods: list[str] | None,
) -> None:
    provider = Provider(methods=methods)
    identity = await sign_in(client_of(provider), provider, claims={"subject": "abc"})
    assert (identity.issuer, identity.tenant_id, identity.subject) == (ISSUER, None, "abc")
    assert identity.authenticated_at is not None


async def test_browser_when_it_comes_back_with_a_verifier_that_is_not_its_own_then_it_is_refused(
    oidc: OidcClient, provider: Provider
) -> None:
    assert await refusal(oidc, provider, code_verifier="v" * 64) == "code_refused"


async def test_code_when_it_is_given_twice_then_the_second_is_refused(oidc: OidcClient, provider: Provider) -> None:
    nonce, verifier = secrets.token_hex(32), secrets.token_hex(32)
    url = await oidc.authorization_url(state="s" * 64, nonce=nonce, code_verifier=verifier, is_step_up=False)
    code = provider.authorize(url)["code"]
    for expected in (None, "code_refused"):
        try:
            given = await oidc.identify(
                code=code, code_verifier=verifier, nonce=nonce, answered_issuer=None, now=datetime.now(UTC)
            )
            assert (given.subject, expected) == ("sub-1", None)
        except SignInRefused as refused:
            assert refused.code == expected


@pytest.mark.parametrize(
    "forge",
    [
        fakes.unsigned,
        fakes.signed_with_the_public_key,
        fakes.signed_with_the_client_secret,
        fakes.signed_by_somebody_else,
        fakes.changed_after_it_was_signed,
        lambda _: "not.a.token",
        lambda _: "",
        lambda _: "a" * 200_000,
    ],
)
async def test_token_when_the_provider_did_not_sign_it_then_it_is_refused(
    oidc: OidcClient, provider: Provider, forge: Callable[[dict[str, Any]], str]
) -> None:
    provider.make_token = forge
    assert await refusal(oidc, provider) in {"token_not_signed", "key_unknown"}


def _at(**span: float) -> int:
    return int((datetime.now(UTC) + timedelta(**span)).timestamp())


def _now(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims with each span from now as the moment that it is when the test runs."""
    return {name: _at(minutes=v.minutes) if isinstance(v, FromNow) else v for name, v in claims.items()}


@dataclass(frozen=True)
class FromNow:
    """A moment so many minutes from when it is used."""

    minutes: float


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://provider.example/other/v2.0"}, "other_issuer"),
        ({"iss": ISSUER + "/"}, "other_issuer"),
        ({"aud": "another-app"}, "other_audience"),
        ({"aud": [CLIENT_ID, "another-app"]}, "other_audience"),
        ({"aud": []}, "other_audience"),
        ({"azp": "another-app"}, "other_party"),
        ({"nonce": "n" * 64}, "other_nonce"),
        ({"nonce": "é"}, "other_nonce"),
        ({"nonce": None}, "token_incomplete"),
        ({"exp": FromNow(-2)}, "token_expired"),
        ({"exp": None}, "token_incomplete"),
        ({"exp": "soon"}, "token_incomplete"),
        ({"exp": True}, "token_incomplete"),
        ({"iat": FromNow(-12)}, "token_not_of_now"),
        ({"iat": FromNow(3)}, "token_not_of_now"),
        ({"nbf": FromNow(3)}, "token_not_of_now"),
        ({"subject": ""}, "no_subject"),
        ({"subject": "a\0b"}, "no_subject"),
        ({"subject": "a" * 256}, "no_subject"),
        ({"sub": 7}, "token_incomplete"),
    ],
)
async def test_token_when_a_claim_is_not_right_then_it_is_refused(
    oidc: OidcClient, provider: Provider, claims: dict[str, Any], code: str
) -> None:
    assert await refusal(oidc, provider, claims=_now(claims)) == code


async def test_token_when_its_clock_is_a_little_off_then_it_is_taken(oidc: OidcClient, provider: Provider) -> None:
    claims = {"exp": _at(seconds=-5), "iat": _at(seconds=5), "aud": [CLIENT_ID, "x"], "azp": CLIENT_ID}
    assert (await sign_in(oidc, provider, claims=claims)).subject == "sub-1"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"tid": "another-tenant", "oid": "object"}, "other_tenant"),
        ({"oid": "object"}, "other_tenant"),
        ({"tid": TENANT}, "no_subject"),
    ],
)
async def test_token_when_the_tenant_is_fixed_then_others_are_refused(claims: dict[str, Any], code: str) -> None:
    provider = Provider()
    assert await refusal(client_of(provider, tenant_id=TENANT), provider, claims=claims) == code


async def test_token_when_the_tenant_is_fixed_then_its_object_id_is_the_key_and_no_address(
    provider: Provider,
) -> None:
    claims = {"tid": TENANT, "oid": "object", "email": "manager@council.example", "upn": "manager@council.example"}
    identity = await sign_in(client_of(provider, tenant_id=TENANT), provider, claims=claims)
    assert (identity.tenant_id, identity.subject) == (TENANT, "object")


async def test_answer_when_it_says_it_is_from_another_provider_then_it_is_refused(
    oidc: OidcClient, provider: Provider
) -> None:
    assert await refusal(oidc, provider, answered_issuer="https://other.example") == "other_issuer"
    assert (await sign_in(oidc, provider, answered_issuer=ISSUER)).subject == "sub-1"
    provider.more_metadata = {"authorization_response_iss_parameter_supported": True}
    assert await refusal(client_of(provider), provider) == "other_issuer"


async def test_step_up_when_started_then_a_new_proof_is_asked_for_in_the_context_that_is_set(
    provider: Provider,
) -> None:
    asked = []
    for changes, is_step_up in (({}, False), ({}, True), ({"step_up_acr": "c1"}, True)):
        url = await client_of(provider, **changes).authorization_url(
            state="s" * 64, nonce="n" * 64, code_verifier="v" * 64, is_step_up=is_step_up
        )
        asked.append(parse_qs(urlsplit(url).query))
    assert [("max_age" in a, "prompt" in a, "claims" in a) for a in asked] == [
        (False, False, False),
        (True, True, False),
        (True, True, True),
    ]
    assert (asked[2]["max_age"], asked[2]["prompt"]) == (["0"], ["login"])
    assert '"value": "c1"' in asked[2]["claims"][0]
    identity = await sign_in(client_of(provider), provider, claims={"acrs": ["c1", "c2"], "acr": "mfa"})
    assert identity.contexts == {"c1", "c2", "mfa"}


async def test_keys_when_the_provider_changes_them_then_they_are_read_again_once_and_not_for_every_forgery(
    oidc: OidcClient, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(oidc, provider)
    provider.key, provider.published = OTHER_KEY, [KEY, OTHER_KEY]
    assert await refusal(oidc, provider) == "key_unknown"
    assert provider.asked.count("/tenant/v2.0/keys") == 1
    monkeypatch.setattr("api.clients.oidc.KEYS_ASKED_AGAIN_AFTER_S", 0.0)
    assert (await sign_in(oidc, provider)).subject == "sub-1"
    assert provider.asked.count("/tenant/v2.0/keys") == 2


async def test_keys_when_some_cannot_be_used_then_the_others_are(oidc: OidcClient, provider: Provider) -> None:
    ec_key = ECKey.generate_key("P-256", {"kid": "ec"})
    junk = [
        {"kty": "new", "kid": "a"},
        {"kid": "b"},
        {"kty": "RSA", "kid": "c", "n": 5},
        OctKey.generate_key(256, {"kid": "first"}).as_dict(private=True),
        {**OTHER_KEY.as_dict(private=False), "kid": "first", "use": "enc"},
    ]
    keys = [*junk, ec_key.as_dict(private=False), KEY.as_dict(private=False)]
    provider.replies["/tenant/v2.0/keys"] = httpx.Response(200, json={"keys": keys})
    provider.make_token = lambda claims: jwt.encode({"alg": "ES256", "kid": "ec"}, claims, ec_key)
    assert (await sign_in(oidc, provider)).subject == "sub-1"
    assert provider.asked.count("/tenant/v2.0/keys") == 1


HOSTILE = {
    "huge": lambda: httpx.Response(200, content=b" " * (LARGEST_REPLY_BYTES + 1)),
    "packed": lambda: httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"{}")),
    "junk": lambda: httpx.Response(200, content=b"\xff\xfe<html>"),
    "nested": lambda: httpx.Response(200, content=b"[" * 100_000),
    "a list": lambda: httpx.Response(200, json=[]),
    "nothing": lambda: httpx.Response(200, json={}),
    "null": lambda: httpx.Response(200, content=b"null"),
    "redirecting": lambda: httpx.Response(302, headers={"location": "http://127.0.0.1:1/"}),
    "broken": lambda: httpx.Response(500, content=b"stack trace"),
}


@pytest.mark.parametrize("path", ["/tenant/v2.0/.well-known/openid-configuration", "/tenant/v2.0/keys"])
@pytest.mark.parametrize("reply", HOSTILE)
async def test_provider_when_its_own_pages_are_hostile_then_it_is_unavailable(
    oidc: OidcClient, provider: Provider, path: str, reply: str
) -> None:
    provider.replies[path] = HOSTILE[reply]()
    with pytest.raises(ProviderUnavailable):
        await sign_in(oidc, provider)
    del provider.replies[path]
    assert (await sign_in(oidc, provider)).subject == "sub-1"


@pytest.mark.parametrize("reply", HOSTILE)
async def test_provider_when_its_tokens_are_hostile_then_nobody_is_signed_in(
    oidc: OidcClient, provider: Provider, reply: str
) -> None:
    provider.replies["/tenant/v2.0/token"] = HOSTILE[reply]()
    with pytest.raises((SignInRefused, ProviderUnavailable)):
        await sign_in(oidc, provider)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://provider.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_provider_when_it_sends_us_elsewhere_then_we_do_not_go(metadata: dict[str, str]) -> None:
    provider = Provider()
    provider.more_metadata = metadata
    with pytest.raises(ProviderUnavailable):
        await sign_in(client_of(provider), provider)


async def test_provider_when_it_does_not_answer_then_it_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.clients.oidc.REPLY_WITHIN_S", 0.01)

    async def never(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too slow")

    with pytest.raises(ProviderUnavailable):
        await client_of(Provider(), transport=httpx.MockTransport(never)).authorization_url(
            state="s", nonce="n", code_verifier="v" * 64, is_step_up=False
        )
