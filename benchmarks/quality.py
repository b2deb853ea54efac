"""Task scores beside TF-IDF with logistic regression, trained on the same messages, decided in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.texts import ROOT
from classifier import Classification, ComplaintClassifier
from classifier.calibration import Calibration, columns
from classifier.taxonomy import TASKS, Task, TaskKind
from classifier.types import FlagDecision, ModelInfo, Review
from training.calibration import fit_calibration
from training.config import read_config
from training.corpus import Example, Labels, read_messages
from training.evaluation import Scores, score
from training.pipeline import Places, read_corpora

Logits = npt.NDArray[np.float32]


_SAMPLES = 200


def measure(data: Path) -> dict[str, Scores]:
    """Score the shipped model and the peer on ``dev.jsonl`` of ``data``; train the peer on the rest there.

    The last two columns bound the difference: the 2.5th and 97.5th percentile over paired bootstrap samples of the
    messages.
    """
    configs = ROOT / "training" / "configs"
    config = read_config(configs / "recupera-es-pt.toml")
    training, validation = read_corpora(config, Places(configs, data, data))
    dev = read_messages(data / "dev.jsonl")
    peer = _Linear(training)
    calibration = fit_calibration(peer.logits(validation), validation, config.decisions)
    found = _decide(peer.logits(dev), calibration)
    shipped = ComplaintClassifier.from_pretrained()
    ours = shipped.predict([e.text for e in dev], languages=[e.language for e in dev], facts=False)
    gold = [e.labels for e in dev]
    low, high = _difference(gold, ours, found)
    return {
        "recupera": score(gold, ours),
        "TF-IDF + logistic regression": score(gold, found),
        "difference from": low,
        "to": high,
    }


def _difference(
    gold: Sequence[Labels], ours: Sequence[Classification], theirs: Sequence[Classification]
) -> tuple[Scores, Scores]:
    """Return the bounds of 95 % of the differences between two contestants over bootstrap samples of the messages."""
    chance, samples = np.random.default_rng(1), []
    for _ in range(_SAMPLES):
        rows = chance.integers(0, len(gold), len(gold))
        labels = [gold[i] for i in rows]
        a, b = score(labels, [ours[i] for i in rows]), score(labels, [theirs[i] for i in rows])
        samples.append({name: a[name] - b[name] for name in a})
    names = samples[0]
    bounds = {name: np.percentile([sample[name] for sample in samples], [2.5, 97.5]) for name in names}
    return {n: float(v[0]) for n, v in bounds.items()}, {n: float(v[1]) for n, v in bounds.items()}


class _Linear:
    """Words and characters, weighted by TF-IDF, into one logistic regression a task (one a label where several)."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode")
        self.characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, sublinear_tf=True)
        texts = [e.text for e in examples]
        features = sparse.hstack([self.words.fit_transform(texts), self.characters.fit_transform(texts)]).tocsr()
        self.models = {task.id: self._fit(task, features, examples) for task in TASKS}

    def logits(self, examples: Sequence[Example]) -> Logits:
        """Return decision values in the columns of the tasks."""
        texts = [e.text for e in examples]
        features = sparse.hstack([self.words.transform(texts), self.characters.transform(texts)]).tocsr()
        out = np.full((len(texts), sum(task.width for task in TASKS)), -9.0, dtype=np.float32)
        for task in TASKS:
            for model, places in self.models[task.id]:
                values = model.decision_function(features)
                start = columns()[task.id].start
                out[:, [start + i for i in places]] = values if values.ndim == 2 else values[:, None]
        return out

    def _fit(
        self, task: Task, features: sparse.csr_matrix, examples: Sequence[Example]
    ) -> list[tuple[LogisticRegression, list[int]]]:
        """Fit the models of one task, each with the columns that it fills."""
        rows = [i for i, e in enumerate(examples) if task.id in e.labels]
        labels = [examples[i].labels[task.id] for i in rows]
        if task.kind is TaskKind.FLAG:
            return [(_regression().fit(features[rows], labels), [0])]
        if task.kind is TaskKind.MULTI:
            return [
                (_regression().fit(features[rows], [name in given for given in labels]), [i])
                for i, name in enumerate(task.label_ids)
            ]
        model = _regression().fit(features[rows], labels)
        return [(model, [task.label_ids.index(name) for name in model.classes_])]


def _regression() -> LogisticRegression:
    return LogisticRegression(C=4.0, class_weight="balanced", max_iter=300, solver="lbfgs")


def _decide(logits: Logits, calibration: Calibration) -> list[Classification]:
    """Turn the peer's logits into classifications, as the classifier does with its own."""
    where = columns()
    probabilities = {t.id: calibration[t.id].probabilities(t, logits[:, where[t.id]]) for t in TASKS}
    results = []
    for row in range(len(logits)):
        decided = {t.id: calibration[t.id].decide(t, probabilities[t.id][row]) for t in TASKS}
        complaint = decided["complaint"]
        is_complaint = isinstance(complaint, FlagDecision) and complaint.label
        answers = {t.id: decided[t.id] if is_complaint or not t.complaints_only else None for t in TASKS}
        model = ModelInfo("tf-idf", "1", "1")
        fixed = {"id": str(row), "language": "es", "language_probability": 1.0, "review": Review(needed=False)}
        results.append(Classification(model=model, **fixed, **answers))  # type: ignore[arg-type]
    return results
