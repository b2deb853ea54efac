"""What is measured of a candidate, beside the current model, and what speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np

from classifier.artifact import FILES, Artifact
from classifier.errors import InputError
from classifier.inference import ComplaintClassifier
from classifier.taxonomy import LANGUAGES, TASKS, Task
from classifier.types import Classification, ModelInfo
from training.comparison import Comparison, Interval, Verdict, compare, intervals
from training.config import read_config
from training.corpus import Example
from training.evaluation import (
    BINS,
    Scores,
    answer,
    asked,
    calibration_error,
    classified,
    confidences,
    covered,
    score_by_language,
)
from training.leakage import SIMILARITY, Pair, find_pairs, seen_messages
from training.pipeline import Places

__all__ = [
    "CALIBRATION_LIMIT",
    "Calibrated",
    "Leaks",
    "Limits",
    "Report",
    "as_version",
    "calibration_checks",
    "calibration_noise",
    "find_leaks",
    "judge",
    "without",
]

CALIBRATION_LIMIT: Final = 0.03
"""Highest calibration error beyond the noise of the bins."""

_SIMULATIONS: Final = 400
_NOISE_PERCENTILE: Final = 95
_CHUNK: Final = 256
_NOBODY: Final[Callable[[int], None]] = lambda _: None  # noqa: E731


@dataclass(frozen=True, slots=True)
class Limits:
    """The calibration error that is refused beyond noise, and the seed of what is drawn.

    With ``allow_unchecked`` a candidate isn't refused because some of what it was trained on can't be looked at.
    """

    calibration: float = CALIBRATION_LIMIT
    seed: int = 1
    allow_unchecked: bool = False


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Calibration error of one task in one group of messages, and what a perfect model would be allowed."""

    task: str
    group: str
    answers: int
    error: float
    noise: float
    limit: float

    @property
    def fine(self) -> bool:
        """Say whether the error is within the limit and the noise."""
        return self.error <= self.limit + self.noise


@dataclass(frozen=True, slots=True)
class Leaks:
    """Pairs of an evaluation message and one that was trained on; corpora that could not be looked at."""

    pairs: tuple[Pair, ...] = ()
    seen: int = 0
    missing: tuple[str, ...] = ()

    @property
    def messages(self) -> set[tuple[str, str]]:
        """Return source and id of the evaluation messages that leak."""
        return {(pair.source, pair.id) for pair in self.pairs}


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured and decided. ``reasons`` is empty if the candidate may be released.

    ``coverage`` is by task what can be decided without a person at 95 % precision.
    """

    candidate: ModelInfo
    current: ModelInfo | None
    scores: dict[str, Scores]
    intervals: dict[str, dict[str, Interval]]
    comparisons: tuple[Comparison, ...]
    calibration: tuple[Calibrated, ...]
    leaks: Leaks
    left_out: int = 0
    reasons: tuple[str, ...] = field(default=())
    coverage: Scores = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        whole = asdict(self)
        for row, comparison in zip(whole["comparisons"], self.comparisons, strict=True):
            row |= {"noise": comparison.difference.noise, "verdict": comparison.verdict.value}
        for row, calibrated in zip(whole["calibration"], self.calibration, strict=True):
            row["fine"] = calibrated.fine
        return {"passed": not self.reasons, **whole}


def find_leaks(
    candidate: Artifact, examples: Sequence[Example], places: Places, similarity: float = SIMILARITY
) -> Leaks:
    """Look for ``examples`` in the corpora that the candidate's ``training.toml`` names."""
    file = candidate.path / FILES.training
    if not file.is_file():
        return Leaks(missing=(f"{file.name} of the candidate, which names its corpora",))
    seen, missing = seen_messages(read_config(file), places, candidate.metrics())
    return Leaks(tuple(find_pairs(seen, examples, threshold=similarity)), len(seen), tuple(missing))


def without(examples: Sequence[Example], leaks: Leaks) -> list[Example]:
    """Leave out the messages that leak; raise ``InputError`` if nothing is left to measure on."""
    kept = [e for e in examples if (e.source, e.id) not in leaks.messages]
    if not kept:
        raise InputError("every message to measure on was trained on too: name others by --on")
    return kept


def as_version(classifier: ComplaintClassifier, version: str) -> ComplaintClassifier:
    """Return ``classifier`` under another version of its name."""
    artifact = classifier.artifact
    return replace(classifier, artifact=replace(artifact, info=replace(artifact.info, version=version)))


