"""What went in, what is stored and what went out, held against each other: nothing lost, nothing twice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Texted:
    """A text that a phone sent.

    `expected` is the bot's answer, or None where any answer will do; a number of the menu has it without the bot too.
    """

    sid: str
    phone: str
    body: str
    expected: str | None
    is_number_of_menu: bool = False
    is_accepted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An inbound text as it is stored."""

    sid: str
    phone: str
    body: str
    is_answered: bool = True
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An outbound text as it is stored."""

    phone: str
    body: str
    sid: str | None
    status: str = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An outbound text that Twilio took."""

    sid: str
    phone: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftJob:
    """A job that is still there."""

    kind: str
    is_parked: bool
    last_error: str | None = None


@dataclass(kw_only=True)
class Ledger:
    """Both sides of one burst. `menu` is what is answered, and marked, when the bot cannot be asked.

    `last_status` is where every reply must be in the end: with receipts, or without.
    """

    menu: str
    last_status: str = "delivered"
    texted: Sequence[Texted]
    kept: Sequence[Kept] = ()
    replies: Sequence[Reply] = ()
    taken: Sequence[Taken] = ()
    jobs: Sequence[LeftJob] = ()
    flag_of_menu: str = field(default="bot_unavailable")

    def problems(self) -> list[str]:
        """A sentence for each thing that is not as it must be; none when the ledger is clean."""
        return [*self._storing(), *self._answering(), *self._sending(), *self._left_jobs()]

    def figures(self) -> dict[str, int]:
        """How much of what, for a table."""
        said = [problem.partition(":")[0] for problem in self.problems()]
        without_bot = sum(self.flag_of_menu in kept.flags for kept in self.kept)
        return {
            "texts": len(self.texted),
            "accepted": sum(text.is_accepted for text in self.texted),
            "stored": len(self.kept),
            "by bot": len(self.kept) - without_bot,
            "by menu": without_bot,
            "sent": len(self.taken),
            "lost": said.count("lost") + said.count("not answered") + said.count("not sent"),
            "twice": sum(problem.endswith("twice") for problem in said),
            "other": sum(not p.endswith("twice") and p not in {"lost", "not answered", "not sent"} for p in said),
        }

    def _storing(self) -> Iterator[str]:
        rows: dict[str, list[Kept]] = {}
        for kept in self.kept:
            rows.setdefault(kept.sid, []).append(kept)
        for text in self.texted:
            stored = rows.pop(text.sid, [])
            if not stored and text.is_accepted:
                yield f"lost: {text.phone} {text.sid} was accepted and is not stored"
            if len(stored) > 1:
                yield f"stored twice: {text.phone} {text.sid}, {len(stored)} rows"
            if any((one.phone, one.body) != (text.phone, as_stored(text.body)) for one in stored):
                yield f"changed: {text.phone} {text.sid} is not stored as it came"
        for sid in rows:
            yield f"made up: {sid} is stored and nobody sent it"

    def _answering(self) -> Iterator[str]:
        for phone, kept in _by_phone(self.kept).items():
            if not all(one.is_answered for one in kept):
                yield f"not answered: {phone} has a text that is not marked as answered"
        kept_of, replies_of = _by_phone(self.kept), _by_phone(self.replies)
        for phone in sorted(kept_of.keys() | replies_of.keys()):
            yield from self._answers_to(phone, kept_of.get(phone, []), replies_of.get(phone, []))

    def _answers_to(self, phone: str, kept: list[Kept], replies: list[Reply]) -> Iterator[str]:
        """Texts that came together are answered together, so several may have one answer, but never one several."""
        if kept and not replies:
            yield f"not answered: {phone} texted and no reply is stored"
        if len(replies) > len({text.sid for text in kept}):
            yield f"answered twice: {phone} has {len(replies)} replies to {len(kept)} texts"
        texted = [text for text in self.texted if text.phone == phone]
        bots = {text.expected for text in texted}
        if any(reply.body != self.menu and not {reply.body, None} & bots for reply in replies):
            yield f"wrong answer: {phone} was told what is not theirs"
        is_marked = any(self.flag_of_menu in text.flags for text in kept)
        has_menu = any(reply.body == self.menu for reply in replies)
        if has_menu and not is_marked:
            yield f"not marked: {phone} had the menu for an answer, and the team is not told"
        if is_marked and not has_menu and not any(text.is_number_of_menu for text in texted):
            yield f"marked: {phone} had the bot's answer, and the team is told that it did not"

    def _sending(self) -> Iterator[str]:
        wanted = Counter((reply.phone, reply.body) for reply in self.replies)
        posted = Counter((text.phone, text.body) for text in self.taken)
        for phone, body in wanted.keys() | posted.keys():
            asked, got = wanted[phone, body], posted[phone, body]
            if got > asked:
                yield f"sent twice: {phone} was sent a text {got} times that is stored {asked} times"
            if got < asked:
                yield f"not sent: {phone} was sent a text {got} times that is stored {asked} times"
        known = {text.sid for text in self.taken}
        for reply in self.replies:
            if reply.sid not in known or reply.status != self.last_status:
                yield f"receipt: {reply.phone} has a reply in status {reply.status} with sid {reply.sid}"

    def _left_jobs(self) -> Iterator[str]:
        for job in self.jobs:
            state = "parked" if job.is_parked else "left over"
            yield f"{state}: a job {job.kind} ({job.last_error})"


Row = TypeVar("Row", Kept, Reply)


def as_stored(body: str) -> str:
    """Byte for byte, but for NUL, which PostgreSQL cannot hold."""
    return body.replace("\0", "\ufffd")


def _by_phone(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.phone, []).append(row)
    return found
