"""The safety screen: reads every inbound text before anything else does, with the question it may answer.

Three signals that know nothing of each other: phrase rules, what the text means as an answer, and a classifier. Any of
them is enough for an alarm. Without its classifier the screen goes on, and says so in the version of each verdict.
"""

from functools import cache

import structlog

from api.concerns.classifier import Classifier, Score, WeightsError, checked_files, load_classifier
from api.concerns.models import Risk, Verdict
from api.concerns.questions import Questions, load_questions
from api.concerns.rules import Phrases, load_rules
from api.concerns.spelling import Speller, load_speller
from api.kit.errors import where
from bot.components.minilm import WrongModelError

log = structlog.get_logger()

CLASSIFIER = "classifier"
# Chosen on what the classifier made of personas it had not read; see decision 0010.
ALARM_FROM = 0.9
IMMEDIATE_FROM = 0.5
LOW_FROM = 0.6
# A rule whose words are often innocent is passed over where the classifier sees hardly anything.
RULE_OVERRULED_BELOW = 0.1


class Screen:
    """Reads texts. The highest risk that any signal finds wins."""

    def __init__(
        self,
        rules: list[Phrases],
        rules_version: str,
        speller: Speller,
        questions: Questions,
        classifier: Classifier | None,
    ) -> None:
        self._rules = rules
        self._speller = speller
        self._questions = questions
        self._classifier = classifier
        learned = classifier.version if classifier else "no classifier"
        self.version = f"rules {rules_version}, questions {questions.version}, {learned}"

    def read(self, text: str, asked: str | None = None) -> Verdict:
        """What this text tells of danger, as an answer to what was `asked` last, or by itself.

        Negation, past tense and laughter never lower it.
        """
        readings = self._speller.readings(text)
        score = self._classifier.score(readings[0].strip()) if self._classifier else None
        return self._weigh(text, readings, asked, score)

    def weigh(self, text: str, asked: str | None, score: Score | None) -> Verdict:
        """The verdict when the classifier gives a text this score."""
        return self._weigh(text, self._speller.readings(text), asked, score)

    def _weigh(self, text: str, readings: tuple[str, ...], asked: str | None, score: Score | None) -> Verdict:
        hits = [rule for rule in self._hits(readings) if not _is_overruled(rule, score)]
        found = [(rule.risk, rule.kind, rule.id) for rule in hits]
        found += self._answer(text, asked)
        found += _by_classifier(score, max((risk for risk, _, _ in found), default=Risk.NONE))
        return self._verdict(found, score)

    def read_rules(self, text: str) -> Verdict:
        """What the phrase rules alone hear, those included that the classifier would overrule."""
        hits = self._hits(self._speller.readings(text))
        return self._verdict([(rule.risk, rule.kind, rule.id) for rule in hits], None)

    def _hits(self, readings: tuple[str, ...]) -> list[Phrases]:
        return [rule for rule in self._rules if any(rule.are_in(plain) for plain in readings)]

    def _answer(self, text: str, asked: str | None) -> list[tuple[Risk, str, str]]:
        meaning = self._questions.meaning(asked)
        answer = self._questions.risk_of_answer(meaning, text) if meaning else None
        if meaning is None or answer is None or answer[0] is Risk.NONE:
            return []
        return [(answer[0], meaning.kind, f"{meaning.id}_{answer[1]}")]

    def _verdict(self, found: list[tuple[Risk, str, str]], score: Score | None) -> Verdict:
        return Verdict(
            risk=max((risk for risk, _, _ in found), default=Risk.NONE),
            kinds=tuple(dict.fromkeys(kind for _, kind, _ in found)),
            rules_hit=tuple(dict.fromkeys(id_ for _, _, id_ in found)),
            version=self.version,
            score=None if score is None else round(score.alarm, 3),
        )


def _is_overruled(rule: Phrases, score: Score | None) -> bool:
    return rule.classifier_may_differ and score is not None and score.alarm < RULE_OVERRULED_BELOW


def _by_classifier(score: Score | None, others: Risk) -> list[tuple[Risk, str, str]]:
    """What the classifier adds to what the others found."""
    if score is None:
        return []
    is_alarm = score.alarm >= ALARM_FROM or others >= Risk.HIGH
    if is_alarm and score.immediate >= IMMEDIATE_FROM:
        return [(Risk.IMMEDIATE, score.kind, CLASSIFIER)]
    if score.alarm >= ALARM_FROM:
        return [(Risk.HIGH, score.kind, CLASSIFIER)]
    return [(Risk.LOW, score.kind, CLASSIFIER)] if score.low >= LOW_FROM and others is Risk.NONE else []


def _classifier() -> Classifier | None:
    """The classifier, or None, loudly, where its files are missing or broken: the rules still read every text."""
    try:
        return load_classifier()
    except Exception as error:
        log.error("screen_without_classifier", error=type(error).__name__, at=where(error))
        return None


@cache
def is_whole() -> bool:
    """Whether the classifier's files were there, and what this release was made with, when this process first asked."""
    try:
        checked_files()
    except (OSError, KeyError, ValueError, WeightsError, WrongModelError):
        return False
    return True


@cache
def load_screen() -> Screen:
    """The screen with the rules, questions and weights of this release."""
    speller = load_speller()
    rules, version = load_rules()
    return Screen(rules, version, speller, load_questions(speller), _classifier())
