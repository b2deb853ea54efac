"""Run the suite: perturb, classify every text once, compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from classifier.inference import ComplaintClassifier
from classifier.taxonomy import LANGUAGES
from training.corpus import Example
from training.robustness.answers import Found, answer, interval, mean
from training.robustness.gaps import measure_gaps
from training.robustness.known_answers import Probe, known_probes, score_probes
from training.robustness.lists import Chance
from training.robustness.perturbations import ORDERS, PERTURBATIONS, WORDING, Perturbation
from training.robustness.probes import Message, dialect_pairs, template_messages
from training.robustness.report import FOUR, TASKS_COMPARED, Flip, RobustnessReport, Stability

_FLIPS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class _Pair:
    """A text and what a perturbation made of it."""

    perturbation: str
    language: str
    before: str
    after: str


def measure(
    classifier: ComplaintClassifier, examples: Sequence[Example], *, seed: int = 1, at_most: int = 500
) -> RobustnessReport:
    """Measure stability, probes and gaps on ``examples`` and on the suite's own sentences.

    Of more than ``at_most`` examples as many are drawn. The language is told by the classifier, as in use. The same
    seed gives the same report.
    """
    chance = np.random.default_rng(seed)
    messages = _drawn(examples, at_most, chance) + template_messages(chance)
    pairs = [pair for perturbation in PERTURBATIONS for pair in _pairs(perturbation, messages, seed)]
    probes = known_probes()
    found = _classify(classifier, pairs, probes)
    ordered = [(pair.language, pair.before, pair.after) for pair in pairs if pair.perturbation == ORDERS.name]
    return RobustnessReport(
        model=f"{classifier.model.name} {classifier.model.version}",
        seed=seed,
        messages=len(messages),
        stability=tuple(
            item for perturbation in PERTURBATIONS for item in _stability(perturbation, pairs, found, seed)
        ),
        probes=score_probes(probes, ordered, found, seed=seed),
        gaps=measure_gaps(classifier, messages, seed=seed),
        flips=tuple(flip for perturbation in PERTURBATIONS for flip in _flips(perturbation, pairs, found)),
    )


def _drawn(examples: Sequence[Example], at_most: int, chance: Chance) -> list[Message]:
    """Draw messages without regard to their labels, in their order."""
    chosen: Sequence[int] = range(len(examples))
    if len(examples) > at_most:
        chosen = sorted(chance.choice(len(examples), size=at_most, replace=False))
    return [Message(examples[i].text, examples[i].language) for i in chosen]


def _pairs(perturbation: Perturbation, messages: Sequence[Message], seed: int) -> list[_Pair]:
    """Perturb every message, and keep those that differ."""
    changed = [(m, perturbation.apply(m.text, m.language, seed)) for m in messages]
    pairs = [_Pair(perturbation.name, m.language, m.text, after) for m, after in changed if after != m.text]
    if perturbation is WORDING:
        pairs += [_Pair(WORDING.name, name, a, b) for name in LANGUAGES for a, b in dialect_pairs(name)]
    return pairs


def _classify(classifier: ComplaintClassifier, pairs: Sequence[_Pair], probes: Sequence[Probe]) -> Found:
    """Classify every distinct text once."""
    texts = [text for pair in pairs for text in (pair.before, pair.after)]
    texts += [text for probe in probes for text, _ in probe.texts]
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, classifier.predict(distinct, facts=False), strict=True))


def _changed(pair: _Pair, found: Found) -> tuple[str, ...]:
    """Name the tasks of which the labels differ."""
    before, after = found[pair.before], found[pair.after]
    return tuple(task for task in TASKS_COMPARED if answer(before, task) != answer(after, task))


def _stability(perturbation: Perturbation, pairs: Sequence[_Pair], found: Found, seed: int) -> list[Stability]:
    """Count the changes of one perturbation: all, and by language."""
    changes = [(pair.language, _changed(pair, found)) for pair in pairs if pair.perturbation == perturbation.name]
    result = []
    for language in ("all", *LANGUAGES):
        mine = [tasks for name, tasks in changes if language in ("all", name)]
        anything = [float(bool(tasks)) for tasks in mine]
        shares = {task: mean([float(task in tasks) for tasks in mine]) for task in TASKS_COMPARED}
        shares["four"] = mean([float(not set(FOUR).isdisjoint(tasks)) for tasks in mine])
        result.append(
            Stability(
                perturbation=perturbation.name,
                language=language,
                pairs=len(mine),
                changed=shares | {"any": mean(anything)},
                interval=interval(anything, seed=seed),
                limit=perturbation.limit,
            )
        )
    return result


def _flips(perturbation: Perturbation, pairs: Sequence[_Pair], found: Found) -> list[Flip]:
    """Show the first pairs that differ."""
    mine = [(pair, _changed(pair, found)) for pair in pairs if pair.perturbation == perturbation.name]
    return [Flip(p.perturbation, p.before, p.after, tasks) for p, tasks in mine if tasks][:_FLIPS_SHOWN]
