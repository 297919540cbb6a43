"""What can go wrong, each with its HTTP status, and how it is told: RFC 9457 problem+json."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

log = structlog.get_logger()


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with one field: where it stands in the body, what is wrong, and what would be allowed."""

    path: str
    message: str
    allowed: tuple[str, ...] = ()


class Problem(Exception):
    """The request could not be carried out."""

    status = HTTPStatus.BAD_REQUEST
    headers: ClassVar[dict[str, str]] = {}
    more: ClassVar[dict[str, str]] = {}
    """Members of the answer besides RFC 9457's own, or instead of them, for a client to act on."""

    def __init__(self, detail: str | None = None, *, errors: Sequence[FieldError] = ()) -> None:
        self.detail = detail or type(self).__doc__ or ""
        self.errors = tuple(errors)
        super().__init__(self.detail)


class BadRequest(Problem):
    """The request cannot be read."""


class NotAllowed(Problem):
    """You may not do this."""

    status = HTTPStatus.FORBIDDEN


class StepUpNeeded(NotAllowed):
    """This needs you to sign in again first."""

    # The challenge of RFC 9470; `sign_in` is where a browser goes to answer it.
    headers: ClassVar[dict[str, str]] = {
        "WWW-Authenticate": 'Cookie error="insufficient_user_authentication", max_age="300"'
    }
    more: ClassVar[dict[str, str]] = {
        "type": "urn:fifteenplus:problem:step-up-needed",
        "sign_in": "/admin/v1/sign-in?step_up=true",
    }


class NotSignedIn(Problem):
    """This needs a valid secret."""

    status = HTTPStatus.UNAUTHORIZED
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class NotFound(Problem):
    """There is no such thing here."""

    status = HTTPStatus.NOT_FOUND


class Conflict(Problem):
    """That does not go together with what is there."""

    status = HTTPStatus.CONFLICT


class Stale(Problem):
    """Somebody has changed this since you read it. Read it again."""

    status = HTTPStatus.PRECONDITION_FAILED


class Unversioned(Problem):
    """Say in If-Match which version you change."""

    status = HTTPStatus.PRECONDITION_REQUIRED


class Refused(Problem):
    """This breaks a rule of the team's."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class TooLarge(Problem):
    """The request is too large."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaType(Problem):
    """The body is of a kind that is not taken here."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class TooMany(Problem):
    """That was too often. Wait a little."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    headers: ClassVar[dict[str, str]] = {"Retry-After": "300"}


class Unavailable(Problem):
    """Not available just now. Try again in a moment."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


def answer_problem(_: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    """A problem of ours as its caller reads it."""
    return _problem_response(problem.status, problem.detail, dict(problem.headers), problem.errors, problem.more)


def answer_http_exception(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """A refusal of the framework's, without the detail that would repeat what was sent."""
    status = HTTPStatus(error.status_code)
    kept = {k: v for k, v in (error.headers or {}).items() if k.lower() in {"allow", "retry-after"}}
    return _problem_response(status, status.description or status.phrase, kept)


def answer_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A fault of ours: logged with its kind and place, never with its text, which may hold somebody's data."""
    log.error("unexpected_error", error=type(error).__name__, at=where(error), route=_route(request))
    return _problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side.", {})


def answer_database_lost(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The database is away: the caller is asked to come again."""
    log.warning("database_lost", error=type(error).__name__)
    return _problem_response(Unavailable.status, Unavailable.__doc__ or "", dict(Unavailable.headers))


def where(error: BaseException) -> str:
    """File, line and function in which an exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    code = trace.tb_frame.f_code
    return f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}:{code.co_name}"


def _route(request: Request[Any, Any, Any]) -> str:
    handler = request.scope.get("route_handler")
    return str(getattr(handler, "handler_name", "unknown"))


def _problem_response(
    status: HTTPStatus,
    detail: str,
    headers: dict[str, str],
    errors: Sequence[FieldError] = (),
    more: Mapping[str, str] = MappingProxyType({}),
) -> Response[bytes]:
    body: dict[str, object] = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    body |= more
    if errors:
        body["errors"] = errors
    return Response(
        msgspec.json.encode(body),
        status_code=status.value,
        media_type="application/problem+json",
        headers=headers,
    )
