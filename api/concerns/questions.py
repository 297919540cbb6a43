"""What a short answer means: "no" to "are you safe?" is an alarm, "no" to "is that all?" is not."""

import re
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from api.concerns.models import Risk
from api.concerns.spelling import Speller

QUESTIONS_FILE = Path(__file__).with_name("questions.yml")
WORD = re.compile(r"\w+")
SENTENCE_ASKED = re.compile(r"[^.?!\n]*\?")
# Without a question mark, only words as few as these are taken for a question.
LONGEST_UNMARKED_WORDS = 12
# Up to so many words that are neither yes nor no are still no clear answer; more are read for what they say.
LONGEST_UNCLEAR_WORDS = 4

Answer = Literal["yes", "no", "unsure", "well"]
# Single letters and words that the speller takes for something else.
AS_TYPED: dict[str, Answer] = {"y": "yes", "n": "no", "da": "yes", "x": "no"}


class _Question(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    asked: str
    kind: str = ""
    yes: str = "none"
    no: str = "none"
    unsure: str = "none"


class _QuestionFile(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    questions: list[_Question]
    answers: dict[str, str]


class Meaning(msgspec.Struct, frozen=True):
    """What a question asks about, and how much each answer to it worries."""

    id: str
    kind: str
    risks: dict[str, Risk]


class Questions:
    """Knows questions about safety by their words, and reads answers to them."""

    def __init__(self, content: _QuestionFile, speller: Speller) -> None:
        self.version = content.version
        self._speller = speller
        self._asked = [
            (_starting(question.asked, r"(?:^| )", r"(?= |$)"), _meaning(question)) for question in content.questions
        ]
        words = {name: _starting(lines, r"^", r"(?= |$)") for name, lines in content.answers.items()}
        self._clear: dict[Answer, re.Pattern[str]] = {
            answer: words[answer] for answer in ("yes", "no", "unsure", "well")
        }
        self._other = words["other"]
        self._but_well = words["but_well"]
        filler = f"(?:{'|'.join(content.answers['filler'].split())})"
        self._fillers = re.compile(rf"^(?:{filler} )+|(?: {filler})+$")

    def meaning(self, asked: str | None) -> Meaning | None:
        """What the last question in these words asks about; None when that is not safety, or nothing is asked."""
        asked = asked or ""
        is_short = len(asked.split()) <= LONGEST_UNMARKED_WORDS
        sentences = SENTENCE_ASKED.findall(asked) or ([asked] if is_short else [])
        for sentence in reversed(sentences):
            plain = self._speller.first_reading(sentence)
            for pattern, meaning in self._asked:
                if pattern.search(plain):
                    if meaning.risks:
                        return meaning
                    break
        return None

    def risk_of_answer(self, meaning: Meaning, text: str) -> tuple[Risk, Answer] | None:
        """How much this answer to that question worries; None when it is not an answer but a text of its own."""
        answer = self.answer(text)
        return None if answer is None else (meaning.risks.get(answer, Risk.NONE), answer)

    def answer(self, text: str) -> Answer | None:
        """A clear yes or no, or an unclear answer; None when the text answers nothing."""
        as_typed = WORD.findall(text.casefold())
        if as_typed and as_typed[0] in AS_TYPED and not self._fillers.sub("", " ".join(["", *as_typed[1:]])).strip():
            return AS_TYPED[as_typed[0]]
        found = [self._read(plain.strip()) for plain in self._speller.readings(text)]
        return next((answer for answer in ("no", "unsure", "yes", "well") if answer in found), None)

    def is_only_an_answer(self, plain: str) -> bool:
        """Whether a reading says yes, no or not sure, and nothing else: without its question it says nothing."""
        core = self._fillers.sub("", plain.strip())
        return any(pattern.fullmatch(core) for pattern in self._clear.values())

    def _read(self, plain: str) -> Answer | None:
        core = plain if self._starts_with_answer(plain) else self._fillers.sub("", plain)
        if not core or self._other.match(core):
            return None
        lengths = {answer: _match_length(pattern, core) for answer, pattern in self._clear.items()}
        answer = max(lengths, key=lambda name: (lengths[name], name == "unsure"))
        if not lengths[answer]:
            is_unclear = len(core.split()) <= LONGEST_UNCLEAR_WORDS and not _is_ordinary(core)
            return "unsure" if is_unclear else None
        rest = core[lengths[answer] :].strip()
        return self._weighed(answer, rest)

    def _weighed(self, answer: Answer, rest: str) -> Answer:
        """The answer with what follows it: "no im fine" and "yes for now" are not clear."""
        if answer == "no" and self._but_well.match(rest):
            return "unsure"
        if answer == "yes" and (_match_length(self._clear["no"], rest) or _match_length(self._clear["unsure"], rest)):
            return "unsure"
        return answer

    def _starts_with_answer(self, plain: str) -> bool:
        return any(_match_length(pattern, plain) for pattern in self._clear.values())


ORDINARY = re.compile(
    r"\d|^(?:hi|hiya|hey|hello|menu|help|person|thanks|thank you|ty|ta|bye|stop|start)\b"
    r"|^(?:when|what|who|where|whens|whats|whos|can|how|which)\b"
    r"|(?:appointment|meeting|adviser|worker|bus|money|rent|form|keys?|college|school|work|bed|home|nans|mums|gym|shop)"
)


def _is_ordinary(core: str) -> bool:
    return ORDINARY.search(core) is not None


def _match_length(pattern: re.Pattern[str], plain: str) -> int:
    found = pattern.match(plain)
    return len(found[0]) if found else 0


def _starting(lines: str, before: str, after: str) -> re.Pattern[str]:
    options = sorted((line.strip() for line in lines.splitlines() if line.strip()), key=len, reverse=True)
    return re.compile(f"{before}(?:{'|'.join(options)}){after}")


def _meaning(question: _Question) -> Meaning:
    given = {"yes": question.yes, "no": question.no, "unsure": question.unsure}
    risks = {answer: Risk[risk.upper()] for answer, risk in given.items() if risk != "none"}
    return Meaning(question.id, question.kind, risks)


def load_questions(speller: Speller) -> Questions:
    """The questions of this release."""
    return Questions(
        msgspec.convert(yaml.safe_load(QUESTIONS_FILE.read_text(encoding="utf-8")), _QuestionFile), speller
    )
