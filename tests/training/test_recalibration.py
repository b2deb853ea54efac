import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score
from typer.testing import CliRunner, Result

from classifier import ComplaintClassifier
from classifier.artifact import FILES, Artifact, write_checksums
from classifier.calibration import Calibration, columns
from classifier.cascade import Gate, small_network
from classifier.cli import app
from classifier.errors import InputError
from classifier.taxonomy import COMPLAINT, JUSTICE, QUALITY, SEVERITY, TASKS, Task, TaskKind
from tests.conftest import CORPORA
from training.calibration import confusion, fit_calibration, macro_f1, quadratic_kappa
from training.config import DecisionSection
from training.corpus import Example, read_messages
from training.evaluation import calibration_error
from training.inbox_model import write_model
from training.recalibration import Change, Corrections, Recalibration, read_corrections, recalibrate, refit

WIDTH = sum(task.width for task in TASKS)
SECTION = DecisionSection()
SEEDS = st.integers(0, 2**32 - 1)
# Shares of the labels where the model was made, and in an inbox that differs.
SHARES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "complaint": ((0.6,), (0.95,)),
    "severity": ((0.25, 0.35, 0.3, 0.1), (0.05, 0.15, 0.4, 0.4)),
    "justice": ((0.7, 0.5, 0.3), (0.35, 0.85, 0.7)),
    "quality": ((0.5, 0.2, 0.15, 0.1, 0.05), (0.1, 0.1, 0.2, 0.2, 0.4)),
}
SHIFTED = (COMPLAINT, SEVERITY, JUSTICE, QUALITY)


def drawn(task: Task, shares: tuple[float, ...], size: int, seed: int) -> tuple[np.ndarray, list[Example]]:
    """Draw messages with these shares of the labels, read by a network that was trained on the first ones."""
    chance, base = np.random.default_rng(seed), np.array(SHARES[task.id][0])
    values: list[Any]
    if task.kind in (TaskKind.FLAG, TaskKind.MULTI):
        has = chance.random((size, task.width)) < np.array(shares)
        has[~has.any(axis=1), 0] |= task.kind is TaskKind.MULTI
        logits = np.where(has, 1.6, -1.6) + chance.normal(0, 1.8, has.shape) + np.log(base / (1 - base))
        rows = [[label for label, h in zip(task.label_ids, row, strict=False) if h] for row in has]
        values = rows if task.kind is TaskKind.MULTI else [bool(row[0]) for row in has]
    else:
        level = chance.choice(task.width, size, p=shares)
        logits = 1.8 * np.eye(task.width)[level] + chance.normal(0, 1.35, (size, task.width)) + np.log(base)
        values = [task.label_ids[v] for v in level]
    wide = np.zeros((size, WIDTH), dtype=np.float32)
    wide[:, columns()[task.id]] = logits
    labels = [{"complaint": True, task.id: value} for value in values]
    return wide, [Example(str(i), "x", "es", "s", str(i), item) for i, item in enumerate(labels)]


@cache
def made(task: Task) -> Calibration:
    return fit_calibration(*drawn(task, SHARES[task.id][0], 1500, 1), SECTION)


def refitted(task: Task, size: int, seed: int = 2) -> Recalibration:
    return recalibrate(made(task), *drawn(task, SHARES[task.id][1], size, seed), SECTION)


def measured(task: Task, calibration: Calibration, logits: np.ndarray, examples: list[Example]) -> tuple[float, float]:
    """Return macro-F1 and calibration error on messages that nothing was fitted on, by scikit-learn."""
    item, values = calibration[task.id], [e.labels[task.id] for e in examples]
    rows = item.probabilities(task, logits[:, columns()[task.id]])
    decisions: list[Any] = [item.decide(task, row) for row in rows]
    if task.kind is TaskKind.MULTI:
        gold = [[label in v for label in task.label_ids] for v in values]
        found = [[label in d.labels for label in task.label_ids] for d in decisions]
        error = calibration_error(list(rows.ravel()), list(np.ravel(gold)))
        return float(f1_score(gold, found, average="macro")), error
    quality = float(f1_score([str(v) for v in values], [str(d.label) for d in decisions], average="macro"))
    if task.kind is TaskKind.FLAG:
        return quality, calibration_error(list(rows[:, 0]), values)
    best = rows.argmax(axis=1)
    right = [task.label_ids[b] == v for b, v in zip(best, values, strict=True)]
    return quality, calibration_error(list(rows.max(axis=1)), right)


