"""Whether the evidence is what the decision rests on.

Evidence is found by keeping each sentence from the network's upper layers (``classifier.evidence``). What its deletion
from the text costs, which the lower layers notice too, is measured beside that of another sentence. Further from how it
was found are the evidence alone against another sentence alone, its deletion from a text of which half of the rest is
gone already, and comprehensiveness and sufficiency as DeYoung et al. define them ("ERASER: A Benchmark to Evaluate
Rationalized NLP Models", ACL 2020), beside those of other sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from classifier.calibration import Floats
from classifier.evidence import EXPLAINED, Span, sentences
from classifier.inference import ComplaintClassifier
from classifier.preprocessing import mended
from classifier.taxonomy import LANGUAGES, Task
from classifier.types import Classification
from training.corpus import Example
from training.robustness.answers import Interval, interval, mean

TARGET = 0.8

ProbabilityOf = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Figures:
    """How faithful the evidence of one task is, for one language or for ``all``.

    ``deletion``, ``alone`` and ``context``: how often the evidence does more than another sentence of its text drawn at
    random: the share of the others that do less, averaged over the texts; a text for which no evidence was found counts
    as one in which none does less. ``context`` is over the
    ``context_texts`` with three sentences or more. ``comprehensiveness``: what deletion takes from the label's
    probability, the more the better; ``sufficiency``: what is missing from it if the evidence stands alone, the less
    the better; ``…_of_others``: the same of a random other sentence; all four over the texts that have evidence.
    """

    task: str
    language: str
    texts: int
    without_evidence: int
    deletion: float
    deletion_interval: Interval
    alone: float
    alone_interval: Interval
    context: float
    context_interval: Interval
    context_texts: int
    comprehensiveness: float
    comprehensiveness_of_others: float
    sufficiency: float
    sufficiency_of_others: float

    @property
    def passed(self) -> bool:
        """Whether deletion reaches the target, from the whole text and from a part of it."""
        return self.deletion >= TARGET and (self.context >= TARGET or not self.context_texts)


@dataclass(frozen=True, slots=True)
class FaithfulnessReport:
    """The figures of severity, motive and justice: all texts, then by language."""

    model: str
    figures: tuple[Figures, ...]

    @property
    def passed(self) -> bool:
        """Whether every task reaches the target over all texts."""
        return all(item.passed for item in self.figures if item.language == "all")

    def to_dict(self) -> dict[str, Any]:
        """Return what a JSON report holds."""
        rows = [asdict(item) | {"passed": item.passed} for item in self.figures]
        return {"model": self.model, "target": TARGET, "passed": self.passed, "figures": rows}

    def tables(self) -> dict[str, list[dict[str, str]]]:
        """Return the tables by title."""
        return {"faithfulness of the evidence": self.rows()}

    def rows(self) -> list[dict[str, str]]:
        """Return a table: a row a task and language, the same columns in each."""
        return [_row(item) for item in self.figures]


@dataclass(frozen=True, slots=True)
class _Lost:
    """What the evidence cost the label's probability and the other sentences did on average; how many cost less, more.

    ``less`` and ``more`` are shares of the other sentences.
    """

    evidence: float = 0.0
    others: float = 0.0
    less: float = 0.0
    more: float = 0.0

    @classmethod
    def of(cls, lost: Sequence[float]) -> Self:
        """Compare the first of ``lost``, the evidence's, with the others."""
        mine, others = lost[0], np.asarray(lost[1:])
        return cls(mine, float(others.mean()), float((others < mine).mean()), float((others > mine).mean()))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one label of one text lost, by what was taken away."""

    task: str
    language: str
    found: bool = False
    deletion: _Lost = _Lost()
    missing_alone: _Lost = _Lost()
    context: _Lost | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """One label of one text, and the texts that are compared; the evidence's version stands first."""

    task: Task
    label: str
    language: str
    full: str
    without: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    context: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text that must be classified."""
        return (self.full, *self.without, *self.alone, *self.context)


def measure(classifier: ComplaintClassifier, examples: Sequence[Example], *, seed: int = 1) -> FaithfulnessReport:
    """Measure the evidence of the complaints among ``examples`` that have two sentences or more.

    A complaint that the classifier takes for none has no evidence to measure, and is left out.
    """
    complaints = [example for example in examples if example.labels["complaint"]]
    texts = [mended(example.text) for example in complaints]
    found = classifier.predict(texts, languages=[e.language for e in complaints], evidence=True, facts=False)
    chance = np.random.default_rng(seed)
    cases = [
        case
        for text, classification in zip(texts, found, strict=True)
        if classification.severity is not None
        for case in _cases(text, classification, chance)
    ]
    outcomes = _outcomes(classifier, cases)
    figures = [
        _figures(task.id, language, outcomes, seed)
        for task in EXPLAINED
        for language in ("all", *LANGUAGES)
        if language == "all" or any(o.language == language for o in outcomes)
    ]
    return FaithfulnessReport(f"{classifier.model.name} {classifier.model.version}", tuple(figures))


def _cases(text: str, found: Classification, chance: np.random.Generator) -> list[_Case]:
    """List the main label of each task with the texts to compare; nothing for a text of one sentence."""
    language = found.language or "es"
    spans = sentences(text, language)
    if len(spans) < 2:
        return []
    starts = {(e.task, e.label): e.start for e in found.evidence}
    order = [span.start for span in spans]
    cases = []
    for task in EXPLAINED:
        decision = getattr(found, task.id)
        label = getattr(decision, "primary", None) or decision.label
        start = starts.get((task.id, label))
        if start is None:
            cases.append(_Case(task, label, language, text))
            continue
        best = order.index(start)
        others = [i for i in range(len(spans)) if i != best]
        ranked = (best, *others)
        cases.append(
            _Case(
                task,
                label,
                language,
                text,
                without=tuple(_cut(text, spans, {i}) for i in ranked),
                alone=tuple(text[spans[i].start : spans[i].end] for i in ranked),
                context=_context(text, spans, best, chance),
            )
        )
    return cases


def _context(text: str, spans: Sequence[Span], best: int, chance: np.random.Generator) -> tuple[str, ...]:
    """Take half of the other sentences away, then the evidence or one of those left; nothing under three sentences."""
    others = [i for i in range(len(spans)) if i != best]
    if len(others) < 2:
        return ()
    gone = {int(i) for i in chance.choice(others, size=len(others) // 2, replace=False)}
    left = [i for i in others if i not in gone]
    return tuple(_cut(text, spans, gone | {i}) for i in (best, *left))


def _cut(text: str, spans: Sequence[Span], gone: set[int]) -> str:
    """Return ``text`` without the sentences ``gone``."""
    pieces, end = [], 0
    for i in sorted(gone):
        pieces.append(text[end : spans[i].start])
        end = spans[i].end
    return " ".join([*pieces, text[end:]])


def _outcomes(classifier: ComplaintClassifier, cases: Sequence[_Case]) -> list[_Outcome]:
    """Classify every distinct text once and compare."""
    distinct = {text: row for row, text in enumerate(dict.fromkeys(text for case in cases for text in case.texts))}
    probabilities = classifier.calibrated(list(distinct))
    return [_outcome(case, _lookup(case, distinct, probabilities)) for case in cases]


def _lookup(case: _Case, rows: Mapping[str, int], probabilities: Mapping[str, Floats]) -> ProbabilityOf:
    """Return the function from a text to the probability of the case's label."""
    column = probabilities[case.task.id][:, case.task.label_ids.index(case.label)]
    return lambda text: float(column[rows[text]])


