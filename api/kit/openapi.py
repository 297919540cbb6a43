"""The service's routes as OpenAPI 3.1, from the routes themselves: kinds of bodies, guards, and what can go wrong."""

import inspect
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, get_args, get_origin

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig

from api.kit import access, errors
from api.kit.errors import FieldError
from api.kit.examples import example_of
from api.kit.signed_in import Written

REF = "#/components/schemas/{name}"
JSON = "application/json"
SECURITY = {
    "device": {
        "type": "http",
        "scheme": "bearer",
        "description": "The access token of a young person's device; it lives for ten minutes.",
    },
    "staff": {
        "type": "apiKey",
        "in": "cookie",
        "name": access.STAFF_COOKIE,
        "description": "The session of a member of staff, from their council's sign-on.",
    },
}
ABOUT = """\
What goes wrong is answered as `application/problem+json` (RFC 9457). `errors` names the fields that are wrong, where \
they stand, and what would be allowed. `instance` and the header `Request-Id` are what our log calls the request: say \
them when you ask us. 500 and 503 are faults of ours; after a 503 the same request may be sent again.

Times are UTC; fields that end in `_on` are days in London. Bodies are read strictly: a field that is not listed, a \
number in quotes, or a time without its zone is refused. Answers may get more fields: leave alone what is new to you."""


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True, rename={"kind": "type"}):
    """What went wrong, as RFC 9457 has it."""

    kind: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: tuple[FieldError, ...] = ()
    sign_in: str | None = None


HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The record's version.", "schema": {"type": "string"}, "example": '"3"'},
    "Location": {"description": "Where the new record is.", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "`true` when this very request was carried out before, and not again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {"description": "In how many seconds to come again.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "What is needed.", "schema": {"type": "string"}},
}
WRITE_PARAMETERS = (
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "Made by you, new for each thing you want done: sent again with the same, it is done once.",
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{8,64}$"},
        "example": "5e8f1f0a-61f3-4d0a-9a0e-1b9d1d9c2f11",
    },
    {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "The ETag you read of the record you change; of what you add to, if you want it unchanged.",
        "schema": {"type": "string", "pattern": r'^"[0-9]{1,9}"$'},
        "example": '"3"',
    },
)


def build_document(routes: Sequence[Any], prefix: str, title: str) -> dict[str, Any]:
    """The document of the routes below a prefix."""
    app = Litestar(list(routes), openapi_config=OpenAPIConfig(title=title, version="1"))
    drawn = app.openapi_schema.to_schema()
    operations = [one for one in list_operations(app) if one.path.startswith(prefix)]
    kinds = [kind for one in operations for kind in (one.body, one.answer) if kind is not None]
    schemas, components = msgspec.json.schema_components([*kinds, ProblemDetails], ref_template=REF)
    by_kind = {id(kind): schema for kind, schema in zip(kinds, schemas, strict=False)}
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        parameters = drawn["paths"][one.path][one.method.lower()].get("parameters", [])
        paths.setdefault(one.path, {})[one.method.lower()] = one.as_openapi(parameters, by_kind)
    _finish(components, [*kinds, ProblemDetails])
    components = {**_drawn_for_parameters(paths, drawn), **components}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {str(status.value): _problem(status) for one in operations for status in one.problems},
            "headers": HEADERS,
            "securitySchemes": SECURITY,
        },
    }


