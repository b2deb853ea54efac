"""What haste costs: the small network with the whole one behind it, and the small network alone, beside the whole one.

Same messages, same samples: a difference is ahead or behind beyond noise where its interval leaves out zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.leads import Comparison, compare
from benchmarks.quality import readable_sets
from classifier import Classification, ComplaintClassifier
from classifier.cascade import Effort
from classifier.taxonomy import TASKS
from training.robustness.answers import answer


@dataclass(frozen=True, slots=True)
class Row:
    """One set of messages.

    ``small`` is the share that the small network answered, ``alike`` the share of messages that were decided as by the
    whole network, by task (over what that takes for complaints, where only they are asked).
    """

    name: str
    messages: int
    small: float
    alike: dict[str, float]
    comparison: Comparison


def measure(data: Path) -> Iterator[Row]:
    """Measure on every set that is there; nothing if the shipped model has no small network."""
    shipped = ComplaintClassifier.from_pretrained()
    if shipped.cascade is None:
        return
    for name, examples in readable_sets(data).items():
        texts, languages = [e.text for e in examples], [e.language for e in examples]
        whole = shipped.predict(texts, languages=languages, facts=False)
        hasty = shipped.predict(texts, languages=languages, facts=False, effort=Effort.FAST)
        alone = shipped.cascade.small.predict(texts, languages=languages, facts=False)
        gold = [e.labels for e in examples]
        comparison = compare(gold, hasty, {"whole": whole})
        apart = compare(gold, alone, {"whole": whole})
        scores = {
            figure: {**row, "small alone": apart.scores[figure]["recupera"]}
            for figure, row in comparison.scores.items()
        }
        small = sum(result.model != shipped.model for result in hasty) / len(hasty)
        yield Row(name, len(examples), small, _alike(whole, hasty), replace(comparison, scores=scores))


def _alike(whole: Sequence[Classification], hasty: Sequence[Classification]) -> dict[str, float]:
    """Return the share of equal answers by task."""
    result = {}
    for task in TASKS:
        pairs = [(answer(one, task.id), answer(other, task.id)) for one, other in zip(whole, hasty, strict=True)]
        asked = [pair for pair in pairs if pair[0] is not None]
        result[task.id] = sum(one == other for one, other in asked) / max(1, len(asked))
    return result