def _outcome(case: _Case, probability_of: ProbabilityOf) -> _Outcome:
    """Compare the evidence with the other sentences."""
    if not case.without:
        return _Outcome(case.task.id, case.language)
    full = probability_of(case.full)

    def losses(texts: Sequence[str]) -> _Lost:
        return _Lost.of([full - probability_of(text) for text in texts])

    context = losses(case.context) if case.context else None
    return _Outcome(
        case.task.id,
        case.language,
        found=True,
        deletion=losses(case.without),
        missing_alone=losses(case.alone),
        context=context,
    )


def _figures(task: str, language: str, outcomes: Sequence[_Outcome], seed: int) -> Figures:
    """Summarise one task in one language, or in all."""
    mine = [o for o in outcomes if o.task == task and language in ("all", o.language)]
    with_evidence = [o for o in mine if o.found]
    deletion = [o.deletion.less for o in mine]
    alone = [o.missing_alone.more for o in mine]
    context = [o.context.less for o in mine if o.context is not None]
    return Figures(
        task=task,
        language=language,
        texts=len(mine),
        without_evidence=len(mine) - len(with_evidence),
        deletion=mean(deletion),
        deletion_interval=interval(deletion, seed=seed),
        alone=mean(alone),
        alone_interval=interval(alone, seed=seed),
        context=mean(context),
        context_interval=interval(context, seed=seed),
        context_texts=len(context),
        comprehensiveness=mean([o.deletion.evidence for o in with_evidence]),
        comprehensiveness_of_others=mean([o.deletion.others for o in with_evidence]),
        sufficiency=mean([o.missing_alone.evidence for o in with_evidence]),
        sufficiency_of_others=mean([o.missing_alone.others for o in with_evidence]),
    )


def _row(item: Figures) -> dict[str, str]:
    """Write figures as the cells of a table."""
    return {
        "task": item.task,
        "language": item.language,
        "texts": str(item.texts),
        "no evidence": str(item.without_evidence),
        "deletion": _share(item.deletion, item.deletion_interval),
        "alone": _share(item.alone, item.alone_interval),
        "in part of the text": _share(item.context, item.context_interval),
        "comprehensiveness (others)": f"{item.comprehensiveness:.3f} ({item.comprehensiveness_of_others:.3f})",
        "sufficiency (others)": f"{item.sufficiency:.3f} ({item.sufficiency_of_others:.3f})",
        "target": f"{TARGET:.0%}",
        "result": "pass" if item.passed else "fail",
    }


def _share(value: float, bounds: Interval) -> str:
    """Write a share with its interval."""
    return f"{value:.1%} [{bounds[0]:.1%}, {bounds[1]:.1%}]"
