"""What ``recupera policy backtest`` does and prints."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import typer
from rich.console import Console
from rich.table import Table

from api.backtest import past
from api.commands.stored import inspected
from api.recovery import Policy
from api.recovery.backtest import Backtest, Changed, Report
from api.recovery.changes import Change, Value
from api.recovery.difference import Cost
from api.settings import Settings
from api.store import plans
from api.store.plans import PlannedFilter
from classifier.progress import counted

__all__ = ["run"]

_PLAIN_WIDTH: Final = 140


def run(policy: Policy, settings: Settings, wanted: PlannedFilter, *, show: int | None) -> None:
    """Replay and print: JSON if ``show`` is ``None``, else tables and the first ``show`` cases that change."""
    asyncio.run(_run(policy, settings, wanted, show))


async def _run(policy: Policy, settings: Settings, wanted: PlannedFilter, show: int | None) -> None:
    backtest, unread, first = Backtest(policy, datetime.now(UTC)), 0, list[Changed]()
    writer = _JsonWriter() if show is None else None
    async with inspected(settings) as connection:
        with counted("replaying", await plans.count(connection, wanted)) as advance:
            async for stored in plans.planned(connection, wanted):
                case = past(stored)
                changed = backtest.replay(case) if case else None
                unread += case is None
                if changed is not None and writer is not None:
                    writer.write(changed)
                elif changed is not None and len(first) < (show or 0):
                    first.append(changed)
                advance(1)
    if writer is not None:
        writer.close(backtest.report(), unread)
    else:
        _print(backtest.report(), unread, first)


class _JsonWriter:
    """Writes one JSON object, the cases as they come."""

    def __init__(self) -> None:
        self._before = '{"cases": ['

    def write(self, changed: Changed) -> None:
        """Write a case."""
        sys.stdout.write(f"{self._before}\n  {json.dumps(changed.to_dict(), ensure_ascii=False)}")
        self._before = ","

    def close(self, report: Report, unread: int) -> None:
        """Write the rest."""
        if self._before != ",":
            sys.stdout.write(self._before)
        rest = json.dumps({**report.to_dict(), "unread": unread}, ensure_ascii=False, indent=2)
        sys.stdout.write(f'\n],\n"report": {rest}}}\n')


def _print(report: Report, unread: int, first: Sequence[Changed]) -> None:
    """Print what came out as tables."""
    by = ", ".join(f"{name} ({count})" for name, count in report.before.items())
    typer.echo(f"{report.policy} instead of {by or 'nothing'}: {report.changed} of {report.cases} cases change")
    if unread:
        typer.echo(
            f"{unread} cases left out: their message is gone or was corrected, or no recovery policy planned them"
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(width=_PLAIN_WIDTH, highlight=False)
    for table in _tables(report, first):
        if table.row_count:
            console.print(table)
    if report.unpriced:
        typer.echo(f"{report.unpriced} cases have no amount: what is at stake is not known")
    if report.guarantees_unpriced:
        typer.echo(f"{report.guarantees_unpriced} cases have a guarantee whose cost is not known; it is in no sum")


def _tables(report: Report, first: Sequence[Changed]) -> Iterator[Table]:
    yield _table("What changes", ("", "cases"), report.by_kind.items())
    bands = ((old, new, count) for (old, new), count in report.bands.items())
    yield _table("Bands of compensation", ("before", "after", "cases"), bands)
    for title, costs in (("Compensation", report.costs), ("What guarantees pay", report.guarantees)):
        yield _table(f"{title}, least to most", ("", "cases", "before", "after", "more"), map(_cost, costs))
    moved = ((kind, m.earlier, m.later, f"{m.mean_hours:+.1f}") for kind, m in report.deadlines.items())
    yield _table("Deadlines", ("", "earlier", "later", "hours, mean"), moved)
    missed = ((kind, k.cases, k.before, k.after, k.newly, k.no_longer) for kind, k in report.missed.items())
    yield _table("Deadlines missed", ("", "cases", "before", "after", "newly", "no longer"), missed)
    rules = ((rule, old, new, f"{new - old:+}") for rule, (old, new) in report.rules.items() if old != new)
    yield _table("Rules that fire more or less often", ("", "before", "after", "more"), rules)
    yield _table("Cases", ("", "what changes", "newly missed"), map(_row, first), numbers=False)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: bool = True) -> Table:
    """Return a table whose columns but the first are numbers."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place and numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(str, row))
    return table


def _cost(cost: Cost) -> tuple[str, int, str, str, str]:
    more = [after - before for before, after in zip(cost.before, cost.after, strict=True)]
    return cost.currency, cost.cases, _span(cost.before), _span(cost.after), _span(more, sign="+")


def _row(changed: Changed) -> tuple[str, str, str]:
    said = "; ".join(f"{change.what}: {_said(change)}" for change in changed.case.changes)
    return changed.case.id, said, ", ".join(changed.missed)


def _said(change: Change) -> str:
    """Say a change; of lists what is taken away and added."""
    before, after = change.before, change.after
    if isinstance(before, tuple) and isinstance(after, tuple):
        gone, new = ([item for item in one if item not in other] for one, other in ((before, after), (after, before)))
        return " ".join([*(f"-{item}" for item in gone), *(f"+{item}" for item in new)]) or "another order"
    return f"{_written(before)} → {_written(after)}"


def _written(value: Value) -> str:
    """Write a value; a moment in UTC."""
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value or "–")


def _span(amounts: Sequence[Decimal], sign: str = "") -> str:
    least, most = (f"{amount:{sign},.2f}" for amount in amounts)
    return f"{least} to {most}"
