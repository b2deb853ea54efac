"""Run the suite: perturb, classify every text once, compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from classifier.inference import ComplaintClassifier
from classifier.taxonomy import LANGUAGES
from classifier.types import Classification, MultiDecision
from training.corpus import Example
from training.robustness.answers import interval, mean
from training.robustness.gaps import measure_gaps
from training.robustness.lists import Chance
from training.robustness.perturbations import PERTURBATIONS, WORDING, Perturbation
from training.robustness.probes import KINDS, Message, contrasts, dialect_pairs, template_messages
from training.robustness.report import TASKS_COMPARED, Flip, ProbeScore, RobustnessReport, Stability
from training.robustness.surroundings import prompts

_FLIPS_SHOWN: Final = 5

Found = Mapping[str, Classification]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A text and what a perturbation made of it."""

    perturbation: str
    language: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Probe:
    """Texts whose answers are known: ``texts`` and, for each, whether it is a complaint."""

    name: str
    language: str
    texts: tuple[tuple[str, bool], ...]


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
    probes = _probes()
    found = _classify(classifier, pairs, probes)
    return RobustnessReport(
        model=f"{classifier.model.name} {classifier.model.version}",
        seed=seed,
        messages=len(messages),
        stability=tuple(
            item for perturbation in PERTURBATIONS for item in _stability(perturbation, pairs, found, seed)
        ),
        probes=tuple(
            item for name in dict.fromkeys(p.name for p in probes) for item in _scores(name, probes, found, seed)
        ),
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


def _probes() -> list[_Probe]:
    """List the probes of negation and sarcasm, and orders that stand alone: they are no complaints."""
    pairs = [
        _Probe(kind, item.language, ((item.complaint, True), (item.other, False)))
        for kind in KINDS
        for item in contrasts(kind)
    ]
    alone = [
        _Probe("prompt-like text alone", name, ((item.text, False),)) for name in LANGUAGES for item in prompts(name)
    ]
    return pairs + alone


def _classify(classifier: ComplaintClassifier, pairs: Sequence[_Pair], probes: Sequence[_Probe]) -> Found:
    """Classify every distinct text once."""
    texts = [text for pair in pairs for text in (pair.before, pair.after)]
    texts += [text for probe in probes for text, _ in probe.texts]
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, classifier.predict(distinct, facts=False), strict=True))


def _changed(pair: _Pair, found: Found) -> tuple[str, ...]:
    """Name the tasks of which the labels differ."""
    before, after = found[pair.before], found[pair.after]
    return tuple(task for task in TASKS_COMPARED if _answer(before, task) != _answer(after, task))


def _answer(classification: Classification, task: str) -> object:
    """Return the label or the set of labels; ``None`` where the task was not asked."""
    decision = getattr(classification, task)
    return frozenset(decision.labels) if isinstance(decision, MultiDecision) else getattr(decision, "label", None)


def _stability(perturbation: Perturbation, pairs: Sequence[_Pair], found: Found, seed: int) -> list[Stability]:
    """Count the changes of one perturbation: all, and by language."""
    changes = [(pair.language, _changed(pair, found)) for pair in pairs if pair.perturbation == perturbation.name]
    result = []
    for language in ("all", *LANGUAGES):
        mine = [tasks for name, tasks in changes if language in ("all", name)]
        anything = [float(bool(tasks)) for tasks in mine]
        shares = {task: mean([float(task in tasks) for tasks in mine]) for task in TASKS_COMPARED}
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


def _scores(name: str, probes: Sequence[_Probe], found: Found, seed: int) -> list[ProbeScore]:
    """Count the right answers of one kind of probe: all, and by language."""
    result = []
    for language in ("all", *LANGUAGES):
        mine = [p for p in probes if p.name == name and language in ("all", p.language)]
        right = [[found[text].complaint.label == expected for text, expected in p.texts] for p in mine]
        both = [float(all(answers)) for answers in right]
        result.append(
            ProbeScore(
                probe=name,
                language=language,
                probes=len(mine),
                accuracy=mean([float(answer) for answers in right for answer in answers]),
                pair_accuracy=mean(both),
                interval=interval(both, seed=seed),
            )
        )
    return result


def _flips(perturbation: Perturbation, pairs: Sequence[_Pair], found: Found) -> list[Flip]:
    """Show the first pairs that differ."""
    mine = [(pair, _changed(pair, found)) for pair in pairs if pair.perturbation == perturbation.name]
    return [Flip(p.perturbation, p.before, p.after, tasks) for p, tasks in mine if tasks][:_FLIPS_SHOWN]
