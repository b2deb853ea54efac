"""Labelled messages and answers of which only the labels matter, drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from classifier.taxonomy import TASKS, Task, TaskKind
from classifier.types import Classification
from training.corpus import Example

Drawn = tuple[list[Example], list[Classification]]


def _gold(task: Task, chance: np.random.Generator) -> Any:
    if task.kind is TaskKind.FLAG:
        return bool(chance.random() < 0.7)
    if task.kind is TaskKind.MULTI:
        return list(chance.permutation(task.label_ids)[: chance.integers(1, task.width + 1)])
    return str(chance.choice(task.label_ids))


def _found(task: Task, gold: Any, chance: np.random.Generator) -> Any:
    """Answer right most of the time, with probabilities of two digits so that some are equal."""
    if task.kind is TaskKind.FLAG:
        p = round(float(chance.beta(4, 2) if gold else chance.beta(2, 4)), 2)
        return {"label": p >= 0.5, "probability": p}
    held = gold if task.kind is TaskKind.MULTI else [gold]
    row = {
        label: round(float(chance.beta(3, 2) if label in held else chance.beta(2, 4)), 2) for label in task.label_ids
    }
    order = sorted(row, key=lambda label: -row[label])
    if task.kind is TaskKind.MULTI:
        return {
            "primary": order[0],
            "labels": [label for label in order if row[label] >= 0.5] or order[:1],
            "probabilities": row,
        }
    return {"label": order[0], "probabilities": row} | ({"score": 1.0} if task.kind is TaskKind.ORDINAL else {})


def _classification(labels: dict[str, Any], chance: np.random.Generator) -> Classification:
    answers = {task.id: _found(task, labels[task.id], chance) if task.id in labels else None for task in TASKS}
    if not answers["complaint"]["label"]:
        answers |= {task.id: None for task in TASKS if task.complaints_only and task.id != "complaint"}
    rest = {
        "id": "0",
        "language": "es",
        "language_probability": 1.0,
        "evidence": [],
        "facts": [],
        "review": {"needed": False, "reasons": []},
        "model": {"name": "m", "version": "1", "taxonomy": "1"},
    }
    return Classification.from_dict(rest | answers)


@pytest.fixture(scope="session")
def drawn() -> Callable[..., Drawn]:
    """Return a function that draws messages and answers; families have one to three members."""

    def draw(count: int, seed: int = 1, **named: str) -> Drawn:
        chance = np.random.default_rng(seed)
        examples, found = [], []
        for i in range(count):
            labels = {"complaint": bool(chance.random() < 0.8)}
            if labels["complaint"]:
                labels |= {task.id: _gold(task, chance) for task in TASKS if task.id != "complaint"}
            text = "palabra " * int(chance.integers(1, 60))
            values = {"source": "drawn", "variety": "", "channel": ""} | named
            language = "es" if chance.random() < 0.6 else "pt"
            family = str(int(chance.integers(0, count)))
            examples.append(Example(str(i), text, language, family=family, labels=labels, **values))
            found.append(_classification(labels, chance))
        return examples, found

    return draw
