"""The worst mistakes: where the model was most confident and wrong, and what it was misled by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from classifier.calibration import Floats, columns
from classifier.evidence import Span, sentences
from classifier.inference import ComplaintClassifier
from classifier.redaction import find_personal_data
from classifier.taxonomy import Task, TaskKind
from classifier.types import Classification
from training.corpus import Example
from training.evaluation import answer, main_confidence
from training.report.figures import TaskFigures, label_of

PER_TASK: Final = 5
"""Mistakes shown for each task."""

_CONTEXT = 400


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong answer. ``found`` was given with ``probability``; ``row`` is the message's place among all."""

    task: Task
    row: int
    gold: tuple[str, ...]
    found: tuple[str, ...]
    probability: float

    def to_dict(self, example: Example) -> dict[str, Any]:
        """Return the JSON object, without any text."""
        return {
            "id": example.id,
            "source": example.source,
            "gold": list(self.gold),
            "found": list(self.found),
            "probability": round(self.probability, 4),
        }


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A message without personal data, and in its middle the sentence that an answer rests on, or nothing."""

    before: str
    evidence: str
    after: str


def worst(item: TaskFigures, examples: Sequence[Example], found: Sequence[Classification]) -> list[Mistake]:
    """Return the most confident answers whose main label the gold doesn't hold at all, a text once."""
    mistakes: dict[str, Mistake] = {}
    for row in map(int, item.rows):
        given = answer(item.task, found[row])
        mistake = _mistake(item.task, row, examples[row].labels[item.task.id], given) if given else None
        if mistake:
            mistakes.setdefault(examples[row].text, mistake)
    return sorted(mistakes.values(), key=lambda m: (-m.probability, m.row))[:PER_TASK]


def grounds(
    classifier: ComplaintClassifier, mistakes: Sequence[Mistake], examples: Sequence[Example]
) -> list[Span | None]:
    """Return for each mistake the sentence without which its label would be least probable.

    It is the method of ``classifier.evidence``, for every task; ``None`` where no sentence speaks for the label.
    """
    rows = sorted({mistake.row for mistake in mistakes})
    spans = {row: sentences(examples[row].text, examples[row].language) for row in rows}
    versions: list[str] = []
    first = {}
    for row in rows:
        first[row] = len(versions)
        text = examples[row].text
        versions += [text, *(text[: span.start] + " " + text[span.end :] for span in spans[row])]
    logits = classifier.logits(versions)
    result = []
    for mistake in mistakes:
        mine = logits[first[mistake.row] : first[mistake.row] + len(spans[mistake.row]) + 1]
        probabilities = _probability(classifier, mistake, mine)
        result.append(_strongest(spans[mistake.row], probabilities))
    return result


def excerpt(text: str, span: Span | None) -> Excerpt:
    """Mask personal data in ``text`` and cut it around ``span``; long stretches without the evidence are shortened."""
    before, evidence, after = masked(text, span or Span(len(text), len(text)))
    before = _end_of(before, _CONTEXT) if span else _start_of(before, 2 * _CONTEXT)
    return Excerpt(before, evidence, _start_of(after, _CONTEXT))


def masked(text: str, span: Span) -> tuple[str, str, str]:
    """Return ``redact(text)`` in three: before ``span``, within and after; what is masked is never cut in two."""
    start, end = span.start, span.end
    found = find_personal_data(text)
    for data in found:
        start = data.start if data.start < start < data.end else start
        end = data.end if data.start < end < data.end else end
    pieces, place = ["", "", ""], 0
    for data in found:
        _add(pieces, text, (place, data.start), (start, end))
        pieces[(data.start >= start) + (data.start >= end)] += f"<{data.kind.upper()}>"
        place = data.end
    _add(pieces, text, (place, len(text)), (start, end))
    return pieces[0], pieces[1], pieces[2]


def _start_of(text: str, length: int) -> str:
    """Return about the first ``length`` characters, whole words."""
    return text if len(text) <= length else text[:length].rpartition(" ")[0] + " …"


def _end_of(text: str, length: int) -> str:
    """Return about the last ``length`` characters, whole words."""
    return text if len(text) <= length else "… " + text[-length:].partition(" ")[2]


def _add(pieces: list[str], text: str, stretch: tuple[int, int], cuts: tuple[int, int]) -> None:
    """Share a stretch of ``text`` out over the pieces that ``cuts`` make."""
    marks = [stretch[0], *(min(max(cut, stretch[0]), stretch[1]) for cut in cuts), stretch[1]]
    for i in range(len(pieces)):
        pieces[i] += text[marks[i] : marks[i + 1]]


def _mistake(task: Task, row: int, gold: Any, given: Mapping[str, Any]) -> Mistake | None:
    """Return the mistake that an answer is, if it is one."""
    probability, right = main_confidence(task, gold, given)
    if right or (task.kind is TaskKind.MULTI and given["primary"] in gold):
        return None
    if task.kind is TaskKind.MULTI:
        return Mistake(task, row, tuple(gold), tuple(given["labels"]), probability)
    return Mistake(task, row, (label_of(task, gold),), (label_of(task, given["label"]),), probability)


def _probability(classifier: ComplaintClassifier, mistake: Mistake, logits: Any) -> Floats:
    """Return the probability of the mistaken main label in each row of logits."""
    task = mistake.task
    rows = classifier.artifact.calibration[task.id].probabilities(task, logits[:, columns()[task.id]])
    if task.kind is TaskKind.FLAG:
        return np.asarray(rows[:, 0] if mistake.found[0] == "yes" else 1.0 - rows[:, 0])
    return np.asarray(rows[:, task.label_ids.index(mistake.found[0])])


def _strongest(spans: Sequence[Span], probabilities: Floats) -> Span | None:
    """Return the span whose absence costs most; ``probabilities`` are the whole text's and that without each span."""
    if len(spans) == 1:
        return spans[0]
    drops = probabilities[0] - probabilities[1:]
    best = int(np.argmax(drops))
    return spans[best] if drops[best] > 0 else None
