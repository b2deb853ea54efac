import numpy as np
import pytest

from classifier.calibration import columns
from classifier.taxonomy import SEVERITY, TASKS
from training.calibration import fit_calibration
from training.config import DecisionSection
from training.corpus import Example
from training.evaluation import calibration_error

WIDTH = sum(task.width for task in TASKS)
N = 600


def flags(logit: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, list[Example]]:
    logits = np.zeros((N, WIDTH), dtype=np.float32)
    logits[:, 0] = logit
    return logits, [Example(str(i), "x", "es", "s", str(i), {"complaint": bool(t)}) for i, t in enumerate(truth)]


def test_overconfident_logits_become_honest_probabilities() -> None:
    chance = np.random.default_rng(0)
    true_logit = chance.normal(0, 1.5, N)
    truth = chance.random(N) < 1 / (1 + np.exp(-true_logit))
    logits, examples = flags(4 * true_logit + 3, truth)
    item = fit_calibration(logits, examples, DecisionSection())["complaint"]
    assert item.scale[0] == pytest.approx(0.25, rel=0.3)
    from classifier.taxonomy import COMPLAINT

    fitted = item.probabilities(COMPLAINT, logits[:, :1])[:, 0]
    assert calibration_error(list(fitted), list(truth)) < 0.06
    assert calibration_error(list(1 / (1 + np.exp(-logits[:, 0].astype(float)))), list(truth)) > 0.1


def test_the_review_point_reaches_its_precision() -> None:
    chance = np.random.default_rng(1)
    logit = chance.normal(0, 2, N)
    truth = chance.random(N) < 1 / (1 + np.exp(-logit))
    logits, examples = flags(logit, truth)
    item = fit_calibration(logits, examples, DecisionSection(review_precision={"complaint": 0.9}))["complaint"]
    p = 1 / (1 + np.exp(-(logit * item.scale[0] + item.shift[0])))
    found = p >= item.thresholds[0]
    sure = np.where(found, p, 1 - p) >= item.review_below
    assert 0.2 < sure.mean() < 1
    assert (found == truth)[sure].mean() >= 0.89


def test_cuts_follow_a_shifted_scale() -> None:
    chance = np.random.default_rng(2)
    level = chance.integers(0, 4, N)
    logits = np.zeros((N, WIDTH), dtype=np.float32)
    where = columns()["severity"]
    logits[:, where] = chance.normal(0, 0.7, (N, 4)) + 2.5 * np.eye(4)[level]
    examples = [
        Example(str(i), "x", "es", "s", str(i), {"complaint": True, "severity": SEVERITY.label_ids[v]})
        for i, v in enumerate(level)
    ]
    item = fit_calibration(logits, examples, DecisionSection())["severity"]
    assert list(item.thresholds) == sorted(item.thresholds)
    rows = item.probabilities(SEVERITY, logits[:, where])
    found = [SEVERITY.label_ids.index(item.decide(SEVERITY, row).label) for row in rows]  # type: ignore[union-attr,arg-type]
    assert np.mean(np.array(found) == level) > 0.75


def test_a_task_with_too_few_labels_stays_neutral() -> None:
    logits, examples = flags(np.zeros(N), np.arange(N) % 2 == 0)
    fitted = fit_calibration(logits, examples, DecisionSection())
    assert fitted["motive"].scale == (1.0,) * 4
