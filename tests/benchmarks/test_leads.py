from typing import Any

import numpy as np

from benchmarks.leads import compare
from benchmarks.quality import decide
from classifier.calibration import Calibration
from classifier.taxonomy import TASKS, TaskKind
from classifier.types import Classification
from training.corpus import Example

WIDTH = sum(task.width for task in TASKS)


def messages(count: int, seed: int) -> tuple[list[dict[str, Any]], list[Classification]]:
    """Return random labels, some tasks left out, and random decisions."""
    chance, gold = np.random.default_rng(seed), []
    for _ in range(count):
        labels: dict[str, Any] = {"complaint": bool(chance.random() < 0.8)}
        for task in TASKS[1:]:
            if chance.random() < 0.1 or (task.complaints_only and not labels["complaint"]):
                continue
            names = chance.permutation(task.label_ids).tolist()
            several = names[: int(chance.integers(1, 3))]
            labels[task.id] = {TaskKind.FLAG: bool(chance.random() < 0.3), TaskKind.MULTI: several}.get(
                task.kind, names[0]
            )
        gold.append(labels)
    examples = [Example(str(i), "x", "es", "s", "f", labels) for i, labels in enumerate(gold)]
    logits = chance.normal(0, 2, (count, WIDTH)).astype(np.float32)
    return gold, decide(logits, examples, Calibration.neutral(), "peer")


def test_nobody_is_ahead_of_themselves_and_the_best_peer_is_found() -> None:
    gold, found = messages(60, 1)
    other = messages(60, 2)[1]
    comparison = compare(gold, found, {"same": found, "other": other})
    for figure, lead in comparison.leads.items():
        scores = comparison.scores[figure]
        assert scores[lead.peer].value == max(scores["same"].value, scores["other"].value)
        if lead.peer == "same":
            assert (lead.difference.value, lead.difference.low, lead.difference.high) == (0.0, 0.0, 0.0)
    assert {lead.peer for lead in comparison.leads.values()} == {"same", "other"}


def test_without_peers_there_is_no_lead() -> None:
    gold, found = messages(20, 3)
    comparison = compare(gold, found, {})
    assert comparison.leads == {}
    assert all(list(scores) == ["recupera"] for scores in comparison.scores.values())