@pytest.mark.parametrize("task", SHIFTED, ids=lambda task: task.id)
def test_other_shares_of_the_labels_are_made_up_for(task: Task) -> None:
    new = drawn(task, SHARES[task.id][1], 3000, 3)
    result = refitted(task, 300)
    (verdict,) = [v for v in result.verdicts if v.task is task]
    assert verdict.change in (Change.PROBABILITIES, Change.BOTH)
    (quality, error), (old_quality, old_error) = (
        measured(task, result.calibration, *new),
        measured(task, made(task), *new),
    )
    assert quality > old_quality + 0.01
    assert error < old_error - 0.02
    assert error < 0.05
    # The figures in the table are what new messages bear out.
    assert verdict.after.calibration_error == pytest.approx(error, abs=0.06)
    assert verdict.after.log_loss < verdict.before.log_loss


@pytest.mark.parametrize("task", SHIFTED, ids=lambda task: task.id)
def test_five_corrections_change_nothing_and_would_change_little(task: Task) -> None:
    before, (logits, examples) = made(task), drawn(task, SHARES[task.id][1], 5, 2)
    result = recalibrate(before, logits, examples, SECTION)
    assert result.changed == ()
    assert result.calibration == before
    forced = refit(before[task.id], Corrections.of(task, logits[:, columns()[task.id]], examples), Change.BOTH, 1)
    rows = drawn(task, SHARES[task.id][1], 300, 3)[0][:, columns()[task.id]]
    moved = forced.probabilities(task, rows) - before[task.id].probabilities(task, rows)
    assert np.abs(moved).mean() < 0.08
    assert forced.thresholds == pytest.approx(before[task.id].thresholds, rel=0.1)


@given(SEEDS, st.sampled_from([COMPLAINT, JUSTICE, QUALITY]), st.sampled_from([25, 80, 200]))
@settings(max_examples=12, deadline=None)
def test_an_inbox_like_the_others_is_not_made_worse(seed: int, task: Task, size: int) -> None:
    before, shares = made(task), SHARES[task.id][0]
    result = recalibrate(before, *drawn(task, shares, size, seed), SECTION)
    new = drawn(task, shares, 3000, seed ^ 1)
    (quality, error), (old_quality, old_error) = measured(task, result.calibration, *new), measured(task, before, *new)
    assert quality > old_quality - 0.06
    assert error < old_error + 0.06
    for verdict in result.verdicts:
        assert verdict.after.log_loss <= verdict.before.log_loss
        assert verdict.after.quality >= verdict.before.quality


def test_the_more_corrections_the_closer_the_shares_are_to_the_inboxs_own() -> None:
    before, true = made(COMPLAINT)["complaint"], SHARES["complaint"][1][0]
    away = []
    for size in (20, 100, 1000):
        logits, examples = drawn(COMPLAINT, (true,), size, 4)
        corrections = Corrections.of(COMPLAINT, logits[:, :1], examples)
        away.append(abs(refit(before, corrections, Change.PROBABILITIES, 1).prior[0] - true))
    assert before.prior[0] == pytest.approx(0.6, abs=0.04)
    assert away == sorted(away, reverse=True)
    assert away[-1] < 0.03


