"""Where Rasa's custom actions run: Rasa's action protocol, spoken by the API itself."""

from typing import Any
from uuid import UUID

import msgspec
import structlog
from litestar import Request, Response, post

from api.conversations import service
from api.conversations.models import ActionCall
from api.kit.access import requires_bot
from api.kit.errors import BadRequest, where
from bot.actions import ACTIONS, ActionResult

log = structlog.get_logger()

LONGEST_CALL_BYTES = 1024 * 1024
_decoder = msgspec.json.Decoder(ActionCall)


@post("/bot/actions", guards=[requires_bot], status_code=200, request_max_body_size=LONGEST_CALL_BYTES)
async def run_action(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """Runs one action as the young person of the conversation; whose that is the database knows, not the caller."""
    call = _read_call(await request.body())
    if call.next_action not in ACTIONS:
        return _failure(call, "no such action", 404)
    try:
        result = await service.run_action(
            request.app.state.database, UUID(call.sender_id), call.next_action, call.tracker.slots
        )
    except Exception as error:
        log.error("action_failed", action=call.next_action, error=type(error).__name__, at=where(error))
        return _failure(call, "the action failed", 400)
    return Response(_as_rasa_reads(result))


def _read_call(body: bytes) -> ActionCall:
    try:
        call = _decoder.decode(body)
        UUID(call.sender_id)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise BadRequest from None
    return call


def _as_rasa_reads(result: ActionResult) -> dict[str, Any]:
    events = [{"event": "slot", "name": name, "value": value} for name, value in result.slots.items()]
    responses = [{"response": reply.response, **reply.variables} for reply in result.replies]
    return {"events": events, "responses": responses}


def _failure(call: ActionCall, error: str, status: int) -> Response[dict[str, Any]]:
    return Response({"error": error, "action_name": call.next_action}, status_code=status)
