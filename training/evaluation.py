"""How good the decisions are: the field's measures over classifications and gold labels.

A message that is a complaint in the gold but not in the prediction counts as wrong in every complaint-only task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from sklearn.metrics import cohen_kappa_score, f1_score

from classifier.inference import ComplaintClassifier
from classifier.taxonomy import COMPLAINT, JUSTICE, LANGUAGES, MOTIVE, SEVERITY, TASKS, Task, TaskKind
from classifier.types import Classification
from training.corpus import Example, Labels

Scores = dict[str, float]
Answer = Mapping[str, Any] | None
"""A task's decision as in the JSON, or ``None`` where nothing was decided."""

BINS: Final = 15
"""Bins of equal width over [0, 1] in which calibration is looked at."""


def classified(classifier: ComplaintClassifier, examples: Sequence[Example]) -> list[Classification]:
    """Return a model's answers to labelled messages, whose languages are known."""
    return classifier.predict([e.text for e in examples], languages=[e.language for e in examples], facts=False)


def score(gold: Sequence[Labels], found: Sequence[Classification]) -> Scores:
    """Return the figures of every task that the gold holds.

    ``complaint``: over all messages; the other tasks: over the gold's complaints that carry their label.
    """
    scores: Scores = {"messages": float(len(gold))}
    pairs = list(zip(gold, found, strict=True))
    for task in TASKS:
        relevant = [(g[task.id], answer(task, f)) for g, f in pairs if asked(task, g)]
        if relevant:
            scores |= {f"{task.id} {name}": round(value, 4) for name, value in _task_scores(task, relevant).items()}
    return scores


def score_by_language(examples: Sequence[Example], found: Sequence[Classification]) -> dict[str, Scores]:
    """Return the scores of all messages (``all``) and of those in each language that there is."""
    groups = {"all": list(range(len(examples)))}
    groups |= {name: [i for i, e in enumerate(examples) if e.language == name] for name in LANGUAGES}
    return {
        name: score([examples[i].labels for i in rows], [found[i] for i in rows])
        for name, rows in groups.items()
        if rows
    }


def asked(task: Task, labels: Labels) -> bool:
    """Tell whether a message with these gold labels counts in the figures of ``task``."""
    return task.id in labels and (bool(labels["complaint"]) or task is COMPLAINT)


def answer(task: Task, found: Classification) -> Answer:
    """Return what was decided for ``task``."""
    decision = getattr(found, task.id)
    return None if decision is None or getattr(decision, "label", "") is None else asdict(decision)


def covered(examples: Sequence[Example], found: Sequence[Classification]) -> Scores:
    """Return for complaint, motive, severity and justice how much can be decided without a person at 95 % precision."""
    shares = {}
    for task in (COMPLAINT, MOTIVE, SEVERITY, JUSTICE):
        pairs = [
            (e.labels[task.id], answer(task, f)) for e, f in zip(examples, found, strict=True) if asked(task, e.labels)
        ]
        cells = [main_confidence(task, g, f) for g, f in pairs if f]
        if pairs:
            share, _ = coverage_at_precision([p for p, _ in cells], [hit for _, hit in cells], messages=len(pairs))
            shares[task.id] = round(share, 4)
    return shares


def _task_scores(task: Task, pairs: Sequence[tuple[Any, Answer]]) -> Scores:
    """Return the figures of one task from pairs of gold label and answer."""
    if task.kind is TaskKind.MULTI:
        return _multi_scores(task, pairs)
    gold = [str(g) for g, _ in pairs]
    found = [str((f or {}).get("label")) for _, f in pairs]
    names = sorted(set(gold)) if task.kind is not TaskKind.ORDINAL else [n for n in task.label_ids if n in set(gold)]
    scores = {"macro-F1": float(f1_score(gold, found, labels=names, average="macro", zero_division=0.0))}
    if task.kind is TaskKind.ORDINAL:
        scores["kappa"] = _kappa(task, gold, found)
    return scores | {"ece": calibration_error(*_all_confidences(task, pairs))}


