"""The same figures on parts of the messages: by language, variety, source, channel and length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from classifier.taxonomy import LANGUAGES
from training.corpus import Example
from training.report.bootstrap import Measured, Sampled
from training.report.figures import TaskFigures, sampled

SMALLEST: Final = 20
"""Messages under which a part, or a figure of it, isn't shown."""

DIMENSIONS: Final = ("language", "variety", "source", "channel", "length in characters")
_QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the messages: what they have in common, and the figures on them."""

    dimension: str
    name: str
    messages: int
    figures: Mapping[str, Measured]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        figures = {name: figure.to_dict() for name, figure in self.figures.items()}
        return {"dimension": self.dimension, "name": self.name, "messages": self.messages, "figures": figures}


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that are large enough, the others (without figures), and the difference between the languages.

    ``gap`` is the first of ``LANGUAGES`` less the second, figure by figure; empty if either is too small.
    """

    shown: tuple[Part, ...]
    hidden: tuple[Part, ...]
    gap: Mapping[str, Measured]

    def of_language(self, language: str) -> Mapping[str, Measured]:
        """Return the figures on the messages in ``language``, empty if there are too few."""
        return next((p.figures for p in self.shown if (p.dimension, p.name) == ("language", language)), {})


def measure_parts(examples: Sequence[Example], tasks: Sequence[TaskFigures], seed: int) -> Parts:
    """Measure every part of at least ``SMALLEST`` messages."""
    shown, hidden = [], []
    spoken: dict[str, dict[str, Sampled]] = {}
    families = [e.family for e in examples]
    for number, ((dimension, name), rows) in enumerate(groups(examples).items()):
        if len(rows) < SMALLEST:
            hidden.append(Part(dimension, name, len(rows), {}))
            continue
        chance = np.random.default_rng((seed, number))
        figures = sampled(tasks, families, np.array(rows, dtype=np.int64), chance)
        figures = {key: figure for key, figure in figures.items() if figure.messages >= SMALLEST}
        if dimension == "language":
            spoken[name] = figures
        shown.append(Part(dimension, name, len(rows), {key: figure.measured() for key, figure in figures.items()}))
    return Parts(tuple(shown), tuple(hidden), _gap(spoken))


def groups(examples: Sequence[Example]) -> dict[tuple[str, str], list[int]]:
    """Return the rows of each dimension's values, the largest first; lengths from short to long.

    A dimension of which no message tells anything is left out.
    """
    result: dict[tuple[str, str], list[int]] = {}
    for dimension in DIMENSIONS:
        names = _lengths(examples) if dimension == DIMENSIONS[-1] else [str(getattr(e, dimension)) for e in examples]
        rows: dict[str, list[int]] = {}
        for row, name in enumerate(names):
            rows.setdefault(name or "not given", []).append(row)
        if set(rows) == {"not given"}:
            continue
        order = sorted(rows, key=lambda name: -len(rows[name]))
        if dimension == DIMENSIONS[-1]:
            order = sorted(rows, key=lambda name: len(examples[rows[name][0]].text))
        result |= {(dimension, name): rows[name] for name in order}
    return result


def _lengths(examples: Sequence[Example]) -> list[str]:
    """Name for each message the quarter of lengths, in characters, that it falls in."""
    length = np.array([len(e.text) for e in examples])
    quarter = np.searchsorted(np.quantile(length, _QUARTERS), length, side="left")
    names = {}
    for q in np.unique(quarter):
        mine = length[quarter == q]
        names[int(q)] = f"{mine.min()} to {mine.max()}"
    return [names[int(q)] for q in quarter]


def _gap(spoken: Mapping[str, Mapping[str, Sampled]]) -> dict[str, Measured]:
    """Return the difference between the languages of the figures that both have."""
    if set(spoken) != set(LANGUAGES):
        return {}
    ((first, second),) = pairwise(spoken[name] for name in LANGUAGES)
    return {name: first[name].minus(second[name]).measured() for name in first if name in second}
