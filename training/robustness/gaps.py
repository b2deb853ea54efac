"""Whether people are read alike: the same message with the names, words or places of two groups.

This is the counterfactual gap of Garg et al., "Counterfactual Fairness in Text Classification through Robustness"
(AIES 2019), with its sign: the second group minus the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from classifier.calibration import Floats, expected_level
from classifier.inference import ComplaintClassifier
from classifier.taxonomy import LANGUAGES
from training.robustness.answers import Interval, interval, mean
from training.robustness.lists import Chance, read
from training.robustness.probes import Message, dialect_pairs
from training.robustness.swaps import GENDERS, with_gender, with_region
from training.robustness.wording import reword, varieties

_DRAWS: Final = 2
"""Versions a message and group, so that one odd name doesn't decide."""

Draw = Callable[[str, Chance], str]


@dataclass(frozen=True, slots=True)
class Gap:
    """How much higher a figure is for the second group: in probability for ``complaint``, in levels for the others."""

    contrast: str
    kind: str
    language: str
    figure: str
    messages: int
    mean: float
    interval: Interval

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.interval[0] > 0 or self.interval[1] < 0


@dataclass(frozen=True, slots=True)
class _Contrast:
    """Two groups, and for each message its versions of the first and of the second."""

    name: str
    kind: str
    language: str
    versions: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


def measure_gaps(classifier: ComplaintClassifier, messages: Sequence[Message], *, seed: int) -> tuple[Gap, ...]:
    """Measure the gaps between genders, varieties and regions over the messages that name them."""
    chance = np.random.default_rng(seed)
    found = [contrast for language in LANGUAGES for contrast in _contrasts(messages, language, chance)]
    texts = dict.fromkeys(text for c in found for pair in c.versions for group in pair for text in group)
    figures = _figures(classifier.calibrated(list(texts)))
    rows = {text: row for row, text in enumerate(texts)}
    return tuple(_gap(c, name, values, rows, seed) for c in found if c.versions for name, values in figures.items())


def _contrasts(messages: Sequence[Message], language: str, chance: Chance) -> list[_Contrast]:
    """Make the versions of every contrast of one language."""
    texts = [message.text for message in messages if message.language == language]
    first, second = varieties(language)
    male, female = (partial(_gendered, language=language, gender=gender) for gender in GENDERS)
    written = tuple(((a,), (b,)) for a, b in dialect_pairs(language))
    worded = _versions(texts, partial(_worded, variety=first), partial(_worded, variety=second), chance)
    regions = [item for item in read("names")["regions"] if item["language"] == language]
    return [
        _Contrast("female − male first names", "gender", language, _versions(texts, male, female, chance)),
        _Contrast(f"{second} − {first} wording", "dialect", language, (*written, *worded)),
        *(
            _Contrast(item["name"], "region", language, _versions(texts, *_regional(item), chance=chance))
            for item in regions
        ),
    ]


def _versions(
    texts: Sequence[str], first: Draw, second: Draw, chance: Chance
) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Draw the versions of both groups, for the texts in which the groups differ."""
    pairs = []
    for text in texts:
        one = tuple(first(text, chance) for _ in range(_DRAWS))
        two = tuple(second(text, chance) for _ in range(_DRAWS))
        if set(one) != set(two):
            pairs.append((one, two))
    return tuple(pairs)


def _gendered(text: str, chance: Chance, *, language: str, gender: str) -> str:
    return with_gender(text, language, gender, chance)


def _worded(text: str, _chance: Chance, *, variety: str) -> str:
    return reword(text, variety)


def _placed(text: str, chance: Chance, *, language: str, regions: Sequence[str]) -> str:
    return with_region(text, language, regions, chance)


def _regional(item: Mapping[str, str | Sequence[Sequence[str]]]) -> tuple[Draw, Draw]:
    """Return how a text of either group of regions is made."""
    one, two = (partial(_placed, language=str(item["language"]), regions=group) for group in item["groups"])
    return one, two


def _figures(probabilities: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the figures that are compared, (texts,) each."""
    return {
        "complaint": probabilities["complaint"][:, 0],
        "severity": expected_level(probabilities["severity"]),
        "tone": expected_level(probabilities["tone"]),
    }


def _gap(contrast: _Contrast, figure: str, values: Floats, rows: Mapping[str, int], seed: int) -> Gap:
    """Compare the groups message by message."""

    def average(group: Sequence[str]) -> float:
        return float(np.mean([values[rows[text]] for text in group]))

    differences = [average(second) - average(first) for first, second in contrast.versions]
    return Gap(
        contrast=contrast.name,
        kind=contrast.kind,
        language=contrast.language,
        figure=figure,
        messages=len(differences),
        mean=mean(differences),
        interval=interval(differences, seed=seed),
    )