class Operation:
    """One method of one path, as far as its route says what it takes and answers."""

    def __init__(self, path: str, method: str, handler: HTTPRouteHandler) -> None:
        self.path, self.method, self._handler = path, method, handler
        self.body = handler.opt.get("body")
        self.answer = _answer_kind(handler)
        self.guard = guard_of(handler)
        self.is_write = self.answer is Written

    @property
    def name(self) -> str:
        """The handler's, where it is not given another."""
        return str(self._handler.operation_id or self._handler.handler_name)

    @property
    def security(self) -> list[dict[str, list[str]]]:
        """How whoever calls shows who they are: one of these; an empty one where nobody has to."""
        requirement: access.Requirement | None = getattr(self.guard, "requirement", None)
        if requirement is None:
            return [{}]
        ways = {"device": requirement.levels, "staff": requirement.roles}
        return [{way: []} for way, who in ways.items() if who]

    @property
    def problems(self) -> list[HTTPStatus]:
        """What can go wrong, faults of ours aside, in order."""
        found = {HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE}
        if self.guard is not access.open_to_all:
            found |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
        if "{" in self.path or self.is_write:
            found.add(HTTPStatus.NOT_FOUND)
        if self.body is not None:
            found |= {
                HTTPStatus.REQUEST_TIMEOUT,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            }
        if self.is_write:
            found |= {
                HTTPStatus.CONFLICT,
                HTTPStatus.PRECONDITION_FAILED,
                HTTPStatus.UNPROCESSABLE_ENTITY,
                HTTPStatus.PRECONDITION_REQUIRED,
            }
        return sorted(found | {problem.status for problem in self._handler.opt.get("problems", ())})

    @property
    def successes(self) -> list[HTTPStatus]:
        """What may be answered when nothing goes wrong."""
        also = self._handler.opt.get("also", ())
        return sorted({HTTPStatus(self._handler.status_code), *map(HTTPStatus, also)})

    def as_openapi(self, parameters: list[dict[str, Any]], by_kind: dict[int, dict[str, Any]]) -> dict[str, Any]:
        """The operation object."""
        promise, _, more = inspect.cleandoc(self._handler.fn.__doc__ or self._handler.summary or "").partition("\n\n")
        operation: dict[str, Any] = {
            "operationId": self.name,
            "summary": promise.replace("\n", " "),
            "tags": [self.path.split("/")[3] if self.path.count("/") > 2 else "service"],
            "security": self.security,
            "parameters": [*parameters, *(WRITE_PARAMETERS if self.is_write else ())],
            "responses": self._responses(by_kind),
        }
        operation["description"] = "\n\n".join(part for part in (more, self.guard.__doc__) if part)
        if self.body is not None:
            content = {"schema": by_kind[id(self.body)], "example": example_of(self.body)}
            operation["requestBody"] = {"required": True, "content": {JSON: content}}
        return operation

    def _responses(self, by_kind: dict[int, dict[str, Any]]) -> dict[str, Any]:
        responses: dict[str, Any] = {}
        for status in self.successes:
            answer: dict[str, Any] = {"description": status.phrase}
            responses[str(status.value)] = answer
            if status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED, HTTPStatus.SEE_OTHER}:
                answer |= {"content": self._content(by_kind)}
            if names := self._headers(status):
                answer |= {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names}}
        return responses | {str(one.value): {"$ref": f"#/components/responses/{one.value}"} for one in self.problems}

    def _content(self, by_kind: dict[int, dict[str, Any]]) -> dict[str, Any]:
        if self.answer is None:
            return {str(self._handler.media_type or "text/plain"): {"schema": {"type": "string"}}}
        return {JSON: {"schema": by_kind[id(self.answer)], "example": example_of(self.answer)}}

    def _headers(self, status: HTTPStatus) -> list[str]:
        if self.is_write:
            return ["ETag", "Idempotency-Replayed", *(["Location"] if status == HTTPStatus.CREATED else [])]
        return ["ETag"] if HTTPStatus.NOT_MODIFIED in self.successes else []


