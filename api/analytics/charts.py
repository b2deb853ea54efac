"""The figures of each screen, counted from the cells of the period and of the one before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from api.analytics.cells import RULE_SEPARATOR, SETTLED, STATUSES
from api.analytics.columns import Columns
from api.analytics.counting import Chosen, by_label, chosen, counted, total
from api.analytics.figures import (
    Count,
    DayPrecision,
    DayVolume,
    Deadline,
    Drift,
    HeatCell,
    Labelled,
    Moment,
    Overview,
    Precision,
    Ratio,
    RuleCount,
    Rules,
    Share,
    TaskPrecision,
    Terms,
)
from api.analytics.layout import FIELDS, JUDGED, RIGHT, WRONG
from api.analytics.selection import Selection
from api.store.records import CaseStatus, ReviewStatus
from classifier.taxonomy import JUSTICE, SEVERITY, TASKS, TOUCHPOINT

__all__ = ["WEIGHTS", "Pair", "drift", "moments", "overview", "precision", "rules"]

WEIGHTS: Final[Mapping[str, float]] = {"low": 0.25, "moderate": 0.5, "high": 0.75, "critical": 1.0}
_CRITICAL: Final = ("high", "critical")
_SMALLEST: Final = 1e-4
_YES: Final = FIELDS["complaint"].code(True)  # noqa: FBT003 - a label


@dataclass(frozen=True, slots=True)
class Pair:
    """The cells of a selection and of the period before."""

    selection: Selection
    now: Chosen
    before: Chosen

    @classmethod
    def of(cls, columns: Columns, selection: Selection) -> Pair:
        """Choose both."""
        return cls(selection, chosen(columns, selection), chosen(columns, selection.before))

    def count(self, figure: Callable[[Chosen], int]) -> Count:
        """Return a figure of both."""
        return Count(figure(self.now), figure(self.before))

    def share(self, figure: Callable[[Chosen], int], of: Callable[[Chosen], int]) -> Share:
        """Return one figure as a share of another, of both."""
        return Share(*(Ratio(figure(cells), of(cells)) for cells in (self.now, self.before)))

    def labels(self, task: str) -> tuple[Labelled, ...]:
        """Return how many messages have each label of a task."""
        now, before = by_label(self.now, task), by_label(self.before, task)
        return tuple(Labelled(label, Count(now[label], before[label])) for label in now)


def overview(messages: Pair, cases: Pair, now: int) -> Overview:
    """Return the first screen; ``now`` in seconds decides which deadlines are missed that nobody kept yet."""
    cases = Pair(cases.selection, _not_cancelled(cases.now), _not_cancelled(cases.before))
    return Overview(
        messages=messages.count(_all),
        complaints=messages.count(_complaints),
        needing_review=messages.share(_needing_review, _all),
        volume=_volume(messages),
        severities=messages.labels("severity"),
        motives=messages.labels("motive"),
        justices=messages.labels("justice"),
        tones=messages.labels("tone"),
        touchpoints=messages.labels("touchpoint"),
        qualities=messages.labels("quality"),
        justice_by_touchpoint=_heat(messages),
        cases=cases.count(_all),
        deadlines=tuple(_deadline(cases, kind, due, now) for kind, due in _DUE.items()),
        double_deviations=cases.share(_doubled, _all),
    )


def moments(messages: Pair) -> list[Moment]:
    """Return each touchpoint, without phrases."""
    now, before = _by_touchpoint(messages.now), _by_touchpoint(messages.before)
    return [_moment(label, now[place], before[place]) for place, label in enumerate(TOUCHPOINT.label_ids)]


def precision(messages: Pair) -> Precision:
    """Return how the model did on what people reviewed."""
    pair = Pair(messages.selection, _judged(messages.now), _judged(messages.before))
    return Precision(
        reviewed=pair.count(_all),
        tasks=tuple(TaskPrecision(task, pair.share(_told(task, RIGHT), _told(task, RIGHT, WRONG))) for task in JUDGED),
        over_time=_precision_by_day(pair),
        models=_models(pair.now),
    )


def rules(cases: Pair) -> Rules:
    """Return what fired."""
    now, before = _fired(cases.now), _fired(cases.before)
    ordered = sorted(now | before, key=lambda rule: (-now[rule], -before[rule], rule))
    return Rules(cases.count(_all), tuple(RuleCount(*rule, Count(now[rule], before[rule])) for rule in ordered))


def drift(messages: Pair) -> list[Drift]:
    """Return how far each task's labels moved; nothing is told of a period without labels."""
    found = []
    for task in TASKS:
        now, before = (np.array([*by_label(cells, task.id).values()]) for cells in (messages.now, messages.before))
        sums = Count(int(now.sum()), int(before.sum()))
        if sums.now and sums.before:
            found.append(Drift(task.id, _stability(now / sums.now, before / sums.before), sums))
    return found