def judge(
    candidate: ComplaintClassifier,
    current: ComplaintClassifier | None,
    examples: Sequence[Example],
    leaks: Leaks,
    limits: Limits,
    *,
    advance: Callable[[int], None] = _NOBODY,
) -> Report:
    """Measure both models on ``examples`` and say what speaks against the candidate.

    ``leaks`` count unless their messages are left out of ``examples``. ``advance`` is told how many messages were
    just classified, of ``len(examples)`` for each model.
    """
    gold = [e.labels for e in examples]
    found = _answers(candidate, examples, advance)
    comparisons = compare(gold, _answers(current, examples, advance), found, seed=limits.seed) if current else []
    groups = _groups(examples)
    report = Report(
        candidate=candidate.model,
        current=current.model if current else None,
        scores=score_by_language(examples, found),
        intervals={
            name: intervals([gold[i] for i in rows], [found[i] for i in rows], seed=limits.seed)
            for name, rows in groups.items()
        },
        comparisons=tuple(comparisons),
        calibration=tuple(calibration_checks(examples, found, limits)),
        leaks=leaks,
        left_out=len(leaks.messages - {(e.source, e.id) for e in examples}),
        coverage=covered(examples, found),
    )
    return replace(report, reasons=tuple(_reasons(report, len(examples), limits)))


def calibration_checks(
    examples: Sequence[Example], found: Sequence[Classification], limits: Limits
) -> Iterator[Calibrated]:
    """Yield the calibration error of each task over all messages and in each language."""
    for name, rows in _groups(examples).items():
        for task in TASKS:
            cells = [cell for i in rows for cell in _cells(task, examples[i], found[i])]
            if cells:
                probabilities, hits = zip(*cells, strict=True)
                error = calibration_error(probabilities, hits)
                noise = calibration_noise(probabilities, seed=limits.seed)
                yield Calibrated(task.id, name, len(cells), error, noise, limits.calibration)


def calibration_noise(probabilities: Sequence[float], *, seed: int = 1) -> float:
    """Return the calibration error that a perfectly calibrated model stays under in 95 of 100 samples as large.

    The error of few answers in 15 bins is above zero even if every probability is right. So outcomes are drawn with
    the very probabilities that were given, again and again (consistency resampling; Bröcker & Smith, "Increasing the
    reliability of reliability diagrams", 2007). Answers count as independent of each other.
    """
    p = np.sort(np.asarray(probabilities))
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    starts = np.flatnonzero(np.diff(bins, prepend=-1))
    chance = np.random.default_rng(seed)
    errors = [
        np.abs(np.add.reduceat(p - (chance.random(len(p)) < p), starts)).sum() / len(p) for _ in range(_SIMULATIONS)
    ]
    return float(np.percentile(errors, _NOISE_PERCENTILE))


def _reasons(report: Report, messages: int, limits: Limits) -> Iterator[str]:
    """Yield what speaks against the candidate, a line each."""
    if report.current and (report.current.name, report.current.version) == (
        report.candidate.name,
        report.candidate.version,
    ):
        yield (
            f"version: {report.candidate.name} {report.candidate.version} is the current model's name and version: "
            "raise run.version, or give another by --force-version"
        )
    for c in report.comparisons:
        if c.verdict is Verdict.WORSE:
            d = c.difference
            yield (
                f"worse: {c.task} {c.figure} is {c.candidate:.3f}, the current model's is {c.current:.3f}; the "
                f"difference of {d.value:+.3f} (95 %: {d.low:+.3f} to {d.high:+.3f}) is beyond the noise of "
                f"±{d.noise:.3f} that {c.messages:,} messages leave"
            )
    for k in report.calibration:
        if not k.fine:
            where = "all messages" if k.group == "all" else f"messages in {k.group}"
            yield (
                f"badly calibrated: {k.task} over {where} has an error of {k.error:.3f}; at most {k.limit:.3f} beyond "
                f"the {k.noise:.3f} that a perfectly calibrated model may show on {k.answers:,} answers"
            )
    leaking = len(report.leaks.messages) - report.left_out
    if leaking:
        kinds = [pair.kind.value for pair in report.leaks.pairs]
        counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
        yield (
            f"leaking: of {messages:,} messages to measure on, {leaking:,} or the like of it was trained on (pairs: "
            f"{counts}): train without, or measure without by --leave-out-leaks"
        )
    if report.leaks.missing and not limits.allow_unchecked:
        yield (
            "unchecked: whether it was trained on these messages can't be told without "
            f"{', '.join(report.leaks.missing)}: name a folder that has them by --data, or accept that by "
            "--allow-unchecked"
        )


def _answers(
    classifier: ComplaintClassifier, examples: Sequence[Example], advance: Callable[[int], None]
) -> list[Classification]:
    """Classify ``examples``, telling how far it is."""
    found: list[Classification] = []
    for start in range(0, len(examples), _CHUNK):
        chunk = examples[start : start + _CHUNK]
        found += classified(classifier, chunk)
        advance(len(chunk))
    return found


def _groups(examples: Sequence[Example]) -> dict[str, list[int]]:
    """Return the rows of all messages and of each language that there is."""
    groups = {"all": list(range(len(examples)))}
    groups |= {name: [i for i, e in enumerate(examples) if e.language == name] for name in LANGUAGES}
    return {name: rows for name, rows in groups.items() if rows}


def _cells(task: Task, example: Example, found: Classification) -> list[tuple[float, bool]]:
    """Return the probabilities that one answer's calibration is judged by, and whether they came true."""
    given = answer(task, found) if asked(task, example.labels) else None
    return confidences(task, example.labels[task.id], given) if given else []
