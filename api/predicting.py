"""What is made of a text, over lines of JSON: the screen's risk, and the intents that the assistant's model finds.

For those who want to try both on messages of their own. The assistant has a Python of its own, so its trained model is
asked through a child process, which is the code that serves people (`bot.predict`). Nothing is kept.
"""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from api.concerns.models import Risk, Verdict
from api.concerns.screen import load_screen

REPOSITORY = Path(__file__).parents[1]
ANSWERS = {"affirm", "deny"}
DANGER = {"crisis", "raise_concern"}


class Line(msgspec.Struct):
    """A text, and the question it may answer."""

    id: str | int
    text: str
    context: str | None = None


class Prediction(msgspec.Struct):
    """Intents best first, and how dangerous the text sounds."""

    id: str | int
    intents: list[str]
    risk: str


class PredictError(Exception):
    """It can not be done; the message says what to do, and nothing of a text."""


def predict(content: Iterable[bytes]) -> Iterator[bytes]:
    """A line with intents and risk for each line with a text; empty lines are passed over. Raises PredictError."""
    lines = read_lines(content)
    screen = load_screen()
    for line, intents in zip(lines, intents_of(lines), strict=True):
        verdict = screen.read(line.text, line.context)
        yield msgspec.json.encode(Prediction(line.id, with_danger(intents, verdict), verdict.risk.name.lower()))


def read_lines(content: Iterable[bytes]) -> list[Line]:
    """The lines. Raises PredictError, naming the first that is not what it should be."""
    decoder, lines = msgspec.json.Decoder(Line), []
    for number, line in enumerate(content, start=1):
        if not line.strip():
            continue
        try:
            lines.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise PredictError(f'Line {number} is not {{"id": …, "text": "…", "context": "…" or null}}.') from None
    return lines


def with_danger(intents: list[str], verdict: Verdict) -> list[str]:
    """The intents as people are answered: what the screen hears comes first, or second where the text is an answer."""
    if not verdict.is_alarm or DANGER & set(intents[:1]):
        return intents
    heard = "crisis" if verdict.risk is Risk.IMMEDIATE else "raise_concern"
    others = [intent for intent in intents if intent not in DANGER | {"out_of_scope"}]
    return [others[0], heard] if others[:1] and others[0] in ANSWERS else [heard, *others]


def intents_of(lines: list[Line]) -> Iterator[list[str]]:
    """The intents of each line from the assistant's trained model. Raises PredictError."""
    python = bot_python()
    if not lines:
        return
    command = [str(python), "-m", "bot.predict"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=pipe, stdout=pipe, stderr=pipe) as child:  # noqa: S603 - no word of it comes from a text
        feeding = threading.Thread(target=_feed, args=(child, lines), daemon=True)
        feeding.start()
        for found in child.stdout or ():
            yield msgspec.json.decode(found, type=list[str])
        problem = child.stderr.read().decode(errors="replace").strip() if child.stderr else ""
    if child.returncode != 0:
        raise PredictError(_last_line(problem))


def bot_python() -> Path:
    """The interpreter of the assistant's environment: BOT_ENVIRONMENT, or bot/.venv. Raises PredictError."""
    folder = Path(os.environ.get("BOT_ENVIRONMENT") or REPOSITORY / "bot" / ".venv")
    python = folder / "bin" / "python"
    if not python.exists():
        raise PredictError("The assistant's environment is not installed here. Run: make ready-to-run")
    return python


def _feed(child: subprocess.Popen[bytes], lines: list[Line]) -> None:
    if child.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError), child.stdin as stdin:  # a child that ended early says why by its exit
        for line in lines:
            stdin.write(msgspec.json.encode(line) + b"\n")


def _last_line(problem: str) -> str:
    """What the child said last: its own sentence, or the kind of error it ended with."""
    last = problem.rpartition("\n")[2]
    return last if last.endswith((".", "bot.train")) else "The assistant's model could not be asked."
