"""What Twilio tells us: texts that arrived, and what became of ours."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.params import FromPath
from twilio.twiml.messaging_response import MessagingResponse

from api.kit.access import requires_twilio
from api.kit.errors import BadRequest
from api.messages import service
from api.messages.models import InboundText

NO_REPLY_NOW = str(MessagingResponse())
LARGEST_BODY_BYTES = 64 * 1024
LONGEST_SID_CHARS = 64
LONGEST_SENDER_CHARS = 32


@post("/webhooks/twilio/sms", guards=[requires_twilio], status_code=200, request_max_body_size=LARGEST_BODY_BYTES)
async def receive_text(request: Request[Any, Any, Any]) -> Response[str]:
    """Stores a text, then answers; the reply follows as a message of its own."""
    await request.app.state.receiving.record(_read_text(request.state.form))
    return Response(NO_REPLY_NOW, media_type="text/xml")


@post(
    "/webhooks/twilio/status/{message_id:uuid}",
    guards=[requires_twilio],
    status_code=204,
    request_max_body_size=LARGEST_BODY_BYTES,
)
async def receive_status(request: Request[Any, Any, Any], message_id: FromPath[UUID]) -> None:
    """Keeps what became of a text of ours; a status or message we do not know is taken and left alone."""
    form = request.state.form
    status = without_nul(form.get("MessageStatus") or form.get("SmsStatus") or "")[:LONGEST_SENDER_CHARS]
    sid = without_nul(form.get("MessageSid") or form.get("SmsSid") or "")[:LONGEST_SID_CHARS]
    code = form.get("ErrorCode", "")
    await service.record_receipt(
        request.app.state.database,
        message_id,
        status[:LONGEST_SENDER_CHARS],
        sid,
        int(code) if _is_code(code) else None,
    )


def _read_text(form: dict[str, str]) -> InboundText:
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    sender = form.get("From", "")
    media = form.get("NumMedia", "0")
    if not 0 < len(sid) <= LONGEST_SID_CHARS or not 0 < len(sender) <= LONGEST_SENDER_CHARS:
        raise BadRequest("MessageSid and From are needed.")
    return InboundText(
        provider_sid=without_nul(sid),
        from_e164=without_nul(sender),
        body=without_nul(form.get("Body", "")),
        media_count=int(media) if media.isascii() and media.isdigit() and len(media) < 3 else 0,
    )


def _is_code(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < 8


def without_nul(text: str) -> str:
    """The text as it came, but for NUL, which PostgreSQL cannot hold and which is shown as U+FFFD."""
    return text.replace("\0", "\ufffd")
