"""How a message becomes a number: its hour, channel, country, labels and review state, in the bits of one key.

Messages with the same key are one cell with a count. Channels and countries are numbered by each day's own list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from api.store.records import ReviewStatus
from classifier.taxonomy import TASKS, Task, TaskKind

__all__ = ["FIELDS", "JUDGED", "MODEL_SHIFT", "MOST_MODELS", "Field", "Terms", "agreement", "effective", "pack"]

LANGUAGES: Final = ("es", "pt", "other")
RIGHT: Final = 1
WRONG: Final = 2
_JUDGED_BITS: Final = 2
MODEL_SHIFT: Final = _JUDGED_BITS * len(TASKS)
"""The second number of a cell: how people judged each task, and above that the number of the model."""
MOST_MODELS: Final = (1 << (32 - MODEL_SHIFT)) - 1


@dataclass(frozen=True, slots=True)
class Field:
    """Bits of a key. ``values`` are what its numbers mean, from 1 (0 is nothing); a ``mask`` has a bit for each."""

    name: str
    bits: int
    shift: int
    values: tuple[str | bool, ...] = ()
    mask: bool = False

    @property
    def most(self) -> int:
        """The greatest number that fits."""
        return (1 << self.bits) - 1

    def code(self, label: str | bool) -> int:  # noqa: FBT001 - the labels of a flag
        """Return the number, or the bit, of a label."""
        place = self.values.index(label)
        return 1 << place if self.mask else place + 1


def _of_task(task: Task) -> tuple[str, int, tuple[str | bool, ...], bool]:
    if task.kind is TaskKind.FLAG:
        return task.id, 2, (False, True), False
    if task.kind is TaskKind.MULTI:
        return task.id, len(task.label_ids), task.label_ids, True
    return task.id, len(task.label_ids).bit_length(), task.label_ids, False


_SHAPES: Final[Sequence[tuple[str, int, tuple[str | bool, ...], bool]]] = (
    ("hour", 5, (), False),
    ("channel", 16, (), False),
    ("country", 10, (), False),
    ("language", 2, LANGUAGES, False),
    ("review", 2, tuple(map(str, ReviewStatus)), False),
    *map(_of_task, TASKS),
)
_SHIFTS: Final = tuple(accumulate((bits for _, bits, _, _ in _SHAPES), initial=0))
FIELDS: Final[Mapping[str, Field]] = {
    name: Field(name, bits, shift, values, mask)
    for (name, bits, values, mask), shift in zip(_SHAPES, _SHIFTS, strict=False)
}
JUDGED: Final[Mapping[str, int]] = {task.id: _JUDGED_BITS * place for place, task in enumerate(TASKS)}
"""Where in the second number the judgement of each task is."""

if _SHIFTS[-1] > 64:  # pragma: no cover - seen at the first import after the taxonomy grows
    raise RuntimeError("the labels don't fit in a key")

_CODES: Final[Mapping[str, Mapping[Any, int]]] = {
    name: {value: field.code(value) << field.shift for value in field.values} for name, field in FIELDS.items()
}


class Terms:
    """Numbers for words, given in the order in which they come; 0 is no word. Past ``most`` all are the last one."""

    def __init__(self, most: int, words: Sequence[str] = ()) -> None:
        """``words`` have numbers already."""
        self._most = most
        self._numbers: dict[str, int] = {word: number for number, word in enumerate(words, 1)}

    def number(self, word: str | None) -> int:
        """Return the number of a word."""
        if word is None:
            return 0
        known = self._numbers.get(word)
        if known is None:
            known = min(len(self._numbers) + 1, self._most)
            if len(self._numbers) < self._most:
                self._numbers[word] = known
        return known

    @property
    def words(self) -> list[str]:
        """The words, in the order of their numbers."""
        return list(self._numbers)


def effective(labels: Mapping[str, Any], corrected: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return what a message is, by task: as a person said, else as the model did.

    What only complaints have is gone once a person says that it is none.
    """
    if corrected is None:
        return labels
    given = {task: label for task, label in corrected.items() if label is not None}
    whole = {**labels, **given}
    if whole["complaint"] is False:
        whole |= {task.id: None for task in TASKS if task.complaints_only}
    return whole


def agreement(labels: Mapping[str, Any], corrected: Mapping[str, Any] | None) -> int:
    """Return how a person judged each task, in the bits of the second number."""
    judged = 0
    for task, label in (corrected or {}).items():
        if label is None or task not in JUDGED:
            continue
        same = set(labels[task] or ()) == set(label) if isinstance(label, list | tuple) else labels[task] == label
        judged |= (RIGHT if same else WRONG) << JUDGED[task]
    return judged


def pack(values: Mapping[str, Any], channels: Terms, countries: Terms) -> int:
    """Return the key of a message; ``values`` has the name of each field, and ``hour`` of the day."""
    key = int(values["hour"]) << FIELDS["hour"].shift
    key |= channels.number(values["channel"]) << FIELDS["channel"].shift
    key |= countries.number(values["country"]) << FIELDS["country"].shift
    for name, codes in _CODES.items():
        value = values.get(name)
        if value is None or not codes:
            continue
        if isinstance(value, list | tuple):
            for label in value:
                key |= codes[label]
        else:
            key |= codes[value]
    return key
