"""A sign-in provider in the test's own process, stricter than real ones, that can be told to misbehave."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ISSUER = "https://provider.example/tenant/v2.0"
CLIENT_ID = "fifteen-plus"
CLIENT_SECRET = "a secret: with / signs"
REDIRECT_URL = "https://texts.example.org/admin/v1/sign-in/callback"

# Made once: RSA keys are slow to make.
KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})


class Provider:
    """Answers discovery, keys and token requests; a browser "goes" there by `authorize`."""

    def __init__(self, *, methods: list[str] | None = None) -> None:
        self.methods = methods
        self.key: RSAKey | ECKey = KEY
        self.published: list[Any] = [KEY]
        self.codes: dict[str, dict[str, str]] = {}
        self.claims: dict[str, Any] = {}
        self.make_token: Callable[[dict[str, Any]], str] = self._signed
        self.replies: dict[str, httpx.Response] = {}
        self.asked: list[str] = []
        self.more_metadata: dict[str, Any] = {}

    def transport(self) -> httpx.MockTransport:
        """What an `OidcClient` is given to reach it."""
        return httpx.MockTransport(lambda request: _unread(self._answer(request)))

    def authorize(self, url: str, subject: str = "sub-1", **claims: Any) -> dict[str, str]:
        """Signs somebody in at this address; what the browser brings back. Refuses what a strict provider would."""
        asked = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        assert urlsplit(url)._replace(query="").geturl() == f"{ISSUER}/authorize"
        assert asked["response_type"] == "code"
        assert "openid" in asked["scope"].split()
        assert (asked["client_id"], asked["redirect_uri"]) == (CLIENT_ID, REDIRECT_URL)
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["state"]) >= 43
        assert len(asked["nonce"]) >= 43
        code = secrets.token_urlsafe(24)
        self.codes[code] = asked
        self.claims = {"sub": subject, "auth_time": int(time.time()), **claims}
        return {"code": code, "state": asked["state"]}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if (reply := self.replies.get(path)) is not None:
            return reply
        if path.endswith("/.well-known/openid-configuration"):
            return httpx.Response(200, json=self._metadata())
        if path.endswith("/keys"):
            return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.published]})
        assert path.endswith("/token")
        return self._token(request)

    def _metadata(self) -> dict[str, Any]:
        methods = {} if self.methods is None else {"token_endpoint_auth_methods_supported": self.methods}
        endpoints = {
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
        }
        return {"issuer": ISSUER, **endpoints, **methods, **self.more_metadata}

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode(), strict_parsing=True).items()}
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form["grant_type"] != "authorization_code":
            return httpx.Response(400, json={"error": "invalid_grant"})
        if not self._knows(request, form) or form["redirect_uri"] != asked["redirect_uri"]:
            return httpx.Response(401, json={"error": "invalid_client"})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if _base64(digest) != asked["code_challenge"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": CLIENT_ID, "iat": now, "exp": now + 3600, "nonce": asked["nonce"], **self.claims,
        }  # fmt: skip
        token = self.make_token({name: value for name, value in claims.items() if value is not None})
        return httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _knows(self, request: httpx.Request, form: dict[str, str]) -> bool:
        if self.methods is not None and "client_secret_post" in self.methods:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        given = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        return given == "fifteen-plus:a+secret%3A+with+%2F+signs"

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid or ""}, claims, self.key)


def _unread(reply: httpx.Response) -> httpx.Response:
    """The same reply as it comes from a network: not read yet."""
    return httpx.Response(reply.status_code, headers=reply.headers, stream=reply.stream)


def unsigned(claims: dict[str, Any]) -> str:
    """A token of the algorithm "none"."""
    return f"{_encoded({'alg': 'none'})}.{_encoded(claims)}."


def signed_with_the_public_key(claims: dict[str, Any]) -> str:
    """A token whose HMAC was made with the provider's public key, which everybody has."""
    return _with_hmac(claims, KEY.as_pem(private=False))


def signed_with_the_client_secret(claims: dict[str, Any]) -> str:
    """A token whose HMAC was made with our own client secret."""
    return _with_hmac(claims, CLIENT_SECRET.encode())


def _with_hmac(claims: dict[str, Any], secret: bytes) -> str:
    signed = f"{_encoded({'alg': 'HS256', 'kid': 'first'})}.{_encoded(claims)}"
    return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _encoded(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed_by_somebody_else(claims: dict[str, Any]) -> str:
    """A token signed with another key under the provider's key's name."""
    other = RSAKey.import_key({**OTHER_KEY.as_dict(private=True), "kid": "first"})
    return jwt.encode({"alg": "RS256", "kid": "first"}, claims, other)


def changed_after_it_was_signed(claims: dict[str, Any]) -> str:
    """A token of somebody else's subject under the signature of one's own."""
    header, _, signature = jwt.encode({"alg": "RS256", "kid": "first"}, claims, KEY).split(".")
    return f"{header}.{_encoded({**claims, 'sub': 'sub-of-a-manager'})}.{signature}"
