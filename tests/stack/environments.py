"""Which environment variables each process gets: its own, and none of another's secrets."""

import os
from collections.abc import Mapping

from tests.stack.ports import LOOPBACK
from tests.stack.postgres import EmbeddedPostgres
from tests.stack.settings import DATABASE, DUTY_PHONE_E164, SERVICE_PHONE_E164, StackSettings

_KEYS = ("FIELD_KEYS", "PHONE_INDEX_KEY")
_TWILIO_REST = ("TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET", "TWILIO_FROM_E164")

GIVEN_TO: dict[str, tuple[str, ...]] = {
    "migrate": (
        "MIGRATION_DATABASE_URL", "DATABASE_URL", "SIGNED_IN_DATABASE_URL", "WORKER_DATABASE_URL", "BOT_DATABASE_URL",
        *_KEYS,
    ),
    "demo": ("MIGRATION_DATABASE_URL", "OIDC_ISSUER", *_KEYS),
    "train": (),
    "api": (
        "DATABASE_URL", "API_HOST", "API_PORT", "PUBLIC_BASE_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKENS",
        "BOT_ACTIONS_SECRET", "RASA_URL", "SIGNED_IN_DATABASE_URL", "SESSION_SECRET", *_KEYS,
        "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET",
    ),
    "worker": (
        "WORKER_DATABASE_URL", "PUBLIC_BASE_URL", "TWILIO_ACCOUNT_SID", *_TWILIO_REST, "TWILIO_API_BASE",
        "RASA_URL", "RASA_SECRET", "DUTY_PHONE_E164", "AUDIT_ANCHOR_PATH", *_KEYS,
    ),
    "rasa": (
        "BOT_DATABASE_URL", "BOT_HOST", "BOT_PORT", "RASA_SECRET", "BOT_ACTIONS_URL", "BOT_ACTIONS_SECRET",
    ),
    "provider": ("OIDC_PROVIDER_PORT",),
    "simulator": (
        "TWILIO_SIMULATOR_PORT", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKENS", *_TWILIO_REST, "SMS_WEBHOOK_URL",
    ),
}  # fmt: skip


def service_settings(settings: StackSettings, postgres: EmbeddedPostgres, secrets: Mapping[str, str]) -> dict[str, str]:
    """Every setting of the local service. The ports must be chosen already."""
    api_url = f"http://{LOOPBACK}:{settings.api_port}"
    return {
        **secrets,
        "DATABASE_URL": postgres.url(DATABASE, "fifteenplus_api"),
        "SIGNED_IN_DATABASE_URL": postgres.url(DATABASE, "fifteenplus_signed_in"),
        "WORKER_DATABASE_URL": postgres.url(DATABASE, "fifteenplus_worker"),
        "BOT_DATABASE_URL": postgres.url(DATABASE, "fifteenplus_bot"),
        "MIGRATION_DATABASE_URL": postgres.url(DATABASE),
        "PUBLIC_BASE_URL": api_url,
        "SMS_WEBHOOK_URL": f"{api_url}/webhooks/twilio/sms",
        "TWILIO_API_BASE": f"http://{LOOPBACK}:{settings.simulator_port}",
        "TWILIO_SIMULATOR_PORT": str(settings.simulator_port),
        "TWILIO_FROM_E164": SERVICE_PHONE_E164,
        "DUTY_PHONE_E164": DUTY_PHONE_E164,
        "AUDIT_ANCHOR_PATH": str(settings.data_dir / "audit-anchors.jsonl"),
        "RASA_URL": f"http://{LOOPBACK}:{settings.bot_port}",
        "BOT_ACTIONS_URL": f"{api_url}/bot/actions",
        "OIDC_PROVIDER_PORT": str(settings.provider_port),
        "OIDC_ISSUER": f"http://{LOOPBACK}:{settings.provider_port}",
        "OIDC_CLIENT_ID": "fifteen-plus",
        "API_HOST": LOOPBACK,
        "API_PORT": str(settings.api_port),
        "BOT_HOST": LOOPBACK,
        "BOT_PORT": str(settings.bot_port),
    }


def environment_of(process: str, every_setting: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment: the machine's, its own settings, and what a test adds."""
    machine = {name: value for name, value in os.environ.items() if name not in every_setting}
    own = {name: every_setting[name] for name in GIVEN_TO[process]}
    return {**machine, "PYTHONUNBUFFERED": "1", **own, **extra}
