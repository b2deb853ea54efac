"""How far reviewers agree with each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from api.store.reviewing import Reading
from classifier.taxonomy import TASKS

__all__ = ["Agreement", "agreement"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two readings of one message compared, over all pairs of reviewers; of several labels the main one counts.

    ``share`` is that of the pairs that agree. ``alpha`` is Krippendorff's for nominal data (*Content Analysis*, 2004,
    chapter 11): 1 is perfect, 0 what chance would give; ``None`` if all gave one and the same label, so that nothing
    can be told.
    """

    task: str
    messages: int
    pairs: int
    same: int
    alpha: float | None
    share: float = field(init=False)

    def __post_init__(self) -> None:
        """Divide."""
        object.__setattr__(self, "share", self.same / self.pairs)


def agreement(readings: Iterable[Reading]) -> list[Agreement]:
    """Return the agreement on each task that at least two people judged in one message."""
    by_message: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        by_message[reading.message_id].append(reading)
    found = []
    for task in TASKS:
        given = [[_main(reading.labels[task.id]) for reading in of_one if task.id in reading.labels]
                 for of_one in by_message.values()]  # fmt: skip
        several = [labels for labels in given if len(labels) > 1]
        if several:
            pairs = [pair for labels in several for pair in combinations(labels, 2)]
            same = sum(one == other for one, other in pairs)
            found.append(Agreement(task.id, len(several), len(pairs), same, _alpha(several)))
    return found


def _alpha(units: Sequence[Sequence[str]]) -> float | None:
    """Return one less the disagreement that is there by what chance would make."""
    totals = Counter(label for labels in units for label in labels)
    count = totals.total()
    expected = count * count - sum(number * number for number in totals.values())
    if expected == 0:
        return None
    observed = 0.0
    for labels in units:
        here = Counter(labels)
        size = len(labels)
        observed += (size * size - sum(number * number for number in here.values())) / (size - 1)
    return 1 - (count - 1) * observed / expected


def _main(labels: object) -> str:
    return str(labels[0] if isinstance(labels, list) else labels)
