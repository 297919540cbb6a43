"""Every setting, typed, from the environment only. A missing or unusable one stops the start."""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from api.kit.crypto import KeysUnusable, read_key_ring

MIN_SECRET_LENGTH = 16


class SettingsError(Exception):
    """A setting is missing or unusable; the text names it and never its value."""


class Secret(str):
    """A string that never shows itself in a log or a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"


class ServeSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What `serve` needs."""

    database_url: Secret
    signed_in_database_url: Secret
    session_secret: Secret
    field_keys: Secret
    phone_index_key: Secret
    public_base_url: str
    twilio_account_sid: str
    twilio_auth_tokens: tuple[Secret, ...]
    bot_actions_secret: Secret
    rasa_url: str
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: Secret
    oidc_tenant_id: str | None = None
    oidc_step_up_acr: str | None = None
    api_host: str = "127.0.0.1"
    api_port: int = 8015
    trusted_proxies: tuple[str, ...] = ()
    database_connections: int = 8


class WorkSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What `work` needs."""

    worker_database_url: Secret
    field_keys: Secret
    phone_index_key: Secret
    public_base_url: str
    twilio_account_sid: str
    twilio_api_key_sid: Secret
    twilio_api_key_secret: Secret
    twilio_from_e164: str
    rasa_url: str
    rasa_secret: Secret
    duty_phone_e164: str
    twilio_api_base: str = "https://api.twilio.com"
    database_connections: int = 12
    jobs_at_once: int = 8
    job_lease_s: float = 30.0
    answer_window_s: float = 0.15
    rasa_deadline_s: float = 2.5
    reconcile_after_s: float = 20.0
    audit_anchor_path: str = ""


class CheckAuditSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What `check audit` needs."""

    worker_database_url: Secret
    audit_anchor_path: str


class MigrateSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What `migrate`, `demo` and `keys` need: an administrator's connection; passwords for the roles that have any."""

    migration_database_url: Secret
    field_keys: Secret
    phone_index_key: Secret
    database_url: Secret | None = None
    signed_in_database_url: Secret | None = None
    worker_database_url: Secret | None = None
    bot_database_url: Secret | None = None
    oidc_issuer: str | None = None


class AdministratorSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What `administrator` needs: who the first one is, and how the sign-in provider knows them."""

    migration_database_url: Secret
    oidc_issuer: str
    administrator_name: str
    administrator_subject: str
    oidc_tenant_id: str | None = None


class ReturnsSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What `import`, `export` and `demo --people` need: an administrator's connection, and the keys of the fields."""

    migration_database_url: Secret
    field_keys: Secret
    phone_index_key: Secret


S = TypeVar(
    "S", AdministratorSettings, ReturnsSettings, ServeSettings, WorkSettings, CheckAuditSettings, MigrateSettings
)

_SECRETS_OF_OURS = ("rasa_secret", "bot_actions_secret", "session_secret")


def read_settings(kind: type[S], environment: Mapping[str, str]) -> S:
    """The settings of one process. Raises SettingsError naming the variable that is missing or wrong."""
    given = {
        field.name: environment[field.name.upper()].strip()
        for field in msgspec.structs.fields(kind)
        if environment.get(field.name.upper(), "").strip()
    }
    missing = [f.name.upper() for f in msgspec.structs.fields(kind) if f.required and f.name not in given]
    if missing:
        raise SettingsError(f"These settings are missing: {', '.join(missing)}. See .env.example.")
    for name in _SECRETS_OF_OURS:
        if name in given and len(given[name]) < MIN_SECRET_LENGTH:
            raise SettingsError(f"{name.upper()} is too short: {MIN_SECRET_LENGTH} characters at least.")
    if "oidc_issuer" in given and not _is_safe_issuer(given["oidc_issuer"]):
        raise SettingsError("OIDC_ISSUER has to be an https address.")
    if "field_keys" in given and "phone_index_key" in given:
        _check_keys(given["field_keys"], given["phone_index_key"])
    try:
        return msgspec.convert(_split_lists(given), kind, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise SettingsError(f"A setting cannot be used: {_where(error)}. See .env.example.") from None


def _is_safe_issuer(issuer: str) -> bool:
    """Whether nobody on the way can pose as the provider: https, or this very machine."""
    address = urlsplit(issuer)
    is_here = address.scheme == "http" and address.hostname in {"127.0.0.1", "::1", "localhost"}
    return bool(address.hostname) and (address.scheme == "https" or is_here)


def _check_keys(field_keys: str, phone_index_key: str) -> None:
    try:
        read_key_ring(field_keys, phone_index_key)
    except KeysUnusable as error:
        raise SettingsError(f"FIELD_KEYS or PHONE_INDEX_KEY cannot be used: {error} See .env.example.") from None


def _split_lists(given: dict[str, str]) -> dict[str, object]:
    lists: dict[str, object] = {
        name: [part.strip() for part in given[name].split(",") if part.strip()]
        for name in ("twilio_auth_tokens", "trusted_proxies")
        if name in given
    }
    return {**given, **lists}


def _decode(kind: type, value: object) -> object:
    if kind is Secret:
        return Secret(value)
    raise msgspec.ValidationError("not a setting's type")


def _where(error: msgspec.ValidationError) -> str:
    path = str(error).rpartition("$.")[2].rstrip("`")
    return path.upper() if path.isidentifier() else "the environment"
