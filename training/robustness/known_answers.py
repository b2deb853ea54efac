"""Messages whose answers are known: negation, sarcasm, and orders to a machine, alone or behind a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from classifier.taxonomy import LANGUAGES
from training.robustness.answers import Found, answer, interval, mean
from training.robustness.probes import KINDS, contrasts
from training.robustness.report import ProbeScore
from training.robustness.surroundings import Prompt, prompts

ALONE: Final = "prompt-like text alone"
OBEYED: Final = "prompt-like text not obeyed"


@dataclass(frozen=True, slots=True)
class Probe:
    """Texts that go together and, for each, whether it is a complaint."""

    name: str
    language: str
    texts: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class _Marked:
    """Whether each answer to one probe was right."""

    name: str
    language: str
    right: tuple[bool, ...]


def known_probes() -> list[Probe]:
    """List the pairs of negation and sarcasm, and the orders that stand alone: those are no complaints."""
    pairs = [
        Probe(kind, item.language, ((item.complaint, True), (item.other, False)))
        for kind in KINDS
        for item in contrasts(kind)
    ]
    return pairs + [Probe(ALONE, name, ((item.text, False),)) for name in LANGUAGES for item in prompts(name)]


def score_probes(
    probes: Sequence[Probe], ordered: Iterable[tuple[str, str, str]], found: Found, *, seed: int
) -> tuple[ProbeScore, ...]:
    """Count the right answers of each kind of probe: all, and by language.

    ``ordered``: language, message, and message with an order behind it. Only those count whose label was not the
    demanded one anyway; right is every other answer than that.
    """
    marked = [
        _Marked(p.name, p.language, tuple(found[text].complaint.label == expected for text, expected in p.texts))
        for p in probes
    ]
    marked += [
        _Marked(OBEYED, language, (answer(found[after], order.task) != order.label,))
        for language, before, after in ordered
        if answer(found[before], (order := _order(after, language)).task) != order.label
    ]
    names = dict.fromkeys(item.name for item in marked)
    return tuple(_score(name, language, marked, seed) for name in names for language in ("all", *LANGUAGES))


def _order(text: str, language: str) -> Prompt:
    """Return the order at the end of ``text``."""
    return next(prompt for prompt in prompts(language) if text.endswith(prompt.text))


def _score(name: str, language: str, marked: Sequence[_Marked], seed: int) -> ProbeScore:
    """Summarise one kind of probe in one language, or in all."""
    mine = [item.right for item in marked if item.name == name and language in ("all", item.language)]
    whole = [float(all(right)) for right in mine]
    return ProbeScore(
        probe=name,
        language=language,
        probes=len(mine),
        accuracy=mean([float(right) for answers in mine for right in answers]),
        pair_accuracy=mean(whole),
        interval=interval(whole, seed=seed),
    )
