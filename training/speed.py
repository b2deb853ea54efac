"""How fast a model reads on this machine: each way of asking it in turns, so that what else runs meets all of them."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files

from classifier.cascade import Effort
from classifier.inference import ComplaintClassifier
from classifier.tokenization import TokenEncoder

__all__ = ["ROUNDS", "TURNS_A_WAY", "Way", "held_out", "measure", "one_by_one"]

ROUNDS = 5
TURNS_A_WAY = ROUNDS + 1
"""Turns of each way: the first tells how many texts the others get."""

_FIRST = 16
_MILLION = 1e6
_SHORTEST, _LONGEST = 20, 100
"""In tokens, begin and end of a text included."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way of asking: texts a second, the median of ``ROUNDS`` turns with the lowest and the highest.

    ``texts`` is how many a turn had; ``small`` the share of them that the small network answered.
    """

    name: str
    per_second: float
    low: float
    high: float
    texts: int
    small: float

    @property
    def hours_a_million(self) -> float:
        """Hours for a million such texts."""
        return _MILLION / self.per_second / 3600


def held_out(encoder: TokenEncoder) -> dict[str, int]:
    """Return messages that were written to measure on and never trained on, of 20 to 100 tokens, with their number."""
    lines = (files("training") / "corpora" / "validation.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    lengths = map(len, encoder.encode(texts))
    return {text: tokens for text, tokens in zip(texts, lengths, strict=True) if _SHORTEST <= tokens <= _LONGEST}


def measure(
    classifier: ComplaintClassifier, texts: Sequence[str], seconds: float, told: Callable[[int], None] = lambda _: None
) -> list[Way]:
    """Take the time of each way of asking, about ``seconds`` in all; ``told`` hears of each turn.

    A turn has the first of ``texts`` in an order that is random but always the same, and again where it needs more.
    The first turn, of few texts, loads what is loaded on first use.
    """
    texts = random.Random(1).sample(texts, len(texts))  # noqa: S311 - an order, not a secret
    ways = dict(_ways(classifier))
    budget = seconds / len(ways) / ROUNDS
    counts = {}
    for name, ask in ways.items():
        ask(_some(texts, 2))
        _, took = _timed(ask, _some(texts, _FIRST))
        counts[name] = max(1, int(_FIRST * budget / took))
        told(1)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    small = {}
    for _ in range(ROUNDS):
        for name, ask in ways.items():
            small[name], took = _timed(ask, _some(texts, counts[name]))
            rates[name].append(counts[name] / took)
            told(1)
    return [
        Way(name, statistics.median(found), min(found), max(found), counts[name], small[name])
        for name, found in rates.items()
    ]


def one_by_one(classifier: ComplaintClassifier, texts: Sequence[str], seconds: float) -> list[float]:
    """Return the milliseconds that single texts take, facts included, for about ``seconds`` and 20 texts at least."""
    classifier.predict(texts[0])
    waits: list[float] = []
    end = time.perf_counter() + seconds
    while len(waits) < 20 or time.perf_counter() < end:
        begun = time.perf_counter()
        classifier.predict(texts[len(waits) % len(texts)])
        waits.append(1000 * (time.perf_counter() - begun))
    return waits


def _ways(classifier: ComplaintClassifier) -> Iterator[tuple[str, Callable[[Sequence[str]], float]]]:
    """Yield how a model may be asked; each tells the share that the small network answered."""

    def ask(texts: Sequence[str], *, evidence: bool, facts: bool, effort: Effort) -> float:
        found = classifier.predict(texts, evidence=evidence, facts=facts, effort=effort)
        return sum(result.model != classifier.model for result in found) / len(found)

    yield "labels", partial(ask, evidence=False, facts=False, effort=Effort.FULL)
    yield "labels, facts", partial(ask, evidence=False, facts=True, effort=Effort.FULL)
    yield "labels, facts, evidence", partial(ask, evidence=True, facts=True, effort=Effort.FULL)
    if classifier.cascade is not None:
        yield "in haste: labels, facts", partial(ask, evidence=False, facts=True, effort=Effort.FAST)


def _timed(ask: Callable[[Sequence[str]], float], texts: Sequence[str]) -> tuple[float, float]:
    begun = time.perf_counter()
    return ask(texts), time.perf_counter() - begun


def _some(texts: Sequence[str], count: int) -> list[str]:
    return [texts[number % len(texts)] for number in range(count)]
