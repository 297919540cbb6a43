"""Twilio's bad days, planned by a test."""

from typing import Literal

import msgspec

Operation = Literal["create", "fetch", "list", "delete"]
Fate = Literal["queued", "sent", "delivered", "undelivered", "failed"]


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the next `times` requests of a kind meet."""

    times: int = 1
    on: Operation | Literal["any"] = "create"
    to: str | None = None
    answer: Literal["ok", "error", "drop", "garbage", "off_spec"] = "ok"
    accepted: bool = False
    after_s: float = 0.0
    status: int = 500
    code: int | None = None
    retry_after_s: float | None = None
    fate: Fate = "delivered"
    error_code: int | None = None

    def fits(self, on: Operation, to: str | None) -> bool:
        """Whether such a request meets this fault."""
        return self.times > 0 and self.on in (on, "any") and self.to in (None, to)

    @property
    def lets_through(self) -> bool:
        """Whether the request is carried out, whatever is answered."""
        return self.accepted or self.answer in ("ok", "off_spec")


class FaultPlan:
    """Faults still to come, used up in the order they were planned."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def take(self, on: Operation, to: str | None) -> Fault:
        """The fault this request meets; a harmless one when none is planned."""
        for fault in self._faults:
            if fault.fits(on, to):
                fault.times -= 1
                return fault
        return Fault()