def _kappa(task: Task, gold: Sequence[str], found: Sequence[str]) -> float:
    """Return the quadratic weighted kappa; what was not decided counts as the lowest level."""
    level = {name: i for i, name in enumerate(task.label_ids)}
    g, f = [level[name] for name in gold], [level.get(name, 0) for name in found]
    if len({*g, *f}) == 1:
        return 1.0  # everything agrees on the only level there is: kappa itself is 0 / 0
    return float(cohen_kappa_score(g, f, weights="quadratic", labels=range(task.width)))


def _multi_scores(task: Task, pairs: Sequence[tuple[Any, Answer]]) -> Scores:
    """Return macro-F1 over sets, accuracy of the main label and calibration error."""
    sets = [(set(g), set((f or {}).get("labels") or ())) for g, f in pairs]
    present = [label for label in task.label_ids if any(label in g for g, _ in sets)]
    each = [f1_score([n in g for g, _ in sets], [n in f for _, f in sets], zero_division=0.0) for n in present]
    main = np.mean([g[0] == (f or {}).get("primary") for g, f in pairs])
    return {
        "macro-F1": float(np.mean(each)),
        "main accuracy": float(main),
        "ece": calibration_error(*_all_confidences(task, pairs)),
    }


def _all_confidences(task: Task, pairs: Sequence[tuple[Any, Answer]]) -> tuple[list[float], list[bool]]:
    """Return the ``confidences`` of every message that was decided, one after another."""
    cells = [cell for g, f in pairs if f for cell in confidences(task, g, f)]
    return [p for p, _ in cells], [hit for _, hit in cells]


def confidences(task: Task, gold: Any, found: Mapping[str, Any]) -> list[tuple[float, bool]]:
    """Return the probabilities of one answer that calibration is judged by, and whether each came true.

    That of yes for a flag, that of each label where there may be several, else that of the likeliest label.
    """
    if task.kind is TaskKind.FLAG:
        return [(found["probability"], bool(gold))]
    probabilities = found["probabilities"]
    if task.kind is TaskKind.MULTI:
        return [(p, label in gold) for label, p in probabilities.items()]
    best = max(probabilities, key=probabilities.get)
    return [(probabilities[best], gold == best)]


def main_confidence(task: Task, gold: Any, found: Mapping[str, Any]) -> tuple[float, bool]:
    """Return the probability of the main label that was given, and whether it is the gold's main label."""
    if task.kind is TaskKind.FLAG:
        return (found["probability"] if found["label"] else 1.0 - found["probability"]), found["label"] == gold
    main, truth = (found["primary"], gold[0]) if task.kind is TaskKind.MULTI else (found["label"], gold)
    return found["probabilities"][main], main == truth


def calibration_error(probabilities: Sequence[float], hits: Sequence[bool]) -> float:
    """Return the expected calibration error over 15 bins of equal width (Naeini, Cooper & Hauskrecht, 2015)."""
    if not probabilities:
        return 0.0
    p, hit = np.asarray(probabilities), np.asarray(hits, dtype=float)
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    gaps = [abs((p[bins == b] - hit[bins == b]).sum()) for b in np.unique(bins)]
    return float(sum(gaps) / len(p))


def coverage_at_precision(
    probabilities: Sequence[float], hits: Sequence[bool], *, precision: float = 0.95, messages: int | None = None
) -> tuple[float, float]:
    """Return how much can be decided without a person at a precision, and from which probability on.

    The largest share of the messages whose answers, the most confident first, are right in at least ``precision`` of
    the cases; answers of equal probability go together. ``messages`` counts those without an answer too. Where no
    probability is enough the coverage is 0, and the probability 1.
    """
    p, hit = np.asarray(probabilities, dtype=float), np.asarray(hits, dtype=float)
    order = np.argsort(-p, kind="stable")
    last_of_equal = np.append(np.diff(p[order]) != 0, True)[: len(p)]
    right = hit[order].cumsum() / np.arange(1, len(p) + 1)
    enough = np.flatnonzero(last_of_equal & (right >= precision))
    if len(enough) == 0:
        return 0.0, 1.0
    return float((enough[-1] + 1) / (messages or len(p))), float(p[order[enough[-1]]])
