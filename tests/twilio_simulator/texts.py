"""A text as Twilio keeps it."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

API_VERSION = "2010-04-01"

# GSM 03.38: what fits into seven bits, and what needs an escape before it.
_GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED = "^{}\\[~]|€\f"


def new_sid() -> str:
    """As Twilio gives to a text."""
    return f"SM{secrets.token_hex(16)}"


def now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)


def segments_of(body: str) -> int:
    """How many texts the network makes of one."""
    if all(c in _GSM_BASIC or c in _GSM_ESCAPED for c in body):
        length, single, part = sum(1 + (c in _GSM_ESCAPED) for c in body), 160, 153
    else:
        length, single, part = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= single else -(-length // part)


@dataclass(kw_only=True)
class Text:
    """One message resource."""

    account_sid: str
    from_: str
    to: str
    body: str
    direction: str
    status: str
    sid: str = field(default_factory=new_sid)
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)
    sent_at: datetime | None = None
    error_code: int | None = None
    status_callback: str | None = None
    extra_params: dict[str, str] = field(default_factory=dict)
    idempotency_token: str = field(default_factory=lambda: secrets.token_hex(16))

    def move_to(self, status: str, error_code: int | None = None) -> None:
        """The next status, with its times."""
        self.status, self.error_code, self.updated_at = status, error_code, now()
        if status != "failed" and self.sent_at is None:
            self.sent_at = self.updated_at

    @property
    def uri(self) -> str:
        return f"/{API_VERSION}/Accounts/{self.account_sid}/Messages/{self.sid}"

    def inbound_params(self) -> dict[str, str]:
        """What the webhook of a text to the service carries."""
        places = {f"{end}{part}": "" for end in ("To", "From") for part in ("City", "State", "Zip")}
        return {
            **places,
            "ToCountry": "GB",
            "FromCountry": "GB",
            "SmsMessageSid": self.sid,
            "NumMedia": "0",
            "NumSegments": str(segments_of(self.body)),
            "Body": self.body,
            **self._common_params(),
            **self.extra_params,
        }

    def callback_params(self) -> dict[str, str]:
        """What a status callback carries at this moment."""
        params = {"MessageStatus": self.status, **self._common_params()}
        if self.error_code is not None:
            params["ErrorCode"] = str(self.error_code)
        if self.status in ("delivered", "undelivered"):
            params["RawDlrDoneDate"] = self.updated_at.strftime("%y%m%d%H%M")
        return params

    def _common_params(self) -> dict[str, str]:
        return {
            "AccountSid": self.account_sid,
            "ApiVersion": API_VERSION,
            "MessageSid": self.sid,
            "SmsSid": self.sid,
            "SmsStatus": self.status,
            "From": self.from_,
            "To": self.to,
        }

    def as_resource(self) -> dict[str, object]:
        """As Twilio's API describes a message."""
        return {
            "account_sid": self.account_sid,
            "api_version": API_VERSION,
            "body": self.body,
            "date_created": format_datetime(self.created_at),
            "date_sent": format_datetime(self.sent_at) if self.sent_at else None,
            "date_updated": format_datetime(self.updated_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.from_,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": str(segments_of(self.body)),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{self.uri}/Media.json"},
            "to": self.to,
            "uri": f"{self.uri}.json",
        }
