"""What can go wrong, each with its HTTP status, and how it is told: RFC 9457 problem+json."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, LitestarException, ValidationException

from api.kit.log import REQUEST_ID

log = structlog.get_logger()
PROBLEM_JSON = "application/problem+json"
TURNED_AWAY = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})
NO_MORE: Mapping[str, str] = MappingProxyType({})
OUR_FAULT = "Something went wrong on our side."


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with one field: where it stands in the body, what is wrong, and what would be allowed."""

    path: str
    message: str
    allowed: tuple[str, ...] = ()


class Problem(Exception):
    """The request could not be carried out."""

    status = HTTPStatus.BAD_REQUEST
    headers: Mapping[str, str] = MappingProxyType({})
    more: Mapping[str, str] = MappingProxyType({})
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
    headers: Mapping[str, str] = MappingProxyType(
        {"WWW-Authenticate": 'Cookie error="insufficient_user_authentication", max_age="300"'}
    )
    more: Mapping[str, str] = MappingProxyType(
        {"type": "urn:fifteenplus:problem:step-up-needed", "sign_in": "/admin/v1/sign-in?step_up=true"}
    )


class NotSignedIn(Problem):
    """This needs a valid secret."""

    status = HTTPStatus.UNAUTHORIZED
    headers: Mapping[str, str] = MappingProxyType({"WWW-Authenticate": "Bearer"})


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


class TooSlow(Problem):
    """The request took too long to arrive."""

    status = HTTPStatus.REQUEST_TIMEOUT
    headers: Mapping[str, str] = MappingProxyType({"Connection": "close"})


class TooLarge(Problem):
    """The request is too large."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaType(Problem):
    """The body is of a kind that is not taken here."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class TooMany(Problem):
    """That was too often. Wait a little."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, *, wait_s: int, session_id: str | None = None) -> None:
        super().__init__()
        self.headers = {"Retry-After": str(wait_s)}
        self.session_id = session_id


class Unavailable(Problem):
    """Not available just now. Try again in a moment."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: Mapping[str, str] = MappingProxyType({"Retry-After": "2"})


def answer_problem(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    """A problem of ours as its caller reads it; whoever is turned away is logged, by their session where it lives."""
    if problem.status in TURNED_AWAY:
        session_id = getattr(problem, "session_id", None) or request.scope.get("state", {}).get("session_id")
        log.info("turned_away", status=problem.status.value, route=route_of(request.scope), session_id=session_id)
    return _problem_response(problem.status, problem.detail, dict(problem.headers), problem.errors, problem.more)


def answer_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """A refusal of the framework's, without the detail that would repeat what was sent."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return answer_unexpected(request, error)
    status = HTTPStatus(error.status_code)
    kept = {k: v for k, v in (error.headers or {}).items() if k.lower() in {"allow", "retry-after"}}
    return _problem_response(status, status.description or status.phrase, kept, _wrong_parameters(error))


def _wrong_parameters(error: HTTPException) -> list[FieldError]:
    """Which parameters of a path or query were wrong: their names, which are ours, and nothing of their values."""
    told = error.extra if isinstance(error, ValidationException) and isinstance(error.extra, list) else []
    return [FieldError(str(one.get("key", "")), "It is not a value that is taken here.") for one in told]


def answer_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A fault of ours: logged with its kind and place, never with its text, which may hold somebody's data."""
    log.error("unexpected_error", error=type(error).__name__, at=where(error), route=route_of(request.scope))
    return _problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, OUR_FAULT, {})


def answer_database_lost(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The database is away: the caller is asked to come again."""
    log.warning("database_lost", error=type(error).__name__)
    return _problem_response(Unavailable.status, Unavailable.__doc__ or "", dict(Unavailable.headers))


def cause_of(error: BaseException) -> BaseException:
    """What really went wrong, without what wraps it on its way to us."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif isinstance(error, LitestarException) and error.__cause__ is not None:
            error = error.__cause__
        else:
            return error


def where(error: BaseException) -> str:
    """File, line and function in which an exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    code = trace.tb_frame.f_code
    return f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}:{code.co_name}"


def route_of(scope: Mapping[str, Any]) -> str:
    """The handler that a request was routed to, by name."""
    return str(getattr(scope.get("route_handler"), "handler_name", "unknown"))


def problem_body(
    status: HTTPStatus, detail: str, errors: Sequence[FieldError] = (), more: Mapping[str, str] = NO_MORE
) -> bytes:
    """A problem as its caller reads it; `instance` is what our log calls the request."""
    body: dict[str, object] = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    body |= more
    if (request_id := REQUEST_ID.get()) is not None:
        body["instance"] = f"urn:uuid:{request_id}"
    if errors:
        body["errors"] = errors
    return msgspec.json.encode(body)


def _problem_response(
    status: HTTPStatus,
    detail: str,
    headers: dict[str, str],
    errors: Sequence[FieldError] = (),
    more: Mapping[str, str] = NO_MORE,
) -> Response[bytes]:
    return Response(
        problem_body(status, detail, errors, more), status_code=status.value, media_type=PROBLEM_JSON, headers=headers
    )
