"""The classifier is there, is the one that training gives, and the screen goes on without it and says so."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from api.concerns import classifier, screen, training
from api.concerns.classifier import LONGEST_PART_WORDS, WeightsError, load_classifier, parts_of
from api.concerns.encoder import Encoder
from api.concerns.examples import read_examples
from api.concerns.models import Risk
from api.concerns.spelling import load_speller
from api.concerns.tuning import Published, Tuned
from tests.api.client import api_client
from tests.conftest import TestDatabase

SOME = [example for example in read_examples() if not example.context][::40]
BURIED = (
    "so today was alright i went to town with ellie and we had a drink and looked round the shops for a bit and she "
    "got some new shoes and then we had chips on the wall by the river and it was sunny for once and {} and then we "
    "got the bus back and it was packed and some kid was kicking my seat the whole way and i got in and fed the cat "
    "and put a wash on and now im just sat here watching telly and wondering what to have for tea tonight"
)


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    with np.load(classifier.WEIGHTS_FILE) as content:
        return dict(content)


def test_weights_when_messages_or_lists_changed_then_they_were_trained_again(weights: dict[str, np.ndarray]) -> None:
    assert str(weights["version"]) == training.digest_of_data()


def test_weights_when_the_two_readers_are_weighed_again_then_they_are_the_same(weights: dict[str, np.ndarray]) -> None:
    examples = [example for example in read_examples() if not example.context]
    again = training.weighed_together(examples, weights["held_out"].astype(float))
    assert np.allclose(again, weights["together"], atol=0.02)


def test_spelling_when_learned_again_then_it_reads_the_same(weights: dict[str, np.ndarray]) -> None:
    examples = [example for example in read_examples() if not example.context]
    speller = load_speller()
    models = training.learn_spelling(examples, [speller.first_reading(example.text) for example in examples])
    again = np.column_stack([model.coef_[0] for model in models])
    assert np.abs(again - weights["spelling"].astype(float)).max() < 0.05


def test_meaning_when_learned_twice_from_the_same_then_it_is_the_same_to_the_last_digit() -> None:
    published, tokenizer = Published(), Encoder.tokenizer()
    ids = [tokenizer.encode(example.text).ids for example in SOME[:8]]
    wanted = np.eye(2, dtype=np.float32)[[int(example.risk >= Risk.HIGH) for example in SOME[:8]]]
    made = []
    for _ in range(2):
        tuned = Tuned(published, 2, seed=0)
        below = tuned.below(ids)
        losses = list(tuned.learn([below], wanted, rounds=4, rate=5e-2, seed=0))
        assert losses[-1] < losses[0]
        made.append(tuned.vectors(below))
    assert (made[0] == made[1]).all()


def test_training_when_its_slopes_are_measured_then_they_are_those_it_reckons() -> None:
    published, tokenizer = Published(), Encoder.tokenizer()
    tuned = Tuned(published, 2, seed=0)
    below = tuned.below([tokenizer.encode(text).ids for text in ("i want to die", "whens my appointment")])
    rng = np.random.default_rng(5)
    tuned.weights[:] = rng.standard_normal(tuned.weights.shape) * 0.1
    for layer in tuned.corrections.values():
        for _, right in layer.values():
            right[:] = rng.standard_normal(right.shape) * 0.01
    wanted = np.eye(2, dtype=np.float32)
    steepest = sorted(tuned.slopes(below, wanted)[1], key=lambda pair: -float(np.abs(pair[1]).max()))
    for array, slope in [*steepest[:4], *steepest[8:40:8]]:
        place = np.unravel_index(np.abs(slope).argmax(), slope.shape)
        kept, step = array[place], 1e-2
        array[place] = kept + step
        above = tuned.slopes(below, wanted)[0]
        array[place] = kept - step
        measured = (above - tuned.slopes(below, wanted)[0]) / (2 * step)
        array[place] = kept
        assert measured == pytest.approx(float(slope[place]), rel=0.05, abs=2e-3)


def test_encoder_when_served_then_its_vectors_are_those_of_training(weights: dict[str, np.ndarray]) -> None:
    published = Published()
    tuned = Tuned(published, len(weights["classes"]), seed=0)
    for number, correction in enumerate(c for layer in tuned.corrections.values() for c in layer.values()):
        correction[0][:], correction[1][:] = weights[f"left{number}"], weights[f"right{number}"]
    texts = [example.text for example in SOME[:20]]
    tokenizer = Encoder.tokenizer()
    trained = tuned.vectors(tuned.below([tokenizer.encode(text).ids for text in texts]))
    served = Encoder(weights).vectors(texts)
    assert (trained * served).sum(axis=1).min() > 0.99


def test_encoder_when_read_beside_a_longer_text_then_a_vector_stays_the_same(weights: dict[str, np.ndarray]) -> None:
    encoder = Encoder(weights)
    alone, beside = encoder.vectors(["not safe"])[0], encoder.vectors(["not safe", BURIED])[0]
    assert float(alone @ beside) > 0.9999


def test_classifier_when_a_text_is_long_then_a_sentence_in_it_is_heard() -> None:
    danger = "i have taken loads of my tablets and i feel really weird"
    innocent = load_classifier().score(BURIED.format("we fed the ducks"))
    assert load_classifier().score(BURIED.format(danger)).alarm > max(0.5, innocent.alarm)


def test_parts_when_a_text_is_long_then_no_word_is_left_out() -> None:
    words = [f"w{number}" for number in range(171)]
    parts = parts_of(" ".join(words))
    assert {word for part in parts for word in part.split()} == set(words)
    assert max(len(part.split()) for part in parts) == LONGEST_PART_WORDS


def test_classifier_when_asked_again_then_it_says_the_same() -> None:
    again = [load_classifier().score(example.text) for example in SOME[:10]]
    assert again == [load_classifier().score(example.text) for example in SOME[:10]]


@pytest.mark.parametrize("fault", ["missing", "damaged"])
def test_screen_when_its_weights_are_missing_or_damaged_then_its_rules_go_on_and_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "weights.npz"
    if fault == "damaged":
        shutil.copy(classifier.WEIGHTS_FILE, copy)
        copy.write_bytes(copy.read_bytes()[:-7] + b"\0" * 7)
    monkeypatch.setattr(classifier, "WEIGHTS_FILE", copy)
    monkeypatch.setattr(screen, "load_classifier", load_classifier.__wrapped__)
    assert not screen.is_whole.__wrapped__()
    degraded = screen.load_screen.__wrapped__()
    verdict = degraded.read("i want to kill myself")
    assert (verdict.risk, verdict.score) == (Risk.IMMEDIATE, None)
    assert "no classifier" in verdict.version
    assert degraded.read("my mum is going to kill me").is_alarm, "no rule is overruled where there is no classifier"
    assert "screen_without_classifier" in capsys.readouterr().out


def test_weights_when_damaged_then_they_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "weights.npz"
    copy.write_bytes(b"PK")
    monkeypatch.setattr(classifier, "WEIGHTS_FILE", copy)
    with pytest.raises(WeightsError):
        classifier.checked_files()


def test_screen_when_whole_then_each_verdict_names_rules_questions_and_weights(weights: dict[str, np.ndarray]) -> None:
    assert screen.is_whole.__wrapped__()
    version = screen.load_screen().read("hi").version
    assert str(weights["version"]) in version
    assert version.startswith("rules 20")


@pytest.mark.parametrize(("whole", "said"), [(True, "ok"), (False, "degraded")])
async def test_health_when_the_screen_has_lost_its_classifier_then_it_says_so_and_texts_are_still_accepted(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, whole: bool, said: str
) -> None:
    monkeypatch.setattr("api.app.is_whole", lambda: whole)
    async with api_client(database) as api:
        answer = await api.http.get("/health/ready")
    assert (answer.status_code, answer.json()["screen"]) == (200, said)
