"""The council's sign-in provider, over OpenID Connect: code flow with PKCE, every reply taken as hostile.

Authlib writes the two requests. Its HTTP client is not used: it reads replies of any size, follows what the provider's
metadata says without a look, and checks ID tokens by the algorithms that the provider lists.
"""

import asyncio
import json
import time
from datetime import datetime
from urllib.parse import quote_plus, urlsplit

import httpx
import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import KeySet

from api.clients.id_tokens import Expected, Identity, KeyUnknown, SignInRefused, read_id_token, read_keys

LARGEST_REPLY_BYTES = 256 * 1024
REPLY_WITHIN_S = 5.0
CONNECT_WITHIN_S = 2.0
KNOWN_FOR_S = 3600.0
KEYS_ASKED_AGAIN_AFTER_S = 30.0
ONLY_JSON = {"Accept": "application/json", "Accept-Encoding": "identity"}


class ProviderUnavailable(Exception):
    """The provider gave no answer that can be used."""


class _Metadata(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = []
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class OidcClient:
    """Sends browsers to the provider, and finds out who came back."""

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        redirect_url: str,
        tenant_id: str | None = None,
        step_up_acr: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.issuer = issuer
        self.tenant_id = tenant_id
        self.step_up_acr = step_up_acr
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_url = redirect_url
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(REPLY_WITHIN_S, connect=CONNECT_WITHIN_S),
            limits=httpx.Limits(max_connections=16),
            follow_redirects=False,
        )
        self._metadata: _Metadata | None = None
        self._metadata_known_until = 0.0
        self._keys: KeySet | None = None
        self._keys_known_until = 0.0
        self._keys_read_at = 0.0
        self._reading = asyncio.Lock()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def authorization_url(self, *, state: str, nonce: str, code_verifier: str, is_step_up: bool) -> str:
        """Where a browser is sent to sign in; for a step-up to prove it anew. Raises ProviderUnavailable."""
        metadata = await self._read_metadata()
        more: dict[str, object] = {"prompt": "login", "max_age": 0} if is_step_up else {}
        if is_step_up and self.step_up_acr is not None:
            asked = {"essential": True, "value": self.step_up_acr}
            more["acr_values"] = self.step_up_acr
            more["claims"] = json.dumps({"id_token": {"acrs": asked, "auth_time": {"essential": True}}})
        url: str = prepare_grant_uri(
            metadata.authorization_endpoint,
            self._client_id,
            "code",
            redirect_uri=self._redirect_url,
            scope="openid",
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(code_verifier),
            code_challenge_method="S256",
            **more,
        )
        return url

    async def identify(
        self, *, code: str, code_verifier: str, nonce: str, answered_issuer: str | None, now: datetime
    ) -> Identity:
        """Who came back with this code. Raises SignInRefused or ProviderUnavailable."""
        metadata = await self._read_metadata()
        # RFC 9207: an answer that says which provider it is from has to be from ours.
        if answered_issuer != self.issuer and (
            answered_issuer is not None or metadata.authorization_response_iss_parameter_supported
        ):
            raise SignInRefused("other_issuer")
        id_token = await self._exchange(metadata, code, code_verifier)
        expected = Expected(self.issuer, self._client_id, self.tenant_id, nonce)
        try:
            return read_id_token(id_token, await self._read_keys(metadata), expected, now)
        except KeyUnknown:
            return read_id_token(id_token, await self._read_keys(metadata, again=True), expected, now)

    async def _exchange(self, metadata: _Metadata, code: str, code_verifier: str) -> str:
        is_posted = "client_secret_post" in metadata.token_endpoint_auth_methods_supported
        secret = {"client_id": self._client_id, "client_secret": self._client_secret} if is_posted else {}
        body: str = prepare_token_request(
            "authorization_code", code=code, redirect_uri=self._redirect_url, code_verifier=code_verifier, **secret
        )
        # RFC 6749 2.3.1: both are encoded as a form before they become a header.
        auth = None if is_posted else httpx.BasicAuth(quote_plus(self._client_id), quote_plus(self._client_secret))
        status, content = await self._ask("POST", metadata.token_endpoint, auth=auth, content=body)
        if status in {httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise SignInRefused("code_refused")
        if status != httpx.codes.OK:
            raise ProviderUnavailable
        try:
            return msgspec.json.decode(content, type=_Tokens).id_token
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise SignInRefused("no_token") from None

    async def _read_metadata(self) -> _Metadata:
        async with self._reading:
            if self._metadata is None or time.monotonic() > self._metadata_known_until:
                self._metadata = self._checked(
                    await self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
                )
                self._metadata_known_until = time.monotonic() + KNOWN_FOR_S
            return self._metadata

    def _checked(self, content: bytes) -> _Metadata:
        try:
            metadata = msgspec.json.decode(content, type=_Metadata)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ProviderUnavailable from None
        scheme = urlsplit(self.issuer).scheme
        urls = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
        if metadata.issuer != self.issuer or any(urlsplit(url).scheme not in {"https", scheme} for url in urls):
            raise ProviderUnavailable
        return metadata

    async def _read_keys(self, metadata: _Metadata, *, again: bool = False) -> KeySet:
        """The provider's keys; read again for a key that is not known, but not at every forged token."""
        async with self._reading:
            now = time.monotonic()
            is_known = self._keys is not None and now < self._keys_known_until
            if self._keys is None or not is_known or (again and now > self._keys_read_at + KEYS_ASKED_AGAIN_AFTER_S):
                try:
                    self._keys = read_keys(await self._get(metadata.jwks_uri))
                except ValueError:
                    raise ProviderUnavailable from None
                self._keys_read_at, self._keys_known_until = now, now + KNOWN_FOR_S
            return self._keys

    async def _get(self, url: str) -> bytes:
        status, content = await self._ask("GET", url)
        if status != httpx.codes.OK:
            raise ProviderUnavailable
        return content

    async def _ask(
        self, method: str, url: str, *, auth: httpx.Auth | None = None, content: str | None = None
    ) -> tuple[int, bytes]:
        """One request: no redirect followed, an end to how long and how large. Raises ProviderUnavailable."""
        headers = ONLY_JSON if content is None else {**ONLY_JSON, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            async with asyncio.timeout(REPLY_WITHIN_S):
                request = self._http.build_request(method, url, content=content, headers=headers)
                answer = await self._http.send(request, auth=auth, stream=True)
                try:
                    return answer.status_code, await _read_bounded(answer)
                finally:
                    await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            raise ProviderUnavailable from None


async def _read_bounded(answer: httpx.Response) -> bytes:
    """The reply as it was sent: unpacked, a few bytes could become any number."""
    content = bytearray()
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > LARGEST_REPLY_BYTES:
            raise ProviderUnavailable
    return bytes(content)
