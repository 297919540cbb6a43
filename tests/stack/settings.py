"""What a start on this machine needs to know: ports, the data folder, secrets made for this folder alone."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.stack.ports import free_port
from tests.stack.problem import StackProblem

REPOSITORY = Path(__file__).resolve().parents[2]
DATABASE = "fifteenplus"
SERVICE_PHONE_E164 = "+447700900000"
DUTY_PHONE_E164 = "+447700900207"


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """Where the parts listen and keep their data; port 0 takes a free one."""

    data_dir: Path = REPOSITORY / ".data"
    api_port: int = 8015
    bot_port: int = 5005
    simulator_port: int = 8016
    postgres_port: int = 8017
    provider_port: int = 8018
    durable: bool = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "StackSettings":
        """As `make run` is told by environment variables. Raises StackProblem."""
        return cls(
            data_dir=Path(environment.get("FIFTEENPLUS_DATA") or REPOSITORY / ".data").absolute(),
            **{field: _port(environment, name, getattr(cls, field)) for field, name in PORT_SETTINGS.items()},
        )

    @classmethod
    def for_tests(cls, data_dir: Path) -> "StackSettings":
        """Free ports, and a database that is fast rather than safe."""
        return cls(data_dir=data_dir, **dict.fromkeys(PORT_SETTINGS, 0), durable=False)

    def with_free_ports(self) -> "StackSettings":
        """Every port 0 replaced by a free one."""
        return replace(self, **{field: getattr(self, field) or free_port() for field in PORT_SETTINGS})


PORT_SETTINGS = {
    "api_port": "API_PORT",
    "bot_port": "BOT_PORT",
    "simulator_port": "TWILIO_SIMULATOR_PORT",
    "postgres_port": "POSTGRES_PORT",
    "provider_port": "OIDC_PROVIDER_PORT",
}


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not text.isdecimal() or int(text) > 65535:
        raise StackProblem(f"{name} is not a port number from 0 to 65535.")
    return int(text)


def demo_secrets(data_dir: Path) -> dict[str, str]:
    """Secrets for this folder's demo, made once and readable by its owner only."""
    file = data_dir / "secrets.json"
    known = _read_secrets(file) if file.exists() else {}
    wanted = {**_new_secrets(), **known}
    if wanted.keys() != known.keys():
        data_dir.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(f".{os.getpid()}")
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as made:  # noqa: PTH123
            json.dump(wanted, made)
        unfinished.rename(file)
    return wanted


def _read_secrets(file: Path) -> dict[str, str]:
    try:
        return {str(name): str(value) for name, value in json.loads(file.read_text()).items()}
    except (ValueError, AttributeError):
        raise StackProblem(f"The file {file} is damaged: remove it, and new secrets are made.") from None


def _new_secrets() -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "TWILIO_AUTH_TOKENS": secrets.token_hex(16),
        "TWILIO_API_KEY_SID": f"SK{secrets.token_hex(16)}",
        "TWILIO_API_KEY_SECRET": secrets.token_hex(16),
        "RASA_SECRET": secrets.token_hex(24),
        "BOT_ACTIONS_SECRET": secrets.token_hex(24),
        "SESSION_SECRET": secrets.token_hex(24),
        "FIELD_KEYS": f"1:{_new_key()}",
        "PHONE_INDEX_KEY": _new_key(),
        "OIDC_CLIENT_SECRET": secrets.token_hex(24),
    }


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
