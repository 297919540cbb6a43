"""What only a simulator offers; the package's docstring tells how to use it."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, delete, get, patch, post
from litestar.datastructures import State
from litestar.exceptions import ValidationException
from litestar.params import FromQuery, JSONBody

from tests.twilio_simulator.account import Account, RestRequest
from tests.twilio_simulator.dispatch import CallbackSent, Dispatch, InboundOutcome
from tests.twilio_simulator.faults import Fault
from tests.twilio_simulator.settings import Behaviour
from tests.twilio_simulator.texts import Text
from tests.twilio_simulator.webhooks import Attempt


class PhoneText(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A phone texts the service."""

    from_: str = msgspec.field(name="from")
    body: str
    to: str | None = None
    sid: str | None = None
    copies: int = 1
    webhook: bool = True
    extra: dict[str, str] = {}


class Release(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which held callbacks to send, how often, in which order."""

    to: str | None = None
    copies: int = 1
    shuffled: bool = False


class SentText(msgspec.Struct):
    """A text the service sent."""

    sid: str
    to: str
    body: str
    status: str
    created_at: datetime


@post("/simulator/texts", status_code=200)
async def text_the_service(state: State, data: JSONBody[PhoneText]) -> InboundOutcome:
    """Comes back when the webhook was accepted or given up."""
    account: Account = state.account
    dispatch: Dispatch = state.dispatch
    to = data.to or account.settings.from_e164
    text = account.receive(from_=data.from_, to=to, body=data.body, sid=data.sid, extra=data.extra)
    if not data.webhook:
        return InboundOutcome(text.sid, 0, None)
    return await dispatch.post_inbound(text, data.copies)


@get("/simulator/texts")
async def list_sent(
    state: State, to: FromQuery[str | None] = None, after: FromQuery[str | None] = None
) -> list[SentText]:
    """What the service sent, oldest first."""
    account: Account = state.account
    texts = _after(account, account.sent_to(to), after)
    return [SentText(t.sid, t.to, t.body, t.status, t.created_at) for t in texts]


def _after(account: Account, texts: list[Text], after: str | None) -> list[Text]:
    if after is None:
        return texts
    known = account.texts.get(after)
    try:
        since = known.created_at if known else datetime.fromisoformat(after.replace(" ", "+"))
    except ValueError:
        raise ValidationException("`after` is neither a known sid nor an ISO time") from None
    if since.tzinfo is None:
        raise ValidationException("`after` needs a time zone")
    return [text for text in texts if text.created_at > since]


@post("/simulator/faults", status_code=204)
async def plan_fault(state: State, data: JSONBody[Fault]) -> None:
    """One more bad day."""
    state.account.faults.add(data)


@delete("/simulator/faults", status_code=204)
async def clear_faults(state: State) -> None:
    """No more of them."""
    state.account.faults.clear()


@post("/simulator/callbacks", status_code=200)
async def release_callbacks(state: State, data: JSONBody[Release]) -> list[CallbackSent]:
    """Sends what was held."""
    dispatch: Dispatch = state.dispatch
    return await dispatch.release(data.to, data.copies, data.shuffled)


@patch("/simulator/settings")
async def change_behaviour(request: Request[Any, Any, Any], state: State) -> Behaviour:
    """Any field of Behaviour; the others stay."""
    account: Account = state.account
    changed = {**msgspec.to_builtins(account.behaviour), **await request.json()}
    try:
        account.behaviour = msgspec.convert(changed, Behaviour)
    except msgspec.ValidationError as error:
        raise ValidationException(str(error)) from None
    return account.behaviour


@get("/simulator/requests")
async def list_requests(state: State) -> list[RestRequest]:
    """Every REST request that arrived."""
    account: Account = state.account
    return account.requests


@get("/simulator/webhooks")
async def list_webhooks(state: State) -> list[Attempt]:
    """Every attempt to post a webhook."""
    dispatch: Dispatch = state.dispatch
    return dispatch.poster.attempts


@post("/simulator/reset", status_code=204)
async def reset(state: State) -> None:
    """As just started."""
    await state.dispatch.reset()
    state.account.reset()


@get("/simulator/health")
async def health() -> dict[str, bool]:
    """Answers when the simulator can."""
    return {"ready": True}
