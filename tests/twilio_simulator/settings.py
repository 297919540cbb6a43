"""What the simulator is told at its start, and what may change while it runs."""

from collections.abc import Mapping
from typing import Literal

import msgspec

REQUIRED = (
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKENS",
    "TWILIO_API_KEY_SID",
    "TWILIO_API_KEY_SECRET",
    "TWILIO_FROM_E164",
    "SMS_WEBHOOK_URL",
)


class SettingMissing(Exception):
    """A setting is missing; the text names it."""


class Behaviour(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """How this Twilio behaves. The read timeout is Twilio's; the delays are shorter than life."""

    sms_webhook_url: str
    fallback_url: str | None = None
    callbacks: Literal["send", "hold", "never"] = "send"
    status_step_s: float = 0.02
    list_lag_s: float = 0.0
    retry_delays_s: tuple[float, ...] = (0.2, 0.5, 1.0)
    read_timeout_s: float = 15.0


class SimulatorSettings(msgspec.Struct, kw_only=True, frozen=True):
    """One account with one number."""

    account_sid: str
    auth_tokens: tuple[str, ...]
    api_key_sid: str
    api_key_secret: str
    from_e164: str
    behaviour: Behaviour
    port: int = 8016

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "SimulatorSettings":
        """Raises SettingMissing."""
        missing = [name for name in REQUIRED if not environment.get(name)]
        if missing:
            raise SettingMissing(f"The simulator needs these settings: {', '.join(missing)}.")
        return cls(
            account_sid=environment["TWILIO_ACCOUNT_SID"],
            auth_tokens=tuple(environment["TWILIO_AUTH_TOKENS"].split(",")),
            api_key_sid=environment["TWILIO_API_KEY_SID"],
            api_key_secret=environment["TWILIO_API_KEY_SECRET"],
            from_e164=environment["TWILIO_FROM_E164"],
            behaviour=Behaviour(sms_webhook_url=environment["SMS_WEBHOOK_URL"]),
            port=int(environment.get("TWILIO_SIMULATOR_PORT", "8016")),
        )
