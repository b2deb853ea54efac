"""How sure a figure is: bootstrap samples of the messages.

After Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993. Messages of one
family are drawn together, for they are not independent of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SAMPLES: Final = 1000
"""Bootstrap samples of every interval."""

LEVEL: Final = 0.95
"""Share of the samples that an interval holds."""

_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure, the bounds of its interval, and the number of messages that it was measured on."""

    value: float
    low: float
    high: float
    messages: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object, numbers to four digits."""
        numbers = {name: round(getattr(self, name), 4) for name in ("value", "low", "high")}
        return {**numbers, "messages": self.messages}


@dataclass(frozen=True, slots=True)
class Sampled:
    """A figure and its values over the bootstrap samples, ``nan`` where a sample held nothing to measure it on."""

    value: float
    samples: Floats
    messages: int
    lowest: float = 0.0
    highest: float = 1.0

    def measured(self) -> Measured:
        """Return the percentile interval, moved so that its samples have ``value`` as their mean.

        Unmoved, the interval of a macro-F1 with rare labels or of a calibration error would sit beside its figure:
        samples miss labels that the messages hold, and chance makes every bin look worse calibrated.
        """
        known = self.samples[~np.isnan(self.samples)]
        if not len(known):
            return Measured(self.value, self.value, self.value, self.messages)
        ends = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) - known.mean() + self.value
        low, high = np.clip(ends, self.lowest, self.highest)
        return Measured(self.value, min(float(low), self.value), max(float(high), self.value), self.messages)

    def minus(self, other: Sampled) -> Sampled:
        """Return the difference from the same figure of other messages, sampled apart from these."""
        width = self.highest - self.lowest
        fewer = min(self.messages, other.messages)
        return Sampled(self.value - other.value, self.samples - other.samples, fewer, -width, width)


def weights(families: Sequence[str], chance: np.random.Generator, samples: int = SAMPLES) -> Iterator[Floats]:
    """Yield how often each message was drawn, (some samples, messages) at a time, ``samples`` in all.

    Each sample draws as many families as there are, with replacement.
    """
    _, family = np.unique(np.asarray(families), return_inverse=True)
    count = int(family.max()) + 1
    step = max(1, _CELLS // max(count, len(family)))
    for start in range(0, samples, step):
        drawn = chance.multinomial(count, np.full(count, 1 / count), size=min(step, samples - start))
        yield drawn[:, family].astype(np.float64)


def joined(parts: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    """Put the samples of each figure behind one another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
