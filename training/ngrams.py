"""Fit the wide half: logistic regressions over hashed n-grams, and how much they count beside the encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from classifier.calibration import columns
from classifier.ngrams import BUCKETS, NgramModel, ngrams, weighted
from classifier.taxonomy import TASKS, Task, TaskKind
from training.calibration import held_out_loss
from training.config import NgramSection
from training.corpus import Example

Logits = npt.NDArray[np.float32]

_SHARES = tuple(round(0.1 * step, 1) for step in range(16))
_ABSENT = -6.0
"""Logit of a label that no training message has."""


def fit_ngrams(examples: Sequence[Example], section: NgramSection) -> NgramModel:
    """Fit one regression a task (one a label where there may be several) over the n-grams of ``examples``."""
    occurrences = [ngrams(e.text) for e in examples]
    rarity = _rarity([np.concatenate(parts) for parts in occurrences], section.min_documents)
    features = [weighted(parts, rarity) for parts in occurrences]
    starts = np.cumsum([0, *(len(f.buckets) for f in features)])
    matrix = sparse.csr_matrix(
        (np.concatenate([f.values for f in features]), np.concatenate([f.buckets for f in features]), starts),
        shape=(len(examples), BUCKETS),
    )
    used = np.flatnonzero(rarity)
    weights, bias = _regressions(matrix[:, used], examples, section)
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127
    small = np.zeros((BUCKETS, weights.shape[1]), dtype=np.int8)
    small[used] = np.round(weights / scale).astype(np.int8)
    return NgramModel(rarity, small, scale.astype(np.float32), bias.astype(np.float32))


def mixed(model: NgramModel, encoder: Logits, wide: Logits, examples: Sequence[Example]) -> NgramModel:
    """Return ``model`` with each task's part scaled so that the sum of both halves fits ``examples`` best.

    ``encoder`` and ``wide`` are (len(examples), width), of messages that neither half was trained on.
    """
    factor = np.zeros(len(model.scale), dtype=np.float32)
    for task in TASKS:
        place = columns()[task.id]
        known = [i for i, e in enumerate(examples) if task.id in e.labels]
        if known:
            deep, flat = encoder[known][:, place], wide[known][:, place]
            losses = [held_out_loss(task, deep + share * flat, [examples[i] for i in known]) for share in _SHARES]
            factor[place] = _SHARES[int(np.argmin(losses))]
    return NgramModel(model.rarity, model.weights, model.scale * factor, model.bias * factor)


def _rarity(documents: Sequence[npt.NDArray[np.int64]], least: int) -> npt.NDArray[np.float16]:
    """Return the smoothed inverse document frequency of each bucket, 0 under ``least`` documents."""
    count = np.zeros(BUCKETS)
    for buckets in documents:
        count[np.unique(buckets)] += 1
    rarity = np.log((1 + len(documents)) / (1 + count)) + 1
    return np.where(count >= least, rarity, 0.0).astype(np.float16)


def _regressions(
    features: sparse.csr_matrix, examples: Sequence[Example], section: NgramSection
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return weights (features, width) and bias (width,) of all tasks side by side."""
    width = sum(task.width for task in TASKS)
    weights, bias = np.zeros((features.shape[1], width)), np.full(width, _ABSENT)
    for task in TASKS:
        start = columns()[task.id].start
        rows = [i for i, e in enumerate(examples) if task.id in e.labels]
        for places, target in _targets(task, [examples[i].labels[task.id] for i in rows]):
            if len(set(target)) < 2:
                continue
            model = LogisticRegression(C=section.inverse_regularisation, class_weight="balanced", max_iter=150)
            model.fit(features[rows], target)
            part, shift = model.coef_, model.intercept_
            if len(places) > 1 and len(part) == 1:  # of several labels only two occur
                part, shift = np.vstack([-part, part]), np.concatenate([-shift, shift])
            filled = [start + (places[0] if len(places) == 1 else places[c]) for c in model.classes_[-len(part) :]]
            weights[:, filled], bias[filled] = part.T, shift
    return weights, bias


def _targets(task: Task, labels: Sequence[object]) -> list[tuple[list[int], list[int]]]:
    """Return each regression of a task as the columns that it fills and the class of each message."""
    if task.kind is TaskKind.FLAG:
        return [([0], [int(bool(label)) for label in labels])]
    if task.kind is TaskKind.MULTI:
        return [
            ([place], [int(name in given) for given in labels])  # type: ignore[operator]
            for place, name in enumerate(task.label_ids)
        ]
    return [(list(range(task.width)), [task.label_ids.index(str(label)) for label in labels])]
