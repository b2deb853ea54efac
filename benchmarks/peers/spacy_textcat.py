"""spaCy's ``textcat_multilabel`` over all tasks at once: each label of each task is a category of its own."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import spacy
from spacy.training import Example as Gold
from spacy.util import minibatch
from thinc.api import fix_random_seed

from benchmarks.peers.peer import Logits, Progress, Recipe
from classifier.taxonomy import TASKS, Task, TaskKind
from training.corpus import Example

_EPOCHS = 8
_BATCH = 64
_MODEL = {
    "@architectures": "spacy.TextCatBOW.v3",
    "exclusive_classes": False,
    "ngram_size": 2,
    "no_output_layer": False,
    "length": 262144,
}


class SpacyTextcat:
    """A blank multilingual pipeline; a task that a message has no label for is a missing value to spaCy."""

    title = "spaCy textcat_multilabel"
    method = f"TextCatBOW.v3 over words (1-2), a category a label, blank 'xx' pipeline, {_EPOCHS} epochs"

    def __init__(self, recipe: Recipe) -> None:
        self.seed = recipe.config.run.seed
        self.nlp = spacy.blank("xx")

    def fit(self, examples: Sequence[Example], progress: Progress) -> None:
        """Train with spaCy's own optimizer."""
        fix_random_seed(self.seed)
        self.nlp = spacy.blank("xx")
        self.nlp.add_pipe("textcat_multilabel", config={"model": _MODEL})
        golds = [Gold.from_dict(self.nlp.make_doc(e.text), {"cats": categories(e)}) for e in examples]
        optimizer = self.nlp.initialize(lambda: golds)
        chance, done = random.Random(self.seed), 0
        for _ in range(_EPOCHS):
            chance.shuffle(golds)
            for batch in minibatch(golds, _BATCH):  # type: ignore[no-untyped-call]
                self.nlp.update(batch, sgd=optimizer, drop=0.2)
                done += len(batch)
                progress(done / (_EPOCHS * len(golds)))

    def logits(self, examples: Sequence[Example]) -> Logits:
        """Return the logits of spaCy's probabilities."""
        names = [_name(task, label) for task in TASKS for label in _labels(task)]
        cats = [doc.cats for doc in self.nlp.pipe(e.text for e in examples)]
        p = np.array([[found.get(name, 0.0) for name in names] for found in cats]).clip(1e-6, 1 - 1e-6)
        values: Logits = np.log(p / (1 - p)).astype(np.float32)
        return values


def categories(example: Example) -> dict[str, float]:
    """Return 0 or 1 for each label of each task that ``example`` is labelled for."""
    found: dict[str, float] = {}
    for task in TASKS:
        if task.id in example.labels:
            value = example.labels[task.id]
            chosen = value if task.kind is TaskKind.MULTI else ["yes" if value is True else value]
            found |= {_name(task, label): float(label in chosen) for label in _labels(task)}
    return found


def _labels(task: Task) -> tuple[str, ...]:
    """Return what a task's columns stand for."""
    return ("yes",) if task.kind is TaskKind.FLAG else task.label_ids


def _name(task: Task, label: str) -> str:
    return f"{task.id}={label}"
