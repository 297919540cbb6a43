"""One Twilio account: its texts, who opted out, and the bad days planned for it."""

import msgspec

from tests.twilio_simulator.faults import FaultPlan, Operation
from tests.twilio_simulator.settings import SimulatorSettings
from tests.twilio_simulator.texts import Text, now

# Source: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out (2026-11).
OPT_OUT_WORDS = frozenset(
    ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"),
)
OPT_IN_WORDS = frozenset(("START", "YES", "UNSTOP"))


class RestRequest(msgspec.Struct, frozen=True):
    """A request to the REST API, for tests to count."""

    on: Operation
    to: str | None
    sid: str | None


class Account:
    """Everything this Twilio knows."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self.behaviour = settings.behaviour
        self.texts: dict[str, Text] = {}
        self.opted_out: set[str] = set()
        self.faults = FaultPlan()
        self.requests: list[RestRequest] = []

    def reset(self) -> None:
        """As just started."""
        self.behaviour = self.settings.behaviour
        self.texts.clear()
        self.opted_out.clear()
        self.faults.clear()
        self.requests.clear()

    def accept(self, *, to: str, body: str, status_callback: str | None) -> Text:
        """Takes a text from the service."""
        text = Text(
            account_sid=self.settings.account_sid,
            from_=self.settings.from_e164,
            to=to,
            body=body,
            direction="outbound-api",
            status="queued",
            status_callback=status_callback,
        )
        self.texts[text.sid] = text
        return text

    def receive(self, *, from_: str, to: str, body: str, sid: str | None, extra: dict[str, str]) -> Text:
        """A phone's text to the service: it exists from now on. A known sid is that text again."""
        if sid in self.texts:
            return self.texts[sid]
        text = Text(
            account_sid=self.settings.account_sid,
            from_=from_,
            to=to,
            body=body,
            direction="inbound",
            status="received",
            sent_at=now(),
            extra_params=extra,
        )
        text.sid = sid or text.sid
        self.texts[text.sid] = text
        self._note_opt_out(from_, body)
        return text

    def _note_opt_out(self, phone: str, body: str) -> None:
        word = body.strip().upper()
        if word in OPT_OUT_WORDS:
            self.opted_out.add(phone)
        elif word in OPT_IN_WORDS:
            self.opted_out.discard(phone)

    def sent_to(self, to: str | None) -> list[Text]:
        """What the service sent, oldest first."""
        sent = [t for t in self.texts.values() if t.direction != "inbound" and to in (None, t.to)]
        return sorted(sent, key=lambda text: text.created_at)

    def listed(self) -> list[Text]:
        """What the list shows by now, newest first."""
        shown = [t for t in self.texts.values() if (now() - t.created_at).total_seconds() >= self._lag_s(t)]
        return sorted(shown, key=lambda text: (text.created_at, text.sid), reverse=True)

    def _lag_s(self, text: Text) -> float:
        return 0.0 if text.direction == "inbound" else self.behaviour.list_lag_s