def test_a_model_of_before_without_shares_is_refitted_all_the_same() -> None:
    old = Calibration({name: replace(item, prior=(), conformal=None) for name, item in made(QUALITY).tasks.items()})
    result = recalibrate(old, *drawn(QUALITY, SHARES["quality"][1], 300, 2), SECTION)
    assert "quality" in result.changed
    new = drawn(QUALITY, SHARES["quality"][1], 3000, 3)
    assert measured(QUALITY, result.calibration, *new)[1] < measured(QUALITY, old, *new)[1] - 0.05
    conformal = result.calibration["quality"].conformal
    assert conformal is not None
    assert conformal.main.count == 300
    assert result.calibration["motive"] == old["motive"]


def test_prediction_sets_of_the_inbox_cover_the_inbox() -> None:
    calibration = refitted(QUALITY, 200).calibration
    logits, examples = drawn(QUALITY, SHARES["quality"][1], 2000, 5)
    sets = calibration.prediction_sets(logits, 0.9)
    assert np.mean([e.labels["quality"] in s["quality"] for e, s in zip(examples, sets, strict=True)]) > 0.85


def test_the_review_point_follows_the_inboxs_precision() -> None:
    section = DecisionSection(review_precision={"complaint": 0.9})
    before = fit_calibration(*drawn(COMPLAINT, (0.6,), 1500, 1), section)
    after = recalibrate(before, *drawn(COMPLAINT, (0.97,), 300, 2), section).calibration
    assert after["complaint"].review_below < before["complaint"].review_below


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_quick_figures_equal_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    gold, found = np.array(pairs).T
    table = confusion(gold, found, 4)
    assert macro_f1(table) == pytest.approx(f1_score(gold, found, average="macro", zero_division=0.0))
    if len({*gold, *found}) > 1:
        expected = cohen_kappa_score(gold, found, weights="quadratic", labels=range(4))
        assert quadratic_kappa(table) == pytest.approx(expected)


def test_corrections_may_name_the_language_in_full_and_lack_an_id(tmp_path: Path) -> None:
    rows = [
        {"text": "No llegó.", "language": "es", "labels": {"complaint": True}},
        {"id": "b", "text": "Obrigada!", "lang": "pt", "language": "xx", "labels": {"complaint": False}},
    ]
    path = tmp_path / "corrections.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert [(e.id, e.language) for e in read_corrections(path)] == [("1", "es"), ("b", "pt")]
    path.write_text("\n" + json.dumps({"text": "No llegó.", "labels": {"complaint": True}}))
    with pytest.raises(InputError, match=r"corrections\.jsonl:2: lang"):
        read_corrections(path)


def calibrate(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["calibrate", *map(str, arguments)], prog_name="recupera")


def test_calibrate_writes_a_whole_model_and_says_what_it_is_worth(tiny_model: Path, tmp_path: Path) -> None:
    output = tmp_path / "inbox"
    result = calibrate(CORPORA / "validation.jsonl", "--model", tiny_model, "--output", output)
    assert result.exit_code == 0, result.output
    assert "→" in result.output
    base, artifact = Artifact.load(tiny_model), Artifact.load(output)
    assert (output / FILES.weights).read_bytes() == (tiny_model / FILES.weights).read_bytes()
    assert artifact.info.version.startswith("0.0.1+")
    assert artifact.calibration != base.calibration
    said = artifact.metrics()["recalibration"]
    assert said["messages"] == 200
    assert said["base"] == "0.0.1"
    assert "severity" in said["tasks"]
    assert artifact.metrics()["validation"] == base.metrics()["validation"]
    card = (output / FILES.card).read_text(encoding="utf-8")
    assert card.startswith((tiny_model / FILES.card).read_text(encoding="utf-8").rstrip("\n"))
    assert "Refitted for one inbox" in card
    assert ComplaintClassifier.from_pretrained(output).predict("No llegó.")[0].model.version == artifact.info.version
    assert [p.name for p in tmp_path.iterdir()] == ["inbox"]