def _stability(now: np.ndarray, before: np.ndarray) -> float:
    """Return the population stability index of two distributions."""
    now, before = (np.maximum(shares, _SMALLEST) for shares in (now, before))
    return float(((now - before) * np.log(now / before)).sum())


def _all(cells: Chosen) -> int:
    return total(cells.count)


def _complaints(cells: Chosen) -> int:
    return int(cells.counts("complaint")[_YES])


def _needing_review(cells: Chosen) -> int:
    return int(cells.counts("review")[FIELDS["review"].code(ReviewStatus.NEEDED)])


def _doubled(cells: Chosen) -> int:
    return total(cells.count[cells.of("double_deviation") == 1])


def _not_cancelled(cells: Chosen) -> Chosen:
    return cells.where(cells.of("status") != STATUSES.index(CaseStatus.CANCELLED))


def _volume(pair: Pair) -> tuple[DayVolume, ...]:
    """Return the messages of each day."""
    by_level, by_answer = (pair.now.by_day(name, pair.selection) for name in ("severity", "complaint"))
    everyone = by_level.sum(axis=1)
    return tuple(
        DayVolume(
            day=pair.selection.since + timedelta(days=place),
            messages=int(everyone[place]),
            complaints=int(by_answer[place, _YES]),
            severities={name: int(by_level[place, level]) for level, name in enumerate(SEVERITY.label_ids, 1)},
        )
        for place in range(pair.selection.days)
    )


def _heat(pair: Pair) -> tuple[HeatCell, ...]:
    now, before = _justice_by_touchpoint(pair.now), _justice_by_touchpoint(pair.before)
    return tuple(HeatCell(*place, Count(now[place], before[place])) for place in now)


def _justice_by_touchpoint(cells: Chosen) -> dict[tuple[str, str], int]:
    table = cells.counts("touchpoint", "justice")
    sums = np.arange(table.shape[1])
    has = [(sums >> place & 1) == 1 for place in range(len(JUSTICE.label_ids))]
    return {
        (point, kind): int(table[row, has[place]].sum())
        for row, point in enumerate(TOUCHPOINT.label_ids, 1)
        for place, kind in enumerate(JUSTICE.label_ids)
    }


_DUE: Final = {"first_answer": "answer_due", "resolution": "resolution_due"}


def _deadline(cases: Pair, kind: str, due: str, now: int) -> Deadline:
    def met(cells: Chosen) -> int:
        return total(cells.count[cells.of(kind) == SETTLED["met"]])

    def missed(cells: Chosen) -> int:
        over = (cells.of(kind) == SETTLED["running"]) & (cells.of(due) < now)
        return total(cells.count[over | (cells.of(kind) == SETTLED["missed"])])

    def pending(cells: Chosen) -> int:
        return total(cells.count[(cells.of(kind) == SETTLED["running"]) & (cells.of(due) >= now)])

    met_of = cases.share(met, lambda cells: met(cells) + missed(cells))
    return Deadline(kind, met_of, cases.count(missed), cases.count(pending))


