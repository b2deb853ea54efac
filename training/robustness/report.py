"""What the suite found, as records, as JSON and as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from classifier.taxonomy import TASKS
from training.robustness.answers import Interval
from training.robustness.gaps import Gap

TASKS_COMPARED: Final = tuple(task.id for task in TASKS)

FOUR: Final = ("complaint", "motive", "severity", "justice")
"""The tasks that version 0.2.0 and earlier reports compared; their share is told beside that of all."""

Cells = dict[str, str]


@dataclass(frozen=True, slots=True)
class Stability:
    """How many pairs of a perturbation differ, in one language or in ``all``.

    ``changed`` is the share of pairs by task; under ``any`` that of pairs of which at least one label of the nine
    tasks differs, with its 95 % ``interval``; and under ``four`` the same of complaint, motive, severity and justice.
    A set of labels differs where any of its members does.
    """

    perturbation: str
    language: str
    pairs: int
    changed: Mapping[str, float]
    interval: Interval
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the share of pairs with any changed label is within the limit."""
        return self.changed["any"] <= self.limit


@dataclass(frozen=True, slots=True)
class ProbeScore:
    """How often known answers were given: of single messages, and of whole probes (a pair, or one order)."""

    probe: str
    language: str
    probes: int
    accuracy: float
    pair_accuracy: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Flip:
    """A pair of texts with different labels, for reading."""

    perturbation: str
    before: str
    after: str
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RobustnessReport:
    """Stability by perturbation, accuracy of the probes, and gaps between groups of people."""

    model: str
    seed: int
    messages: int
    stability: tuple[Stability, ...]
    probes: tuple[ProbeScore, ...]
    gaps: tuple[Gap, ...]
    flips: tuple[Flip, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every perturbation is within its limit over both languages."""
        return all(item.passed for item in self.stability if item.language == "all")

    def to_dict(self) -> dict[str, Any]:
        """Return what a JSON report holds: figures alone, no text of a message."""
        whole = asdict(self)
        del whole["flips"]
        whole["stability"] = [asdict(item) | {"passed": item.passed} for item in self.stability]
        whole["gaps"] = [asdict(item) | {"clear": item.clear} for item in self.gaps]
        return whole | {"passed": self.passed}

    def tables(self) -> dict[str, list[Cells]]:
        """Return the tables by title."""
        return {"robustness": self.rows(), "known answers": self.probe_rows(), "gaps between groups": self.gap_rows()}

    def rows(self) -> list[Cells]:
        """Return the table of perturbations: a row a perturbation and language, the same columns in each."""
        return [_stability_cells(item) for item in self.stability]

    def probe_rows(self) -> list[Cells]:
        """Return the table of probes."""
        return [
            {
                "probe": item.probe,
                "language": item.language,
                "probes": str(item.probes),
                "messages right": f"{item.accuracy:.1%}",
                "probes right": f"{item.pair_accuracy:.1%} [{item.interval[0]:.1%}, {item.interval[1]:.1%}]",
            }
            for item in self.probes
        ]

    def gap_rows(self) -> list[Cells]:
        """Return the table of gaps, for the model card."""
        return [
            {
                "gap": item.contrast,
                "language": item.language,
                "figure": item.figure,
                "messages": str(item.messages),
                "mean": f"{item.mean:+.3f}",
                "95 % interval": f"[{item.interval[0]:+.3f}, {item.interval[1]:+.3f}]",
            }
            for item in self.gaps
        ]


def _stability_cells(item: Stability) -> Cells:
    shares = {name: f"{item.changed[name]:.1%}" for name in (*TASKS_COMPARED, "four", "any")}
    return {
        "perturbation": item.perturbation,
        "language": item.language,
        "pairs": str(item.pairs),
        **shares,
        "95 % interval": f"[{item.interval[0]:.1%}, {item.interval[1]:.1%}]",
        "limit": f"{item.limit:.0%}",
        "result": "pass" if item.passed else "fail",
    }
