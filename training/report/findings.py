"""What a reader should know first, in sentences."""

from __future__ import annotations

from typing import Final

from classifier.taxonomy import COMPLAINT, JUSTICE, LANGUAGES, MOTIVE, SEVERITY, TASK_BY_ID
from training.report.bootstrap import LEVEL
from training.report.contents import Report
from training.report.figures import PRECISION, main_figure

KEY_TASKS: Final = (COMPLAINT, MOTIVE, SEVERITY, JUSTICE)
"""The tasks that a recovery plan hangs on."""

KEY_FIGURES: Final = tuple(main_figure(task) for task in KEY_TASKS)

WELL_CALIBRATED: Final = 0.03
_MOST_SLICES = 4
_LANGUAGE_NAMES = {"es": "Spanish", "pt": "Portuguese"}


def findings(report: Report) -> list[str]:
    """Return the sentences: what needs no person, the languages, the weakest slices, the calibration."""
    return [*_coverage(report), *_languages(report), *_slices(report), *_calibration(report)]


def language_name(language: str) -> str:
    """Return the English name of a language."""
    return _LANGUAGE_NAMES.get(language, language)


def _coverage(report: Report) -> list[str]:
    shares = [f"{item.task.name.en} {item.coverage:.0%}" for item in report.tasks if item.task in KEY_TASKS]
    return [f"Can be decided without a person at {PRECISION:.0%} precision: {', '.join(shares)} of the messages."]


def _languages(report: Report) -> list[str]:
    if not report.parts.gap:
        return ["Too few messages in one of the languages to compare them."]
    gaps = {name: report.parts.gap[name] for name in _main_figures(report) if name in report.parts.gap}
    sure = [name for name, gap in gaps.items() if gap.low > 0 or gap.high < 0]
    if not sure:
        return ["No task's main figure differs between the languages beyond chance."]
    widest = max(sure, key=lambda name: abs(gaps[name].value))
    gap = gaps[widest]
    behind, ahead = (LANGUAGES[1], LANGUAGES[0]) if gap.value > 0 else LANGUAGES
    low, high = sorted((abs(gap.low), abs(gap.high)))
    distance = f"{100 * abs(gap.value):.1f} points ({LEVEL:.0%} interval {100 * low:.1f} to {100 * high:.1f})"
    count = f"{len(sure)} of {len(gaps)} tasks differ beyond chance"
    return [f"{language_name(behind)} is behind {language_name(ahead)} in {widest} by {distance}; {count}."]


def _slices(report: Report) -> list[str]:
    weak = [
        (report.figures[name].value - part.figures[name].value, part, name)
        for part in report.parts.shown
        for name in KEY_FIGURES
        if name in part.figures and part.figures[name].high < report.figures[name].value
    ]
    weak.sort(key=lambda item: -item[0])
    return [
        f"Weak: {part.dimension} {part.name} ({part.messages} messages), {name} "
        f"{part.figures[name].value:.3f} against {report.figures[name].value:.3f} overall, which is above its interval."
        for _, part, name in weak[:_MOST_SLICES]
    ]


def _calibration(report: Report) -> list[str]:
    errors = {item.task.id: report.figures[f"{item.task.id} ece"].value for item in report.tasks}
    off = [f"{TASK_BY_ID[name].name.en} {error:.3f}" for name, error in errors.items() if error > WELL_CALIBRATED]
    if not off:
        return [f"Probabilities can be taken at their word: every calibration error is at most {WELL_CALIBRATED}."]
    return [f"Calibration error above {WELL_CALIBRATED}: {', '.join(off)}."]


def _main_figures(report: Report) -> list[str]:
    return [main_figure(item.task) for item in report.tasks]
