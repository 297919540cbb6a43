"""Texts as Twilio posts them: every parameter, signed."""

from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from tests.benchmarks.http import request_of
from tests.benchmarks.people import Sender
from tests.benchmarks.stage import Stage
from tests.twilio_simulator.texts import Text

SAY = "whens my next appointment"


class TextWebhooks:
    """Makes the request of a new text."""

    def __init__(self, stage: Stage) -> None:
        env = stage.service.env
        self._url = env["SMS_WEBHOOK_URL"]
        self._account_sid = env["TWILIO_ACCOUNT_SID"]
        self._to = env["TWILIO_FROM_E164"]
        self._signer = RequestValidator(env["TWILIO_AUTH_TOKENS"].partition(",")[0])

    def new(self, sender: Sender) -> bytes:
        """A text that nobody has sent before."""
        text = Text(
            account_sid=self._account_sid,
            from_=sender.phone_e164,
            to=self._to,
            body=SAY,
            direction="inbound",
            status="received",
        )
        params = text.inbound_params()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": self._signer.compute_signature(self._url, params),
        }
        return request_of("POST", self._url, headers, urlencode(params).encode())
