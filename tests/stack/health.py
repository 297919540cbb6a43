"""Whether a part says that it works."""

import http.client
import json
import urllib.request

ASK_WITHIN_S = 2.0
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers_200(url: str) -> bool:
    """Whether the address answers 200 now."""
    return _body(url) is not None


def reports_ok(url: str, part: str) -> bool:
    """Whether the health report at the address says that this part is ok."""
    try:
        report = json.loads(_body(url) or b"null")
    except ValueError:
        return False
    return isinstance(report, dict) and report.get(part) == "ok"


def _body(url: str) -> bytes | None:
    try:
        with _opener.open(url, timeout=ASK_WITHIN_S) as answer:
            return bytes(answer.read()) if answer.status == http.client.OK else None
    except (OSError, http.client.HTTPException):
        return None