@dataclass(frozen=True, slots=True)
class _Point:
    """The messages of a touchpoint: all, those that don't complain, those that do, these by severity."""

    messages: int
    content: int
    complaints: int
    severities: Mapping[str, int]

    @property
    def critical(self) -> Ratio:
        return Ratio(sum(self.severities[label] for label in _CRITICAL), self.messages)

    @property
    def satisfaction(self) -> float | None:
        judged = self.content + sum(self.severities.values())
        taken = sum(WEIGHTS[label] * count for label, count in self.severities.items())
        return 100 * (1 - taken / judged) if judged else None


def _by_touchpoint(cells: Chosen) -> list[_Point]:
    table = cells.counts("touchpoint", "complaint", "severity")
    no = FIELDS["complaint"].code(False)  # noqa: FBT003 - a label
    return [
        _Point(
            messages=int(table[row].sum()),
            content=int(table[row, no].sum()),
            complaints=int(table[row, _YES].sum()),
            severities={name: int(table[row, _YES, level]) for level, name in enumerate(SEVERITY.label_ids, 1)},
        )
        for row in range(1, len(TOUCHPOINT.label_ids) + 1)
    ]


def _moment(label: str, now: _Point, before: _Point) -> Moment:
    index, index_before = now.satisfaction, before.satisfaction
    return Moment(
        touchpoint=label,
        messages=Count(now.messages, before.messages),
        complaints=Count(now.complaints, before.complaints),
        critical=Share(now.critical, before.critical),
        satisfaction=index,
        satisfaction_before=index_before,
        change=None if index is None or index_before is None else index - index_before,
        terms=Terms(now.content, now.severities),
        phrases=(),
    )


def _judged(cells: Chosen) -> Chosen:
    return cells.where(cells.of("model") != 0)


def _told(task: str, *answers: int) -> Callable[[Chosen], int]:
    """Return what counts the messages whose task people judged so."""

    def figure(cells: Chosen) -> int:
        said = (cells.of("judged") >> JUDGED[task]) & (RIGHT | WRONG)
        return total(cells.count[np.isin(said, answers)])

    return figure


def _precision_by_day(pair: Pair) -> tuple[DayPrecision, ...]:
    """Return the days with a reviewed message."""
    days, size = pair.now.days(pair.selection)
    reviewed = counted(days, pair.now.count, size)
    tables = {}
    for task, shift in JUDGED.items():
        said = ((pair.now.of("judged") >> shift) & (RIGHT | WRONG)).astype(np.intp)
        tables[task] = counted(days * 4 + said, pair.now.count, size * 4).reshape(size, 4)
    return tuple(
        DayPrecision(
            day=pair.selection.since + timedelta(days=int(place)),
            reviewed=int(reviewed[place]),
            right={
                task: Ratio(int(t[place, RIGHT]), int(t[place, [RIGHT, WRONG]].sum())) for task, t in tables.items()
            },
        )
        for place in np.flatnonzero(reviewed)
    )


def _models(cells: Chosen) -> dict[str, int]:
    names = cells.columns.terms["model"]
    found = counted(cells.of("model"), cells.count, len(names) + 1)
    return {name: int(found[number]) for number, name in enumerate(names, 1) if found[number]}


def _fired(cells: Chosen) -> Counter[tuple[str, str]]:
    """Return in how many cases each rule of each policy fired."""
    sets: Sequence[str] = cells.columns.terms["rules"]
    found = counted(cells.of("rules"), cells.count, len(sets) + 1)
    fired: Counter[tuple[str, str]] = Counter()
    for number, words in enumerate(sets, 1):
        policy, *names = words.split(RULE_SEPARATOR)
        for name in names if found[number] else ():
            fired[policy, name] += int(found[number])
    return fired
