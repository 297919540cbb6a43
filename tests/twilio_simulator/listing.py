"""The list of texts: filters and pages."""

from datetime import UTC, date, datetime
from urllib.parse import urlencode

from tests.twilio_simulator.texts import API_VERSION, Text

FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")
DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 1000


def matching(texts: list[Text], query: dict[str, str]) -> list[Text]:
    """Those the filters let through. A text not sent yet fits no date, the worst Twilio might do."""
    return [text for text in texts if all(_fits(text, name, query[name]) for name in FILTERS if name in query)]


def _fits(text: Text, name: str, wanted: str) -> bool:
    if name == "To":
        return text.to == wanted
    if name == "From":
        return text.from_ == wanted
    if text.sent_at is None:
        return False
    if len(wanted) == len("YYYY-MM-DD"):
        return _compare(name, text.sent_at.date(), date.fromisoformat(wanted))
    return _compare(name, text.sent_at.replace(microsecond=0), datetime.fromisoformat(wanted).astimezone(UTC))


def _compare(name: str, sent: date, wanted: date) -> bool:
    if name == "DateSent<":
        return sent <= wanted
    return sent >= wanted if name == "DateSent>" else sent == wanted


def page_of(texts: list[Text], query: dict[str, str], path: str) -> dict[str, object]:
    """One page as Twilio gives it. Later pages begin after the text named by the token."""
    size = min(int(query.get("PageSize", DEFAULT_PAGE_SIZE)), LARGEST_PAGE_SIZE)
    number = int(query.get("Page", 0))
    start = _start(texts, query.get("PageToken"), number * size)
    shown = texts[start : start + size]
    is_last = start + size >= len(texts)
    return {
        "end": number * size + max(len(shown) - 1, 0),
        "first_page_uri": _uri(path, query, size, 0),
        "next_page_uri": None if is_last else _uri(path, query, size, number + 1, f"PA{shown[-1].sid}"),
        "page": number,
        "page_size": size,
        "previous_page_uri": _uri(path, query, size, number - 1) if number else None,
        "messages": [text.as_resource() for text in shown],
        "start": number * size,
        "uri": _uri(path, query, size, number, query.get("PageToken")),
    }


def _start(texts: list[Text], token: str | None, otherwise: int) -> int:
    places = {f"PA{text.sid}": place for place, text in enumerate(texts)}
    return places[token] + 1 if token in places else otherwise


def _uri(path: str, query: dict[str, str], size: int, number: int, token: str | None = None) -> str:
    pairs = [(name, query[name]) for name in FILTERS if name in query]
    pairs += [("PageSize", str(size)), ("Page", str(number))]
    if token is not None:
        pairs.append(("PageToken", token))
    return f"/{API_VERSION}{path}?{urlencode(pairs)}"
