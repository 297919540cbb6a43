"""What can go wrong with a text, and what that means for sending it again."""

# Refusals that may end without another text or another number: somebody mends the account, or a queue empties.
# Any other is permanent: the same request would be refused again.
# Source: Twilio's error dictionary, https://www.twilio.com/docs/api/errors (2026-11).
PASSING_REFUSALS = {
    401: "the key is not accepted",
    403: "the key may not send",
    20003: "the key is not accepted",
    20005: "the account is not active",
    21408: "the account may not text this country yet",
    21603: "no sender given",
    21606: "the sender cannot text this number",
    21609: "the callback address is not usable",
    21611: "the sender's queue is full",
    21612: "no route from this sender to this number",
    21659: "the sender is not one of Twilio's",
    21660: "the sender belongs to another account",
    21661: "the sender cannot text",
}


class TwilioError(Exception):
    """Twilio did not do what it was asked. The text of an error never holds a number or a message."""


class TextRefused(TwilioError):
    """Twilio said no: nothing happened."""

    def __init__(self, code: int, is_permanent: bool) -> None:
        super().__init__(f"Twilio refused the request with code {code}")
        self.code = code
        self.is_permanent = is_permanent


class TextThrottled(TwilioError):
    """Too many requests: this one was never processed."""

    def __init__(self, retry_after_s: float | None) -> None:
        super().__init__("Twilio asks us to slow down")
        self.retry_after_s = retry_after_s


class TextOutcomeUnknown(TwilioError):
    """The text may or may not have been accepted: ask `find_texts` before it is sent again."""


class TwilioUnreachable(TwilioError):
    """Nothing was sent or changed: the same call may be made again."""
