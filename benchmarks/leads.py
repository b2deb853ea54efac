"""The shipped model and its peers on the same messages: who is ahead in each figure, and by how much beyond noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from classifier.taxonomy import TASKS, Task, TaskKind
from classifier.types import Classification
from training.comparison import SAMPLES, Floats, Interval, resamples, sampled_figure
from training.corpus import Labels
from training.evaluation import asked


@dataclass(frozen=True, slots=True)
class Lead:
    """How far ours is ahead of the peer that is best in a figure, message by message the same samples."""

    peer: str
    difference: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """Contestants on one set of messages: figure to contestant to interval, and figure to lead."""

    scores: Mapping[str, Mapping[str, Interval]]
    leads: Mapping[str, Lead]


def compare(
    gold: Sequence[Labels], ours: Sequence[Classification], peers: Mapping[str, Sequence[Classification]]
) -> Comparison:
    """Compare on the same samples; the best peer of a figure is picked on these messages, which favours the peers."""
    weights = resamples(len(gold), SAMPLES, seed=1)
    scores, leads = {}, {}
    for task, figure in _figures(gold):

        def values(found: Sequence[Classification], task: Task = task, figure: str = figure) -> Floats:
            return sampled_figure(task, figure, gold, found, weights)

        mine, theirs = values(ours), {name: values(found) for name, found in peers.items()}
        name = f"{task.id} {figure}"
        scores[name] = {"recupera": Interval.of(mine)} | {n: Interval.of(each) for n, each in theirs.items()}
        if theirs:
            best = max(theirs, key=lambda peer: float(theirs[peer][0]))
            leads[name] = Lead(best, Interval.of(mine - theirs[best]))
    return Comparison(scores, leads)


def _figures(gold: Sequence[Labels]) -> Iterator[tuple[Task, str]]:
    """Yield the figures of every task that the gold asks for: kappa of ordered scales, macro-F1 of all."""
    for task in TASKS:
        if any(asked(task, labels) for labels in gold):
            if task.kind is TaskKind.ORDINAL:
                yield task, "kappa"
            yield task, "macro-F1"
