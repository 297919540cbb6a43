"""What can go wrong with a text, and what that means for sending it again."""

# Refusals that the same text to the same number will always meet. Any other is tried again: somebody mends the
# account, a queue empties, or what refused was not Twilio at all but something on the way.
# Source: Twilio's error dictionary, https://www.twilio.com/docs/api/errors (2026-11).
LASTING_REFUSALS = {
    21211: "not a number",
    21265: "the sender's own number",
    21266: "sender and receiver are the same",
    21602: "no text",
    21604: "no number",
    21610: "the number opted out",
    21614: "not a mobile number",
    21617: "too long",
    21635: "a landline",
    30003: "out of reach",
    30004: "the number blocks us",
    30005: "no such number",
    30006: "a landline",
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
