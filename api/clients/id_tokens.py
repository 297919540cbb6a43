"""What an ID token says, once it is certain that our provider said it, to us, just now, for this sign-in."""

import hmac
from datetime import UTC, datetime

import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet, OctKey
from joserfc.jws import JWSRegistry

# Signatures by a key of the provider's alone: "none" and the HMACs, for which our client secret or the provider's
# public key could be used, are not among them.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
CLOCKS_DIFFER_BY_S = 60
OLDEST_TOKEN_S = 600
LONGEST_SUBJECT = 255

_registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


class SignInRefused(Exception):
    """This sign-in is not to be believed; the code says why, and nothing of what was sent."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class KeyUnknown(SignInRefused):
    """The token is signed with a key that was not known when the provider's keys were last read."""


class Identity(msgspec.Struct, frozen=True):
    """Who signed in at the provider: the subject is theirs within the issuer, and within the tenant where there is one.

    `authenticated_at` is when they last proved it to the provider, if it says so; `contexts` are the authentication
    contexts they met.
    """

    issuer: str
    tenant_id: str | None
    subject: str
    authenticated_at: datetime | None
    contexts: frozenset[str]


class Expected(msgspec.Struct, frozen=True):
    """What a token has to be for: the provider, ourselves, the tenant if it is fixed, and this one sign-in."""

    issuer: str
    client_id: str
    tenant_id: str | None
    nonce: str


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: int | float
    iat: int | float
    nonce: str
    nbf: int | float = 0
    azp: str | None = None
    tid: str | None = None
    oid: str | None = None
    auth_time: int | None = None
    acr: str | None = None
    acrs: str | list[str] | None = None


class _KeyList(msgspec.Struct, frozen=True):
    keys: list[dict[str, object]]


def read_keys(content: bytes) -> KeySet:
    """The provider's keys that can check a signature. Raises ValueError when there is none."""
    try:
        listed = msgspec.json.decode(content, type=_KeyList).keys
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError("no list of keys") from None
    keys = [key for data in listed if (key := _read_key(data)) is not None]
    if not keys:
        raise ValueError("no key")
    return KeySet(keys)


def _read_key(data: dict[str, object]) -> Key | None:
    """A key for signatures; None for others and for what cannot be read, which other keys must not suffer from."""
    if data.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key(data)  # type: ignore[arg-type]  # it checks what it is given
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return None if isinstance(key, OctKey) else key


def read_id_token(id_token: str, keys: KeySet, expected: Expected, now: datetime) -> Identity:
    """Who an ID token is about. Raises KeyUnknown or SignInRefused."""
    try:
        found = jwt.decode(id_token, keys, registry=_registry).claims
    except InvalidKeyIdError:
        raise KeyUnknown("key_unknown") from None
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise SignInRefused("token_not_signed") from None
    try:
        claims = msgspec.convert(found, _Claims, strict=True)
    except msgspec.ValidationError:
        raise SignInRefused("token_incomplete") from None
    if (code := _fault_of(claims, expected, now.timestamp())) is not None:
        raise SignInRefused(code)
    return _identity_of(claims, expected)


def _fault_of(claims: _Claims, expected: Expected, now_s: float) -> str | None:
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if claims.iss != expected.issuer:
        return "other_issuer"
    if expected.client_id not in audience or (len(audience) > 1 and claims.azp is None):
        return "other_audience"
    if claims.azp not in {None, expected.client_id}:
        return "other_party"
    if not hmac.compare_digest(claims.nonce.encode(), expected.nonce.encode()):
        return "other_nonce"
    if expected.tenant_id is not None and claims.tid != expected.tenant_id:
        return "other_tenant"
    if claims.exp <= now_s - CLOCKS_DIFFER_BY_S:
        return "token_expired"
    if (
        not now_s - OLDEST_TOKEN_S <= claims.iat <= now_s + CLOCKS_DIFFER_BY_S
        or claims.nbf > now_s + CLOCKS_DIFFER_BY_S
    ):
        return "token_not_of_now"
    subject = claims.sub if expected.tenant_id is None else claims.oid
    return None if subject and len(subject) <= LONGEST_SUBJECT and "\0" not in subject else "no_subject"


def _identity_of(claims: _Claims, expected: Expected) -> Identity:
    """By `oid` within a fixed tenant, which is the same in every application; else by `sub`. Never by e-mail."""
    contexts = [claims.acrs] if isinstance(claims.acrs, str) else claims.acrs or []
    subject = claims.oid if expected.tenant_id is not None else claims.sub
    return Identity(
        issuer=claims.iss,
        tenant_id=expected.tenant_id,
        subject=subject or "",
        authenticated_at=_instant(claims.auth_time),
        contexts=frozenset([*contexts, *([claims.acr] if claims.acr else [])]),
    )


def _instant(seconds: int | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
