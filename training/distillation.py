"""A small network that learns to answer as a model does that is already there.

The teacher's probabilities say more of a message than its labels do (Hinton, Vinyals & Dean, "Distilling the Knowledge
in a Neural Network", 2015, arXiv:1503.02531). It is asked about the messages to train on and about excerpts of them,
which nobody labelled: sentences that follow one another, at times with a sentence of another message in between.
"""

from __future__ import annotations

import logging
import os
import random
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from classifier.evidence import sentences
from classifier.inference import ComplaintClassifier
from classifier.taxonomy import COMPLAINT, TASKS, Task, TaskKind
from training.config import DistillationSection
from training.corpus import Example, text_hash
from training.losses import MultiTaskLoss

Floats = npt.NDArray[np.float32]

log = logging.getLogger(__name__)

_BLOCK = 2048
_STRANGER = 0.3
"""Share of the excerpts that a sentence of another message of the same language is put into."""


def taught(
    examples: Sequence[Example], teacher: Path, section: DistillationSection, *, seed: int, kept: Path
) -> list[Example]:
    """Return ``examples`` and excerpts of them, each with the teacher's logits.

    The answers are kept in the file ``kept``, so that a run that was interrupted need not ask again. Raise an
    ``ArtifactError`` if there is no model at ``teacher``.
    """
    model = ComplaintClassifier.from_pretrained(teacher)
    everything = [*examples, *excerpts(examples, section.excerpts, random.Random(seed))]  # noqa: S311 - no secret
    names = [text_hash(f"{model.model} {example.text}") for example in everything]
    answers = _read(kept)
    order = sorted(
        (i for i in range(len(everything)) if names[i] not in answers), key=lambda i: len(everything[i].text)
    )
    log.info("asking %s %s about %d texts", model.model.name, model.model.version, len(order))
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        logits = model.logits([everything[i].text for i in block])
        answers |= {names[i]: row for i, row in zip(block, logits, strict=True)}
        log.info("%d of %d texts", start + len(block), len(order))
        _write(kept, answers)
    return [replace(e, teacher=tuple(map(float, answers[name]))) for e, name in zip(everything, names, strict=True)]


def _read(kept: Path) -> dict[str, Floats]:
    """Return the answers in ``kept``, by the hash of model and text; none if there is no such file."""
    try:
        with kept.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(zip(arrays["names"].tolist(), arrays["logits"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def _write(kept: Path, answers: Mapping[str, Floats]) -> None:
    """Put ``answers`` in the place of those before, in one move, whichever process of a run does it as well."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.environ.get('RANK', '0')}.part")
    with partial.open("wb") as file:
        np.savez(file, names=np.array(list(answers)), logits=np.stack(list(answers.values())))
    partial.replace(kept)


def excerpts(examples: Sequence[Example], each: float, chance: random.Random) -> list[Example]:
    """Return ``each`` excerpts an example, on average, of those that have several sentences; without labels."""
    parts = [[e.text[span.start : span.end] for span in sentences(e.text, e.language)] for e in examples]
    of_language: dict[str, list[int]] = {}
    for i, example in enumerate(examples):
        of_language.setdefault(example.language, []).append(i)
    result = []
    for i, (example, own) in enumerate(zip(examples, parts, strict=True)):
        if len(own) < 2:
            continue
        for copy in range(int(each) + (chance.random() < each % 1)):
            first = chance.randrange(len(own))
            chosen = own[first : first + chance.randint(1, len(own) - (first == 0))]
            if chance.random() < _STRANGER:
                stranger = parts[chance.choice(of_language[example.language])]
                chosen.insert(chance.randint(0, len(chosen)), chance.choice(stranger))
            result.append(replace(example, id=f"{example.id}#{i}.{copy}", text=" ".join(chosen), labels={}))
    return result


class DistillationLoss:
    """The teacher's probabilities and, where there are any, the labels, ``section.weight`` to its complement."""

    def __init__(self, hard: MultiTaskLoss, section: DistillationSection) -> None:
        self.hard = hard
        self.section = section

    def __call__(self, logits: Tensor, examples: Sequence[Example]) -> Tensor:
        """Return the loss of a batch, a scalar; ``logits`` is (batch, sum of widths)."""
        teacher = torch.from_numpy(np.array([e.teacher for e in examples], dtype=np.float32)).to(logits.device)
        soft = self._soft(logits, teacher)
        return self.section.weight * soft + (1 - self.section.weight) * self.hard(logits, examples)

    def _soft(self, logits: Tensor, teacher: Tensor) -> Tensor:
        """Return the divergence from the teacher; what only complaints have counts as far as it is taken for one."""
        widths = [task.width for task in TASKS]
        total = logits.new_zeros(())
        parts = zip(TASKS, torch.split(logits, widths, dim=1), torch.split(teacher, widths, dim=1), strict=True)
        complaint = torch.sigmoid(torch.split(teacher, widths, dim=1)[TASKS.index(COMPLAINT)][:, 0])
        for task, own, wanted in parts:
            each = _divergence(task, own, wanted)
            each = each * complaint if task.complaints_only else each
            total = total + self.hard.section.task_weights.get(task.id, 1.0) * each.mean()
        return total


def _divergence(task: Task, logits: Tensor, teacher: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence of each row from the teacher's, but for a constant."""
    if task.kind in (TaskKind.FLAG, TaskKind.MULTI):
        return functional.binary_cross_entropy_with_logits(logits, torch.sigmoid(teacher), reduction="none").sum(dim=1)
    return -(teacher.softmax(dim=1) * functional.log_softmax(logits, dim=1)).sum(dim=1)