def list_operations(app: Litestar) -> Iterator[Operation]:
    """Every method of every path."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                for method in sorted(handler.http_methods - {"OPTIONS"}):
                    yield Operation(route.path_format, method, handler)


def guard_of(handler: HTTPRouteHandler) -> Any:
    """The one guard of ours on a route."""
    guards = [getattr(guard, "func", guard) for guard in handler.resolve_guards()]
    return guards[0] if guards else access.open_to_all


def _answer_kind(handler: HTTPRouteHandler) -> Any:
    """What a route answers, out of the `Response` around it; None for nothing, and for what is no JSON."""
    if "answer" in handler.opt:
        return handler.opt["answer"]
    kind = handler.parsed_fn_signature.return_type.annotation
    if get_origin(kind) is Response:
        kind = get_args(kind)[0]
    return None if kind in {None, type(None), Any, str, bytes, Response} else kind


def _problem(status: HTTPStatus) -> dict[str, Any]:
    problem = next(one for one in _kinds_of(errors.Problem) if one.status == status)
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": problem.__doc__}
    names = [*problem.headers, *(["Retry-After"] if status == HTTPStatus.TOO_MANY_REQUESTS else [])]
    answer: dict[str, Any] = {
        "description": problem.__doc__,
        "content": {errors.PROBLEM_JSON: {"schema": {"$ref": REF.format(name="ProblemDetails")}, "example": body}},
    }
    told = {name: {"$ref": f"#/components/headers/{name}"} for name in names if name in HEADERS}
    return answer | ({"headers": told} if told else {})


def _kinds_of(problem: type[errors.Problem]) -> Iterator[type[errors.Problem]]:
    """Every kind of problem, the plainest first."""
    kinds = problem.__subclasses__()
    yield from kinds
    for kind in kinds:
        yield from _kinds_of(kind)


def _finish(components: dict[str, Any], kinds: list[Any]) -> None:
    """No field that is not listed, in answers too, so that a test sees one that gets out; and an example for each."""
    structs = list(dict.fromkeys(one for kind in kinds for one in structs_in(msgspec.inspect.type_info(kind))))
    # Named together: two of one name in different modules are told apart by their module's.
    named, _ = msgspec.json.schema_components([*kinds, *structs], ref_template="{name}")
    by_name = {schema["$ref"]: struct for schema, struct in zip(named[len(kinds) :], structs, strict=True)}
    for name, schema in components.items():
        if schema.get("type") == "object" and "properties" in schema:
            schema["additionalProperties"] = False
            schema["examples"] = [example_of(by_name[name])]


def structs_in(kind: msgspec.inspect.Type) -> Iterator[Any]:
    """Every Struct in a kind."""
    if isinstance(kind, msgspec.inspect.StructType):
        yield kind.cls
    for inner in _inside(kind):
        yield from structs_in(inner)


def _inside(kind: msgspec.inspect.Type) -> list[msgspec.inspect.Type]:
    if isinstance(kind, msgspec.inspect.StructType):
        return [field.type for field in kind.fields]
    inner = [getattr(kind, name, None) for name in ("type", "item_type", "key_type", "value_type")]
    several = [*getattr(kind, "types", ()), *getattr(kind, "item_types", ())]
    return [one for one in (*inner, *several) if isinstance(one, msgspec.inspect.Type)]


def _drawn_for_parameters(paths: dict[str, Any], drawn: dict[str, Any]) -> dict[str, Any]:
    """The schemas that parameters name: lists of allowed words, as Litestar draws them."""
    text = msgspec.json.encode(paths).decode()
    known: dict[str, Any] = drawn.get("components", {}).get("schemas", {})
    return {name: schema for name, schema in known.items() if f'"{REF.format(name=name)}"' in text}


class Documents:
    """The documents by name, each built when it is first asked for."""

    def __init__(self, routes: Sequence[Any], named: dict[str, tuple[str, str]]) -> None:
        self._routes = routes
        self._named = named
        self._built: dict[str, dict[str, Any]] = {}

    def get(self, name: str) -> dict[str, Any]:
        """A document. Raises KeyError where there is none of that name."""
        if name not in self._built:
            prefix, title = self._named[name]
            self._built[name] = build_document(self._routes, prefix, title)
        return self._built[name]
