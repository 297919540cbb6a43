"""Twilio's refusals, in its own numbers. Source: https://www.twilio.com/docs/api/errors (2026-11)."""

import re
from urllib.parse import urlsplit

import msgspec

from tests.twilio_simulator.account import Account

E164 = re.compile(r"\+[1-9]\d{6,14}")
LONGEST_BODY = 1600


class Problem(msgspec.Struct):
    """The body of an error answer."""

    code: int
    message: str
    more_info: str
    status: int


def problem(code: int, message: str, status: int = 400) -> Problem:
    """One refusal."""
    return Problem(code, message, f"https://www.twilio.com/docs/errors/{code}", status)


def not_found(path: str) -> Problem:
    """For a text or an account that is not there."""
    return problem(20404, f"The requested resource {path} was not found", 404)


NOT_SIGNED_IN = problem(20003, "Authenticate", 401)


def refusal_of(account: Account, form: dict[str, str]) -> Problem | None:
    """Why this text cannot be sent, if so."""
    return _missing(form) or _unusable(account, form)


def _missing(form: dict[str, str]) -> Problem | None:
    if not form.get("To"):
        return problem(21604, "A 'To' phone number is required.")
    if not form.get("From"):
        return problem(21603, "A 'From' phone number is required.")
    if not form.get("Body"):
        return problem(21602, "Message body is required.")
    return None


def _unusable(account: Account, form: dict[str, str]) -> Problem | None:
    to, from_ = form["To"], form["From"]
    if not E164.fullmatch(to):
        return problem(21211, f"The 'To' number {to} is not a valid phone number.")
    if from_ != account.settings.from_e164:
        return problem(21606, f"The From phone number {from_} is not a valid, SMS-capable inbound phone number.")
    if to == from_:
        return problem(21266, "'To' and 'From' number cannot be the same")
    if len(form["Body"]) > LONGEST_BODY:
        return problem(21617, "The concatenated message body exceeds the 1600 character limit.")
    if not _is_callback_url(form.get("StatusCallback")):
        return problem(21609, "The StatusCallback URL is not a valid URL.")
    if to in account.opted_out:
        return problem(21610, "Attempt to send to unsubscribed recipient")
    return None


def _is_callback_url(url: str | None) -> bool:
    if url is None:
        return True
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)
