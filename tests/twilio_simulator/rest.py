"""Twilio's REST API for messages: create, fetch, list, delete."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from tests.twilio_simulator.account import Account, RestRequest
from tests.twilio_simulator.connections import drop_connection
from tests.twilio_simulator.dispatch import Dispatch
from tests.twilio_simulator.faults import Fault, Operation
from tests.twilio_simulator.listing import matching, page_of
from tests.twilio_simulator.problems import NOT_SIGNED_IN, not_found, problem, refusal_of
from tests.twilio_simulator.texts import API_VERSION, Text

AnyRequest = Request[Any, Any, Any]
MESSAGES = f"/{API_VERSION}/Accounts/{{account_sid:str}}/Messages"
GARBAGE = b"<html><body>Bad Gateway"


@post(f"{MESSAGES}.json", status_code=201)
async def create_message(request: AnyRequest, state: State, account_sid: FromPath[str]) -> Response[bytes]:
    """Sends a text."""
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    account: Account = state.account
    dispatch: Dispatch = state.dispatch

    def carry_out(fault: Fault) -> tuple[int, object]:
        refused = refusal_of(account, form)
        if refused is not None:
            return refused.status, refused
        text = account.accept(to=form["To"], body=form["Body"], status_callback=form.get("StatusCallback"))
        dispatch.send_on_its_way(text, fault.fate, fault.error_code)
        return 201, text.as_resource()

    return await _answer(request, account, account_sid, RestRequest("create", form.get("To"), None), carry_out)


@get(f"{MESSAGES}.json")
async def list_messages(request: AnyRequest, state: State, account_sid: FromPath[str]) -> Response[bytes]:
    """Texts in both directions, newest first."""
    account: Account = state.account
    query = dict(parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True))

    def carry_out(_: Fault) -> tuple[int, object]:
        return 200, page_of(matching(account.listed(), query), query, f"/Accounts/{account_sid}/Messages.json")

    return await _answer(request, account, account_sid, RestRequest("list", query.get("To"), None), carry_out)


@get(f"{MESSAGES}/{{file:str}}")
async def fetch_message(
    request: AnyRequest, state: State, account_sid: FromPath[str], file: FromPath[str]
) -> Response[bytes]:
    """One text."""
    account: Account = state.account

    def carry_out(_: Fault) -> tuple[int, object]:
        text = account.texts.get(_sid_in(file))
        return (200, text.as_resource()) if text else (404, not_found(request.url.path))

    return await _answer(request, account, account_sid, _about(account, "fetch", file), carry_out)


@delete(f"{MESSAGES}/{{file:str}}", status_code=200)
async def delete_message(
    request: AnyRequest, state: State, account_sid: FromPath[str], file: FromPath[str]
) -> Response[bytes]:
    """Removes one text for good."""
    account: Account = state.account

    def carry_out(_: Fault) -> tuple[int, object]:
        text = account.texts.pop(_sid_in(file), None)
        return (204, None) if text else (404, not_found(request.url.path))

    return await _answer(request, account, account_sid, _about(account, "delete", file), carry_out)


async def _answer(
    request: AnyRequest,
    account: Account,
    account_sid: str,
    asked: RestRequest,
    carry_out: Callable[[Fault], tuple[int, object]],
) -> Response[bytes]:
    if not _is_signed_in(request, account):
        return _reply(401, NOT_SIGNED_IN)
    if account_sid != account.settings.account_sid:
        return _reply(404, not_found(request.url.path))
    account.requests.append(asked)
    fault = account.faults.take(asked.on, asked.to)
    status, content = carry_out(fault) if fault.lets_through else (500, None)
    await asyncio.sleep(fault.after_s)
    if fault.answer == "drop":
        drop_connection(request)
    return _as_planned(fault, status, content)


def _as_planned(fault: Fault, status: int, content: object) -> Response[bytes]:
    if fault.answer == "error":
        return _failure(fault)
    if fault.answer == "garbage":
        return Response(GARBAGE, status_code=status if status < 400 else 200, media_type="text/html")
    if fault.answer == "off_spec" and isinstance(content, dict):
        return _reply(status, {**content, "sid": "SM-not-a-sid"})
    return _reply(status, content)


def _failure(fault: Fault) -> Response[bytes]:
    code = fault.code or {429: 20429, 503: 20503}.get(fault.status, 20500)
    failure = problem(code, "This failure was planned by a test.", fault.status)
    headers = {} if fault.retry_after_s is None else {"Retry-After": f"{fault.retry_after_s:g}"}
    return _reply(fault.status, failure, headers)


def _reply(status: int, content: object, headers: dict[str, str] | None = None) -> Response[bytes]:
    body = b"" if content is None else msgspec.json.encode(content)
    return Response(body, status_code=status, media_type="application/json", headers=headers or {})


def _is_signed_in(request: AnyRequest, account: Account) -> bool:
    known = account.settings
    pairs = [(known.account_sid, token) for token in known.auth_tokens]
    pairs.append((known.api_key_sid, known.api_key_secret))
    accepted = {"Basic " + base64.b64encode(f"{u}:{p}".encode()).decode() for u, p in pairs}
    return request.headers.get("authorization") in accepted


def _about(account: Account, on: Operation, file: str) -> RestRequest:
    text: Text | None = account.texts.get(_sid_in(file))
    return RestRequest(on, text.to if text else None, _sid_in(file))


def _sid_in(file: str) -> str:
    return file.removesuffix(".json")
