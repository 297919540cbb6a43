"""Says how well the assistant understands: `python -m tests.bot.evaluation [--served] [--into FOLDER]`.

Compares pipelines over writers held out in turn, shows what each fallback threshold would do, and tries the trained
model on the test part. Figures go to the terminal; figures, misses and the confusion matrix (SVG) into the folder.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC

from bot.components.intent_model import IntentModel
from bot.components.minilm import minilm
from bot.components.word_pieces import WordPieces
from bot.predict import Reader
from tests.bot.process import ROOT
from tests.bot.texts import Text, coarse, trained, unseen, unseen_answers, unseen_several

FOLDS = 5
THRESHOLDS = (0.0, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7)
NOT_OURS = "out_of_scope"

Array = Any
Scores = tuple[list[str], Array]
Pipeline = Callable[[list[str], list[str], Array, list[str], Array], Scores]
Say = Callable[[str], None]


def main() -> int:
    """Print and write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bot.evaluation")
    parser.add_argument("--served", action="store_true", help="only try the trained model; compare no pipelines")
    parser.add_argument("--into", type=Path, default=ROOT / ".cache" / "evaluation", help="where the report is written")
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []

    def say(line: str = "") -> None:
        print(line, flush=True)
        lines.append(line)

    if not options.served:
        compare_pipelines(say)
    try_served_model(say, options.into)
    (options.into / "understanding.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    say(f"\nWritten to {options.into}")
    return 0


def compare_pipelines(say: Say) -> None:
    """Each pipeline over writers held out in turn, and the thresholds of the one that serves."""
    texts = trained()
    vectors = np.stack([minilm().vector(text.text) for text in texts])
    wanted = [coarse(text.intents[0]) for text in texts]
    say(f"\n== Pipelines, each writer read by a model that never saw them ({len(texts)} texts)")
    for name, pipeline in PIPELINES.items():
        best, sure = held_out(pipeline, texts, vectors)
        say(f"  {name:44} macro-F1 {f1_score(wanted, best, average='macro'):.3f}")
    say("\n== Fallback thresholds for the last of them")
    show_curve(say, wanted, best, sure)


def held_out(pipeline: Pipeline, texts: list[Text], vectors: Array) -> tuple[list[str], Array]:
    """What a pipeline makes of each text, and how sure it is, trained on other writers only."""
    written, intents = np.array([text.text for text in texts]), np.array([text.intents[0] for text in texts])
    best, sure = np.empty(len(texts), dtype=object), np.zeros(len(texts))
    groups = [text.author for text in texts]
    for known, tried in GroupKFold(FOLDS).split(written, intents, groups):
        train = (written[known].tolist(), intents[known].tolist(), vectors[known])
        names, scores = pipeline(*train, written[tried].tolist(), vectors[tried])
        best[tried] = [coarse(names[number]) for number in scores.argmax(axis=1)]
        sure[tried] = scores.max(axis=1)
    return best.tolist(), sure


def embeddings_and_logistic_regression(
    texts: list[str], intents: list[str], vectors: Array, tried: list[str], tried_vectors: Array
) -> Scores:
    """What served before: MiniLM and Rasa's LogisticRegressionClassifier, with its settings."""
    model = LogisticRegression(max_iter=1000, class_weight="balanced", random_state=42).fit(vectors * 4, intents)
    return model.classes_.tolist(), model.predict_proba(tried_vectors * 4)


def word_pieces_and_svm(
    texts: list[str], intents: list[str], vectors: Array, tried: list[str], tried_vectors: Array
) -> Scores:
    """Characters and words alone."""
    pieces = WordPieces.fitted(texts)
    model = LinearSVC(C=0.5, class_weight="balanced", random_state=0).fit(pieces.rows(texts), intents)
    return model.classes_.tolist(), model.decision_function(pieces.rows(tried))


def embeddings_word_pieces_and_svm(
    texts: list[str], intents: list[str], vectors: Array, tried: list[str], tried_vectors: Array
) -> Scores:
    """Both kinds of features, one line per intent."""
    pieces = WordPieces.fitted(texts)
    rows = hstack([csr_matrix(vectors), pieces.rows(texts)]).tocsr()
    model = LinearSVC(C=0.3, class_weight="balanced", random_state=0).fit(rows, intents)
    return model.classes_.tolist(), model.decision_function(
        hstack([csr_matrix(tried_vectors), pieces.rows(tried)]).tocsr()
    )


def served(texts: list[str], intents: list[str], vectors: Array, tried: list[str], tried_vectors: Array) -> Scores:
    """The same, and how near a text is to those known."""
    model = IntentModel.trained(texts, intents, vectors)
    return model.intents, np.stack([model.confidences(*pair) for pair in zip(tried, tried_vectors, strict=True)])


PIPELINES: dict[str, Pipeline] = {
    "MiniLM, logistic regression (as before)": embeddings_and_logistic_regression,
    "word pieces, linear SVM": word_pieces_and_svm,
    "MiniLM and word pieces, linear SVM": embeddings_word_pieces_and_svm,
    "the same, and nearness to known texts (serves)": served,
}


def show_curve(say: Say, wanted: list[str], best: list[str], sure: Array) -> None:
    """What each threshold would do."""
    say("  threshold   ours, right   ours, wrong action   not ours, caught   macro-F1")
    for threshold in THRESHOLDS:
        taken = [name if confidence >= threshold else NOT_OURS for name, confidence in zip(best, sure, strict=True)]
        say(f"  {threshold:9.2f}   {'   '.join(f'{share:.3f}' for share in shares(wanted, taken))}")


def shares(wanted: list[str], taken: list[str]) -> tuple[float, float, float, float]:
    """Ours and right, ours and given a wrong action, not ours and caught, macro-F1."""
    ours = [(want, got) for want, got in zip(wanted, taken, strict=True) if want != NOT_OURS]
    others = [got for want, got in zip(wanted, taken, strict=True) if want == NOT_OURS]
    right = sum(want == got for want, got in ours) / len(ours)
    wrong = sum(got not in (want, NOT_OURS) for want, got in ours) / len(ours)
    return right, wrong, others.count(NOT_OURS) / len(others), f1_score(wanted, taken, average="macro")


def try_served_model(say: Say, folder: Path) -> None:
    """The trained model on the test part."""
    reader = Reader()
    texts = unseen()
    found = [reader.intents(text.text) for text in texts]
    wanted, best = [text.intents[0] for text in texts], [intents[0] for intents in found]
    names = sorted(set(wanted) | set(best))
    say(f"\n== Test part: other writers, no shared phrasing ({len(texts)} texts), by the model that serves")
    show_intents(say, wanted, best, names)
    right, wrong, caught, macro_f1 = shares(wanted, best)
    say(f"  macro-F1 {macro_f1:.3f}; ours: right {right:.3f}, wrong action {wrong:.3f}; not ours, caught {caught:.3f}")
    extra = sum(len(intents) > 1 for intents in found)
    say(f"  texts with one wish that were given more than one: {extra / len(found):.3f}")
    show_confusions(say, wanted, best)
    show_several(say, [(text, reader.intents(text.text)) for text in unseen_several()])
    show_answers(say, [(text, reader.intents(text.text, text.asked)) for text in unseen_answers()])
    misses = [pair for pair in zip(texts, found, strict=True) if pair[1][0] != pair[0].intents[0]]
    say("\n  some misses (all are in misses.txt):")
    for line in listed(misses[:: max(1, len(misses) // 20)]):
        say(line)
    (folder / "misses.txt").write_text("\n".join(listed(misses)) + "\n", encoding="utf-8")
    matrix = confusion_matrix(wanted, best, labels=names)
    (folder / "confusion.svg").write_text(picture(matrix.tolist(), names), encoding="utf-8")


def show_intents(say: Say, wanted: list[str], best: list[str], names: list[str]) -> None:
    """Precision, recall and F1 of each intent."""
    say(f"  {'intent':20} precision   recall       F1   texts")
    columns = precision_recall_fscore_support(wanted, best, labels=names, zero_division=0)
    for name, precision, recall, f1, count in zip(names, *columns, strict=True):
        say(f"  {name:20} {precision:9.3f} {recall:8.3f} {f1:8.3f} {count:7}")


def show_confusions(say: Say, wanted: list[str], best: list[str]) -> None:
    """The pairs that are mixed up most."""
    pairs = Counter((want, got) for want, got in zip(wanted, best, strict=True) if want != got)
    say("  wanted               taken for            times")
    for (want, got), times in pairs.most_common(12):
        say(f"  {want:20} {got:20} {times}")


def show_several(say: Say, pairs: list[tuple[Text, list[str]]]) -> None:
    """How texts with several wishes are read."""
    added = [intent in text.intents for text, intents in pairs for intent in intents[1:]]
    every = [intent in intents for text, intents in pairs for intent in text.intents]
    first = sum(intents[0] in text.intents for text, intents in pairs)
    say(f"\n  several wishes ({len(pairs)} texts): the first is one of them {first / len(pairs):.3f},")
    say(f"  found of all {sum(every) / len(every):.3f}, right of those beyond the first {sum(added) / len(added):.3f}")


def show_answers(say: Say, pairs: list[tuple[Text, list[str]]]) -> None:
    """How answers to questions are read; the danger in them is the screen's to hear."""
    right = sum(intents[0] == text.intents[0] for text, intents in pairs)
    say(f"  answers to questions ({len(pairs)} texts): read as meant {right / len(pairs):.3f}")


def listed(misses: Iterable[tuple[Text, list[str]]]) -> list[str]:
    """A line for each text that was taken for something else."""
    return [f"    {text.intents[0]:20} {intents[0]:20} {text.text}" for text, intents in misses]


CELL, LEFT, TOP = 34, 170, 150


def picture(matrix: list[list[int]], names: list[str]) -> str:
    """The confusion matrix as SVG: a row for what was wanted, a column for what it was taken for."""
    size = len(names) * CELL
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + size + 20}" height="{TOP + size + 20}"']
    parts += ['font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>']
    for number, name in enumerate(names):
        at = number * CELL + CELL // 2
        parts.append(f'<text x="{LEFT - 8}" y="{TOP + at + 4}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<text transform="translate({LEFT + at + 4} {TOP - 8}) rotate(-60)">{escape(name)}</text>')
    for y, row in enumerate(matrix):
        parts += [_cell(x, y, count, count / max(1, sum(row))) for x, count in enumerate(row)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _cell(x: int, y: int, count: int, share: float) -> str:
    left, top = LEFT + x * CELL, TOP + y * CELL
    colour = (
        f"rgb({255 - round(200 * share)},{255 - round(150 * share)},255)"
        if x == y
        else f"rgb(255,{255 - round(230 * share**0.5)},{255 - round(230 * share**0.5)})"
    )
    square = f'<rect x="{left}" y="{top}" width="{CELL}" height="{CELL}" fill="{colour}" stroke="#ddd"/>'
    middle = f'x="{left + CELL // 2}" y="{top + CELL // 2 + 4}" text-anchor="middle"'
    return square + (f"<text {middle}>{count}</text>" if count else "")


if __name__ == "__main__":
    sys.exit(main())
