"""How good the decisions are: the field's measures over classifications and gold labels.

A message that is a complaint in the gold but not in the prediction counts as wrong in every complaint-only task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import cohen_kappa_score, f1_score

from classifier.taxonomy import COMPLAINT, TASKS, Task, TaskKind
from classifier.types import Classification
from training.corpus import Labels

Scores = dict[str, float]
_BINS = 15


def score(gold: Sequence[Labels], found: Sequence[Classification]) -> Scores:
    """Return the figures of every task that the gold holds.

    ``complaint``: over all messages; the other tasks: over the gold's complaints that carry their label.
    """
    scores: Scores = {"messages": float(len(gold))}
    pairs = [(g, f.to_dict()) for g, f in zip(gold, found, strict=True)]
    for task in TASKS:
        asked = [(g, f) for g, f in pairs if task.id in g and (g["complaint"] or task is COMPLAINT)]
        relevant = [(g[task.id], f[task.id]) for g, f in asked]
        if relevant:
            scores |= {f"{task.id} {name}": round(value, 4) for name, value in _task_scores(task, relevant).items()}
    return scores


def _task_scores(task: Task, pairs: Sequence[tuple[Any, Any]]) -> Scores:
    """Return the figures of one task from pairs of gold label and found decision (or ``None``)."""
    if task.kind is TaskKind.MULTI:
        return _multi_scores(task, pairs)
    gold = [str(g) for g, _ in pairs]
    found = [str((f or {}).get("label")) for _, f in pairs]
    names = sorted(set(gold)) if task.kind is not TaskKind.ORDINAL else [n for n in task.label_ids if n in set(gold)]
    scores = {"macro-F1": float(f1_score(gold, found, labels=names, average="macro", zero_division=0.0))}
    if task.kind is TaskKind.ORDINAL:
        scores["kappa"] = _kappa(task, gold, found)
    return scores | {"ece": calibration_error(*_confidences(task, pairs))}


def _kappa(task: Task, gold: Sequence[str], found: Sequence[str]) -> float:
    """Return the quadratic weighted kappa; what was not decided counts as the lowest level."""
    level = {name: i for i, name in enumerate(task.label_ids)}
    g, f = [level[name] for name in gold], [level.get(name, 0) for name in found]
    if len({*g, *f}) == 1:
        return 1.0  # everything agrees on the only level there is: kappa itself is 0 / 0
    return float(cohen_kappa_score(g, f, weights="quadratic", labels=range(task.width)))


def _multi_scores(task: Task, pairs: Sequence[tuple[Any, Any]]) -> Scores:
    """Return macro-F1 over sets, accuracy of the main label and calibration error."""
    sets = [(set(g), set((f or {}).get("labels") or ())) for g, f in pairs]
    present = [label for label in task.label_ids if any(label in g for g, _ in sets)]
    each = [f1_score([n in g for g, _ in sets], [n in f for _, f in sets], zero_division=0.0) for n in present]
    main = np.mean([g[0] == (f or {}).get("primary") for g, f in pairs])
    return {
        "macro-F1": float(np.mean(each)),
        "main accuracy": float(main),
        "ece": calibration_error(*_confidences(task, pairs)),
    }


def _confidences(task: Task, pairs: Sequence[tuple[Any, Any]]) -> tuple[list[float], list[bool]]:
    """Return probabilities and whether each came true: of yes, of each label, or of the likeliest label."""
    decided = [(g, f) for g, f in pairs if f]
    if task.kind is TaskKind.FLAG:
        return [f["probability"] for g, f in decided], [bool(g) for g, f in decided]
    if task.kind is TaskKind.MULTI:
        cells = [(p, label in g) for g, f in decided for label, p in f["probabilities"].items()]
        return [p for p, _ in cells], [hit for _, hit in cells]
    best = [max(f["probabilities"], key=f["probabilities"].get) for _, f in decided]
    return (
        [f["probabilities"][b] for (_, f), b in zip(decided, best, strict=True)],
        [g == b for (g, _), b in zip(decided, best, strict=True)],
    )


def calibration_error(probabilities: Sequence[float], hits: Sequence[bool]) -> float:
    """Return the expected calibration error over 15 bins of equal width (Naeini, Cooper & Hauskrecht, 2015)."""
    if not probabilities:
        return 0.0
    p, hit = np.asarray(probabilities), np.asarray(hits, dtype=float)
    bins = np.minimum((p * _BINS).astype(int), _BINS - 1)
    gaps = [abs((p[bins == b] - hit[bins == b]).sum()) for b in np.unique(bins)]
    return float(sum(gaps) / len(p))