def test_a_refitted_model_can_be_refitted_in_the_place_of_an_older_one(tiny_model: Path, tmp_path: Path) -> None:
    result, base = recalibrated(tiny_model), Artifact.load(tiny_model)
    once = write_model(base, result, tmp_path / "inbox")
    twice = write_model(once, result, tmp_path / "again")
    assert twice.info.version == once.info.version
    assert (twice.path / FILES.card).read_text(encoding="utf-8").count("Refitted for one inbox") == 1
    assert write_model(base, result, tmp_path / "inbox").calibration == result.calibration


def test_an_older_model_stays_if_the_new_one_can_not_be_written(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, output = Artifact.load(tiny_model), tmp_path / "inbox"
    result = recalibrated(tiny_model)
    before = write_model(base, result, output)

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.inbox_model.write_checksums", fails)
    with pytest.raises(KeyboardInterrupt):
        write_model(base, replace(result, calibration=Calibration.neutral()), output)
    assert Artifact.load(output) == before
    assert [p.name for p in tmp_path.iterdir()] == ["inbox"]


def recalibrated(model: Path) -> Recalibration:
    classifier, examples = ComplaintClassifier.from_pretrained(model), read_corrections(CORPORA / "validation.jsonl")
    examples = [replace(e, labels={"complaint": e.labels["complaint"]}) for e in examples]
    calibration = classifier.artifact.calibration
    return recalibrate(calibration, classifier.logits([e.text for e in examples]), examples, SECTION)


def test_too_few_corrections_are_refused_before_anything_is_written(tiny_model: Path, tmp_path: Path) -> None:
    lines = (CORPORA / "validation.jsonl").read_text(encoding="utf-8").splitlines()[:19]
    (tmp_path / "few.jsonl").write_text("\n".join(lines), encoding="utf-8")
    result = calibrate(tmp_path / "few.jsonl", "--model", tiny_model, "--output", tmp_path / "inbox")
    assert result.exit_code == 2
    assert "19 labelled messages" in result.stderr
    assert not (tmp_path / "inbox").exists()


def test_nothing_is_written_that_is_not_better(tiny_model: Path, tmp_path: Path) -> None:
    """Labels drawn by the model's own probabilities leave nothing to correct."""
    texts = [e.text for e in read_messages(CORPORA / "validation.jsonl")[:60]]
    found = ComplaintClassifier.from_pretrained(tiny_model).predict(texts, languages=["es"] * len(texts), facts=False)
    chance = np.random.default_rng(1)
    rows = [
        {"text": text, "language": "es", "labels": {"complaint": bool(drawn < (c.complaint.probability or 0.0))}}
        for text, c, drawn in zip(texts, found, chance.random(len(texts)), strict=True)
    ]
    (tmp_path / "coin.jsonl").write_text("\n".join(map(json.dumps, rows)))
    result = calibrate(tmp_path / "coin.jsonl", "--model", tiny_model, "--output", tmp_path / "inbox")
    assert result.exit_code == 2, result.output
    assert "nothing is written" in result.stderr
    assert not (tmp_path / "inbox").exists()


def test_the_model_itself_and_other_folders_are_not_written_over(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("dear")
    for output, reason in ((tiny_model, "is the model to refit"), (tmp_path / "letters", "is no model directory")):
        result = calibrate(CORPORA / "validation.jsonl", "--model", tiny_model, "--output", output)
        assert result.exit_code == 2
        assert reason in result.stderr
    assert (tmp_path / "letters" / "letter.txt").read_text() == "dear"


def test_a_refitted_model_has_no_small_network_that_decides_otherwise(tiny_model: Path, tmp_path: Path) -> None:
    both = tmp_path / "both"
    shutil.copytree(tiny_model, both)
    shutil.copytree(tiny_model, small_network(both))
    Gate(Artifact.load(both).info, {}, {}).save(small_network(both))
    write_checksums(small_network(both))
    result = calibrate(CORPORA / "validation.jsonl", "--model", both, "--output", tmp_path / "inbox")
    assert result.exit_code == 0, result.output
    assert ComplaintClassifier.from_pretrained(both).cascade is not None
    assert ComplaintClassifier.from_pretrained(tmp_path / "inbox").cascade is None
