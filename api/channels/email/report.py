"""What was read of a mailbox, in numbers: for shadow mode, for a try-out, for the curious."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from api.channels.email.tagging import COMPLAINT, OTHER, REVIEW, labels_of
from api.store import inbox as ledger
from api.store.database import Connection
from api.store.inbox import MailState
from classifier.taxonomy import JUSTICE, MOTIVE, SEVERITY

__all__ = ["Report", "report_of", "shown"]

_TASKS = (SEVERITY, MOTIVE, JUSTICE)


@dataclass(slots=True)
class Report:
    """Counts of mails: ``labels`` by task and label, ``parked`` and ``unreadable`` by reason."""

    inbox: str
    mails: int = 0
    complaints: int = 0
    others: int = 0
    undecided: int = 0
    review: int = 0
    states: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    parked: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        plain = {
            name: getattr(self, name) for name in ("inbox", "mails", "complaints", "others", "undecided", "review")
        }
        counts = {name: dict(getattr(self, name)) for name in ("states", "parked", "unreadable")}
        return {**plain, **counts, "labels": {task: dict(count) for task, count in self.labels.items()}}


async def report_of(connection: Connection, inbox: str) -> Report:
    """Count what the ledger says of a mailbox, each mail once, wherever it was moved."""
    report = Report(inbox)
    for (state, reason, tags), count in (await ledger.counts(connection, inbox)).items():
        _count(report, state, reason, tags, count)
    return report


def _count(report: Report, state: str, reason: str | None, tags: tuple[str, ...], count: int) -> None:
    report.mails += count
    report.states[state] += count
    if state == MailState.PARKED:
        report.parked[reason or "parked"] += count
        return
    if reason:
        report.unreadable[reason] += count
    report.complaints += count * (COMPLAINT in tags)
    report.others += count * (OTHER in tags)
    report.undecided += count * (COMPLAINT not in tags and OTHER not in tags)
    report.review += count * (REVIEW in tags)
    for task in _TASKS:
        for label in labels_of(task, tags):
            report.labels.setdefault(task.id, Counter())[label] += count


def shown(report: Report) -> RenderableType:
    """Return a report for a terminal."""
    table = Table(box=SIMPLE, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, count in _rows(report):
        table.add_row(name, f"{count:,}")
    title = Text.assemble((report.inbox, "bold"), f": {report.mails:,} mails read")
    return Group(title, table)


def _rows(report: Report) -> Iterator[tuple[str, int]]:
    yield "complaints", report.complaints
    for task in _TASKS:
        found: Mapping[str, int] = report.labels.get(task.id, {})
        for label in reversed(task.label_ids) if task is SEVERITY else task.label_ids:
            if found.get(label):
                yield f"  {task.id}: {label}", found[label]
    yield "no complaints", report.others
    yield "not decided (language, or no words)", report.undecided
    yield "for a person to look at", report.review
    for reason, count in sorted(report.parked.items()):
        yield f"parked: {reason}", count
    for reason, count in sorted(report.unreadable.items()):
        yield reason, count
    for state, name in ((MailState.TAGGED, "tagged"), (MailState.READ, "still to be tagged"), (MailState.GONE, "gone")):
        if report.states[state]:
            yield name, report.states[state]
