"""The documentation of the API, for staff only: a page without a script, and the documents it is made from."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from typing import Any

import msgspec
from litestar import Request, Response, get

from api.kit.access import requires_staff
from api.kit.signed_in import reading

AnyRequest = Request[Any, Any, Any]

DOCS_PATH = "/admin/v1/docs"
LIMITS = {
    "minimum": "from",
    "maximum": "to",
    "minLength": "at least of length",
    "maxLength": "at most of length",
    "pattern": "like",
}
ADMIN = "admin"
CLIENT = "client"

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1, h2 { line-height: 1.2; }
nav ul { columns: 18rem; padding-left: 1.2rem; }
summary { cursor: pointer; padding: .5rem 0; border-top: 1px solid; }
summary:focus-visible, a:focus-visible { outline: 3px solid #ffbf47; outline-offset: 2px; }
summary b { display: inline-block; min-width: 4.5rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9rem; }
pre { overflow: auto; padding: .8rem; border: 1px solid; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid; }
"""
# The page may be styled by these lines and nothing else; it loads nothing and runs nothing.
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@get("/admin/v1/openapi.json", guards=[requires_staff], media_type="application/json", opt={"answer": dict[str, Any]})
async def show_admin_document(request: AnyRequest) -> Response[bytes]:
    """The admin API as OpenAPI 3.1."""
    return await _show(request, ADMIN)


@get(
    "/admin/v1/openapi-client.json",
    guards=[requires_staff],
    media_type="application/json",
    opt={"answer": dict[str, Any]},
)
async def show_client_document(request: AnyRequest) -> Response[bytes]:
    """The client API as OpenAPI 3.1, for those who make apps; `python -m api openapi client` writes the same."""
    return await _show(request, CLIENT)


@get(DOCS_PATH, guards=[requires_staff], media_type="text/html")
async def show_docs(request: AnyRequest) -> Response[str]:
    """The documentation as a page."""
    async with reading(request):
        documents = request.app.state.documents
        page = write_page([documents.get(ADMIN), documents.get(CLIENT)])
        return Response(page, media_type="text/html", headers={"Content-Security-Policy": POLICY})


async def _show(request: AnyRequest, name: str) -> Response[bytes]:
    async with reading(request):
        return Response(msgspec.json.encode(request.app.state.documents.get(name)), media_type="application/json")


def write_page(documents: list[dict[str, Any]]) -> str:
    """The documents as one page of HTML."""
    body = "".join(_document(document) for document in documents)
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>Fifteen Plus: the API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>Fifteen Plus: the API</h1><main>{body}</main></body></html>"
    )


def _document(document: dict[str, Any]) -> str:
    operations = [
        (method, path, operation) for path, some in document["paths"].items() for method, operation in some.items()
    ]
    links = "".join(
        f'<li><a href="#{_text(one["operationId"])}">{_text(one["summary"])}</a></li>' for *_, one in operations
    )
    about = "".join(f"<p>{_text(part)}</p>" for part in document["info"]["description"].split("\n\n"))
    told = "".join(_operation(*one, document["components"]["responses"]) for one in operations)
    kinds = "".join(_kind(name, schema) for name, schema in document["components"]["schemas"].items())
    title = _text(document["info"]["title"])
    return f"<section><h2>{title}</h2>{about}<nav><ul>{links}</ul></nav>{told}<h3>Kinds</h3>{kinds}</section>"


def _operation(method: str, path: str, operation: dict[str, Any], problems: dict[str, Any]) -> str:
    parameters = [
        (
            _text(one["name"]),
            _text(one["in"]),
            "needed" if one.get("required") else "",
            _text(one.get("description", "")),
            _say(one["schema"]),
        )
        for one in operation["parameters"]
    ]
    answers = [(status, *_answer(answer, problems)) for status, answer in operation["responses"].items()]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return (
        f'<details id="{_text(operation["operationId"])}"><summary><b>{method.upper()}</b> <code>{_text(path)}</code> '
        f"{_text(operation['summary'])}</summary>"
        + "".join(f"<p>{_text(part)}</p>" for part in operation["description"].split("\n\n"))
        + (_table(("Parameter", "In", "", "About", "Values"), parameters) if parameters else "")
        + (f"<p>Body: {_say(body['schema'])}</p>{_json(body['example'])}" if body else "")
        + _table(("Answer", "About", "Kind"), answers)
        + "</details>"
    )


def _kind(name: str, schema: dict[str, Any]) -> str:
    needed = schema.get("required", [])
    fields = [
        (_text(field), "needed" if field in needed else "", _say(told), _text(told.get("description", "")))
        for field, told in schema.get("properties", {}).items()
    ]
    table = _table(("Field", "", "Values", "About"), fields) if fields else f"<p>{_say(schema)}</p>"
    head = f"<summary><code>{_text(name)}</code> {_text(schema.get('description', ''))}</summary>"
    return f'<details id="{_text(name)}">{head}{table}</details>'


def _answer(answer: dict[str, Any], problems: dict[str, Any]) -> tuple[str, str]:
    answer = problems[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
    content = answer.get("content", {})
    kinds = ", ".join(f"{_say(one['schema'])} ({_text(kind)})" for kind, one in content.items())
    return _text(answer["description"]), kinds


def _say(schema: dict[str, Any]) -> str:
    """A schema in a few words, with links to the kinds it names."""
    if "$ref" in schema:
        name = _text(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}"><code>{name}</code></a>'
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(_say(one) for one in schema.get("anyOf", schema.get("oneOf", [])))
    if "enum" in schema:
        return ", ".join(f"<code>{_text(value)}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_say(schema.get('items', {}))}"
    more = [f"{words} {_text(schema[key])}" for key, words in LIMITS.items() if key in schema]
    return ", ".join([_text(schema.get("format", schema.get("type", "anything"))), *more])


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table; its cells are HTML already."""
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _json(value: Any) -> str:
    return f"<pre>{_text(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())}</pre>"


def _text(value: object) -> str:
    return escape(str(value))
