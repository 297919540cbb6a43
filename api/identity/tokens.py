"""Tokens and codes: made at random, or computed from the one before so that they can be given again unkept."""

import asyncio
import hashlib
import hmac
import secrets
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's least for argon2id: 19 MiB, two passes.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_nobodys_code = _hasher.hash(secrets.token_hex(16))
_hashing = asyncio.Semaphore(2)

# Without letters that are taken for one another when read aloud.
_ENROLMENT_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
ENROLMENT_LENGTH = 12


def new_token() -> str:
    """256 random bits."""
    return secrets.token_hex(32)


def new_salt() -> bytes:
    """16 random bytes."""
    return secrets.token_bytes(16)


def token_hash(token: str) -> bytes:
    """How the database knows a token."""
    return hashlib.sha256(token.encode()).digest()


def successor(secret: str, salt: bytes, token: str, purpose: str) -> str:
    """The token that follows: from our secret, the salt in the database and the token that only its holder has."""
    return _keyed(secret, purpose, salt + token.encode()).hex()


def phone_digest(secret: str, phone_e164: str) -> bytes:
    """A number as it is counted: without the secret nobody can try out which one it is."""
    return _keyed(secret, "phone", phone_e164.encode())


def nonce_of(secret: str, state: str) -> str:
    """What the provider repeats inside the ID token of the sign-in with this state."""
    return _keyed(secret, "nonce", state.encode()).hex()


def code_verifier_of(secret: str, state: str) -> str:
    """The PKCE verifier of the sign-in with this state."""
    return _keyed(secret, "code verifier", state.encode()).hex()


def _keyed(secret: str, purpose: str, content: bytes) -> bytes:
    key = hmac.digest(secret.encode(), purpose.encode(), "sha256")
    return hmac.digest(key, content, "sha256")


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**6):06}"


def enrolment_code_of(secret: str, enrolment_code_id: UUID) -> str:
    """The code with this id: twelve letters and digits in groups of four, 58 bits that need our secret."""
    number = int.from_bytes(_keyed(secret, "enrolment code", enrolment_code_id.bytes))
    letters = ""
    for _ in range(ENROLMENT_LENGTH):
        number, place = divmod(number, len(_ENROLMENT_LETTERS))
        letters += _ENROLMENT_LETTERS[place]
    return "-".join(letters[i : i + 4] for i in range(0, ENROLMENT_LENGTH, 4))


def enrolment_hash(secret: str, written: str) -> bytes:
    """An enrolment code as it is kept, however it was typed."""
    letters = "".join(c for c in written.upper() if c in _ENROLMENT_LETTERS)
    return _keyed(secret, "enrolment", letters.encode())


async def hash_code(code: str) -> str:
    """A code as it is kept."""
    async with _hashing:
        return await asyncio.to_thread(_hasher.hash, code)


async def is_code(code: str, code_hash: str | None) -> bool:
    """Whether it is the code; takes as long when there is none."""
    async with _hashing:
        fits = await asyncio.to_thread(_fits, code, code_hash or _nobodys_code)
    return fits and code_hash is not None


def _fits(code: str, code_hash: str) -> bool:
    try:
        return _hasher.verify(code_hash, code)
    except (VerificationError, InvalidHashError):
        return False
