import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from classifier.calibration import columns
from classifier.taxonomy import TASKS
from training.config import LossSection
from training.corpus import Example
from training.losses import MultiTaskLoss, targets

WIDTH = sum(task.width for task in TASKS)
FULL = {
    "complaint": True,
    "motive": ["venting", "altruism"],
    "severity": "high",
    "justice": ["outcome"],
    "quality": "empathy",
    "touchpoint": "use",
    "tone": "angry",
    "guarantee": True,
    "conduct": "none",
}
PLAIN = LossSection(primary_weight=0, ordinal_weight=0, rare_power=0, label_smoothing=0)


def example(weight: float = 1.0, **labels: object) -> Example:
    return Example("1", "x", "es", "s", "f", labels, weight)


def test_targets_put_labels_in_their_columns() -> None:
    t = targets([example(**FULL), example(complaint=False, tone="calm")])
    assert t.hot["motive"].tolist() == [[0, 1, 0, 1], [0, 0, 0, 0]]
    assert t.main["motive"].tolist() == [1, -100]
    assert t.hot["complaint"].tolist() == [[1], [0]]
    assert t.main["tone"].tolist() == [2, 0]


def test_a_task_without_label_has_no_gradient() -> None:
    logits = torch.randn(1, WIDTH, requires_grad=True)
    batch = [example(complaint=False, tone="calm")]
    MultiTaskLoss(PLAIN, batch)(logits, batch).backward()
    gradient = logits.grad
    assert gradient is not None
    for task_id, where in columns().items():
        assert bool(gradient[0, where].abs().sum() > 0) == (task_id in ("complaint", "tone")), task_id


def test_plain_losses_are_those_of_torch() -> None:
    logits, batch = torch.randn(1, WIDTH), [example(complaint=True, quality="empathy")]
    where = columns()
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, where["complaint"]], torch.ones(1, 1))
    expected = expected + torch.nn.functional.cross_entropy(logits[:, where["quality"]], torch.tensor([3]))
    assert float(MultiTaskLoss(PLAIN, batch)(logits, batch)) == pytest.approx(float(expected), rel=1e-5)


def test_a_level_further_off_costs_more() -> None:
    loss_of = MultiTaskLoss(LossSection(rare_power=0), [example(**FULL)])
    batch = [example(complaint=True, severity="low")]

    def cost(level: int) -> float:
        logits = torch.zeros(1, WIDTH)
        logits[0, columns()["severity"].start + level] = 5.0
        return float(loss_of(logits, batch))

    assert cost(0) < cost(1) < cost(2) < cost(3)


def test_rare_labels_weigh_more_within_bounds() -> None:
    many = [example(complaint=True, quality="reliability")] * 99 + [example(complaint=True, quality="tangibles")]
    weights = MultiTaskLoss(LossSection(rare_power=1.0), many).class_weights["quality"]
    assert weights.max() <= 3
    assert weights.min() >= 1 / 3
    assert weights[4] > weights[0]


@given(st.floats(0.1, 5))
def test_the_weight_of_a_message_scales_its_loss(weight: float) -> None:
    logits = torch.linspace(-2, 2, WIDTH).reshape(1, -1)
    loss_of = MultiTaskLoss(LossSection(), [example(**FULL)])
    one, many = (float(loss_of(logits, [example(w, **FULL)])) for w in (1.0, weight))
    assert many == pytest.approx(weight * one, rel=1e-4)
