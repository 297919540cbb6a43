"""Whether a webhook really comes from Twilio."""

import hmac
import re
from collections.abc import Iterator, Sequence

from twilio.request_validator import RequestValidator


def signature_is_valid(
    *, auth_tokens: Sequence[str], url: str, params: Sequence[tuple[str, str]], signature: str | None
) -> bool:
    """Whether Twilio, with one of these tokens, signed this form for this URL, with or without its port."""
    if not signature:
        return False
    form = _Form(params)
    is_valid = False
    for validator in [RequestValidator(token) for token in auth_tokens if token]:
        for form_of_url in _with_and_without_port(url):
            is_valid |= _is_signed(validator, form_of_url, form, signature)
    return is_valid


def _is_signed(validator: RequestValidator, url: str, form: "_Form", signature: str) -> bool:
    """The library's own comparison gives away where two signatures differ."""
    try:
        expected: str = validator.compute_signature(url, form)
    except UnicodeEncodeError:
        return False
    return hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))


class _Form:
    """The form's fields as the library wants them: names by iteration, the values of one by `getall`."""

    def __init__(self, params: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in params:
            self._values.setdefault(name, []).append(value)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def getall(self, name: str) -> list[str]:
        return self._values[name]


def _with_and_without_port(url: str) -> set[str]:
    """The URL as it is, and with its port added or left out: Twilio signs either.

    The library's own way breaks credentials in a URL, IPv6 hosts and an empty query.
    """
    scheme, separator, rest = url.partition("://")
    end = next((i for i, c in enumerate(rest) if c in "/?#"), len(rest))
    host, behind = rest[:end], rest[end:]
    bare = re.sub(r":\d+$", "", host)
    usual = "443" if scheme.lower() == "https" else "80"
    with_port = host if bare != host else f"{host}:{usual}"
    return {f"{scheme}{separator}{form}{behind}" for form in (host, bare, with_port)}
